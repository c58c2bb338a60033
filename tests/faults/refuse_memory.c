/*
 * refuse_memory.c - a library to be put before the C library (LD_PRELOAD): the malloc, calloc
 * or realloc number FAULT_MEMORY_AT of the process is refused, with FAULT_MEMORY_AFTER=1 all
 * behind it too. At a proper end the number of all of them is written to FAULT_MEMORY_COUNT.
 *
 * What the dynamic linker and constructors ask for does not count: counting begins here.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static atomic_long asked;
static long refused_at; /* 0: none */
static int refused_after;
static int counting;

__attribute__((constructor)) static void begin(void)
{
    const char *at = getenv("FAULT_MEMORY_AT");
    refused_at = at ? atol(at) : 0;
    refused_after = getenv("FAULT_MEMORY_AFTER") != NULL;
    counting = 1;
}

__attribute__((destructor)) static void end(void)
{
    char text[32];
    counting = 0;
    const char *path = getenv("FAULT_MEMORY_COUNT");
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644) : -1;
    int size = snprintf(text, sizeof text, "%ld\n", atomic_load(&asked));
    if (fd >= 0 && write(fd, text, (size_t)size) == size)
        close(fd);
}

static int refuses(void)
{
    if (!counting)
        return 0;
    long number = atomic_fetch_add(&asked, 1) + 1;
    if (!refused_at || (refused_after ? number < refused_at : number != refused_at))
        return 0;
    errno = ENOMEM;
    return 1;
}

__attribute__((visibility("default"))) void *malloc(size_t size)
{
    return refuses() ? NULL : __libc_malloc(size);
}

__attribute__((visibility("default"))) void *calloc(size_t count, size_t size)
{
    return refuses() ? NULL : __libc_calloc(count, size);
}

__attribute__((visibility("default"))) void *realloc(void *old, size_t size)
{
    return refuses() ? NULL : __libc_realloc(old, size);
}
