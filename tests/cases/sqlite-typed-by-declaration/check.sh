test "$(sqlite3 out.db "SELECT sql FROM sqlite_schema WHERE name = 'orders'")" = \
    'CREATE TABLE "orders" ("id" INTEGER NOT NULL, "zip" TEXT, "amount" REAL, "paid" BOOLEAN, "note", PRIMARY KEY ("id"))'
test "$(sqlite3 out.db "SELECT *, typeof(amount), typeof(paid) FROM orders")" = '1|00501|12.5|1|7|real|integer
2|10007|3.0|0||real|integer'
