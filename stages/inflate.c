/*
 * inflate.c - gzip by ISA-L, zstd by libzstd; see inflate.h.
 *
 * A phase is a function: it takes from the input, adds to what was asked for, and sets the
 * next phase. Between two members stands `between`, which knows what may follow.
 */
#define ZSTD_STATIC_LINKING_ONLY /* for ZSTD_createDStream_advanced: memory from the host */
#include "stages/inflate.h"

#include <isa-l/igzip_lib.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

#define INPUT_SIZE ((size_t)128 * 1024)

typedef struct piece { /* what the caller wants filled */
    char *bytes;
    size_t size;
    size_t filled;
} piece;

/* SL_OK: go on with inflate->phase. SL_END: nothing follows. SL_ERROR: trouble. */
typedef sl_status phase(sl_inflate *inflate, piece *out);

struct sl_inflate {
    sl_stage *stage;
    sl_compression compression;
    sl_inflate_pull *pull;
    void *of;
    phase *phase;
    char *input; /* input[at .. end) was pulled and not used */
    size_t at, end;
    int64_t pulled;
    int32_t input_ended;
    const char *trouble;
    const char *hint;
    int64_t trouble_at;
    struct inflate_state *gzip;
    struct isal_gzip_header header;
    ZSTD_DStream *zstd;
};

static phase between, gzip_header, gzip_body, zstd_frame, padding, ended, broken;

sl_compression sl_inflate_found(const char *start, size_t size)
{
    if (size >= 2 && memcmp(start, "\x1f\x8b", 2) == 0)
        return SL_COMPRESSION_GZIP;
    if (size < 4)
        return SL_COMPRESSION_NONE;
    if (memcmp(start, "\x28\xb5\x2f\xfd", 4) == 0)
        return SL_COMPRESSION_ZSTD;
    /* A skippable frame, as parallel zstd writes in front. */
    if (((unsigned char)start[0] & 0xf0) == 0x50 && memcmp(start + 1, "\x2a\x4d\x18", 3) == 0)
        return SL_COMPRESSION_ZSTD;
    return SL_COMPRESSION_NONE;
}

/* ---- Input ------------------------------------------------------------------------- */

/* Pulls until `wanted` bytes stand at input[at], or the input ends. SL_ERROR: a failed pull. */
static sl_status need(sl_inflate *inflate, size_t wanted)
{
    while (inflate->end - inflate->at < wanted && !inflate->input_ended) {
        memmove(inflate->input, inflate->input + inflate->at, inflate->end - inflate->at);
        inflate->end -= inflate->at;
        inflate->at = 0;
        int64_t got =
            inflate->pull(inflate->of, inflate->input + inflate->end, INPUT_SIZE - inflate->end);
        if (got < 0) {
            inflate->phase = broken;
            return SL_ERROR;
        }
        inflate->input_ended = got == 0;
        inflate->end += (size_t)got;
        inflate->pulled += got;
    }
    return SL_OK;
}

static sl_status complain(sl_inflate *inflate, const char *trouble, const char *hint)
{
    inflate->trouble = trouble;
    inflate->hint = hint;
    inflate->trouble_at = sl_inflate_taken(inflate);
    inflate->phase = broken;
    return SL_ERROR;
}

static sl_status truncated(sl_inflate *inflate)
{
    return complain(inflate, "the compressed data ends too early",
                    "the file was cut off; fetch or compress it again");
}

/* ---- Phases that both know ----------------------------------------------------------- */

static sl_status broken(sl_inflate *inflate, piece *out)
{
    (void)inflate;
    (void)out;
    return SL_ERROR;
}

static sl_status ended(sl_inflate *inflate, piece *out)
{
    (void)inflate;
    (void)out;
    return SL_END;
}

static sl_status between(sl_inflate *inflate, piece *out)
{
    (void)out;
    if (need(inflate, SL_INFLATE_START) != SL_OK)
        return SL_ERROR;
    size_t left = inflate->end - inflate->at;
    const char *start = inflate->input + inflate->at;
    if (left == 0)
        inflate->phase = ended;
    else if (sl_inflate_found(start, left) == inflate->compression)
        inflate->phase = inflate->compression == SL_COMPRESSION_GZIP ? gzip_header : zstd_frame;
    else if (start[0] == '\0')
        inflate->phase = padding;
    else
        return complain(inflate, "something that is not compressed follows the compressed data",
                        "cut the file there, or compress it again");
    return SL_OK;
}

