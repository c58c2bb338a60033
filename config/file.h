/*
 * file.h - a whole small file as text, through sl_env and never beyond a limit.
 */
#ifndef SL_CONFIG_FILE_H
#define SL_CONFIG_FILE_H

#include "stages/core/arena.h"

/*
 * Reads path. 0: *text is terminated and lives in the arena. Otherwise -errno: -EFBIG when it
 * holds more than limit bytes, -EISDIR for a directory, -ENOMEM without memory.
 */
int32_t sl_file_read(const sl_env *env, const char *path, size_t limit, sl_arena *arena,
                     char **text, size_t *size);

#endif
