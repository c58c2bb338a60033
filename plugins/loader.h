/*
 * loader.h - stage types from a shared object.
 */
#ifndef SL_LOADER_H
#define SL_LOADER_H

#include "plugins/registry.h"

/*
 * Loads a plugin (SL_PLUGIN of stage.h) and registers all its stage types, or none that is
 * wrong: every refusal is added to errors, by the plugin's name. A plugin that was loaded stays
 * loaded until the process ends. Shape: path may be relative. Thread: LOOP.
 */
sl_status sl_loader_load(sl_registry *registry, const sl_env *env, const char *path,
                         sl_errors *errors);

#endif
