/*
 * csv_dialect.c - the options that say how a CSV is written, checked; see csv_dialect.h.
 */
#include "stages/csv_dialect.h"

#include <string.h>

int32_t sl_csv_dialect_byte(const char *text)
{
    static const struct {
        const char *word;
        char byte;
    } words[] = {{"\\t", '\t'},      {"tab", '\t'}, {"comma", ','},
                 {"semicolon", ';'}, {"pipe", '|'}, {"space", ' '}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(text, words[i].word) == 0) {
            return (unsigned char)words[i].byte;
        }
    }
    int plain = text[0] != '\0' && text[1] == '\0' && (unsigned char)text[0] < 0x80;
    return plain && text[0] != '\n' && text[0] != '\r' ? (unsigned char)text[0] : -1;
}

/* A byte that may be left out: NULL or "none". */
static sl_status read_byte(sl_stage *stage, const char *option, const char *text, int32_t *byte)
{
    *byte = -1;
    if (text == NULL || strcmp(text, "none") == 0) {
        return SL_OK;
    }
    *byte = sl_csv_dialect_byte(text);
    if (*byte >= 0) {
        return SL_OK;
    }
    return sl_fail_at(stage,
                      SL_PLACE(.code = SL_CODE_CONFIG, .value = stage->host->option(stage, option)),
                      "'%s' is not one ASCII character", text);
}

static sl_status check_different(sl_stage *stage, const char *option, int32_t byte,
                                 const char *other, int32_t taken)
{
    if (byte < 0 || byte != taken) {
        return SL_OK;
    }
    return sl_fail_at(stage,
                      SL_PLACE(.code = SL_CODE_CONFIG, .value = stage->host->option(stage, option)),
                      "%s and %s are the same character", option, other);
}

sl_status sl_csv_dialect_read(sl_stage *stage, const sl_csv_options *options,
                              sl_csv_dialect *dialect)
{
    int32_t delimiter;
    sl_status status = read_byte(stage, "delimiter", options->delimiter, &delimiter);
    if (status == SL_OK && delimiter < 0) {
        status = sl_fail_at(
            stage,
            SL_PLACE(.code = SL_CODE_CONFIG, .value = stage->host->option(stage, "delimiter")),
            "a csv needs a delimiter");
    }
    if (read_byte(stage, "quote", options->quote, &dialect->quote) != SL_OK ||
        read_byte(stage, "escape", options->escape, &dialect->escape) != SL_OK ||
        read_byte(stage, "comment", options->comment, &dialect->comment) != SL_OK ||
        status != SL_OK) {
        return SL_ERROR;
    }
    if (dialect->escape == dialect->quote) {
        dialect->escape = -1; /* a doubled quote */
    }
    dialect->delimiter = (char)delimiter;
    dialect->trim = options->trim;
    dialect->pad = options->ragged == SL_CSV_RAGGED_PAD;
    dialect->null_text = options->null_text;
    dialect->null_size = options->null_text != NULL ? strlen(options->null_text) : 0;
    if (check_different(stage, "quote", dialect->quote, "delimiter", delimiter) != SL_OK ||
        check_different(stage, "escape", dialect->escape, "delimiter", delimiter) != SL_OK ||
        check_different(stage, "comment", dialect->comment, "delimiter", delimiter) != SL_OK ||
        check_different(stage, "comment", dialect->comment, "quote", dialect->quote) != SL_OK) {
        return SL_ERROR;
    }
    return SL_OK;
}
