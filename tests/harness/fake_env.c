/*
 * fake_env.c - see fake_env.h. Files are the real ones (env.c), wrapped.
 */
#include "tests/harness/fake_env.h"

#include <errno.h>
#include <string.h>

static sl_fake_env *of(void *context)
{
    return context;
}

static int64_t now(void *context)
{
    return of(context)->clock;
}

/* xorshift: the same bytes in every run. */
static void fill_random(void *context, void *bytes, size_t size)
{
    sl_fake_env *fake = of(context);
    unsigned char *at = bytes;

    for (size_t i = 0; i < size; i++) {
        fake->state ^= fake->state << 13;
        fake->state ^= fake->state >> 7;
        fake->state ^= fake->state << 17;
        at[i] = (unsigned char)(fake->state >> 32);
    }
}

static void *allocate(void *context, void *old, size_t size)
{
    sl_fake_env *fake = of(context);
    void *made;

    if (size == 0) {
        fake->live -= old != NULL;
        return sl_env_real.allocate(NULL, old, 0);
    }
    fake->allocations++;
    if (fake->refuse_at > 0 && (fake->allocations == fake->refuse_at ||
                                (fake->refuse_after && fake->allocations > fake->refuse_at))) {
        fake->refused++;
        return NULL;
    }
    made = sl_env_real.allocate(NULL, old, size);
    fake->live += old == NULL && made != NULL;
    return made;
}

/* ---- Files --------------------------------------------------------------------------- */

/* 0, or what this operation answers instead of working. */
static int32_t injected(sl_fake_env *fake)
{
    fake->operations++;
    if (fake->fail_at > 0 && (fake->operations == fake->fail_at ||
                              (fake->fail_after && fake->operations > fake->fail_at))) {
        fake->failed++;
        return -fake->error;
    }
    return 0;
}

static size_t bounded(const sl_fake_env *fake, size_t size)
{
    return fake->step > 0 && size > (size_t)fake->step ? (size_t)fake->step : size;
}

static int32_t open_file(void *context, const char *path, int32_t flags, uint32_t mode)
{
    int32_t fd = injected(of(context));

    if (fd < 0)
        return fd;
    fd = sl_env_real.open(NULL, path, flags, mode);
    of(context)->open_files += fd >= 0;
    return fd;
}

static int64_t read_file(void *context, int32_t fd, void *bytes, size_t size)
{
    int64_t failed = injected(of(context));

    return failed < 0 ? failed : sl_env_real.read(NULL, fd, bytes, bounded(of(context), size));
}

static int64_t pread_file(void *context, int32_t fd, void *bytes, size_t size, int64_t offset)
{
    int64_t failed = injected(of(context));

    return failed < 0 ? failed
                      : sl_env_real.pread(NULL, fd, bytes, bounded(of(context), size), offset);
}

static int64_t write_file(void *context, int32_t fd, const void *bytes, size_t size)
{
    sl_fake_env *fake = of(context);
    int64_t failed = injected(fake);

    if (failed < 0)
        return failed;
    size = bounded(fake, size);
    if (fd != 1)
        return sl_env_real.write(NULL, fd, bytes, size);
    sl_builder_add(&fake->output, bytes, size);
    return (int64_t)size;
}

static int64_t seek_file(void *context, int32_t fd, int64_t offset)
{
    int64_t failed = injected(of(context));

    return failed < 0 ? failed : sl_env_real.seek(NULL, fd, offset);
}

static int32_t sync_file(void *context, int32_t fd)
{
    int32_t failed = injected(of(context));

    return failed < 0 ? failed : fd == 1 ? -EINVAL : 0; /* a test's disk is never cut off */
}

static int32_t truncate_file(void *context, int32_t fd, int64_t bytes)
{
    int32_t failed = injected(of(context));

    return failed < 0 ? failed : sl_env_real.truncate(NULL, fd, bytes);
}

static int32_t close_file(void *context, int32_t fd)
{
    of(context)->open_files--;
    return sl_env_real.close(NULL, fd);
}

static int32_t stat_path(void *context, const char *path, sl_file_info *info)
{
    int32_t failed = injected(of(context));

    return failed < 0 ? failed : sl_env_real.stat(NULL, path, info);
}

/* Standard output is a pipe here, whatever it is for the test. */
static int32_t stat_file(void *context, int32_t fd, sl_file_info *info)
{
    int32_t failed = injected(of(context));

    if (failed < 0)
        return failed;
    if (fd != 1)
        return sl_env_real.fstat(NULL, fd, info);
    *info = (sl_file_info){.kind = SL_FILE_FIFO, .mode = 0600};
    return 0;
}

static int32_t rename_path(void *context, const char *from, const char *to)
{
    int32_t failed = injected(of(context));

    return failed < 0 ? failed : sl_env_real.rename(NULL, from, to);
}

static int32_t unlink_path(void *context, const char *path)
{
    (void)context;
    return sl_env_real.unlink(NULL, path);
}

static int32_t resolve_path(void *context, const char *path, char *target, size_t size)
{
    int32_t failed = injected(of(context));

    return failed < 0 ? failed : sl_env_real.resolve(NULL, path, target, size);
}

static int32_t glob_paths(void *context, const char *pattern,
                          int32_t (*found)(void *user, const char *path), void *user)
{
    int32_t failed = injected(of(context));

    return failed < 0 ? failed : sl_env_real.glob(NULL, pattern, found, user);
}

static int32_t change_mode(void *context, int32_t fd, uint32_t mode)
{
    int32_t failed = injected(of(context));

    return failed < 0 ? failed : sl_env_real.chmod(NULL, fd, mode);
}

static int32_t no_terminal(void *context, int32_t fd)
{
    (void)context;
    (void)fd;
    return 0;
}

void sl_fake_env_init(sl_fake_env *fake)
{
    *fake = (sl_fake_env){
        .clock = INT64_C(1700000000) * 1000000,
        .state = UINT64_C(88172645463325252),
        .error = EIO,
        .output = {.env = &sl_env_real},
        .env = {.size = sizeof(sl_env),
                .context = fake,
                .now = now,
                .monotonic = now,
                .random = fill_random,
                .allocate = allocate,
                .open = open_file,
                .read = read_file,
                .pread = pread_file,
                .write = write_file,
                .seek = seek_file,
                .sync = sync_file,
                .truncate = truncate_file,
                .close = close_file,
                .stat = stat_path,
                .fstat = stat_file,
                .rename = rename_path,
                .unlink = unlink_path,
                .resolve = resolve_path,
                .glob = glob_paths,
                .chmod = change_mode,
                .terminal = no_terminal},
    };
}

void sl_fake_env_done(sl_fake_env *fake)
{
    sl_builder_done(&fake->output);
}
