/*
 * csv_scan.c - the CSV tokenizer; the grammar stands in csv_scan.h.
 *
 * A cursor walks over the bytes that have a meaning: a 64-bit mask for each block of 64 bytes,
 * whose lowest bit is the next one. A block with bytes above 127 marks its records, and only
 * marked records are checked to be UTF-8. Fields with quotes or escapes leave the tight loop;
 * they are marked, and rewritten in place only when their record turned out well, so that a
 * rejected record is shown as it was read.
 */
#include "stages/csv_scan.h"

#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "stages/core/value.h"

#define BLOCK 64

/* Cells whose text is still to be rewritten; no batch ever shows them. */
#define QUOTED_ESCAPES (SL_TEXT | 0x100u)
#define BARE_ESCAPES (SL_TEXT | 0x200u)

/* ---- The bytes with a meaning ---------------------------------------------------------- */

typedef struct cursor {
    const char *block;
    const char *end;
    uint64_t bits; /* of the block: those still to come */
    int32_t high;  /* 1: the block has bytes above 127 */
    int32_t any;   /* 1: so has a block since the record began */
    char delimiter, quote, escape;
} cursor;

#if defined(__SSE2__)

static inline uint64_t find(const char *block, const cursor *at, int32_t *high)
{
    const __m128i delimiter = _mm_set1_epi8(at->delimiter), quote = _mm_set1_epi8(at->quote);
    const __m128i escape = _mm_set1_epi8(at->escape);
    const __m128i lf = _mm_set1_epi8('\n'), cr = _mm_set1_epi8('\r');
    uint64_t bits = 0;
    __m128i all = _mm_setzero_si128();
    for (int i = 0; i < 4; i++) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(block + i * 16));
        __m128i found = _mm_or_si128(_mm_cmpeq_epi8(bytes, delimiter), _mm_cmpeq_epi8(bytes, lf));
        found = _mm_or_si128(found, _mm_cmpeq_epi8(bytes, cr));
        found = _mm_or_si128(found, _mm_cmpeq_epi8(bytes, quote));
        found = _mm_or_si128(found, _mm_cmpeq_epi8(bytes, escape));
        bits |= (uint64_t)(uint32_t)_mm_movemask_epi8(found) << (i * 16);
        all = _mm_or_si128(all, bytes);
    }
    *high = _mm_movemask_epi8(all) != 0;
    return bits;
}

#else

#define EACH(byte) (UINT64_C(0x0101010101010101) * (uint8_t)(byte))

/* 0x80 in each byte of word that is `byte`; exact. */
static inline uint64_t equal(uint64_t word, char byte)
{
    uint64_t other = word ^ EACH(byte);
    return ~(((other & EACH(0x7f)) + EACH(0x7f)) | other | EACH(0x7f));
}

