/*
 * sluice/stage.h - the one header a stage author includes.
 *
 * A stage is a generator. The host asks it for its next batch; the stage asks
 * the stages before it, and is suspended in between. Four verbs stand on both
 * sides: what is asked of you (the functions of sl_stage_type) and what you
 * may ask of your inputs (the functions of sl_host, by the short names below).
 *
 *     next    give the next batch of rows       sl_next(stage, input, &batch)
 *     send    hear a message, answer it         stage->host->send(...)
 *     raise   hear a reason where you stand     stage->host->raise(...)
 *     close   free what you hold                stage->host->close(...)
 *
 * Most stages look at one batch at a time. They set `each` instead of `next`
 * and never see a pending input, an end or a NULL: the host asks the input,
 * hands over a batch that may be changed, and passes it on.
 *
 * The life of a stage
 *
 *     options   the host fills the stage's own struct from its option table
 *     recover   exporters: the last checkpoint that is safe here; read-only
 *     plan      declare columns, compile expressions; looks, but changes nothing
 *     open      acquire; from the readers to the exporters
 *     seek      readers: go to a position that `tell` gave in an earlier run
 *     next ...  from the exporters up, each call pulling from the stage before
 *     close     exactly once, from the exporters up, also after a failed plan or open
 *
 * Ownership: a function GIVES a batch when the caller owns it afterwards, TAKES
 * one when the callee owns it afterwards (also when it fails), and BORROWS in
 * every other case: what is borrowed is good until the call returns.
 *
 * Threads: a stage is never entered twice at once, but one call may come on
 * another thread than the last: keep no thread-local state. Two things may
 * happen on another thread while you are inside `next`: your `interrupt` is
 * called, and stage->host->wake() may be called by any thread of yours.
 *
 * Waiting: work (a file, SQLite) simply blocks. Waiting for the world (a socket,
 * new rows, a locked database) answers SL_PENDING after saying what to wait
 * for: wake_after(), wake_on_fd(), or wake() later. Spurious wakes are harmless:
 * you are asked again and may answer SL_PENDING again. Whatever an input answers
 * other than SL_OK, pass it on as it is, and a whole chain waits correctly.
 *
 * Units: rows count from 1 in messages and from 0 in arrays; sizes are bytes;
 * times are microseconds. Text is UTF-8.
 *
 * Growth: `size` first in every struct that crosses, new members at the end
 * only, arrays cross with the size of their element. No bool, enum or bit-field
 * crosses. A plugin built against an older minor version loads in every newer
 * daemon of the same major version.
 *
 *     1.0   the first
 */
#ifndef SL_STAGE_H
#define SL_STAGE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SL_ABI_MAJOR 1
#define SL_ABI_MINOR 0
#define SL_ABI (((uint32_t)SL_ABI_MAJOR << 16) | (uint32_t)SL_ABI_MINOR)

#define SL_PRINTF(format_at, args_at) __attribute__((format(printf, format_at, args_at)))
#define SL_MUST_USE __attribute__((warn_unused_result))

/* ---- What a call answers ----------------------------------------------------------- */

typedef int32_t sl_status;
#define SL_ERROR (-1) /* failed, and sl_fail() has said why; final: the host keeps it so */
#define SL_OK 0       /* done; a batch was given, where one was asked for */
#define SL_END 1      /* no more batches; final: the host keeps it so */
#define SL_PENDING 2  /* nothing yet; a wake will follow */

/* Why a run failed, as the process's exit code says it (sysexits.h). */
#define SL_CODE_FAILED 1      /* no better word */
#define SL_CODE_USAGE 64      /* the command line */
#define SL_CODE_DATA 65       /* the rows */
#define SL_CODE_NO_INPUT 66   /* a source is not there, or cannot be read */
#define SL_CODE_BUG 70        /* a promise of a stage or of the host was broken */
#define SL_CODE_NO_OUTPUT 73  /* a target cannot be made */
#define SL_CODE_IO 74         /* reading or writing failed halfway */
#define SL_CODE_TRY_AGAIN 75  /* busy; later may be better */
#define SL_CODE_PERMISSION 77 /* not allowed */
#define SL_CODE_CONFIG 78     /* the YAML */
#define SL_CODE_CUT_SHORT 130 /* `interrupt` came: no failure where the run stops, else _IO */

