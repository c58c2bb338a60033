/*
 * http_rules.c - see http_rules.h.
 */
#include "daemon/http_rules.h"

#include <string.h>
#include <strings.h>

static int is_word(const char *text, size_t size, const char *word)
{
    return size == strlen(word) && strncasecmp(text, word, size) == 0;
}

int32_t sl_http_host_is_ours(const char *host, size_t size)
{
    size_t name = size;
    while (name > 0 && host[name - 1] >= '0' && host[name - 1] <= '9')
        name--;
    size_t digits = size - name;
    if (name > 0 && host[name - 1] == ':' && digits >= 1 && digits <= 5)
        name--;
    else
        name = size;
    return is_word(host, name, "localhost") || is_word(host, name, "127.0.0.1") ||
           is_word(host, name, "[::1]");
}

int32_t sl_http_site_is_ours(const char *site, size_t size)
{
    return is_word(site, size, "none") || is_word(site, size, "same-origin");
}

/* ---- Accept -----------------------------------------------------------------------------------
 */

/* The next piece up to `end`, blanks around it taken off; *text moves behind it. */
static size_t take(const char **text, char end, const char **piece)
{
    const char stops[] = {end, '\0'};
    const char *at = *text + strspn(*text, " \t");
    size_t size = strcspn(at, stops);
    *piece = at;
    *text = at + size + (at[size] != '\0');
    while (size > 0 && (at[size - 1] == ' ' || at[size - 1] == '\t'))
        size--;
    return size;
}

/* Thousandths: "1", "0.75"; what is no weight is 0. */
static int32_t weight_of(const char *text, size_t size)
{
    int32_t weight = 0, unit = 1000;
    for (size_t i = 0; i < size; i++) {
        if (i == 1 && text[i] == '.')
            continue;
        if (text[i] < '0' || text[i] > '9' || i > 4)
            return 0;
        weight += (text[i] - '0') * unit;
        unit /= 10;
    }
    return weight <= 1000 ? weight : 0;
}

typedef struct wishes {
    int32_t open, text, any; /* thousandths; -1: not named */
} wishes;

/* "application/openmetrics-text; version=1.0.0; q=0.5" */
static void read_range(const char *range, size_t size, wishes *found)
{
    char copy[256];
    if (size >= sizeof copy)
        return;
    memcpy(copy, range, size);
    copy[size] = '\0';
    const char *at = copy, *media, *piece;
    int32_t weight = 1000, known = 1;
    size_t media_size = take(&at, ';', &media);
    while (*at) {
        size_t piece_size = take(&at, ';', &piece);
        if (piece_size > 2 && strncasecmp(piece, "q=", 2) == 0)
            weight = weight_of(piece + 2, piece_size - 2);
        else if (piece_size > 8 && strncasecmp(piece, "version=", 8) == 0)
            known = is_word(piece + 8, piece_size - 8, "1.0.0");
    }
    int32_t *of = NULL;
    if (is_word(media, media_size, "application/openmetrics-text"))
        of = known ? &found->open : NULL;
    else if (is_word(media, media_size, "text/plain") || is_word(media, media_size, "text/*"))
        of = &found->text;
    else if (is_word(media, media_size, "*/*"))
        of = &found->any;
    if (of && weight > *of)
        *of = weight;
}

int32_t sl_http_prefers_openmetrics(const char *accept)
{
    wishes found = {.open = -1, .text = -1, .any = -1};
    while (accept && *accept) {
        const char *range;
        size_t size = take(&accept, ',', &range);
        read_range(range, size, &found);
    }
    int32_t text = found.text >= 0 ? found.text : found.any;
    return found.open > 0 && found.open >= text;
}
