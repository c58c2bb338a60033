# What no batch can hold is shortened, at a whole character.
[ "$(wc -l <rejects.jsonl)" = 1 ]
grep -q '"_line":2,"_raw":"{\\"a\\":\\"ééé' rejects.jsonl
grep -q 'ééé","_values":null}$' rejects.jsonl
