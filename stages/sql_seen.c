/*
 * sql_seen.c - keys that were seen, as the primary key of a temporary table.
 */
#include "stages/sql_seen.h"

#include <sqlite3.h>

#include "stages/spill.h"

struct sl_sql_seen {
    sl_stage *stage;
    sqlite3 *db;
    sqlite3_stmt *insert;
};

static int execute(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

static int set_up(sl_sql_seen *seen, int64_t memory)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int code = sqlite3_open_v2("", &seen->db, flags, seen->stage->env->sqlite_vfs);
    char pragma[64];

    if (code != SQLITE_OK)
        return code;
    sqlite3_snprintf(sizeof pragma, pragma, "PRAGMA cache_size=-%lld", (long long)memory / 1024);
    if ((code = execute(seen->db, pragma)) != SQLITE_OK ||
        (code = execute(seen->db, "PRAGMA journal_mode=OFF")) != SQLITE_OK ||
        (code = execute(seen->db, "PRAGMA synchronous=OFF")) != SQLITE_OK ||
        (code = execute(seen->db, "PRAGMA locking_mode=EXCLUSIVE")) != SQLITE_OK ||
        (code = execute(seen->db, "BEGIN")) != SQLITE_OK ||
        (code = execute(seen->db, "CREATE TABLE seen(key BLOB PRIMARY KEY) WITHOUT ROWID")) !=
            SQLITE_OK)
        return code;
    return sqlite3_prepare_v3(seen->db, "INSERT OR IGNORE INTO seen VALUES(?1)", -1,
                              SQLITE_PREPARE_PERSISTENT, &seen->insert, NULL);
}

sl_sql_seen *sl_sql_seen_new(sl_stage *stage, int64_t memory)
{
    sl_sql_seen *seen = stage->host->allocate(stage, NULL, sizeof *seen);
    int code;

    if (!seen) {
        (void)sl_no_memory(stage);
        return NULL;
    }
    *seen = (sl_sql_seen){.stage = stage};
    code = set_up(seen, memory);
    if (code == SQLITE_OK)
        return seen;
    (void)sl_spill_fail(stage, code, "making it");
    sl_sql_seen_free(seen);
    return NULL;
}

void sl_sql_seen_free(sl_sql_seen *seen)
{
    if (!seen)
        return;
    sqlite3_finalize(seen->insert);
    sqlite3_close(seen->db);
    seen->stage->host->allocate(seen->stage, seen, 0);
}

sl_status sl_sql_seen_add(sl_sql_seen *seen, const sl_key *key, int32_t *first)
{
    int code = sqlite3_bind_blob64(seen->insert, 1, key->bytes, key->size, SQLITE_STATIC);

    if (code == SQLITE_OK)
        code = sqlite3_step(seen->insert);
    if (code == SQLITE_DONE) {
        *first = sqlite3_changes(seen->db) == 1;
        code = SQLITE_OK;
    }
    (void)sqlite3_reset(seen->insert);
    return code == SQLITE_OK ? SL_OK : sl_spill_fail(seen->stage, code, "writing it");
}
