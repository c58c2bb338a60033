"""csv -> csv as one writes it in Python: generators, the csv module, nothing that can be left out."""
import csv
import sys


def rows(path):
    with open(path, newline="") as file:
        reader = csv.reader(file)
        next(reader)
        yield from reader


def paid(source):
    for row in source:
        if row[5] == "paid" and float(row[4]) >= 100:
            yield row


def totals(source):
    for row in source:
        yield row[0], row[2], row[3].upper(), float(row[4]) * 2.5


with open(sys.argv[2], "w", newline="") as out:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["id", "customer", "country", "total"])
    writer.writerows(totals(paid(rows(sys.argv[1]))))
