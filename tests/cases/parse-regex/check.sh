grep -q "'09005' does not fit the integer column 'ms'" rejects.jsonl
grep -q 'the text does not match the pattern' rejects.jsonl