/* ---- Values, columns, batches ------------------------------------------------------ */

/*
 * A cell is one value, typed by itself as in SQLite. TEXT, BLOB and NUMERAL are
 * slices: `size` bytes, not terminated, in memory that the batch owns or shares.
 */
typedef uint32_t sl_kind;
#define SL_NULL 0u
#define SL_INTEGER 1u
#define SL_REAL 2u
#define SL_TEXT 3u
#define SL_BLOB 4u
#define SL_NUMERAL 5u /* a number as it was spelled, a valid JSON number; sl_typed() reads it */

typedef struct sl_cell { /* 16 bytes */
    sl_kind kind;
    uint32_t size; /* TEXT, BLOB, NUMERAL: bytes; otherwise 0 */
    union {
        int64_t integer;
        double real;
        const char *text;
        const void *blob;
    } as;
} sl_cell;

typedef uint32_t sl_type;
#define SL_TYPE_ANY 0u /* each value by itself */
#define SL_TYPE_INTEGER 1u
#define SL_TYPE_REAL 2u
#define SL_TYPE_TEXT 3u
#define SL_TYPE_BLOB 4u
#define SL_TYPE_BOOLEAN 5u /* INTEGER cells 0 and 1, or the faces true and false */
#define SL_TYPE_JSON 6u    /* TEXT cells that hold a JSON value */
#define SL_TYPE_NUMERIC 7u /* INTEGER or REAL, each value by itself */

/* TEXT cells of this column are faces: the spelling that was read. `type` says
 * how an expression reads them (sl_typed); a value that no stage changes is
 * written as it was spelled. */
#define SL_COLUMN_FACES 1u
/* The type was written by a person or stands in a schema; otherwise it was inferred. */
#define SL_COLUMN_DECLARED 2u
/* Faces of numbers are spelled with a decimal comma: 12,5. */
#define SL_COLUMN_COMMA 4u
/* Numbers and strings differ in the source (JSON): a TEXT cell of this numeric column was
 * written as a string and is a misfit to an expression, "12" too. */
#define SL_COLUMN_STRINGS 8u
/* Each row was made from several rows, as a group's is. */
#define SL_COLUMN_GROUPED 16u

typedef struct sl_column {
    const char *name;   /* as written; compared without regard to ASCII case, as SQL does */
    const char *origin; /* where it comes from, for people: "orders.csv"; NULL: a stage made it */
    sl_type type;
    uint32_t flags; /* SL_COLUMN_* */
} sl_column;

/*
 * Where a row came from, for lineage; what is not known is NULL or 0. The texts live as long as
 * the graph, those of `key` as long as the batch.
 */
typedef struct sl_origin { /* 64 bytes, for good */
    const char *source;    /* a file; with `database`: a table of it, NULL: a query over it */
    const char *database;  /* NULL: source is a file */
    const char *key_name;  /* column of an INTEGER key */
    int64_t row;           /* its number in the source, from 1 */
    int64_t line;          /* in the source, from 1 */
    uint32_t flags;        /* SL_ORIGIN_* */
    uint32_t reserved;
    sl_cell key; /* INTEGER, or TEXT: a JSON object with the columns of the key; NULL */
} sl_origin;
#define SL_ORIGIN_SEVERAL 1u /* made from several rows; source NULL: of several sources */

/*
 * columns[c][row], 0 <= c < columns_count, 0 <= row < rows. The live rows are
 * selection[0 .. selected), ascending: a filter drops a row by leaving its index
 * out, and touches no cell. No two columns share their array of cells.
 */
typedef struct sl_batch {
    uint32_t size; /* of this struct; the host's */
    uint32_t columns_count;
    uint32_t capacity; /* room for rows in the columns that batch() made */
    uint32_t rows;     /* length of every column; a maker of rows sets it */
    uint32_t selected; /* length of selection */
    uint32_t reserved;
    sl_cell **columns;
    uint32_t *selection; /* room for capacity; batch() fills it with 0, 1, 2 ... */
    int64_t first_row;   /* number of row 0 in its source, counted from 1 */
    int64_t *lines;      /* line of each row in its source, counted from 1; NULL: not known.
                          * batch() gives readers an array with room for capacity: fill it,
                          * or set it NULL */
    const char *source;  /* name of the file or table; lives as long as the stage; NULL: none */
    void *host;          /* memory, owners, stamp: the host's */
    sl_origin *origins;  /* one a row: where it came from, said better than by source, first_row
                          * and lines; NULL: they say it. See host->origins */
} sl_batch;

