/*
 * credential.h - `${credential:NAME}`: a file in $CREDENTIALS_DIRECTORY, read straight into pages
 * for secrets.
 */
#ifndef SL_CREDENTIAL_H
#define SL_CREDENTIAL_H

#include "stages/core/arena.h"
#include "stages/core/secret.h"

typedef struct sl_credential {
    const char *text; /* without the last line end; the list owns it. NULL: see why */
    const char *why;  /* what is wrong with it; NULL: nothing */
    const char *hint;
    int32_t missing; /* 1: there is no such file */
} sl_credential;

/* Reads the credential with this name, of at most limit bytes. Where a directory above does not
 * keep others out, nobody but its owner and its group may have any right to the file, and the group
 * only to read: systemd shows the right of the service's user, an entry of an access list, as that
 * of the group. why and hint are the arena's or literals. */
sl_credential sl_credential_read(const sl_env *env, const char *name, size_t limit,
                                 sl_secret **secrets, sl_arena *arena);

#endif
