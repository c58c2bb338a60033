"""csv -> csv, every row as it is."""
import csv
import sys

with open(sys.argv[1], newline="") as source, open(sys.argv[2], "w", newline="") as out:
    csv.writer(out, lineterminator="\n").writerows(csv.reader(source))