/* ---- Options: one table parses, checks, explains ----------------------------------- */

/* An option as it was written, for LIST and MAP options and for pointing at a
 * place in the YAML. Lives as long as the stage. */
typedef struct sl_value sl_value;
struct sl_value {
    uint32_t size;         /* of this struct; step through items with sl_item() */
    uint32_t kind;         /* SL_VALUE_* */
    uint32_t quoted;       /* scalar: 1 when it was written in quotes or as a block */
    uint32_t count;        /* list, map: number of items */
    const char *key;       /* of an item of a map; otherwise NULL */
    const char *text;      /* scalar: terminated, params put in; otherwise NULL */
    const sl_value *items; /* list, map */
    const void *place;     /* the host's: where it stands in the YAML */
};
#define SL_VALUE_SCALAR 0u
#define SL_VALUE_LIST 1u
#define SL_VALUE_MAP 2u
#define SL_VALUE_NULL 3u /* nothing, `~` or `null` was written; a scalar whose text is "" */

static inline const sl_value *sl_item(const sl_value *list, uint32_t index)
{
    return (const sl_value *)(const void *)((const char *)list->items + (size_t)index * list->size);
}

typedef uint32_t sl_option_type;
#define SL_OPTION_TEXT 0u      /* const char *                                   */
#define SL_OPTION_INTEGER 1u   /* int64_t                                        */
#define SL_OPTION_REAL 2u      /* double                                         */
#define SL_OPTION_BOOLEAN 3u   /* int32_t, 0 or 1: true | false                  */
#define SL_OPTION_SIZE 4u      /* int64_t, bytes: 64KiB, 1MB, 512                */
#define SL_OPTION_DURATION 5u  /* int64_t, microseconds: 250ms, 5s, 2m, 1h       */
#define SL_OPTION_CHOICE 6u    /* int32_t, index into choices                    */
#define SL_OPTION_COLUMN 7u    /* const char *, a column of input 0              */
#define SL_OPTION_PATH 8u      /* const char *                                   */
#define SL_OPTION_SECRET 9u    /* const char *, never printed                    */
#define SL_OPTION_SQL 10u      /* const char *, an expression or query; no ${}   */
#define SL_OPTION_LIST 11u     /* const sl_value *; a lone scalar is a list of one */
#define SL_OPTION_MAP 12u      /* const sl_value *                               */
#define SL_OPTION_COLUMNS 13u  /* const sl_value *, a list of columns of input 0 */
#define SL_OPTION_SQL_LIST 14u /* const sl_value *: scalars are SQL, in maps the key `sql` is */
#define SL_OPTION_SQL_MAP 15u  /* const sl_value *: name -> SQL                  */

typedef struct sl_option {
    const char *name;
    sl_option_type type;
    uint32_t flags;       /* SL_OPTION_SOURCE, SL_OPTION_DATA */
    size_t offset;        /* of the field in the stage's own struct */
    const char *fallback; /* as a person would write it in YAML; NULL: required; "": not given */
    const char *min;      /* likewise; NULL: unbounded */
    const char *max;
    const char
        *choices;     /* "append|replace|fail"; of a LIST or MAP: the values allowed; else NULL */
    const char *help; /* one sentence; manual, help and schema print it */
} sl_option;
/* A fallback of "" leaves TEXT, PATH, SQL, LIST, MAP fields NULL, numbers 0. */

/* Readers: the option says which source is read, and in which order. Where it is written
 * differently than in an earlier run, the graph does not go on where that run stood. */
#define SL_OPTION_SOURCE 1u
/* What is written becomes values of rows, and is shown nowhere else: a credential may stand there.
 */
#define SL_OPTION_DATA 2u

/* ---- What a stage is ---------------------------------------------------------------- */

typedef struct sl_stage sl_stage;

typedef struct sl_blob {
    const void *data;
    size_t size;
} sl_blob;

/* A position, a message's arguments and an answer are small JSON objects. */
typedef struct sl_message {
    const char *name; /* as in the stage's table of messages */
    const char *json; /* its arguments; "{}" where there are none */
} sl_message;

