/*
 * fingerprint.h - what a stage was when its rows were committed: hashes of the YAML as it is
 * written, so that a graph that goes on knows what has changed since.
 *
 * Params are hashed as their `${name}`, not as their value: `--set input=march.csv` is the same
 * graph. Secrets are left out.
 */
#ifndef SL_FINGERPRINT_H
#define SL_FINGERPRINT_H

#include "config/plan.h"

#define SL_FINGERPRINT_BASIS UINT64_C(0xcbf29ce484222325) /* of a hash that begins */
/* The hash of what was hashed and this text, FNV-1a of 64 bits; NULL is no text. */
uint64_t sl_fingerprint_mix(uint64_t hash, const char *text);
/* Of a stage: role, type and all options. */
uint64_t sl_fingerprint_stage(const sl_plan_stage *stage);
/* Of a reader's source: the type and the options with SL_OPTION_SOURCE; all, where none has it. */
uint64_t sl_fingerprint_source(const sl_plan_stage *stage);

#endif
