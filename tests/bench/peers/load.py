"""csv -> sqlite in batches of 1,000 rows, a transaction each."""
import csv
import itertools
import os
import sqlite3
import sys

if os.path.exists(sys.argv[2]):
    os.remove(sys.argv[2])
db = sqlite3.connect(sys.argv[2], isolation_level=None)
db.execute("PRAGMA journal_mode = wal")
db.execute("PRAGMA synchronous = normal")
db.execute("CREATE TABLE orders(id, ts, customer, country, amount, status, note)")
with open(sys.argv[1], newline="") as file:
    reader = csv.reader(file)
    next(reader)
    typed = ((int(r[0]), r[1], r[2], r[3], float(r[4]), r[5], r[6] or None) for r in reader)
    while batch := list(itertools.islice(typed, 1000)):
        db.execute("BEGIN")
        db.executemany("INSERT INTO orders VALUES (?,?,?,?,?,?,?)", batch)
        db.execute("COMMIT")
