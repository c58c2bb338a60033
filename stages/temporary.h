/*
 * temporary.h - the file beside a target in which it is written anew: .NAME.sluice-1a2b3c4d in the
 * same folder, so that a rename puts it in its place.
 *
 * It is locked as long as its run lives; a run that was killed leaves it unlocked, and the next one
 * to the same target removes it.
 *
 * Thread: WORKER, the stage's strand.
 */
#ifndef SL_TEMPORARY_H
#define SL_TEMPORARY_H

#include "stages/core/stage.h"

/* GIVES a name that is most likely new, the stage's memory. NULL: no memory, said. */
char *sl_temporary_name(sl_stage *stage, const char *path);
/* Locks what was opened under such a name. */
void sl_temporary_hold(const sl_env *env, int32_t fd);
/* Removes those of the target that nobody holds; what cannot be removed stays. */
void sl_temporary_clean(const sl_env *env, const char *path);

#endif
