"""count -> even -> doubled, as generators."""
import sys


def numbers(end):
    yield from range(end)


def evens(source):
    for n in source:
        if n % 2 == 0:
            yield n


with open(sys.argv[2], "w") as out:
    out.write("n,doubled\n")
    for n in evens(numbers(int(sys.argv[1]))):
        out.write(f"{n},{n * 2}\n")
