grep -q 'more text follows the bytes; is it apache_combined?' rejects.jsonl
