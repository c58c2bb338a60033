/*
 * sandbox.c - a plugin for the machine of boot.sh: the reader `sandbox` tries from inside the
 * service what its unit forbids, and gives a row for each: what was tried, and the errno, 0 where
 * it went.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <sluice/stage.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct sandbox {
    int32_t done;
};

static int write_to(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    return fd < 0 ? -1 : close(fd);
}

static int try_configuration(void)
{
    return write_to("/etc/sluice/graphs.d/made-by-the-service.yaml");
}

static int try_system(void)
{
    return write_to("/usr/local/made-by-the-service");
}

static int try_state(void) /* goes: so that a file system that is read-only as a whole is found */
{
    return write_to("/var/lib/sluice/made-by-the-service");
}

static int try_secrets(void)
{
    int fd = open("/etc/sluice/credentials/key", O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -1 : close(fd);
}

static int try_netlink(void)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    return fd < 0 ? -1 : close(fd);
}

static int try_unix(void) /* goes */
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd < 0 ? -1 : close(fd);
}

static int try_written_code(void)
{
    void *page =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED ? -1 : munmap(page, 4096);
}

static int try_code_made_later(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return 0;
    int answer = mprotect(page, 4096, PROT_READ | PROT_EXEC), why = errno;
    munmap(page, 4096);
    errno = why;
    return answer;
}

static int try_namespace(void)
{
    return unshare(CLONE_NEWUSER);
}

static int try_mount(void)
{
    return mount("none", "/tmp", "tmpfs", 0, NULL);
}

static int try_set_user_id(void)
{
    int fd = open("/var/lib/sluice/made-by-the-service", O_RDONLY | O_CLOEXEC);
    int answer = fchmod(fd, S_ISUID | S_IRWXU), why = errno;
    close(fd);
    errno = why;
    return answer;
}

static int try_capability(void)
{
    return chown("/var/lib/sluice/made-by-the-service", 0, 0);
}

static int try_home(void)
{
    return access("/root/probe.sh", F_OK);
}

static const struct {
    const char *name;
    int (*tries)(void);
} attempts[] = {
    {"state", try_state},
    {"unix", try_unix},
    {"configuration", try_configuration},
    {"system", try_system},
    {"secrets", try_secrets},
    {"home", try_home},
    {"netlink", try_netlink},
    {"written code", try_written_code},
    {"code made later", try_code_made_later},
    {"namespace", try_namespace},
    {"mount", try_mount},
    {"set-user-id", try_set_user_id},
    {"capability", try_capability},
};

static sl_status plan(sl_stage *stage)
{
    const sl_column columns[] = {{.name = "attempt", .type = SL_TYPE_TEXT},
                                 {.name = "errno", .type = SL_TYPE_INTEGER}};
    return stage->host->columns(stage, columns, 2, sizeof *columns);
}

static sl_status next(sl_stage *stage, sl_batch **given)
{
    struct sandbox *self = sl_self(stage, struct sandbox);
    if (self->done)
        return SL_END;
    sl_batch *batch = stage->host->batch(stage, 0);
    if (!batch)
        return SL_ERROR;
    batch->first_row = 1;
    batch->lines = NULL;
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        const char *name = attempts[i].name;
        int answer = attempts[i].tries();
        batch->columns[0][i] =
            (sl_cell){.kind = SL_TEXT, .size = (uint32_t)strlen(name), .as = {.text = name}};
        batch->columns[1][i] =
            (sl_cell){.kind = SL_INTEGER, .as = {.integer = answer < 0 ? errno : 0}};
        batch->rows++;
    }
    batch->selected = batch->rows;
    self->done = 1;
    *given = batch;
    return SL_OK;
}

static const sl_stage_type sandbox = {
    SL_STAGE_TYPE,     .name = "sandbox",
    .version = "1.0",  .summary = "Tries what the unit of the service forbids.",
    .role = SL_READER, .self_size = sizeof(struct sandbox),
    .plan = plan,      .next = next,
};

SL_PLUGIN("sandbox", "1.0", &sandbox)