typedef struct sl_message_type {
    const char *name;
    const char *arguments; /* an example of its JSON: {"rows": 10} */
    const char *help;
} sl_message_type;

typedef struct sl_text { /* filled by set_text(); the host's memory */
    char *data;          /* terminated; NULL: nothing yet */
    size_t size;
} sl_text;

typedef struct sl_commit {
    uint32_t size;
    int32_t final;      /* 1: no more rows will come; rename, move, finish */
    sl_blob checkpoint; /* to be made safe together with the rows; may be empty */
} sl_commit;

typedef uint32_t sl_role;
#define SL_READER 0u
#define SL_VALIDATOR 1u
#define SL_FILTER 2u
#define SL_TRANSFORMER 3u
#define SL_EXPORTER 4u

/* Traits: what check and the manual say of a stage. */
#define SL_TRAIT_HOLDS 1u       /* holds rows until its input ends: sort, aggregate */
#define SL_TRAIT_STATEFUL 2u    /* its answer depends on earlier batches: limit, dedupe */
#define SL_TRAIT_TRANSACTION 4u /* exporter: rows and checkpoint are committed in one action */
#define SL_TRAIT_SHRINKS 8u     /* may give no more rows than it takes, and drops some: filters */
#define SL_TRAIT_REHEARSES 16u  /* exporter: asks host->rehearsing() and then changes nothing */

/* What a stage can promise with the options it has; said in plan by host->promise(). */
/* reader: cannot be read again from a position (standard input); exporter: a row is out as soon as
 * it is written */
#define SL_PROMISE_NOTHING 0u
/* reader: goes to a position that tell gave; exporter: each commit is kept together with its
 * checkpoint */
#define SL_PROMISE_RESUMES 1u
/* exporter: nothing is seen before the final commit, then all */
#define SL_PROMISE_WHOLE 2u
/* exporter: as RESUMES, and a row written twice is as one (upsert) */
#define SL_PROMISE_SAME 3u
/* exporter, added to RESUMES: the target is not there or empty, and the YAML does not ask for rows
 * to be added to others */
#define SL_PROMISE_EMPTY 16u

typedef struct sl_stage_type {
    uint32_t size; /* SL_STAGE_TYPE fills in these two and the element sizes */
    uint32_t abi;
    const char *name;    /* as written in YAML: "csv" */
    const char *version; /* "1.0" */
    const char *summary; /* one sentence */
    const char *manual;  /* paragraphs for `sluice stages NAME`; NULL: none */
    const char *example; /* YAML of one stage, shown by the manual; NULL: none */
    sl_role role;
    uint32_t traits;     /* SL_TRAIT_* */
    uint32_t inputs_min; /* readers: 0 */
    uint32_t inputs_max;
    size_t self_size;                /* the host allocates it: zeroed, options filled in */
    const sl_option *options;        /* ends at name == NULL; NULL: none */
    size_t option_size;              /* sizeof(sl_option) as the stage's author saw it */
    const sl_message_type *messages; /* ends at name == NULL; NULL: none */
    size_t message_size;

    /* Declare columns (host->columns), compile expressions. The inputs are planned.
     * May look at a header, a schema, a sample; creates and changes nothing; never
     * touches `-`, a FIFO or a device: leave the columns undeclared then, and declare
     * them in open. A stage with one input that declares no columns has those of its
     * input. Optional. */
    sl_status (*plan)(sl_stage *stage);

    /* Acquire; readers first. Optional. */
    sl_status (*open)(sl_stage *stage);

    /* Give the next batch. Readers, and stages that do not work batch by batch. */
    sl_status (*next)(sl_stage *stage, sl_batch **given);

    /* Change one batch in place: shorten selection, add or replace columns. The batch
     * is not shared. Answers SL_OK or SL_ERROR. Stages set next or each, not both. */
    sl_status (*each)(sl_stage *stage, sl_batch *borrowed);

    /* Exporters, in place of next. recover: the checkpoint that was committed last,
     * through host->set_text; nothing when there is none; before plan, read-only.
     * write: take all selected rows, or answer SL_PENDING having taken none.
     * commit: make safe what was written since the last commit, together with the
     * checkpoint. abort: forget what was written since; SL_ERROR: what stands there is not
     * known. commit and abort may be called without a write. */
    sl_status (*recover)(sl_stage *stage, sl_text *checkpoint);
    sl_status (*write)(sl_stage *stage, sl_batch *borrowed);
    sl_status (*commit)(sl_stage *stage, const sl_commit *borrowed);
    sl_status (*abort)(sl_stage *stage);

    /* Hear a message between two batches and answer it (host->set_text; "{}" when
     * nothing is set; {"error": "why"} when it is refused). SL_OK: it was yours. SL_END: not yours,
     * it goes on to the inputs, as when this is left out. */
    sl_status (*send)(sl_stage *stage, const sl_message *borrowed, sl_text *answer);

    /* A consumer or an operator raises a reason where the stage stands. SL_OK: handled,
     * here is the next batch. SL_ERROR: let it pass. Left out: the inputs are asked;
     * a reader without it fails with the reason. */
    sl_status (*raise)(sl_stage *stage, const char *why, sl_batch **given);

    /* Readers: where the source stands after the last batch given, and go there before
     * the first next. Left out: the reader cannot be resumed, and check says so.
     * Exporters whose target is no transaction (a file): where the target ends after the
     * last commit, which the host keeps together with the checkpoint; and cut off, after
     * open and before the first write, what was written behind it. */
    sl_status (*tell)(sl_stage *stage, sl_text *position);
    sl_status (*seek)(sl_stage *stage, const char *position);

    /* State across batches, for stages that keep totals: asked for after each batch given
     * and kept with the checkpoint; restored after open, before the first next. A stage
     * with SL_TRAIT_STATEFUL that leaves them out is run from the start each time. */
    sl_status (*save)(sl_stage *stage, sl_text *state);
    sl_status (*restore)(sl_stage *stage, const char *state);

    /* Cut short a blocking call inside next, each or write. ANY THREAD. Optional. */
    void (*interrupt)(sl_stage *stage);

    /* Free what plan, open and next made. Exactly once, half-built things too. */
    void (*close)(sl_stage *stage);
} sl_stage_type;

