test "$(wc -l < rejects.jsonl)" = 7
grep -q "a string does not fit the integer column 'a', at column 7" rejects.jsonl
grep -q "18446744073709551616 does not fit the integer column 'a'" rejects.jsonl
