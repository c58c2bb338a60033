/*
 * secret.c - pages for secrets, and the list of all that are known; see secret.h.
 *
 * One list for the process: what a graph says may go out through any room of it, and there are
 * as many secrets as credentials, a handful.
 */
#include "stages/core/secret.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#define CUT_LEAST 6 /* bytes of a secret's beginning that are hidden where text was cut */

struct sl_secret {     /* at the start of its pages; the text follows */
    sl_secret *before; /* in its plan's list */
    sl_secret *next;   /* among all that are known */
    size_t mapped;
    size_t size; /* of the text; 0: not known yet */
    char text[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static sl_secret *known;
static atomic_int known_count; /* read without the lock: most processes have none */

/* ---- Keeping --------------------------------------------------------------------------- */

char *sl_secret_take(sl_secret **list, size_t size)
{
    size_t mapped = sizeof(sl_secret) + size + 1;
    if (mapped < size)
        return NULL;
    void *pages = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
        return NULL;
    if (madvise(pages, mapped, MADV_DONTDUMP) != 0) {
        munmap(pages, mapped);
        return NULL;
    }
    sl_secret *made = pages;
    *made = (sl_secret){.before = *list, .mapped = mapped};
    *list = made;
    return made->text;
}

void sl_secret_know(sl_secret *list, const char *text)
{
    while (list != NULL && list->text != text)
        list = list->before;
    if (list == NULL || list->size > 0 || strlen(text) < SL_SECRET_LEAST)
        return;
    list->size = strlen(text);
    pthread_mutex_lock(&lock);
    sl_secret **at = &known; /* the longest first: one may stand inside another */
    while (*at != NULL && (*at)->size > list->size)
        at = &(*at)->next;
    list->next = *at;
    *at = list;
    atomic_fetch_add(&known_count, 1);
    pthread_mutex_unlock(&lock);
}

static void forget(const sl_secret *secret)
{
    pthread_mutex_lock(&lock);
    for (sl_secret **at = &known; *at != NULL; at = &(*at)->next)
        if (*at == secret) {
            *at = secret->next;
            atomic_fetch_sub(&known_count, 1);
            break;
        }
    pthread_mutex_unlock(&lock);
}

void sl_secret_drop(sl_secret *list)
{
    for (sl_secret *before; list != NULL; list = before) {
        before = list->before;
        size_t mapped = list->mapped;
        forget(list);
        explicit_bzero(list, mapped);
        munmap(list, mapped);
    }
}

/* ---- Hiding ---------------------------------------------------------------------------- */

/* Whether text that stopped in the middle of a secret would go on like this. */
static int is_cut(const char *rest, size_t size)
{
    return size == 0 || *rest == '\'' || *rest == '"' || (size >= 3 && memcmp(rest, "...", 3) == 0);
}

/* Bytes of a secret that stand here; 0: none. */
static size_t find(const char *text, size_t size)
{
    for (const sl_secret *at = known; at != NULL; at = at->next) {
        size_t same = 0;
        while (same < at->size && same < size && text[same] == at->text[same])
            same++;
        if (same == at->size || (same >= CUT_LEAST && is_cut(text + same, size - same)))
            return same;
    }
    return 0;
}

static size_t hide(char *text, size_t size, int keep_places)
{
    size_t to = 0;
    if (size == 0 || atomic_load(&known_count) == 0)
        return size;
    pthread_mutex_lock(&lock);
    for (size_t from = 0; from < size;) {
        size_t found = find(text + from, size - from);
        size_t stars = found == 0 || keep_places ? found : 3;
        if (found == 0)
            text[to++] = text[from++];
        memset(text + to, '*', stars);
        to += stars;
        from += found;
    }
    pthread_mutex_unlock(&lock);
    memset(text + to, 0, size - to);
    return to;
}

size_t sl_secret_hide(char *text, size_t size)
{
    return hide(text, size, 0);
}

void sl_secret_mask(char *text, size_t size)
{
    hide(text, size, 1);
}
