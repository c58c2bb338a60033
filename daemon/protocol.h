/*
 * protocol.h - the language of the control socket: one JSON object a line, both ways.
 *
 *     > {"sluice":1,"verb":"tap","graph":"orders","stage":"where","rows":2}
 *     < {"item":"row","stage":"where","row":{"id":7}}
 *     < {"item":"row","stage":"where","row":{"id":9}}
 *     < {"ok":true,"rows":2}
 *
 * A request is answered by any number of items and one last line, which has "ok".
 * docs/control-protocol.md says it for those who write clients.
 *
 * Everything here works on bytes: which socket, which client, what a verb does is elsewhere
 * (the socket's room). What a stranger sends is bounded: a line by SL_PROTOCOL_LINE, its nesting
 * by SL_PROTOCOL_DEPTH, its members by the verb's own table.
 *
 * Thread: ANY THREAD, each object by one at a time.
 */
#ifndef SL_PROTOCOL_H
#define SL_PROTOCOL_H

#include "stages/core/error.h"
#include "stages/core/text.h"

#define SL_PROTOCOL_VERSION 1
#define SL_PROTOCOL_LINE 65536 /* bytes of a line, without its end */
#define SL_PROTOCOL_DEPTH 8    /* containers in containers, in a request */

/* ---- Lines ---------------------------------------------------------------------------- */

/* Cuts what comes from a socket into lines, however it was split on the way. */
typedef struct sl_splitter {
    const sl_env *env; /* set it; all else zero */
    char *bytes;       /* the line so far; grows up to SL_PROTOCOL_LINE */
    size_t room;
    size_t used;
    int32_t given;  /* 1: bytes[0..used) is a line that was given */
    int32_t failed; /* -1: too long, -2: no memory; stays */
} sl_splitter;

/*
 * Takes from bytes[0..*size) up to the end of a line, and moves both on. 1: *line is it,
 * terminated, without its line end, good until the next call, and may be changed; *length its
 * bytes. 0: all was taken, and more is needed. -1: the line is longer than SL_PROTOCOL_LINE; -2: no
 * memory: the client is to be told and closed.
 */
int32_t sl_splitter_next(sl_splitter *splitter, const char **bytes, size_t *size, char **line,
                         size_t *length);
/* Whether a line has begun that has not ended: the client went away in the middle. */
int32_t sl_splitter_open(const sl_splitter *splitter);
void sl_splitter_done(sl_splitter *splitter);

/* ---- Requests ------------------------------------------------------------------------- */

typedef enum sl_verb_id {
    SL_VERB_STATUS,
    SL_VERB_TOP,
    SL_VERB_TAP,
    SL_VERB_REJECTS,
    SL_VERB_PAUSE,
    SL_VERB_STEP,
    SL_VERB_RESUME,
    SL_VERB_STOP,
    SL_VERB_START,
    SL_VERB_RUN_NOW,
    SL_VERB_SEND,
    SL_VERB_RAISE,
    SL_VERB_CHECKPOINT,
    SL_VERB_RELOAD,
    SL_VERB_LOG_LEVEL,
    SL_VERBS
} sl_verb_id;

/* What is not given is NULL or -1. Texts are in the line that was read. */
typedef struct sl_request {
    sl_verb_id verb;
    const char *graph;
    const char *stage;
    const char *where;     /* tap: an SQL expression over the row */
    const char *message;   /* send: its name; raise: the reason */
    const char *arguments; /* send: a JSON object on one line, terminated */
    const char *level;     /* log-level */
    const char *action;    /* checkpoint, rejects: "ls" ...; NULL: "ls" */
    const char *words;     /* ... what follows: a JSON array of texts on one line, terminated */
    const char *after;     /* rejects: behind which row, as an answer has said it */
    const char *format;    /* checkpoint, rejects: "text" or "json" */
    int64_t rows;          /* tap: so many, then it ends */
    int64_t batches;       /* step */
    int64_t interval;      /* top: microseconds between two looks; without it one look */
    int32_t rehearse;      /* reload: 1 prints the plan only */
} sl_request;

