/*
 * secret.c - pages for secrets, and the list of all that are known; see secret.h.
 *
 * One list for the process: what a graph says may go out through any room of it, and there are
 * as many secrets as credentials, a handful.
 */
#include "stages/core/secret.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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

/* Libraries make copies of their own, SQLite of what is bound: a core dump of a process with
 * secrets has no memory but what files are mapped to (core(5)). Who needs more writes the filter
 * anew. */
static void spare_cores(void)
{
    static const char files_only[] = "0x1c";
    int fd = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return; /* what is ours is kept out of it all the same */
    (void)!write(fd, files_only, sizeof files_only - 1);
    close(fd);
}

void sl_secret_know(sl_secret *list, const char *text)
{
    while (list != NULL && list->text != text)
        list = list->before;
    if (list == NULL || list->size > 0 || strlen(text) < SL_SECRET_LEAST)
        return;
    list->size = strlen(text);
    pthread_mutex_lock(&lock);
    list->next = known;
    known = list;
    int first = atomic_fetch_add(&known_count, 1) == 0;
    pthread_mutex_unlock(&lock);
    if (first)
        spare_cores();
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

/* How a text may have been spelled on its way into a message. */
enum { PLAIN, QUOTES_DOUBLED, DOUBLE_QUOTES_DOUBLED, BACKSLASHES, SPELLINGS };

/* Bytes of text that spell the byte; 0: it is another one. */
static size_t same(const char *text, size_t size, char byte, int spelling)
{
    static const char marks[] = "\"\\\n\t\r\b\f", letters[] = "\"\\ntrbf";
    const char *mark = spelling == BACKSLASHES ? strchr(marks, byte) : NULL;
    if (mark != NULL)
        return size >= 2 && text[0] == '\\' && text[1] == letters[mark - marks] ? 2 : 0;
    if ((spelling == QUOTES_DOUBLED && byte == '\'') ||
        (spelling == DOUBLE_QUOTES_DOUBLED && byte == '"'))
        return size >= 2 && text[0] == byte && text[1] == byte ? 2 : 0;
    return size > 0 && *text == byte;
}

/* Whether text that stopped in the middle of a secret would go on like this. */
static int is_cut(const char *rest, size_t size)
{
    return size == 0 || *rest == '\'' || *rest == '"' || (size >= 3 && memcmp(rest, "...", 3) == 0);
}

/* Bytes of text that spell the secret, or its beginning where text was cut; 0: none. */
static size_t match(const char *text, size_t size, const sl_secret *secret, int spelling)
{
    size_t at = 0, number = 0;
    for (size_t step; number < secret->size; number++, at += step) {
        step = same(text + at, size - at, secret->text[number], spelling);
        if (step == 0)
            break;
    }
    int found = number == secret->size || (number >= CUT_LEAST && is_cut(text + at, size - at));
    return found ? at : 0;
}

static size_t find(const char *text, size_t size)
{
    size_t most = 0;
    for (const sl_secret *at = known; at != NULL; at = at->next)
        for (int spelling = PLAIN; spelling < SPELLINGS; spelling++) {
            size_t found = match(text, size, at, spelling);
            most = found > most ? found : most;
        }
    return most;
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
