/*
 * torture_sqlite.h - what the sqlite stages are tortured with: a database as a file, and a look
 * into the database that an exporter made.
 */
#ifndef SL_TORTURE_SQLITE_H
#define SL_TORTURE_SQLITE_H

#include <sqlite3.h>
#include <stdlib.h>

#include "tests/harness/torture.h"

static sl_torture_file sqlite_files[2];   /* in.db: tables t, w (WITHOUT ROWID), a view v */
static sl_torture_file sqlite_targets[2]; /* out.db: a table with constraints and a row */

static void make_database(sl_torture_file *file, const char *name, const char *sql)
{
    sqlite3 *db;
    sqlite3_int64 size;
    if (sqlite3_open(":memory:", &db) != SQLITE_OK ||
        sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        abort();
    unsigned char *image = sqlite3_serialize(db, "main", &size, 0);
    char *kept = image ? malloc((size_t)size) : NULL;
    if (!kept)
        abort();
    for (sqlite3_int64 i = 0; i < size; i++)
        kept[i] = (char)image[i];
    sqlite3_free(image);
    sqlite3_close(db);
    *file = (sl_torture_file){.name = name, .text = kept, .size = (size_t)size};
}

static void make_databases(void)
{
    make_database(
        sqlite_files, "in.db",
        "CREATE TABLE t(a, b TEXT, c REAL, d INTEGER AS (length(b)));"
        "INSERT INTO t VALUES(1,'one',1.5),(NULL,'',-0.0),(9223372036854775807,'caf\xc3\xa9',"
        "1e300),('text','it''s',NULL),(x'00ff','b\n',2);"
        "INSERT INTO t SELECT value, 'row ' || value, value / 3.0 FROM"
        " (WITH n(value) AS (VALUES(1) UNION ALL SELECT value + 1 FROM n WHERE value < 11)"
        "  SELECT value FROM n);"
        "INSERT INTO t VALUES(7, CAST(x'ff41' AS TEXT), 0);"
        "CREATE TABLE w(k TEXT, n INT, x, PRIMARY KEY(k, n)) WITHOUT ROWID;"
        "INSERT INTO w SELECT CAST(b AS TEXT), rowid % 3, c FROM t WHERE rowid < 14;"
        "CREATE VIEW v AS SELECT rowid AS id, b FROM t WHERE rowid < 17");
    make_database(
        sqlite_targets, "out.db",
        "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT NOT NULL CHECK (name <> 'gil'),"
        " age INT, score REAL, note UNIQUE); INSERT INTO t VALUES(5, 'old', 1, 1, 'old')");
}

static int add_row(void *to, int count, char **values, char **names)
{
    (void)names;
    for (int i = 0; i < count; i++)
        sl_builder_format(to, "%s%s", i ? "," : "", values[i] ? values[i] : "NULL");
    sl_builder_word(to, "\n");
    return 0;
}

/* Every row of t as SQLite's own literals, and whether the file is whole. */
static void look_database(sl_builder *text)
{
    sqlite3 *db = NULL;
    if (sqlite3_open_v2("out.db", &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
        sqlite3_table_column_metadata(db, "main", "t", NULL, NULL, NULL, NULL, NULL, NULL) ==
            SQLITE_OK)
        sqlite3_exec(db,
                     "SELECT quote(id), quote(name), quote(age), quote(score), quote(note) FROM t"
                     " ORDER BY id; PRAGMA integrity_check",
                     add_row, text, NULL);
    sqlite3_close(db);
}

#endif