/* Why a line is no request: what the client is told. */
typedef struct sl_refusal {
    int32_t code; /* SL_CODE_* */
    char message[200];
    const char *hint; /* static; NULL: none */
} sl_refusal;

/* Reads a line that sl_splitter_next gave, and changes it. 0, and *refusal is as it was; or -1 with
 * *refusal. */
int32_t sl_request_read(char *line, size_t length, sl_request *request, sl_refusal *refusal);
/* Adds the request as a line, with its end: what a client sends. arguments and words must be valid
 * JSON. */
void sl_request_write(const sl_request *request, sl_builder *to);

const char *sl_protocol_verb(sl_verb_id verb); /* "run-now" */
int32_t sl_protocol_verb_of(const char *name); /* sl_verb_id; -1: no verb */
/* 1: it changes something. action: of a verb that has some; NULL: its first, which reads. */
int32_t sl_protocol_writes(sl_verb_id verb, const char *action);
/* Whether a client of this user may: what only reads anyone that the socket let in, the rest root
 * and the user that the service runs as. */
int32_t sl_protocol_allows(sl_verb_id verb, const char *action, uint32_t client, uint32_t service);

/* ---- Answers -------------------------------------------------------------------------- */

/*
 * Writes one line of an answer. Begin it with one of the three, add members, end it:
 *
 *     sl_answer answer = {.to = &builder};
 *     sl_answer_item(&answer, "graph");
 *     sl_answer_text(&answer, "name", "orders");
 *     sl_answer_open(&answer, "stages", '[');  sl_answer_open(&answer, NULL, '{');  ...
 *     sl_answer_close(&answer);  sl_answer_close(&answer);
 *     if (sl_answer_end(&answer) != 0) ...
 */
typedef struct sl_answer {
    sl_builder *to; /* set it; all else zero */
    size_t start;   /* of the line in to->data */
    uint32_t depth;
    char ends[16];
    int32_t first; /* nothing stands before in this container */
} sl_answer;

void sl_answer_item(sl_answer *answer, const char *kind); /* {"item":"row" */
void sl_answer_ok(sl_answer *answer);                     /* {"ok":true */
/* The whole last line: {"ok":false,"code":78,"error":{...}}; error->code 0 is SL_CODE_FAILED. */
int32_t sl_answer_failed(sl_answer *answer, const sl_error *error);
int32_t sl_answer_refused(sl_answer *answer, const sl_refusal *refusal);

/* Members; name NULL: an element of an array. A NULL text is null. */
void sl_answer_text(sl_answer *answer, const char *name, const char *text);
void sl_answer_integer(sl_answer *answer, const char *name, int64_t number);
void sl_answer_real(sl_answer *answer, const char *name, double number); /* not finite: null */
void sl_answer_boolean(sl_answer *answer, const char *name, int32_t yes);
void sl_answer_json(sl_answer *answer, const char *name, const char *json); /* valid, on one line */
void sl_answer_error(sl_answer *answer, const char *name, const sl_error *error);
void sl_answer_open(sl_answer *answer, const char *name, char bracket); /* '{' or '[' */
void sl_answer_close(sl_answer *answer);
/* Closes what is open and ends the line. 0; -1: it is longer than SL_PROTOCOL_LINE, or there is no
 * memory: nothing of it is left in the builder. */
int32_t sl_answer_end(sl_answer *answer);

/* A line of an answer, read by a client. Texts are in the line, which is changed. */
typedef struct sl_reply {
    int32_t last;        /* 1: nothing follows */
    int32_t ok;          /* of the last one */
    int32_t code;        /* the exit code of a client: 0 when ok */
    const char *item;    /* of the others: "row" ... */
    const char *message; /* of the error; NULL: none */
    const char *hint;    /* NULL: none */
    const char *json;    /* the line as it came, in room of the caller's own */
} sl_reply;

/* copy: room for length + 1 bytes, in which the line is kept as it came. 0, or -1: this is no
 * answer of a daemon. */
int32_t sl_reply_read(char *line, size_t length, char *copy, sl_reply *reply);

#endif