static inline uint64_t find(const char *block, const cursor *at, int32_t *high)
{
    uint64_t bits = 0, all = 0;
    for (int i = 0; i < 8; i++) {
        uint64_t word;
        memcpy(&word, block + i * 8, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
#endif
        uint64_t found = equal(word, at->delimiter) | equal(word, at->quote) |
                         equal(word, at->escape) | equal(word, '\n') | equal(word, '\r');
        bits |= (((found >> 7) * UINT64_C(0x0102040810204080)) >> 56) << (i * 8);
        all |= word;
    }
    *high = (all & EACH(0x80)) != 0;
    return bits;
}

#endif

static inline void load(cursor *at)
{
    size_t left = (size_t)(at->end - at->block);
    if (left >= BLOCK) {
        at->bits = find(at->block, at, &at->high);
    } else {
        char padded[BLOCK] = {0};
        memcpy(padded, at->block, left);
        at->bits = find(padded, at, &at->high) & ((UINT64_C(1) << left) - 1);
    }
    at->any |= at->high;
}

/* The next byte with a meaning; NULL: there is none before the end. */
static inline const char *step(cursor *at)
{
    while (at->bits == 0) {
        if (at->end - at->block <= BLOCK) {
            return NULL;
        }
        at->block += BLOCK;
        load(at);
    }
    const char *found = at->block + __builtin_ctzll(at->bits);
    at->bits &= at->bits - 1;
    return found;
}

/* Passes over everything before `to`, which is not behind the end. */
static void move(cursor *at, const char *to)
{
    while (to - at->block >= BLOCK && at->end - at->block > BLOCK) {
        at->block += BLOCK;
        load(at);
    }
    size_t past = (size_t)(to - at->block);
    at->bits = past >= BLOCK ? 0 : at->bits & (~UINT64_C(0) << past);
}

static cursor begin(const sl_csv_scan *scan)
{
    const sl_csv_dialect *dialect = scan->dialect;
    cursor at = {.block = scan->at, .end = scan->end, .delimiter = dialect->delimiter};
    at.quote = dialect->quote >= 0 ? (char)dialect->quote : at.delimiter;
    at.escape = dialect->escape >= 0 ? (char)dialect->escape : at.delimiter;
    load(&at);
    return at;
}

/* ---- Fields ------------------------------------------------------------------------------ */

static int is_space(char letter, const sl_csv_dialect *dialect)
{
    return (letter == ' ' || letter == '\t') && letter != dialect->delimiter;
}

static int is_blank(const char *from, const char *to, const sl_csv_dialect *dialect)
{
    while (from < to && is_space(*from, dialect)) {
        from++;
    }
    return from == to;
}

static void trim(sl_cell *cell, const sl_csv_dialect *dialect)
{
    const char *from = cell->as.text, *to = from + cell->size;
    while (from < to && is_space(*from, dialect)) {
        from++;
    }
    while (from < to && is_space(to[-1], dialect)) {
        to--;
    }
    cell->as.text = from;
    cell->size = (uint32_t)(to - from);
    cell->kind = from == to ? SL_NULL : SL_TEXT;
}

static inline void put(sl_cell *cell, const char *from, const char *to,
                       const sl_csv_dialect *dialect)
{
    uint32_t size = (uint32_t)(to - from);
    cell->kind = size != 0 ? SL_TEXT : SL_NULL;
    cell->size = size;
    cell->as.text = from;
    if (__builtin_expect(dialect->trim, 0)) {
        trim(cell, dialect);
    }
    if (__builtin_expect(dialect->null_size != 0, 0) && cell->size == dialect->null_size &&
        memcmp(cell->as.text, dialect->null_text, dialect->null_size) == 0) {
        cell->kind = SL_NULL;
        cell->size = 0;
    }
}

static inline int is_line_end(char letter)
{
    return letter == '\n' || letter == '\r';
}

/* The delimiter or line end at or after `from`; the end, when the bytes are final; or NULL. */
static const char *find_field_end(const sl_csv_scan *scan, cursor *at, const char *from)
{
    move(at, from);
    const char *found;
    while ((found = step(at)) != NULL) {
        if (*found == scan->dialect->delimiter || is_line_end(*found)) {
            return found;
        }
    }
    return scan->final ? scan->end : NULL;
}

/* From behind an opening quote to the closing one; NULL: it is not there. Counts line ends. */
static const char *find_quote(const sl_csv_scan *scan, cursor *at, int64_t *lines, int32_t *escapes)
{
    const sl_csv_dialect *dialect = scan->dialect;
    const char *found;
    while ((found = step(at)) != NULL) {
        if (*found == '\n') {
            *lines += found[-1] != '\r';
        } else if (*found == '\r') {
            *lines += 1;
        } else if (dialect->escape >= 0 && *found == (char)dialect->escape) {
            *escapes = 1;
            if (found + 1 == scan->end) {
                return NULL;
            }
            *lines += found[1] == '\n' || found[1] == '\r';
            move(at, found + 2);
        } else if (*found == (char)dialect->quote) {
            if (found + 1 < scan->end && found[1] == *found) {
                *escapes = 1;
                move(at, found + 2);
            } else {
                return found;
            }
        }
    }
    return NULL;
}

/* A field that opens with a quote at `open`. Answers the byte behind it, as find_field_end. */
static const char *read_quoted(sl_csv_scan *scan, cursor *at, const char *open, sl_cell *cell,
                               int64_t *lines)
{
    const sl_csv_dialect *dialect = scan->dialect;
    int32_t escapes = 0;
    const char *close = find_quote(scan, at, lines, &escapes);
    if (close == NULL || (close + 1 == scan->end && !scan->final)) {
        if (scan->final) {
            scan->problem = SL_CSV_UNCLOSED;
        }
        return scan->final ? scan->end : NULL;
    }
    const char *end = find_field_end(scan, at, close + 1);
    if (end == NULL) {
        return NULL;
    }
    if (end != close + 1 && !(dialect->trim && is_blank(close + 1, end, dialect))) {
        scan->problem = SL_CSV_AFTER_QUOTE;
    }
    cell->kind = escapes && !scan->keep ? QUOTED_ESCAPES : SL_TEXT;
    cell->size = (uint32_t)(close - open - 1);
    cell->as.text = open + 1;
    return end;
}

/* A field without quotes that has an escape at `escape`. */
static const char *read_escaped(const sl_csv_scan *scan, cursor *at, const char *field,
                                const char *escape, sl_cell *cell, int64_t *lines)
{
    const char *end = escape;
    while (end != NULL && end < scan->end && *end == (char)scan->dialect->escape) {
        if (end + 1 == scan->end) {
            end = scan->final ? scan->end : NULL; /* a lone escape at the end is a letter */
            break;
        }
        *lines += is_line_end(end[1]);
        move(at, end + 2);
        do {
            end = step(at);
        } while (end != NULL && scan->dialect->quote >= 0 && *end == (char)scan->dialect->quote);
        if (end == NULL && scan->final) {
            end = scan->end;
        }
    }
    if (end != NULL) {
        put(cell, field, end, scan->dialect);
        if (cell->kind == SL_TEXT && !scan->keep) {
            cell->kind = BARE_ESCAPES;
        }
    }
    return end;
}

static void rewrite(sl_cell *cell, const sl_csv_dialect *dialect)
{
    int quoted = cell->kind == QUOTED_ESCAPES;
    char *to = (char *)(uintptr_t)cell->as.text;
    const char *from = to, *end = to + cell->size;
    while (from < end) {
        if (dialect->escape >= 0 && *from == (char)dialect->escape && from + 1 < end) {
            from++;
        } else if (quoted && *from == (char)dialect->quote && from + 1 < end) {
            from++;
        }
        *to++ = *from++;
    }
    cell->size = (uint32_t)(to - cell->as.text);
    cell->kind = SL_TEXT;
}

/* ---- Records ------------------------------------------------------------------------------ */

typedef struct record {
    const char *start;
    const char *end; /* the byte behind it: its line end, or the end of the bytes */
    int64_t lines;   /* line ends inside */
    uint32_t fields;
    int32_t escapes; /* 1: cells to rewrite */
} record;

/* What is behind a record's end: the next record; NULL: its line end may go on. */
static inline const char *pass_line_end(const sl_csv_scan *scan, cursor *at, const char *end)
{
    if (end == scan->end) {
        return end;
    }
    if (*end == '\n') {
        return end + 1;
    }
    if (end + 1 == scan->end) {
        return scan->final ? end + 1 : NULL;
    }
    if (end[1] == '\n') {
        (void)step(at);
        return end + 2;
    }
    return end + 1;
}

/* A field that is not just letters: quotes, escapes. Answers the byte behind it; the field
 * itself when it is one of letters after all; NULL: the bytes do not suffice. */
static const char *read_special(sl_csv_scan *scan, cursor *at, const char *field, const char *found,
                                sl_cell *cell, record *now)
{
    const sl_csv_dialect *dialect = scan->dialect;
    if (dialect->escape >= 0 && *found == (char)dialect->escape) {
        now->escapes = 1;
        return read_escaped(scan, at, field, found, cell, &now->lines);
    }
    if (found == field || (dialect->trim && is_blank(field, found, dialect))) {
        sl_csv_problem before = scan->problem;
        scan->problem = SL_CSV_FINE;
        const char *end = read_quoted(scan, at, found, cell, &now->lines);
        now->escapes |= cell->kind == QUOTED_ESCAPES;
        if (before != SL_CSV_FINE && scan->problem != SL_CSV_UNCLOSED) {
            scan->problem = before;
        } else if (scan->problem != SL_CSV_FINE) {
            scan->fields = now->fields + 1;
        }
        return end;
    }
    return field;
}

/* Reads the record at now->start into columns[..][row]. 0: the bytes do not suffice. */
static inline int read_record(sl_csv_scan *scan, cursor *cursor_at, sl_cell *const *columns,
                              uint32_t fields, uint32_t row, record *now)
{
    const sl_csv_dialect *dialect = scan->dialect;
    const char delimiter = dialect->delimiter;
    const char *field = now->start;
    cursor at = *cursor_at; /* in registers; its address goes nowhere */
    uint32_t count = 0;
    for (;;) {
        const char *found = step(&at);
        if (__builtin_expect(found == NULL, 0)) {
            if (!scan->final) {
                return 0;
            }
            found = scan->end;
        }
        if (found < scan->end && *found == delimiter) {
            if (__builtin_expect(count < fields, 1)) {
                put(&columns[count][row], field, found, dialect);
            }
            count++;
            field = found + 1;
            continue;
        }
        if (found < scan->end && !is_line_end(*found)) {
            sl_cell unused, *cell = count < fields ? &columns[count][row] : &unused;
            now->fields = count;
            cursor other = at;
            cell->kind = SL_NULL;
            const char *end = read_special(scan, &other, field, found, cell, now);
            at = other;
            if (end == field) {
                continue;
            }
            if (end == NULL) {
                return 0;
            }
            count++;
            field = end + 1;
            if (end < scan->end && *end == delimiter) {
                continue;
            }
            found = end;
        } else {
            if (__builtin_expect(count < fields, 1)) {
                put(&columns[count][row], field, found, dialect);
            }
            count++;
        }
        now->end = found;
        now->fields = count;
        *cursor_at = at;
        return 1;
    }
}

/* A blank record or a comment at `start`: what is behind it; start itself: neither; NULL: the
 * bytes do not suffice. */
static const char *pass_over(sl_csv_scan *scan, cursor *at, const char *start)
{
    const sl_csv_dialect *dialect = scan->dialect;
    const char *end = start;
    if (dialect->comment >= 0 && *start == (char)dialect->comment) {
        do {
            end = step(at);
        } while (end != NULL && !is_line_end(*end));
        if (end == NULL) {
            return scan->final ? scan->end : NULL;
        }
    } else if (!is_line_end(*start) || dialect->blank) {
        return start;
    } else {
        (void)step(at);
    }
    const char *next = pass_line_end(scan, at, end);
    scan->line += next != NULL;
    return next;
}

/* What is wrong with a record that was read; sets fields and byte. */
static sl_csv_problem judge(sl_csv_scan *scan, const record *now, const cursor *at, uint32_t fields)
{
    if (scan->problem != SL_CSV_FINE) {
        return scan->problem;
    }
    scan->fields = now->fields;
    if (at->any) {
        size_t size = (size_t)(now->end - now->start);
        scan->byte = sl_value_utf8(now->start, size);
        if (scan->byte < size) {
            return SL_CSV_UTF8;
        }
    }
    if (now->fields > fields) {
        return SL_CSV_LONG;
    }
    return now->fields < fields && !scan->dialect->pad ? SL_CSV_SHORT : SL_CSV_FINE;
}

/* Rare things at the end of a record that is fine: padding, rewriting. */
static void finish(const sl_csv_scan *scan, sl_cell *const *columns, uint32_t fields, uint32_t row,
                   const record *now)
{
    for (uint32_t i = now->fields; i < fields; i++) {
        columns[i][row] = (sl_cell){.kind = SL_NULL};
    }
    for (uint32_t i = 0; now->escapes && i < now->fields; i++) {
        if (columns[i][row].kind > SL_NUMERAL) {
            rewrite(&columns[i][row], scan->dialect);
        }
    }
}

sl_csv_status sl_csv_scan_rows(sl_csv_scan *scan, sl_cell *const *columns, uint32_t fields,
                               int64_t *lines, uint32_t *row, uint32_t rows)
{
    cursor at = begin(scan);
    const char *start = scan->at;
    const char comment = scan->dialect->comment >= 0 ? (char)scan->dialect->comment : '\n';
    uint32_t done = *row;
    scan->problem = SL_CSV_FINE;
    while (done < rows && start < scan->end) {
        if (is_line_end(*start) || *start == comment) {
            cursor other = at;
            const char *next = pass_over(scan, &other, start);
            if (next == NULL) {
                break;
            }
            if (next != start) {
                at = other;
                start = next;
                continue;
            }
        }
        record now = {.start = start};
        cursor before = at;
        const char *next = NULL;
        if (!read_record(scan, &at, columns, fields, done, &now) ||
            (next = pass_line_end(scan, &at, now.end)) == NULL) {
            at = before;
            break;
        }
        if (__builtin_expect(at.any | now.escapes | (now.fields != fields) |
                                 (scan->problem != SL_CSV_FINE),
                             0)) {
            scan->problem = judge(scan, &now, &at, fields);
            at.any = at.high;
            if (scan->problem != SL_CSV_FINE) {
                scan->record = now.start;
                scan->record_size = (size_t)(now.end - now.start);
                scan->record_line = scan->line;
                scan->line += now.lines + (now.end < scan->end);
                scan->at += next - scan->at;
                *row = done;
                return SL_CSV_RECORD;
            }
            finish(scan, columns, fields, done, &now);
        }
        if (lines != NULL) {
            lines[done] = scan->line;
        }
        scan->line += now.lines + (now.end < scan->end);
        done++;
        start = next;
    }
    scan->problem = SL_CSV_FINE;
    scan->at += start - scan->at;
    *row = done;
    return done == rows ? SL_CSV_FULL : SL_CSV_MORE;
}

/* ---- Records too large to hold --------------------------------------------------------- */

enum { START, FIELD, BARE, BARE_ESCAPE, QUOTED, QUOTED_ESCAPE, QUOTE, COMMENT, LINE_END };

/* What follows `letter` outside of quotes. */
static int32_t step_bare(int32_t state, const sl_csv_dialect *dialect, char letter)
{
    if (is_line_end(letter)) {
        return LINE_END;
    }
    if (state == START && dialect->comment >= 0 && letter == (char)dialect->comment) {
        return COMMENT;
    }
    if (letter == dialect->delimiter) {
        return FIELD;
    }
    if (dialect->escape >= 0 && letter == (char)dialect->escape) {
        return BARE_ESCAPE;
    }
    if (state != BARE && dialect->quote >= 0 && letter == (char)dialect->quote) {
        return QUOTED;
    }
    return state != BARE && dialect->trim && is_space(letter, dialect) ? FIELD : BARE;
}

static int32_t step_skip(int32_t state, const sl_csv_dialect *dialect, char letter)
{
    switch (state) {
    case QUOTED:
        if (dialect->escape >= 0 && letter == (char)dialect->escape) {
            return QUOTED_ESCAPE;
        }
        return letter == (char)dialect->quote ? QUOTE : QUOTED;
    case QUOTED_ESCAPE:
        return QUOTED;
    case QUOTE:
        return letter == (char)dialect->quote ? QUOTED : step_bare(BARE, dialect, letter);
    case BARE_ESCAPE:
        return BARE;
    case COMMENT:
        return is_line_end(letter) ? LINE_END : COMMENT;
    default:
        return step_bare(state, dialect, letter);
    }
}

size_t sl_csv_skip_bytes(sl_csv_skip *skip, const sl_csv_dialect *dialect, const char *bytes,
                         size_t size)
{
    size_t at = 0;
    while (at < size && !skip->done) {
        char letter = bytes[at];
        if (skip->state == LINE_END) { /* a CR before: a LF belongs to it */
            skip->done = 1;
            at += letter == '\n';
            break;
        }
        skip->state = step_skip(skip->state, dialect, letter);
        skip->lines += letter == '\r' || (letter == '\n' && !skip->cr);
        skip->cr = letter == '\r';
        skip->done = skip->state == LINE_END && letter == '\n';
        at++;
    }
    skip->bytes += (int64_t)at;
    return at;
}

int32_t sl_csv_skip_quoted(const sl_csv_skip *skip)
{
    return skip->state == QUOTED || skip->state == QUOTED_ESCAPE;
}

int32_t sl_csv_skip_comment(const sl_csv_skip *skip)
{
    return skip->state == COMMENT;
}
