/*
 * load.c - csv -> sqlite by hand: one prepared INSERT a row, 1,000 rows a transaction, WAL and
 * synchronous NORMAL. Reads only the benchmark's own file.
 *
 *     load orders.csv out.db
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sqlite3 *db;

static void run(const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(db));
        exit(1);
    }
}

/* Cuts the next field off a line, quotes taken off in place; answers its size, -1: empty. */
static int field(char **at, char **text)
{
    char *from = *at, *to;
    if (*from != '"') {
        to = from + strcspn(from, ",\n");
        *text = from;
        *at = to + 1;
        return to == from ? -1 : (int)(to - from);
    }
    *text = to = from;
    for (from++; *from != '"' || from[1] == '"'; from++) {
        if (*from == '"')
            from++;
        *to++ = *from;
    }
    *at = from + 2;
    return (int)(to - *text);
}

int main(int count, char **words)
{
    char line[65536];
    long rows = 0;
    sqlite3_stmt *insert;
    FILE *file = count == 3 ? fopen(words[1], "r") : NULL;
    if (!file)
        return 1;
    remove(words[2]);
    sqlite3_open(words[2], &db);
    run("PRAGMA journal_mode = wal");
    run("PRAGMA synchronous = normal");
    run("CREATE TABLE orders(id, ts, customer, country, amount, status, note)");
    sqlite3_prepare_v2(db, "INSERT INTO orders VALUES (?,?,?,?,?,?,?)", -1, &insert, NULL);
    if (!fgets(line, sizeof line, file))
        return 1;
    run("BEGIN");
    while (fgets(line, sizeof line, file)) {
        char *at = line, *text;
        for (int i = 1; i <= 7; i++) {
            int size = field(&at, &text);
            if (size < 0)
                sqlite3_bind_null(insert, i);
            else if (i == 1)
                sqlite3_bind_int64(insert, i, atoll(text));
            else if (i == 5)
                sqlite3_bind_double(insert, i, strtod(text, NULL));
            else
                sqlite3_bind_text(insert, i, text, size, SQLITE_STATIC);
        }
        sqlite3_step(insert);
        sqlite3_reset(insert);
        if (++rows % 1000 == 0)
            run("COMMIT; BEGIN");
    }
    run("COMMIT");
    sqlite3_finalize(insert);
    sqlite3_close(db);
    fclose(file);
    return 0;
}
