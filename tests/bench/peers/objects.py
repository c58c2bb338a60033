"""jsonl -> jsonl: paid orders, three members."""
import json
import sys

with open(sys.argv[1]) as source, open(sys.argv[2], "w") as out:
    for line in source:
        row = json.loads(line)
        if row["status"] == "paid":
            out.write(json.dumps({"id": row["id"], "customer": row["customer"], "amount": row["amount"]}) + "\n")
