test "$(wc -l < rejects.jsonl)" = 10
grep -q 'expected a status of three digits' rejects.jsonl
grep -q 'more text follows the user agent' rejects.jsonl
grep -q 'the double quotes are not closed' rejects.jsonl
grep -q '"_row":16,.*nonsense' rejects.jsonl
