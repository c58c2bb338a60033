test "$(wc -l < rejects.jsonl)" = 10
grep -q '"_reason":"expected a name in double quotes, at column 16".*"_row":2,"_line":3' rejects.jsonl
grep -q '"_reason":"an array is not a row; a row is an object, at column 1"' rejects.jsonl
grep -q "\"_reason\":\"the key 'a' occurs twice, at column 12\",\"_column\":\"a\"" rejects.jsonl
grep -q "unknown key 'c'" rejects.jsonl
grep -q 'not valid UTF-8' rejects.jsonl
grep -q 'surrogate pair has no second half' rejects.jsonl
grep -q "unknown key 'A' (column 'a' differs in case)" rejects.jsonl
grep -q '"_row":11,"_line":13' rejects.jsonl
