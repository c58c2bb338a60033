"""sqlite -> sqlite: paid orders, in batches of 1,000 rows."""
import os
import sqlite3
import sys

if os.path.exists(sys.argv[2]):
    os.remove(sys.argv[2])
source = sqlite3.connect(sys.argv[1])
db = sqlite3.connect(sys.argv[2], isolation_level=None)
db.execute("PRAGMA journal_mode = wal")
db.execute("PRAGMA synchronous = normal")
db.execute("CREATE TABLE orders(id INTEGER, customer TEXT, amount REAL)")
cursor = source.execute("SELECT id, customer, amount FROM orders WHERE status = 'paid'")
while batch := cursor.fetchmany(1000):
    db.execute("BEGIN")
    db.executemany("INSERT INTO orders VALUES (?,?,?)", batch)
    db.execute("COMMIT")