#define SL_STAGE_TYPE                                                                              \
    .size = sizeof(sl_stage_type), .abi = SL_ABI, .option_size = sizeof(sl_option),                \
    .message_size = sizeof(sl_message_type)

/* ---- The world: the only way to reach it ------------------------------------------- */

/* Functions answer a count or a descriptor >= 0, or -errno. ANY THREAD. open, read and write
 * may wait for the world (a FIFO, a terminal); -EINTR: look at stopping(), else call again. */
typedef struct sl_file_info {
    uint32_t kind; /* SL_FILE_* */
    uint32_t mode; /* permission bits */
    int64_t bytes;
    uint64_t device;
    uint64_t inode;
    int64_t changed; /* last modification, microseconds since 1970 */
} sl_file_info;
#define SL_FILE_REGULAR 0u
#define SL_FILE_DIRECTORY 1u
#define SL_FILE_FIFO 2u
#define SL_FILE_OTHER 3u /* a device, a socket, a terminal */

typedef struct sl_env {
    uint32_t size;
    void *context;
    int64_t (*now)(void *context);       /* microseconds since 1970, UTC */
    int64_t (*monotonic)(void *context); /* microseconds since some start; never back */
    void (*random)(void *context, void *bytes, size_t size);
    void *(*allocate)(void *context, void *old, size_t size); /* realloc; size 0 frees */
    int32_t (*open)(void *context, const char *path, int32_t flags, uint32_t mode); /* O_* */
    int64_t (*read)(void *context, int32_t fd, void *bytes, size_t size);
    int64_t (*pread)(void *context, int32_t fd, void *bytes, size_t size, int64_t offset);
    int64_t (*write)(void *context, int32_t fd, const void *bytes, size_t size);
    int64_t (*seek)(void *context, int32_t fd, int64_t offset); /* from the start */
    int32_t (*sync)(void *context, int32_t fd);                 /* data and length */
    int32_t (*truncate)(void *context, int32_t fd, int64_t bytes);
    int32_t (*close)(void *context, int32_t fd);
    int32_t (*stat)(void *context, const char *path, sl_file_info *info);
    int32_t (*fstat)(void *context, int32_t fd, sl_file_info *info);
    int32_t (*rename)(void *context, const char *from, const char *to); /* and sync the directory */
    int32_t (*unlink)(void *context, const char *path);
    /* The target of a path with its symbolic links followed; the last part need not be there. */
    int32_t (*resolve)(void *context, const char *path, char *target, size_t size);
    /* Calls found() for each path that a glob pattern matches, in byte order. */
    int32_t (*glob)(void *context, const char *pattern,
                    int32_t (*found)(void *user, const char *path), void *user);
    const char *sqlite_vfs; /* NULL: SQLite's own */
    int32_t (*chmod)(void *context, int32_t fd, uint32_t mode);
    int32_t (*terminal)(void *context, int32_t fd); /* its width in columns; 0: no terminal */
    /* One byte of the file is this process's alone until fd is closed; -EAGAIN: another's. */
    int32_t (*lock)(void *context, int32_t fd, int64_t at);
    int32_t (*make_directory)(void *context, const char *path, uint32_t mode); /* -EEXIST */
} sl_env;

