/*
 * jsonl_input.h - where the records of a JSON file begin and end: lines, or the elements of one
 * array; read straight into the memory of a batch.
 *
 * A batch gets a chunk of the file; records are slices of it. What did not become a row is
 * carried over to the next batch. The first carry is the sample that inference looked at. A
 * record that no batch can hold is passed over in bounded memory.
 *
 * Deliberately elsewhere: files and compression (source.h), what a record says (json_row.h).
 * Thread: WORKER, with the stage.
 */
#ifndef SL_JSONL_INPUT_H
#define SL_JSONL_INPUT_H

#include "stages/source.h"

/* Set stage, source and array; all else begins zeroed. */
typedef struct sl_jsonl_input {
    sl_stage *stage;
    sl_source *source;
    int32_t array;  /* 0: a record is a line; 1: the file is one array of records */
    int32_t open;   /* 1: a file is open */
    int32_t ended;  /* 1: the file has given all its bytes */
    int32_t later;  /* 1: with follow, all that are there now */
    int32_t large;  /* 1: the next record needs a batch of its own */
    uint32_t where; /* array: what is expected next */
    char *carry;    /* bytes read and not taken: carry[carry_at .. carry_end) */
    size_t carry_at, carry_end, carry_room;
    char *chunk; /* in the batch's memory; taken up to chunk_at */
    size_t chunk_at, chunk_size, chunk_room;
    size_t chunk_read;     /* bytes of the chunk that came from the file, not from the carry */
    size_t wanted;         /* size of the next chunk */
    int64_t offset;        /* in the file, of the next byte to take */
    int64_t line;          /* newlines taken in this file */
    int64_t rows;          /* records taken in this file */
    const char *error;     /* after record() answered -1 */
    sl_source_stand stand; /* at the end of the last batch */
} sl_jsonl_input;

typedef struct sl_jsonl_record {
    const char *text; /* 16 bytes behind its end may be looked at */
    size_t size;
    int64_t row, line; /* from 1 */
} sl_jsonl_record;

void sl_jsonl_input_done(sl_jsonl_input *input);

/* Opens the next file, and goes on where an earlier run stood. SL_OK, SL_END, SL_PENDING, SL_ERROR.
 */
sl_status sl_jsonl_input_next(sl_jsonl_input *input);
/* Begins again with the first file, each where the position says. */
sl_status sl_jsonl_input_seek(sl_jsonl_input *input, const char *position);
/* Makes `stand` where the next record begins. */
void sl_jsonl_input_stand(sl_jsonl_input *input);

/* Reads `size` bytes of the file ahead and makes them the chunk; call it before the first
 * fill. To look at records and then have them again, copy *input before and put it back. */
sl_status sl_jsonl_input_sample(sl_jsonl_input *input, size_t size);

/* Makes the next bytes the chunk, in the batch's memory. half: 1 leaves as much memory free as
 * it takes. */
sl_status sl_jsonl_input_fill(sl_jsonl_input *input, sl_batch *batch, int32_t half);
/* The next record. 1; 0: the chunk has no whole record left; -1: the file is no array, see
 * error. Blank lines are passed over. */
int sl_jsonl_input_record(sl_jsonl_input *input, sl_jsonl_record *record);
/* Passes over a record that is larger than its chunk, which it overwrites. SL_END: with follow, its
 * end is not there yet, and `stand` is before it. */
sl_status sl_jsonl_input_skip(sl_jsonl_input *input);
/* Keeps what was not taken for the next fill; rows of capacity were made of the chunk. */
sl_status sl_jsonl_input_settle(sl_jsonl_input *input, uint32_t rows, uint32_t capacity);
/* At the end of a file: 1, or 0: it must not end here, see error. */
int sl_jsonl_input_complete(sl_jsonl_input *input);

#endif
