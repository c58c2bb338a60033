test "$(wc -l < rejects.jsonl)" = 3
