cmp in.jsonl whole.jsonl
