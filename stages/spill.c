/*
 * spill.c - rows as bytes, and a temporary file of SQLite's VFS to keep them in.
 *
 * A packed cell is one byte - kind in the upper three bits, size in the lower five - and its
 * bytes: integers in as few as they need, little-endian; a size of 31 says that four bytes with
 * the real size follow. A record in the file is its size in four bytes and its bytes.
 */
#include "stages/spill.h"

#include <sqlite3.h>
#include <string.h>

#define LONG 31u
#define BUFFER (size_t)65536

/* ---- Rows as bytes ------------------------------------------------------------------- */

size_t sl_spill_size(const sl_cell *cells, uint32_t count)
{
    size_t size = 9 * (size_t)count + 8; /* 8: integers are stored and loaded as words */

    for (uint32_t i = 0; i < count; i++)
        size += cells[i].size;
    return size;
}

static size_t integer_size(int64_t integer)
{
    uint64_t folded = integer < 0 ? ~(uint64_t)integer : (uint64_t)integer;

    return folded ? (size_t)(64 - __builtin_clzll(folded)) / 8 + 1 : 1;
}

static char *pack_slice(const sl_cell *cell, char *to)
{
    if (cell->size < LONG) {
        *to++ = (char)(cell->kind << 5 | cell->size);
    } else {
        *to++ = (char)(cell->kind << 5 | LONG);
        memcpy(to, &cell->size, 4);
        to += 4;
    }
    if (cell->size)
        memcpy(to, cell->as.text, cell->size);
    return to + cell->size;
}

size_t sl_spill_pack(const sl_cell *cells, uint32_t count, char *to)
{
    const char *start = to;
    size_t size;

    for (uint32_t i = 0; i < count; i++) {
        switch (cells[i].kind) {
        case SL_NULL:
            *to++ = 0;
            break;
        case SL_INTEGER:
            size = integer_size(cells[i].as.integer);
            *to++ = (char)(SL_INTEGER << 5 | size);
            memcpy(to, &cells[i].as.integer, 8);
            to += size;
            break;
        case SL_REAL:
            *to++ = (char)(SL_REAL << 5);
            memcpy(to, &cells[i].as.real, 8);
            to += 8;
            break;
        default:
            to = pack_slice(&cells[i], to);
        }
    }
    memset(to, 0, 8); /* so that unpack may load a word */
    return (size_t)(to - start) + 8;
}

static int64_t load_integer(const char *from, size_t size)
{
    uint64_t word;
    uint32_t shift = (uint32_t)(64 - 8 * size);

    memcpy(&word, from, 8);
    return (int64_t)(word << shift) >> shift;
}

void sl_spill_unpack(const char *from, uint32_t count, sl_cell *cells)
{
    for (uint32_t i = 0; i < count; i++) {
        sl_kind kind = (sl_kind)((uint8_t)*from >> 5);
        uint32_t size = (uint8_t)*from++ & 31u;

        cells[i] = (sl_cell){.kind = kind};
        if (kind == SL_INTEGER) {
            cells[i].as.integer = load_integer(from, size);
        } else if (kind == SL_REAL) {
            size = 8;
            memcpy(&cells[i].as.real, from, 8);
        } else if (kind != SL_NULL) {
            if (size == LONG) {
                memcpy(&size, from, 4);
                from += 4;
            }
            cells[i].size = size;
            cells[i].as.text = from;
        }
        from += size;
    }
}

/* ---- Cells into a batch -------------------------------------------------------------- */

sl_status sl_spill_give(sl_stage *stage, sl_batch *batch, const sl_cell *cells, uint32_t count)
{
    uint32_t row = batch->rows;
    size_t size = 0;
    char *bytes = NULL;

    for (uint32_t i = 0; i < count; i++)
        size += cells[i].size;
    if (size) {
        bytes = stage->host->bytes(stage, batch, size);
        if (!bytes && row)
            return SL_END;
        if (!bytes)
            return sl_fail_at(
                stage,
                SL_PLACE(.code = SL_CODE_DATA, .hint = "raise `batch: {bytes: ...}` of the graph"),
                "a row of %zu bytes is larger than a batch", size);
    }
    for (uint32_t i = 0; i < count; i++) {
        sl_cell *cell = &batch->columns[i][row];

        *cell = cells[i];
        if (cells[i].size) {
            memcpy(bytes, cells[i].as.text, cells[i].size);
            cell->as.text = bytes;
            bytes += cells[i].size;
        } else if (cell->kind >= SL_TEXT) {
            cell->as.text = "";
        }
    }
    batch->rows = row + 1;
    batch->selected = row + 1;
    return SL_OK;
}

