/*
 * options.c - see options.h.
 */
#include "tests/harness/options.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config/place.h"
#include "config/yaml.h"
#include "stages/core/env.h"

static int convert(const sl_yaml *yaml, const sl_yaml_node *node, const sl_yaml_node *key,
                   sl_arena *arena, sl_value *value);

static int convert_items(const sl_yaml *yaml, const sl_yaml_node *node, sl_arena *arena,
                         sl_value *value)
{
    sl_value *items = sl_arena_take(arena, (node->count + 1) * sizeof *items);

    if (items == NULL)
        return 0;
    value->count = node->count;
    value->items = items;
    for (uint32_t i = 0; i < node->count; i++)
        if (!convert(yaml, node->items[i].value, node->items[i].key, arena, &items[i]))
            return 0;
    return 1;
}

static int convert(const sl_yaml *yaml, const sl_yaml_node *node, const sl_yaml_node *key,
                   sl_arena *arena, sl_value *value)
{
    sl_place_of *place = sl_arena_take(arena, sizeof *place);

    if (place == NULL)
        return 0;
    *place = (sl_place_of){.yaml = yaml, .node = node, .key = key};
    *value = (sl_value){.size = sizeof *value,
                        .kind = SL_VALUE_SCALAR,
                        .quoted = node->quoted,
                        .key = key != NULL ? key->text : NULL,
                        .text = node->text,
                        .place = place};
    if (node->kind != SL_YAML_SCALAR) {
        value->kind = node->kind == SL_YAML_LIST ? SL_VALUE_LIST : SL_VALUE_MAP;
        return convert_items(yaml, node, arena, value);
    }
    if (sl_yaml_is_null(node)) {
        value->kind = SL_VALUE_NULL;
        value->text = "";
    }
    return 1;
}

/* The text as a file that has no name. */
static sl_yaml *read_text(const char *text, sl_arena *arena, sl_errors *errors)
{
    int fd = memfd_create("options", MFD_CLOEXEC);
    size_t size = strlen(text);
    char path[64];
    sl_yaml *yaml = NULL;

    if (fd < 0)
        return NULL;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (write(fd, text, size) == (ssize_t)size)
        sl_yaml_read(&sl_env_real, path, arena, errors, &yaml);
    close(fd);
    if (yaml != NULL)
        yaml->file = "options";
    return errors->errors == 0 ? yaml : NULL;
}

const sl_value *sl_harness_options(const char *text, sl_arena *arena, sl_errors *errors)
{
    sl_error error = {.level = SL_LOG_ERROR, .code = SL_CODE_CONFIG};
    sl_yaml *yaml = read_text(text, arena, errors);
    sl_value *value = sl_arena_take(arena, sizeof *value);

    if (yaml == NULL || value == NULL || yaml->root == NULL || yaml->root->kind != SL_YAML_MAP ||
        !convert(yaml, yaml->root, NULL, arena, value)) {
        if (errors->errors == 0)
            sl_errors_add(errors, &error, "the options are no map: %s", text);
        return NULL;
    }
    return value;
}
