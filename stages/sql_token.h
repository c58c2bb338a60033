/*
 * sql_token.h - the words of an SQL expression and where they stand, as SQLite cuts them.
 *
 * Enough to see names, params, literals and parentheses before SQLite does; not a parser.
 * Thread: ANY THREAD.
 */
#ifndef SL_SQL_TOKEN_H
#define SL_SQL_TOKEN_H

#include "stages/core/stage.h"

typedef enum sl_sql_kind {
    SL_SQL_END,
    SL_SQL_NAME,     /* amount, COALESCE, AND */
    SL_SQL_QUOTED,   /* "amount", [amount], `amount` */
    SL_SQL_STRING,   /* 'paid' */
    SL_SQL_NUMBER,   /* 12, 1.5e3, 0x1F */
    SL_SQL_BYTES,    /* x'00ff' */
    SL_SQL_PARAM,    /* :name, $name, @name, ?, ?1 */
    SL_SQL_OPEN,     /* ( */
    SL_SQL_CLOSE,    /* ) */
    SL_SQL_OPERATOR, /* all else: + <> , . ; */
    SL_SQL_UNCLOSED, /* a quote or comment without its end */
} sl_sql_kind;

typedef struct sl_sql_token {
    sl_sql_kind kind;
    uint32_t at;   /* byte of the text */
    uint32_t size; /* bytes */
} sl_sql_token;

/* The first token at or after byte `from`; spaces and comments are passed over. */
sl_sql_token sl_sql_token_next(const char *text, uint32_t from);
/* The one after *token. */
sl_sql_token sl_sql_token_after(const char *text, const sl_sql_token *token);

/* Whether a NAME or QUOTED token names this, without regard to ASCII case. */
int sl_sql_token_names(const char *text, const sl_sql_token *token, const char *name);
/* Whether a token is this word or operator, written bare, in any case. */
int sl_sql_token_is(const char *text, const sl_sql_token *token, const char *word);
/* The index of the column a NAME or QUOTED token names, the same spelling before any other case;
 * -1: none. */
int32_t sl_sql_token_column(const char *text, const sl_sql_token *token, const sl_column *columns,
                            uint32_t count);

#endif
