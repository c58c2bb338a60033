/*
 * json_row.h - the members of a JSON object as the cells of a row.
 *
 * Knows the columns by name, remembers in which order the last record had them (the next name
 * is nearly always the one that followed last time; a hash table answers otherwise), finds
 * duplicate names, and decides what a value becomes in a column of its type:
 *
 *     null, absent    NULL
 *     number          NUMERAL, spelled as it was
 *     string          TEXT; in a json column the JSON string with its quotes
 *     true, false     INTEGER 1, 0 in a boolean column; TEXT `true`, `false` in a json column
 *     array, object   TEXT, the JSON as it was, in a json column
 *
 * All else is a misfit, and so is in a declared column a number or string of the wrong type.
 * An inferred number column carries strings, so that they come out as the strings they were.
 *
 * Deliberately elsewhere: JSON itself (json.h), where records begin and end (jsonl_input.h).
 * Thread: WORKER, with the stage.
 */
#ifndef SL_JSON_ROW_H
#define SL_JSON_ROW_H

#include "stages/json.h"

/* Indexes into these choices of options. */
#define SL_JSON_UNKNOWN_CHOICES "error|ignore|gather"
#define SL_JSON_UNKNOWN_ERROR 0
#define SL_JSON_UNKNOWN_IGNORE 1
#define SL_JSON_UNKNOWN_GATHER 2
#define SL_JSON_MISFIT_CHOICES "reject|keep|fail"
#define SL_JSON_MISFIT_REJECT 0
#define SL_JSON_MISFIT_KEEP 1 /* as the TEXT of its JSON */
#define SL_JSON_MISFIT_FAIL 2

#define SL_JSON_ROW_NONE UINT32_MAX

typedef struct sl_json_field {
    sl_column column; /* name, type, flags; the name is this room's memory */
    size_t name_size;
    char *spelled; /* `"name":` */
    size_t spelled_size;
    uint64_t seen;   /* the record that had it last */
    uint32_t follow; /* the field that followed it in the last record */
} sl_json_field;

typedef struct sl_json_rest { /* an unknown member, `"name": value` */
    const char *text;
    size_t size;
    size_t name_size; /* with its quotes, as spelled */
} sl_json_rest;

typedef struct sl_json_mark { /* a slot of the hash table of unknown members */
    uint64_t record;          /* free, when it is not this record's */
    uint32_t index;
} sl_json_mark;

/* Set stage, unknown and misfit; all else begins zeroed. */
typedef struct sl_json_row {
    sl_stage *stage;
    int32_t unknown; /* SL_JSON_UNKNOWN_* */
    int32_t misfit;  /* SL_JSON_MISFIT_* */
    sl_json_field *fields;
    uint32_t count;
    uint32_t room;
    uint32_t *slots; /* hash table: 1 + index of a field, 0: free */
    uint32_t slots_count;
    uint32_t first; /* the field that came first in the last record */
    uint64_t record;
    uint32_t *escaped; /* fields of the record whose text must be decoded */
    uint32_t escaped_count;
    sl_json_rest *rest;  /* unknown members of the record */
    sl_json_mark *marks; /* 2 * rest_room of them */
    uint32_t rest_count;
    uint32_t rest_room;
    char *name; /* a decoded name */
    size_t name_room;
    const char *at;  /* of the problem: the byte, */
    uint32_t column; /* 1 + index of the field, or 0, */
    int32_t fatal;   /* 1: a misfit that must fail the run, */
    char problem[256];
} sl_json_row;

void sl_json_row_done(sl_json_row *row);

/* Adds a column, or answers the one there is. SL_JSON_ROW_NONE: no memory, said; or not
 * possible (*refused is set): the name is empty, has a NUL, or differs from a column's in case
 * only. */
uint32_t sl_json_row_add(sl_json_row *row, const char *name, size_t size, sl_type type,
                         uint32_t flags, int32_t *refused);
/* The decoded name of a member, good until the next call. NULL: no memory, said. */
const char *sl_json_row_name(sl_json_row *row, const sl_json_value *name, size_t *size);
/* The field with this decoded name; SL_JSON_ROW_NONE: none. */
uint32_t sl_json_row_find(const sl_json_row *row, const char *name, size_t size);

/* Reads the object that json stands before, and that must be all there is, into
 * columns[field][index]. 1; 0: the row is bad, see problem; -1: no memory, said. */
int sl_json_row_read(sl_json_row *row, sl_json *json, sl_cell *const *columns, uint32_t index);

/* Bytes that decoding the row's escaped strings may take. */
size_t sl_json_row_escaped(const sl_json_row *row, sl_cell *const *columns, uint32_t index);
/* Decodes them: into `to`, or with NULL where they stand. */
void sl_json_row_decode(sl_json_row *row, sl_cell *const *columns, uint32_t index, char *to);

/* The unknown members as one JSON object: its size (0: there were none), then its text. */
size_t sl_json_row_rest_size(const sl_json_row *row);
void sl_json_row_rest(const sl_json_row *row, char *to);

/* Reads an option that maps names to types: each becomes a declared column, added where it is
 * not there yet. Failures point into the option. NULL is no option. */
sl_status sl_json_row_declare(sl_json_row *row, const sl_value *columns);

#endif
