/*
 * keys.c - the keys of a graph and those that every stage has; see keys.h.
 */
#include "config/keys.h"

#include <string.h>

#define SCALAR "[\"string\", \"number\", \"boolean\"]"
#define PARAM "\\\\$\\\\{"

const sl_key sl_keys_of_graph[] = {
    {"graph", "The graph's name; the file's name when left out.",
     "\"type\": [\"string\", \"number\"], \"default\": null, \"examples\": [\"paid-orders\"]"},
    {"description", "What the graph is for.",
     "\"type\": " SCALAR ", \"default\": null, \"examples\": [\"Paid orders over 100\"]"},
    {"params",
     "Names and default values; set with --set name=value, used as ${name} in text and :name in "
     "SQL. No value: it must be set.",
     "\"type\": [\"object\", \"null\"], \"additionalProperties\": {\"type\": [\"string\", "
     "\"number\", \"boolean\", \"null\"]}, \"default\": {}, \"examples\": [{\"input\": "
     "\"orders.csv\"}]"},
    {"batch", "How large a batch may get: `rows` and `bytes`.",
     "\"type\": \"object\", \"additionalProperties\": false, \"default\": {\"rows\": 1000, "
     "\"bytes\": \"1MiB\"}, \"examples\": [{\"rows\": 1000}], \"properties\": {\n"
     "      \"rows\": {\"description\": \"The most rows in a batch.\", \"type\": [\"integer\", "
     "\"string\"], \"minimum\": 1, \"maximum\": 1000000, \"default\": 1000, \"examples\": "
     "[1000]},\n"
     "      \"bytes\": {\"description\": \"The most bytes in a batch.\", \"type\": [\"integer\", "
     "\"string\"], \"minimum\": 4096, \"maximum\": 1073741824, \"default\": \"1MiB\", "
     "\"examples\": [\"1MiB\"]}\n    }"},
    {"max_rejects", "The run fails when more rows than this are rejected; no bound when left out.",
     "\"type\": [\"integer\", \"string\"], \"minimum\": 0, \"default\": null, \"examples\": "
     "[100]"},
    {"guarantee",
     "With `exactly-once`, a path that promises less is a mistake of the graph; when left out, "
     "`sluice check` says what each path promises.",
     "\"type\": \"string\", \"enum\": [\"exactly-once\"], \"default\": null, \"examples\": "
     "[\"exactly-once\"]"},
    {"every",
     "The daemon runs the graph at the multiples of this time since 1970, UTC; not with `cron`.",
     "\"type\": \"string\", \"pattern\": \"^[0-9.]+ ?[a-z]+$|" PARAM
     "\", \"default\": null, \"examples\": [\"30s\", \"5m\"]"},
    {"cron",
     "The daemon runs the graph at these times: minute, hour, day of the month, month, day of the "
     "week; or @hourly, @daily, @weekly, @monthly, @yearly.",
     "\"type\": \"string\", \"default\": null, \"examples\": [\"15 6 * * mon-fri\", "
     "\"@daily\"]"},
    {"timezone", "Whose clocks `cron` means; the machine's own when left out.",
     "\"type\": \"string\", \"default\": null, \"examples\": [\"Europe/Berlin\"]"},
    {"stuck_after",
     "The daemon takes the graph for stuck, says which stage it is and starts it again, when for "
     "so long one batch does not come back and no stage shows a sign of life (a running SQL "
     "statement is one).",
     "\"type\": \"string\", \"pattern\": \"^[0-9.]+ ?[a-z]+$|" PARAM
     "\", \"default\": \"30s\", \"examples\": [\"10m\"]"},
    {"stages", "The stages, from the readers to the exporters.",
     "\"type\": \"array\", \"minItems\": 1, \"default\": [], \"examples\": [[{\"reader\": "
     "\"count\", \"end\": 3}, {\"exporter\": \"table\"}]]"},
    {0},
};

const sl_key sl_keys_of_stage[] = {
    {"name", "What the stage is called; its type when left out.",
     "\"type\": \"string\", \"pattern\": \"^[A-Za-z0-9_][A-Za-z0-9_.-]*$|" PARAM
     "\", \"default\": null, \"examples\": [\"paid\"]"},
    {"on_reject", "Where rows that this stage refuses go: fail, drop, or the name of an exporter.",
     "\"type\": \"string\", \"default\": \"fail\", \"examples\": [\"fail\", \"drop\", "
     "\"rejects\"]"},
    {"from", "The stage whose rows it takes, or a list of stages; the stage before when left out.",
     "\"type\": [\"string\", \"array\"], \"items\": {\"type\": \"string\"}, \"default\": null, "
     "\"examples\": [\"paid\"]"},
    {0},
};

int32_t sl_keys_fits(const sl_key *key, sl_role role)
{
    return role != SL_READER || strcmp(key->name, "from") != 0;
}
