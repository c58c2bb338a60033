test $(wc -l <rejects.jsonl) = 4
grep -q '"_reason":"the line is not valid UTF-8 at its byte 5".*"_source":"in.txt".*"_row":2,"_line":2' rejects.jsonl
grep -q '"_row":6,' rejects.jsonl
