/*
 * registry.h - from the name of a stage to its type: the built-in stages and loaded plugins.
 *
 * A type is found by (role, name), so that a csv reader and a csv exporter live side by side.
 * Thread: LOOP; read-only while graphs run.
 */
#ifndef SL_REGISTRY_H
#define SL_REGISTRY_H

#include "stages/core/error.h"

typedef struct sl_registry sl_registry;

/* Gives a registry with every built-in stage (stages/builtin.def); NULL: no memory. */
sl_registry *sl_registry_new(const sl_env *env);
void sl_registry_free(sl_registry *registry);

/* Adds a type: checked for what a stage must have (a name, a role, next or each or write, not
 * both, close where it allocates ...) and copied into a struct of this host's own size, so that
 * an older plugin's shorter struct is NULL where it ends. `from` names the plugin for messages.
 * SL_ERROR: refused, with the reason in errors. */
sl_status sl_registry_add(sl_registry *registry, const sl_stage_type *type, const char *from,
                          sl_errors *errors);

const sl_stage_type *sl_registry_find(const sl_registry *registry, sl_role role,
                                      const char *name);
/* Type number `index` in order of role, then name; NULL after the last. */
const sl_stage_type *sl_registry_at(const sl_registry *registry, uint32_t index);
/* Where a type came from: "built in" or the plugin's name and file. */
const char *sl_registry_origin(const sl_registry *registry, const sl_stage_type *type);

#endif
