/*
 * loader.c - stage types from a shared object.
 *
 * The one room that knows dlfcn. What the file is, is looked at before it is opened, because
 * opening runs its code: no regular file or no ELF is refused without that. The major number of
 * the ABI is in the name of the entry; the minor number is in the struct that it gives.
 *
 * Deliberately elsewhere: what a stage type must have (registry.c).
 */
#include "plugins/loader.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define MAJORS 10
#define STAGES_LIMIT 256u

typedef const sl_plugin *entry(void);

typedef struct loading {
    const sl_env *env;
    sl_errors *errors;
    const char *path; /* as given */
    int32_t code;
} loading;

#define REFUSE(of, advice, ...)                                                                    \
    sl_errors_add((of)->errors,                                                                    \
                  &(sl_error){.level = SL_LOG_ERROR, .code = (of)->code, .hint = (advice)},        \
                  __VA_ARGS__)

/* ---- The file ----------------------------------------------------------------------------------
 */

static sl_status check_magic(const loading *of, const char *target)
{
    char magic[4] = {0};
    int32_t fd = of->env->open(of->env->context, target, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0) {
        return REFUSE(of, NULL, "cannot open the plugin '%s': %s", of->path, strerror(-fd));
    }
    int64_t got = of->env->read(of->env->context, fd, magic, sizeof magic);
    (void)of->env->close(of->env->context, fd);
    if (got != (int64_t)sizeof magic || memcmp(magic, "\177ELF", sizeof magic) != 0) {
        return REFUSE(of, "build it with -shared -fPIC", "the plugin '%s' is not a shared object",
                      of->path);
    }
    return SL_OK;
}

static sl_status check_file(loading *of, char target[PATH_MAX])
{
    sl_file_info info;
    of->code = SL_CODE_NO_INPUT;
    int32_t status = of->env->stat(of->env->context, of->path, &info);
    if (status < 0) {
        return REFUSE(of, NULL, "cannot open the plugin '%s': %s", of->path, strerror(-status));
    }
    if (info.kind != SL_FILE_REGULAR) {
        return REFUSE(of, NULL, "the plugin '%s' is not a regular file", of->path);
    }
    status = of->env->resolve(of->env->context, of->path, target, PATH_MAX);
    if (status < 0) {
        return REFUSE(of, NULL, "cannot open the plugin '%s': %s", of->path, strerror(-status));
    }
    if (target[0] != '/') { /* dlopen would look through the library path */
        return REFUSE(of, NULL, "the plugin '%s' has no absolute path", of->path);
    }
    return check_magic(of, target);
}

/* ---- The entry ---------------------------------------------------------------------------------
 */

static sl_status refuse_entry(const loading *of, void *object)
{
    for (int major = 0; major < MAJORS; major++) {
        char name[32];
        (void)snprintf(name, sizeof name, "sluice_plugin_v%d", major);
        if (dlsym(object, name) != NULL) {
            return REFUSE(of, "build it against the <sluice/stage.h> of this version",
                          "the plugin '%s' was built for ABI %d, this sluice has %d.%d", of->path,
                          major, SL_ABI_MAJOR, SL_ABI_MINOR);
        }
    }
    return REFUSE(of, "end one of its files with SL_PLUGIN(\"name\", \"1.0\", &stage)",
                  "the plugin '%s' has no entry 'sluice_plugin_v%d'", of->path, SL_ABI_MAJOR);
}

/* A pointer to a function by way of void *: POSIX promises that it works, C does not. */
static entry *find_entry(void *object)
{
    char name[32];
    entry *found = NULL;
    (void)snprintf(name, sizeof name, "sluice_plugin_v%d", SL_ABI_MAJOR);
    void *symbol = dlsym(object, name);
    _Static_assert(sizeof found == sizeof symbol, "a function's address fits a pointer");
    memcpy(&found, &symbol, sizeof found);
    return found;
}

static sl_status check_plugin(const loading *of, const sl_plugin *plugin)
{
    if (plugin == NULL || plugin->size < sizeof *plugin) {
        return REFUSE(of, NULL, "the plugin '%s' is refused: its struct is too short", of->path);
    }
    const char *name = plugin->name == NULL ? of->path : plugin->name;
    uint32_t major = plugin->abi >> 16;
    uint32_t minor = plugin->abi & 0xffffu;
    if (major != SL_ABI_MAJOR || minor > SL_ABI_MINOR) {
        return REFUSE(of, "take a newer sluice, or build the plugin against this one",
                      "the plugin '%s' was built for ABI %u.%u, this sluice has %d.%d", name, major,
                      minor, SL_ABI_MAJOR, SL_ABI_MINOR);
    }
    if (plugin->name == NULL || plugin->name[0] == '\0' || plugin->version == NULL ||
        plugin->stages == NULL || plugin->stages[0] == NULL) {
        return REFUSE(of, NULL, "the plugin '%s' is refused: it has no name, version or stages",
                      name);
    }
    return SL_OK;
}

static sl_status add_stages(sl_registry *registry, const loading *of, const sl_plugin *plugin)
{
    char from[PATH_MAX + 256];
    sl_status status = SL_OK;
    (void)snprintf(from, sizeof from, "plugin '%.80s' %.40s (%s)", plugin->name, plugin->version,
                   of->path);
    for (uint32_t i = 0; plugin->stages[i] != NULL; i++) {
        if (i == STAGES_LIMIT) {
            return REFUSE(of, NULL, "%s has more than %u stages", from, STAGES_LIMIT);
        }
        if (sl_registry_add(registry, plugin->stages[i], from, of->errors) != SL_OK) {
            status = SL_ERROR;
        }
    }
    return status;
}

sl_status sl_loader_load(sl_registry *registry, const sl_env *env, const char *path,
                         sl_errors *errors)
{
    char target[PATH_MAX];
    loading of = {.env = env, .errors = errors, .path = path};
    if (check_file(&of, target) != SL_OK) {
        return SL_ERROR;
    }
    of.code = SL_CODE_CONFIG;
    (void)dlerror();
    void *object = dlopen(target, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (object == NULL) {
        const char *why = dlerror();
        return REFUSE(&of, NULL, "cannot load the plugin '%s': %s", path,
                      why == NULL ? "no reason given" : why);
    }
    entry *enter = find_entry(object);
    if (enter == NULL) {
        return refuse_entry(&of, object);
    }
    const sl_plugin *plugin = enter();
    if (check_plugin(&of, plugin) != SL_OK) {
        return SL_ERROR;
    }
    return add_stages(registry, &of, plugin);
}