/* ---- The file ------------------------------------------------------------------------ */

struct sl_spill {
    sl_stage *stage;
    sqlite3_file *file; /* NULL: not made yet */
    int64_t written;    /* bytes in the file */
    char *buffer;       /* BUFFER bytes; NULL: none yet */
    size_t buffered;
};

sl_status sl_spill_fail(sl_stage *stage, int32_t sqlite_code, const char *what)
{
    if (sqlite_code == SQLITE_NOMEM)
        return sl_no_memory(stage);
    if ((sqlite_code & 0xFF) == SQLITE_INTERRUPT)
        return sl_fail_at(stage, SL_PLACE(.code = SL_CODE_CUT_SHORT), "interrupted while %s", what);
    return sl_fail_at(
        stage,
        SL_PLACE(.code = SL_CODE_IO,
                 .hint = "temporary files stand in /var/tmp; set TMPDIR to a directory with "
                         "more room, or raise `memory:` of this stage"),
        "cannot keep rows in a temporary file while %s: %s", what, sqlite3_errstr(sqlite_code));
}

sl_spill *sl_spill_new(sl_stage *stage)
{
    sl_spill *spill = stage->host->allocate(stage, NULL, sizeof *spill);

    if (!spill) {
        (void)sl_no_memory(stage);
        return NULL;
    }
    *spill = (sl_spill){.stage = stage};
    return spill;
}

void sl_spill_free(sl_spill *spill)
{
    sl_stage *stage;

    if (!spill)
        return;
    stage = spill->stage;
    if (spill->file) {
        if (spill->file->pMethods)
            spill->file->pMethods->xClose(spill->file);
        stage->host->allocate(stage, spill->file, 0);
    }
    stage->host->allocate(stage, spill->buffer, 0);
    stage->host->allocate(stage, spill, 0);
}

static sl_status make_file(sl_spill *spill)
{
    sl_stage *stage = spill->stage;
    int flags = SQLITE_OPEN_TEMP_JOURNAL | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
                SQLITE_OPEN_EXCLUSIVE | SQLITE_OPEN_DELETEONCLOSE;
    sqlite3_vfs *vfs;
    int code = sqlite3_initialize();

    if (code != SQLITE_OK)
        return sl_spill_fail(stage, code, "making it");
    vfs = sqlite3_vfs_find(stage->env->sqlite_vfs);
    if (!vfs)
        return sl_fail(stage, "SQLite has no file layer named '%s'",
                       stage->env->sqlite_vfs ? stage->env->sqlite_vfs : "");
    spill->file = stage->host->allocate(stage, NULL, (size_t)vfs->szOsFile);
    if (!spill->file)
        return sl_no_memory(stage);
    memset(spill->file, 0, (size_t)vfs->szOsFile);
    code = vfs->xOpen(vfs, NULL, spill->file, flags, &flags);
    if (code != SQLITE_OK)
        return sl_spill_fail(stage, code, "making it");
    return SL_OK;
}

static sl_status write_file(sl_spill *spill, const char *bytes, size_t size)
{
    int code;

    if (!spill->file && make_file(spill) != SL_OK)
        return SL_ERROR;
    code = spill->file->pMethods->xWrite(spill->file, bytes, (int)size, spill->written);
    if (code != SQLITE_OK)
        return sl_spill_fail(spill->stage, code, "writing it");
    spill->written += (int64_t)size;
    return SL_OK;
}

static sl_status empty_buffer(sl_spill *spill)
{
    size_t size = spill->buffered;

    spill->buffered = 0;
    return size ? write_file(spill, spill->buffer, size) : SL_OK;
}

