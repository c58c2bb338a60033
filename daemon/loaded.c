/*
 * loaded.c - see loaded.h.
 */
#include "daemon/loaded.h"

#include <stdlib.h>
#include <string.h>

#include "config/fingerprint.h"
#include "daemon/files.h"

/* Values as they are with params put in: a credential that has changed changes the graph. */
static uint64_t mix_value(uint64_t hash, const sl_value *value)
{
    if (!value)
        return sl_fingerprint_mix(hash, "");
    hash = sl_fingerprint_mix(sl_fingerprint_mix(hash, value->key), value->text);
    for (uint32_t i = 0; i < value->count; i++)
        hash = mix_value(hash, sl_item(value, i));
    return hash;
}

sl_loaded *sl_loaded_read(const sl_env *env, sl_registry *registry, const char *file)
{
    sl_loaded *loaded = calloc(1, sizeof *loaded);
    if (!loaded)
        return NULL;
    loaded->arena = sl_arena_new(env);
    loaded->file = strdup(file);
    loaded->errors = (sl_errors){.arena = loaded->arena, .limit = SL_ERRORS_LIMIT};
    if (!loaded->arena || !loaded->file) {
        sl_loaded_free(loaded);
        return NULL;
    }
    sl_file_info info; /* a FIFO would be waited for */
    if (env->stat(env->context, file, &info) == 0 && info.kind != SL_FILE_REGULAR &&
        info.kind != SL_FILE_DIRECTORY) {
        sl_error error = {.level = SL_LOG_ERROR, .code = SL_CODE_NO_INPUT, .file = loaded->file};
        sl_errors_add(&loaded->errors, &error, SL_FILES_NONE);
        return loaded;
    }
    loaded->plan = sl_plan_read(env, registry, loaded->file, NULL, 0, &loaded->errors);
    const sl_plan *plan = loaded->plan;
    uint64_t hash = plan ? plan->print : 0;
    for (uint32_t i = 0; plan && i < plan->count; i++)
        hash = mix_value(hash, plan->stages[i].options);
    loaded->fingerprint = plan ? mix_value(hash, plan->params) : hash;
    return loaded;
}

sl_loaded *sl_loaded_hold(sl_loaded *loaded)
{
    loaded->held++;
    return loaded;
}

void sl_loaded_free(sl_loaded *loaded)
{
    if (!loaded || loaded->held-- > 0)
        return;
    sl_plan_free(loaded->plan);
    sl_arena_free(loaded->arena);
    free(loaded->file);
    free(loaded);
}
