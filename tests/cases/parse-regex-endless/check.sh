grep -q 'does not finish on this text within 1,000,000 steps' rejects.jsonl
