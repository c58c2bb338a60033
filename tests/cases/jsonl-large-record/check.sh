grep -q '"_reason":"a record larger than the .* bytes that a batch holds.*"_row":3,"_line":3' rejects.jsonl
