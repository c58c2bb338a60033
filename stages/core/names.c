/*
 * names.c - the words for roles, option types and column types (option.h).
 */
#include "stages/core/option.h"

#include "stages/core/value.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

const char *sl_option_type_name(sl_option_type type)
{
    static const char *const names[] = {
        [SL_OPTION_TEXT] = "text",
        [SL_OPTION_INTEGER] = "integer",
        [SL_OPTION_REAL] = "number",
        [SL_OPTION_BOOLEAN] = "true | false",
        [SL_OPTION_SIZE] = "size",
        [SL_OPTION_DURATION] = "duration",
        [SL_OPTION_CHOICE] = "choice",
        [SL_OPTION_COLUMN] = "column",
        [SL_OPTION_PATH] = "path",
        [SL_OPTION_SECRET] = "secret",
        [SL_OPTION_SQL] = "SQL",
        [SL_OPTION_LIST] = "list",
        [SL_OPTION_MAP] = "map",
        [SL_OPTION_COLUMNS] = "list of columns",
        [SL_OPTION_SQL_LIST] = "list of SQL",
        [SL_OPTION_SQL_MAP] = "map of SQL",
    };

    return type < COUNT(names) ? names[type] : "unknown";
}

const char *sl_role_name(sl_role role)
{
    static const char *const names[] = {
        [SL_READER] = "reader",           [SL_VALIDATOR] = "validator", [SL_FILTER] = "filter",
        [SL_TRANSFORMER] = "transformer", [SL_EXPORTER] = "exporter",
    };

    return role < COUNT(names) ? names[role] : "unknown";
}

static const char *const types[] = {
    [SL_TYPE_ANY] = "any",   [SL_TYPE_INTEGER] = "integer", [SL_TYPE_REAL] = "real",
    [SL_TYPE_TEXT] = "text", [SL_TYPE_BLOB] = "blob",       [SL_TYPE_BOOLEAN] = "boolean",
    [SL_TYPE_JSON] = "json", [SL_TYPE_NUMERIC] = "numeric",
};

const char *sl_type_name(sl_type type)
{
    return type < COUNT(types) ? types[type] : "unknown";
}

int32_t sl_type_named(const char *name)
{
    static const struct {
        const char *name;
        sl_type type;
    } others[] = {
        {"int", SL_TYPE_INTEGER},
        {"float", SL_TYPE_REAL},
        {"string", SL_TYPE_TEXT},
        {"bool", SL_TYPE_BOOLEAN},
    };

    for (uint32_t i = 0; i < COUNT(types); i++)
        if (sl_value_same_name(name, types[i]) == 0)
            return (int32_t)i;
    for (uint32_t i = 0; i < COUNT(others); i++)
        if (sl_value_same_name(name, others[i].name) == 0)
            return (int32_t)others[i].type;
    return -1;
}
