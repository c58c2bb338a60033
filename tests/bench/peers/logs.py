"""gzipped Apache logs -> server errors by path."""
import collections
import glob
import gzip
import re
import sys

LINE = re.compile(r'(\S+) (\S+) (\S+) \[([^]]*)\] "(\S+) (\S+) (\S+)" (\d{3}) (\S+)')


def lines(pattern):
    for name in sorted(glob.glob(pattern)):
        with gzip.open(name, "rt") as file:
            yield from file


def errors(source):
    for line in source:
        match = LINE.match(line)
        if match and int(match.group(8)) >= 500:
            yield match.group(6)


with open(sys.argv[2], "w") as out:
    out.write("path,errors\n")
    for path, count in sorted(collections.Counter(errors(lines(sys.argv[1]))).items()):
        out.write(f"{path},{count}\n")
