/*
 * follow.c - a program that writes a log while it is read; see follow.h.
 */
#include "tests/faults/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/faults/inputs.h"

#define KEPT 20 /* rotated files */

void fault_writer_init(fault_writer *writer, const fault_case *of)
{
    *writer = (fault_writer){.of = of, .state = of->seed ^ UINT64_C(0x70615f6c6f67)};
}

/* log becomes log.1, log.1 becomes log.2, as logrotate does it; nothing is thrown away. */
static void rotate(fault_writer *writer)
{
    char from[512], to[512];
    for (int number = KEPT; number > 0; number--) {
        snprintf(to, sizeof to, "%s/log.%d", writer->of->directory, number);
        snprintf(from, sizeof from, "%s/log.%d", writer->of->directory, number - 1);
        if (number == 1)
            snprintf(from, sizeof from, "%s/log", writer->of->directory);
        if (rename(from, to) && errno != ENOENT)
            fault_broken("cannot rename '%s': %s", from, strerror(errno));
    }
    writer->rotations++;
    writer->rotated = writer->written;
}

static int is_csv(const fault_writer *writer)
{
    return writer->of->variant / 2 == 2;
}

static void append(const fault_writer *writer, const char *name, const char *bytes, size_t size)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", writer->of->directory, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, bytes, size) != (ssize_t)size || close(fd))
        fault_broken("cannot write '%s': %s", path, strerror(errno));
}

/* A log with columns begins with its header: an empty one says nothing to a reader that starts. */
static void begin_log(const fault_writer *writer)
{
    char from[512], to[512];
    if (!is_csv(writer))
        return;
    append(writer, "next", FAULT_CSV_HEADER, strlen(FAULT_CSV_HEADER));
    snprintf(from, sizeof from, "%s/next", writer->of->directory);
    snprintf(to, sizeof to, "%s/log", writer->of->directory);
    if (rename(from, to))
        fault_broken("cannot rename '%s': %s", from, strerror(errno));
}

/* Rows in the sink; -1: it cannot be looked at now. */
static int64_t rows_read(const fault_writer *writer)
{
    char path[512];
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    int64_t rows = -1;
    snprintf(path, sizeof path, "%s/%s", writer->of->directory,
             writer->of->scenario->sinks[0].file);
    if (!sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL) &&
        !sqlite3_prepare_v2(database, "SELECT count(*) FROM t", -1, &statement, NULL) &&
        sqlite3_step(statement) == SQLITE_ROW)
        rows = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return rows;
}

static int may_rotate(const fault_writer *writer)
{
    return writer->written > writer->rotated && writer->written < writer->of->rows &&
           writer->rotations < KEPT &&
           (writer->of->variant % 2 || rows_read(writer) > writer->rotated);
}

static size_t write_row(const fault_writer *writer, const fault_row *row, char *bytes)
{
    if (is_csv(writer))
        return fault_csv_line(row, bytes, 255);
    fault_json_object(row, bytes, 255);
    return strlen(strcat(bytes, "\n"));
}

int fault_writer_go_on(fault_writer *writer)
{
    char bytes[64 * 256];
    size_t size = writer->half_size;
    memcpy(bytes, writer->half, size);
    writer->half_size = 0;
    if (size == 0 && fault_random_from(&writer->state, 0, 19) == 0 && may_rotate(writer)) {
        rotate(writer);
        begin_log(writer);
    }
    int64_t rows = fault_random_from(&writer->state, 1, 60);
    for (; rows > 0 && writer->written < writer->of->rows; rows--) {
        fault_row row = fault_row_of(writer->of->seed, writer->written++);
        size += write_row(writer, &row, bytes + size);
    }
    if (size && writer->written < writer->of->rows && fault_random(&writer->state) % 3 == 0) {
        size_t half = 1 + fault_random(&writer->state) % 40;
        writer->half_size = half < size ? half : size;
        size -= writer->half_size;
        memcpy(writer->half, bytes + size, writer->half_size);
    }
    if (size)
        append(writer, "log", bytes, size);
    return writer->written < writer->of->rows || writer->half_size;
}

int fault_writer_is_read(const fault_writer *writer)
{
    return rows_read(writer) >= writer->of->rows;
}