/* ---- What the host does for a stage ------------------------------------------------- */

/* Where and how something failed; what is not known is left 0. */
typedef struct sl_place {
    int32_t code;          /* SL_CODE_*; 0: SL_CODE_FAILED */
    uint32_t column;       /* 1 + index of a column of the batch or input; 0: none */
    int64_t row;           /* number of the row in its source, from 1; 0: none */
    int64_t line;          /* in the source, from 1; 0: none */
    const char *source;    /* file or table; NULL: none */
    const sl_value *value; /* an option, so that the caret stands in the YAML; NULL: none */
    int64_t byte;          /* of value->text, from 0; -1: the key of an item of a map */
    int64_t length;        /* bytes to underline; 0: the word there */
    const char *hint;      /* what to do, one line; NULL: none */
} sl_place;

#define SL_LOG_ERROR 0
#define SL_LOG_WARNING 1
#define SL_LOG_NOTE 2  /* said with -v */
#define SL_LOG_DEBUG 3 /* said with -vv */

typedef struct sl_host {
    uint32_t size;
    uint32_t abi;

    /* The inputs. `input` counts from 0. next GIVES. */
    sl_status (*next)(sl_stage *stage, uint32_t input, sl_batch **given);
    sl_status (*send)(sl_stage *stage, uint32_t input, const sl_message *message, sl_text *answer);
    sl_status (*raise)(sl_stage *stage, uint32_t input, const char *why, sl_batch **given);
    void (*close)(sl_stage *stage, uint32_t input); /* no more of it is needed */

    /* Columns. In plan (or open): what this stage gives; the host copies them. */
    sl_status (*columns)(sl_stage *stage, const sl_column *columns, uint32_t count,
                         size_t column_size);
    /* What an input gives; NULL while it is not known (only in plan). */
    const sl_column *(*input_columns)(sl_stage *stage, uint32_t input, uint32_t *count);
    /* The index of the column of an input that an option names; SL_ERROR: there is none,
     * and the failure with the nearest name has been said. */
    sl_status (*find_column)(sl_stage *stage, uint32_t input, const sl_value *name,
                             uint32_t *index);

    /* Batches. */
    /* GIVES an empty batch of the stage's columns, its cells unset, with room for at most `rows`
     * rows (0: as many as the graph allows; less where the graph's bounds say so). NULL: no memory,
     * and the failure has been said. */
    sl_batch *(*batch)(sl_stage *stage, uint32_t rows);
    /* Memory that lives as long as the batch, not aligned. NULL: the batch is full (its bound
     * is the graph's batch.bytes); with `each`, call rest(). Asking for what no batch could
     * hold is a bad record: reject it. */
    char *(*bytes)(sl_stage *stage, sl_batch *borrowed, size_t size);
    size_t (*room)(sl_stage *stage, sl_batch *borrowed); /* the largest bytes() that fits */
    /* Gives back the unused end of the last bytes(): it was `size`, `used` of it stays. */
    void (*trim)(sl_stage *stage, sl_batch *borrowed, const char *bytes, size_t size, size_t used);
    /* An array of batch->rows cells for a new column, all NULL; NULL: no memory, said. */
    sl_cell *(*cells)(sl_stage *stage, sl_batch *borrowed);
    /* The batch's columns become these, count as declared by this stage. */
    sl_status (*arrange)(sl_stage *stage, sl_batch *borrowed, sl_cell *const *columns,
                         uint32_t count);
    /* each: the rows selection[done ..) did not fit. They are taken out of the batch and
     * handed to each again, as a batch of their own with the columns as they came in. */
    sl_status (*rest)(sl_stage *stage, sl_batch *borrowed, uint32_t done);
    /* Makes *batch writable: itself when nobody shares it, else a copy; TAKES and GIVES. */
    sl_status (*own)(sl_stage *stage, sl_batch **batch);
    void (*release)(sl_stage *stage, sl_batch *taken); /* NULL: nothing */

    /* Memory of the stage's own, counted: as realloc; size 0 frees. NULL: no memory; say so
     * with sl_no_memory(). */
    void *(*allocate)(sl_stage *stage, void *old, size_t size);
    sl_status (*set_text)(sl_stage *stage, sl_text *text, const char *format, ...) SL_PRINTF(3, 4);

    /* The value of a cell as its column's type reads it: a face or a NUMERAL becomes INTEGER
     * or REAL, all else stays. SL_OK, or SL_END: a misfit, *value is untouched. */
    sl_status (*typed)(const sl_column *column, const sl_cell *cell, sl_cell *value);

    /* Options and params. */
    const sl_value *(*option)(sl_stage *stage, const char *name); /* as written; NULL: not given */
    const sl_value *(*param)(sl_stage *stage, const char *name);  /* of the graph; NULL: none */

    /* Trouble. */
    /* The run fails; the first reason is the one that is kept. Answers SL_ERROR. In plan a
     * stage may fail several times, and all of it is said. place NULL: nothing known. */
    sl_status (*failure)(sl_stage *stage, const sl_place *place, const char *format, ...)
        SL_PRINTF(3, 4);
    /* One row is bad: the host takes it out of the batch when your call returns, whether or
     * not you left it in the selection, and sends it where on_reject says, with the reason.
     * `row` is its index in the batch, `column` 1 + the index of the column or 0. A second
     * reject of the same row is not counted. SL_OK: go on. SL_ERROR: the graph does not go
     * on; pass it on. */
    sl_status (*reject)(sl_stage *stage, sl_batch *borrowed, uint32_t row, uint32_t column,
                        const char *format, ...) SL_PRINTF(5, 6);
    /* A line that never became a row: place says source, row, line. */
    sl_status (*reject_raw)(sl_stage *stage, const sl_place *place, const char *raw, size_t size,
                            const char *format, ...) SL_PRINTF(5, 6);
    void (*log)(sl_stage *stage, int32_t level, const sl_place *place, const char *format, ...)
        SL_PRINTF(4, 5);
    /* For stages with next and inputs, so that the books balance: rows made that no input
     * gave, and rows of the input that are not given on. Since the last call. */
    void (*account)(sl_stage *stage, int64_t created, int64_t filtered);
    /* Readers: bytes of the source read so far, and of how many (-1: not known). */
    void (*progress)(sl_stage *stage, int64_t done, int64_t total);

    /* Waiting. */
    void (*wake)(sl_stage *stage); /* ANY THREAD */
    void (*wake_after)(sl_stage *stage, int64_t microseconds);
    sl_status (*wake_on_fd)(sl_stage *stage, int32_t fd, int32_t events); /* POLLIN, POLLOUT */
    /* 1: end soon. ANY THREAD. A call that takes long asks it now and then: that is its sign of
     * life, too. A graph that shows none, and whose step does not come back, for its
     * `stuck_after` is taken for stuck and is started again. */
    int32_t (*stopping)(sl_stage *stage);

    /* Facts of the run. */
    int64_t (*started)(sl_stage *stage);     /* microseconds since 1970: date('now') of the run */
    int32_t (*offline)(sl_stage *stage);     /* 1: plan looks at nothing outside the YAML */
    int64_t (*row_limit)(sl_stage *stage);   /* readers: give no more rows than this; -1: all.
                                              * The host enforces it; a reader may use it. */
    int64_t (*batch_bytes)(sl_stage *stage); /* the graph's bounds */
    int64_t (*batch_rows)(sl_stage *stage);

    /* Once. */
    const char *(*graph)(sl_stage *stage); /* the graph's name */
    /* What a checkpoint of this stage is kept under, with the graph's name: the name that the
     * YAML gives it, else its type's. */
    const char *(*key)(sl_stage *stage);
    /* In plan: SL_PROMISE_*, and why where it is less than one would hope; `why` is copied.
     * Not said: a reader with tell and seek and an exporter with recover RESUMES, all else
     * promises NOTHING. */
    void (*promise)(sl_stage *stage, uint32_t promise, const char *why);
    /* Readers, in plan: the type that this column had when the graph began, so that a sample
     * that has changed since does not change it. SL_END: nothing is known. */
    sl_status (*kept_type)(sl_stage *stage, const char *column, sl_type *type);
    /* Zeroed memory that lives as long as the graph, the same for each of its stages that asks
     * with this key. Closed in the order of the stages' close. NULL: no memory, said. */
    void *(*shared)(sl_stage *stage, const char *key, size_t size);
    /* Exporters: 1 when a commit must survive a power cut before it answers, because others'
     * commits follow it; 0: being kept or lost together with its checkpoint is enough. */
    int32_t (*durable)(sl_stage *stage);
    /* 1: rows are written and never committed: the stage changes nothing outside. Only a stage
     * with SL_TRAIT_REHEARSES is asked to write then. */
    int32_t (*rehearsing)(sl_stage *stage);

    /* Lineage. */
    /* Makes batch->origins, zeroed, with room for the batch's capacity. Only where it is wanted:
     * an exporter has set the int32_t of shared("lineage") by the first next. SL_ERROR: no
     * memory, said. */
    sl_status (*origins)(sl_stage *stage, sl_batch *borrowed);
} sl_host;