static sl_status padding(sl_inflate *inflate, piece *out)
{
    (void)out;
    for (;;) {
        if (need(inflate, 1) != SL_OK)
            return SL_ERROR;
        if (inflate->at == inflate->end)
            break;
        while (inflate->at < inflate->end && inflate->input[inflate->at] == '\0')
            inflate->at++;
        if (inflate->at < inflate->end)
            return complain(inflate, "something follows the zero bytes after the compressed data",
                            "cut the file there, or compress it again");
    }
    inflate->phase = ended;
    return SL_OK;
}

/* ---- gzip ---------------------------------------------------------------------------- */

static void lend_input(sl_inflate *inflate)
{
    inflate->gzip->next_in = (uint8_t *)inflate->input + inflate->at;
    inflate->gzip->avail_in = (uint32_t)(inflate->end - inflate->at);
}

static void take_input_back(sl_inflate *inflate)
{
    inflate->at = inflate->end - inflate->gzip->avail_in;
}

static sl_status gzip_damaged(sl_inflate *inflate, int reason)
{
    const char *hint = "fetch or compress the file again";
    switch (reason) {
    case ISAL_INCORRECT_CHECKSUM:
        return complain(inflate, "the checksum or length at the end of a gzip member is wrong",
                        hint);
    case ISAL_UNSUPPORTED_METHOD:
        return complain(inflate, "the gzip header names an unknown method", hint);
    case ISAL_INVALID_WRAPPER:
        return complain(inflate, "the gzip header is damaged", hint);
    default:
        return complain(inflate, "the gzip data is damaged", hint);
    }
}

/* The header is read here and not by isal_inflate, which forgets where it stood in one that
 * comes in pieces. */
static sl_status gzip_header(sl_inflate *inflate, piece *out)
{
    (void)out;
    struct inflate_state *gzip = inflate->gzip;
    isal_inflate_reset(gzip);
    gzip->crc_flag = ISAL_GZIP_NO_HDR_VER;
    isal_gzip_header_init(&inflate->header);
    for (;;) {
        if (need(inflate, 1) != SL_OK)
            return SL_ERROR;
        if (inflate->at == inflate->end)
            return truncated(inflate);
        lend_input(inflate);
        int answer = isal_read_gzip_header(gzip, &inflate->header);
        take_input_back(inflate);
        if (answer < 0)
            return gzip_damaged(inflate, answer);
        if (answer == ISAL_DECOMP_OK)
            break;
    }
    inflate->phase = gzip_body;
    return SL_OK;
}

static sl_status gzip_body(sl_inflate *inflate, piece *out)
{
    struct inflate_state *gzip = inflate->gzip;
    if (need(inflate, 1) != SL_OK)
        return SL_ERROR;
    size_t room = out->size - out->filled;
    uint32_t lent = room > INT32_MAX ? INT32_MAX : (uint32_t)room;
    size_t before = inflate->at;
    lend_input(inflate);
    gzip->next_out = (uint8_t *)out->bytes + out->filled;
    gzip->avail_out = lent;
    int answer = isal_inflate(gzip);
    take_input_back(inflate);
    out->filled += lent - gzip->avail_out;
    if (answer < 0)
        return gzip_damaged(inflate, answer);
    if (gzip->block_state == ISAL_BLOCK_FINISH)
        inflate->phase = between;
    else if (inflate->at == before && gzip->avail_out == lent && inflate->input_ended)
        return truncated(inflate);
    return SL_OK;
}

/* ---- zstd ---------------------------------------------------------------------------- */

static sl_status zstd_damaged(sl_inflate *inflate, size_t answer)
{
    switch ((int)ZSTD_getErrorCode(answer)) {
    case ZSTD_error_frameParameter_windowTooLarge:
        return complain(inflate, "the zstd window is larger than allowed",
                        "raise max_window, up to the window that zstd -l -v shows");
    case ZSTD_error_checksum_wrong:
        return complain(inflate, "the checksum of a zstd frame is wrong",
                        "fetch or compress the file again");
    case ZSTD_error_dictionary_wrong:
        return complain(inflate, "the zstd data needs a dictionary",
                        "compress it again without one");
    case ZSTD_error_memory_allocation:
        return complain(inflate, "out of memory for the zstd window", NULL);
    default:
        return complain(inflate, "the zstd data is damaged", "fetch or compress the file again");
    }
}

