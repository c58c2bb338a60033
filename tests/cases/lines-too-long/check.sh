test $(wc -l <rejects.jsonl) = 3
grep -q '"_reason":"the line is longer than the 65536 bytes of a batch".*"_row":2,' rejects.jsonl
test $(wc -c <rejects.jsonl) -lt 2000