struct sl_stage { /* the handle every function gets; the host's to write */
    const sl_host *host;
    const sl_env *env;
    void *self;       /* the stage's own struct */
    const char *name; /* as in the YAML */
};

/* ---- Short names --------------------------------------------------------------------- */

#define sl_self(stage, type) ((type *)(stage)->self)

static inline SL_MUST_USE sl_status sl_next(sl_stage *stage, uint32_t input, sl_batch **given)
{
    return stage->host->next(stage, input, given);
}

static inline void sl_release(sl_stage *stage, sl_batch *taken)
{
    stage->host->release(stage, taken);
}

/* Fail, saying why: `return sl_fail(stage, "cannot open '%s': %s", path, why);` */
#define sl_fail(stage, ...) ((stage)->host->failure((stage), NULL, __VA_ARGS__))
/* The same with a place: `return sl_fail_at(stage, {.value = option, .hint = "..."}, ...)`
 * is written sl_fail_at(stage, SL_PLACE(.value = option, .hint = "..."), "..."). */
#define sl_fail_at(stage, place, ...) ((stage)->host->failure((stage), (place), __VA_ARGS__))
#ifndef __cplusplus
#define SL_PLACE(...) (&(const sl_place){__VA_ARGS__})
#endif
#define sl_no_memory(stage) sl_fail((stage), "out of memory")
#define sl_reject(stage, batch, row, column, ...)                                                  \
    ((stage)->host->reject((stage), (batch), (row), (column), __VA_ARGS__))

/* Whether this daemon has a host function that came after the first ABI. */
#define sl_has(stage, member)                                                                      \
    (offsetof(sl_host, member) + sizeof((stage)->host->member) <= (stage)->host->size)

/* ---- A plugin: one of these in a shared object -------------------------------------- */

typedef struct sl_plugin {
    uint32_t size;
    uint32_t abi;
    const char *name;
    const char *version;
    const sl_stage_type *const *stages; /* ends at NULL */
} sl_plugin;

/* SL_PLUGIN("geo", "1.2", &lookup, &distance) at the end of the plugin's file. */
#define SL_PLUGIN(plugin_name, plugin_version, ...)                                                \
    __attribute__((visibility("default"))) const sl_plugin *sluice_plugin_v1(void);                \
    const sl_plugin *sluice_plugin_v1(void)                                                        \
    {                                                                                              \
        static const sl_stage_type *const stages[] = {__VA_ARGS__, NULL};                          \
        static const sl_plugin plugin = {sizeof(sl_plugin), SL_ABI, plugin_name, plugin_version,   \
                                         stages};                                                  \
        return &plugin;                                                                            \
    }

#ifdef __cplusplus
}
#endif
#endif
