/*
 * params.h - `${...}` in scalars, and the values that options are read from.
 *
 *     ${name}              a param that the graph declares, or `here`: the YAML file's directory
 *     ${name:-default}     the default when the param is empty or has no value
 *     ${name:?message}     that mistake when the param is empty or has no value
 *     ${env:NAME}          a variable of the environment; :- and :? as above
 *     ${credential:NAME}   a file in $CREDENTIALS_DIRECTORY; never printed
 *     $${                  the two characters `${`
 */
#ifndef SL_PARAMS_H
#define SL_PARAMS_H

#include "config/reading.h"

/* What the scalars of a node are. */
typedef enum sl_put {
    SL_PUT_TEXT,     /* params are put in, credentials are refused */
    SL_PUT_PARAM,    /* credentials too: of a param */
    SL_PUT_SECRET,   /* credentials too: of an option that is a secret */
    SL_PUT_DATA,     /* credentials too: of an option that makes rows */
    SL_PUT_SQL,      /* `${` is refused: SQL binds :name */
    SL_PUT_SQL_LIST, /* SQL, but in maps only the key `sql` is */
} sl_put;

/* Reads `params:` (NULL: none) and the settings. */
void sl_params_read(sl_reading *reading, const sl_yaml_node *params, const sl_setting *settings,
                    uint32_t count);
/* Params that nobody gave a value, as far as it is not said yet; makes plan->params. */
void sl_params_finish(sl_reading *reading);

/* Makes *value of a node, deep. `key` is the key it stands under (NULL: none); stage and option
 * are for messages. SL_ERROR: a reference was wrong, said; *value is then not complete. */
sl_status sl_params_value(sl_reading *reading, const sl_yaml_node *node, const sl_yaml_node *key,
                          sl_put put, const sl_mistake *of, sl_value *value);

#endif