static sl_status zstd_frame(sl_inflate *inflate, piece *out)
{
    if (need(inflate, 1) != SL_OK)
        return SL_ERROR;
    ZSTD_inBuffer in = {inflate->input + inflate->at, inflate->end - inflate->at, 0};
    ZSTD_outBuffer to = {out->bytes + out->filled, out->size - out->filled, 0};
    size_t answer = ZSTD_decompressStream(inflate->zstd, &to, &in);
    inflate->at += in.pos;
    out->filled += to.pos;
    if (ZSTD_isError(answer))
        return zstd_damaged(inflate, answer);
    if (answer == 0)
        inflate->phase = between;
    else if (in.pos == 0 && to.pos == 0 && inflate->input_ended)
        return truncated(inflate);
    return SL_OK;
}

/* libzstd's memory. */
static void *zstd_allocate(void *opaque, size_t size)
{
    sl_stage *stage = opaque;
    return stage->host->allocate(stage, NULL, size);
}

static void zstd_release(void *opaque, void *address)
{
    sl_stage *stage = opaque;
    stage->host->allocate(stage, address, 0);
}

/* ---- Made and freed --------------------------------------------------------------------- */

static sl_status prepare(sl_inflate *inflate, int64_t max_window)
{
    sl_stage *stage = inflate->stage;
    inflate->input = stage->host->allocate(stage, NULL, INPUT_SIZE);
    if (!inflate->input)
        return SL_ERROR;
    if (inflate->compression == SL_COMPRESSION_GZIP) {
        inflate->gzip = stage->host->allocate(stage, NULL, sizeof *inflate->gzip);
        if (!inflate->gzip)
            return SL_ERROR;
        isal_inflate_init(inflate->gzip);
        return SL_OK;
    }
    ZSTD_customMem memory = {zstd_allocate, zstd_release, stage};
    inflate->zstd = ZSTD_createDStream_advanced(memory);
    if (!inflate->zstd)
        return SL_ERROR;
    ZSTD_DCtx_setMaxWindowSize(inflate->zstd, (size_t)max_window);
    return SL_OK;
}

sl_inflate *sl_inflate_new(sl_stage *stage, sl_compression compression, int64_t max_window,
                           sl_inflate_pull *pull, void *of)
{
    sl_inflate *inflate = stage->host->allocate(stage, NULL, sizeof *inflate);
    if (!inflate) {
        sl_no_memory(stage);
        return NULL;
    }
    *inflate = (sl_inflate){
        .stage = stage, .compression = compression, .pull = pull, .of = of, .phase = between};
    if (prepare(inflate, max_window) != SL_OK) {
        sl_inflate_free(inflate);
        sl_no_memory(stage);
        return NULL;
    }
    return inflate;
}

void sl_inflate_free(sl_inflate *inflate)
{
    if (!inflate)
        return;
    sl_stage *stage = inflate->stage;
    ZSTD_freeDStream(inflate->zstd);
    stage->host->allocate(stage, inflate->gzip, 0);
    stage->host->allocate(stage, inflate->input, 0);
    stage->host->allocate(stage, inflate, 0);
}

int64_t sl_inflate_read(sl_inflate *inflate, char *bytes, size_t size)
{
    piece out = {.bytes = bytes, .size = size};
    while (out.filled < size) {
        sl_status status = inflate->phase(inflate, &out);
        if (status == SL_END)
            break;
        if (status == SL_ERROR)
            return out.filled > 0 ? (int64_t)out.filled : -1;
    }
    return (int64_t)out.filled;
}

int64_t sl_inflate_taken(const sl_inflate *inflate)
{
    return inflate->pulled - (int64_t)(inflate->end - inflate->at);
}

const char *sl_inflate_trouble(const sl_inflate *inflate, int64_t *offset, const char **hint)
{
    *offset = inflate->trouble_at;
    *hint = inflate->hint;
    return inflate->trouble;
}

int32_t sl_inflate_ended(const sl_inflate *inflate)
{
    return inflate->phase == ended;
}