sl_status sl_spill_flush(sl_spill *spill)
{
    sl_status status = empty_buffer(spill);

    spill->stage->host->allocate(spill->stage, spill->buffer, 0);
    spill->buffer = NULL;
    return status;
}

sl_status sl_spill_add(sl_spill *spill, const void *bytes, size_t size)
{
    const char *from = bytes;

    if (!spill->buffer)
        spill->buffer = spill->stage->host->allocate(spill->stage, NULL, BUFFER);
    if (!spill->buffer)
        return sl_no_memory(spill->stage);
    while (size) {
        size_t part = BUFFER - spill->buffered < size ? BUFFER - spill->buffered : size;

        memcpy(spill->buffer + spill->buffered, from, part);
        spill->buffered += part;
        from += part;
        size -= part;
        if (spill->buffered == BUFFER && empty_buffer(spill) != SL_OK)
            return SL_ERROR;
    }
    return SL_OK;
}

sl_status sl_spill_begin(sl_spill *spill, uint32_t size)
{
    return sl_spill_add(spill, &size, sizeof size);
}

int64_t sl_spill_end(const sl_spill *spill)
{
    return spill->written + (int64_t)spill->buffered;
}

sl_status sl_spill_clear(sl_spill *spill)
{
    int code = spill->file ? spill->file->pMethods->xTruncate(spill->file, 0) : SQLITE_OK;

    spill->written = 0;
    spill->buffered = 0;
    return code == SQLITE_OK ? SL_OK : sl_spill_fail(spill->stage, code, "emptying it");
}

/* ---- Reading it back ------------------------------------------------------------------ */

sl_status sl_spill_read(sl_spill_reader *reader, sl_spill *spill, int64_t from, int64_t end,
                        size_t room)
{
    *reader = (sl_spill_reader){.spill = spill, .at = from, .end = end, .room = room};
    reader->bytes = spill->stage->host->allocate(spill->stage, NULL, room);
    return reader->bytes ? SL_OK : sl_no_memory(spill->stage);
}

void sl_spill_done(sl_spill_reader *reader)
{
    if (reader->spill)
        reader->spill->stage->host->allocate(reader->spill->stage, reader->bytes, 0);
    *reader = (sl_spill_reader){0};
}

/* Makes bytes[from .. from + size) be there. */
static sl_status fill(sl_spill_reader *reader, size_t size)
{
    sl_stage *stage = reader->spill->stage;
    sqlite3_file *file = reader->spill->file;
    size_t kept = reader->size - reader->from;
    size_t more;
    int code;

    if (kept >= size)
        return SL_OK;
    memmove(reader->bytes, reader->bytes + reader->from, kept);
    reader->from = 0;
    reader->size = kept;
    if (size > reader->room) {
        char *bytes = stage->host->allocate(stage, reader->bytes, size);

        if (!bytes)
            return sl_no_memory(stage);
        reader->bytes = bytes;
        reader->room = size;
    }
    more = reader->room - kept;
    if ((int64_t)more > reader->end - reader->at)
        more = (size_t)(reader->end - reader->at);
    code = file->pMethods->xRead(file, reader->bytes + kept, (int)more, reader->at);
    if (code != SQLITE_OK || kept + more < size)
        return sl_spill_fail(stage, code ? code : SQLITE_CORRUPT, "reading it");
    reader->at += (int64_t)more;
    reader->size += more;
    return SL_OK;
}

sl_status sl_spill_next(sl_spill_reader *reader, const char **record, uint32_t *size)
{
    uint32_t bytes;

    if (reader->from == reader->size && reader->at == reader->end)
        return SL_END;
    if (fill(reader, sizeof bytes) != SL_OK)
        return SL_ERROR;
    memcpy(&bytes, reader->bytes + reader->from, sizeof bytes);
    if (fill(reader, sizeof bytes + (size_t)bytes) != SL_OK)
        return SL_ERROR;
    *record = reader->bytes + reader->from + sizeof bytes;
    *size = bytes;
    reader->from += sizeof bytes + (size_t)bytes;
    return SL_OK;
}
