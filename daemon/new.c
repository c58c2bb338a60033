/*
 * new.c - `sluice new`: a commented starter graph, or a plugin's folder.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/verbs.h"

static const char graph_text[] =
    "# %s.yaml - run it: sluice run %s.yaml      look first: sluice check %s.yaml\n"
    "# A graph is a list of stages, read from top to bottom. `sluice stages` lists them all,\n"
    "# `sluice stages csv` is the manual of one.\n"
    "graph: %s\n"
    "description: What this graph does, in one line\n"
    "\n"
    "# Params are put in where ${name} stands; --set input=other.csv changes one for a run.\n"
    "params: {input: orders.csv, least: 100}\n"
    "\n"
    "stages:\n"
    "  # A reader gives rows. This one is inline, so that the graph runs as it stands; for a "
    "file,\n"
    "  # put these two lines in its place:\n"
    "  #   - reader: csv\n"
    "  #     path: ${input}\n"
    "  - reader: values\n"
    "    rows:\n"
    "      - {id: 1, customer: Ada, status: paid, amount: 120.5}\n"
    "      - {id: 2, customer: Bob, status: open, amount: 80}\n"
    "      - {id: 3, customer: Cyd, status: paid, amount: 45}\n"
    "      - {id: 4, customer: Dan, status: paid, amount: 300}\n"
    "\n"
    "  # A validator rejects bad rows: on_reject is fail (the default), drop, or the name of an\n"
    "  # exporter that takes them.\n"
    "  - validator: rules\n"
    "    rules:\n"
    "      - amount > 0\n"
    "    on_reject: fail\n"
    "\n"
    "  # A filter keeps rows. Expressions are SQL; a param is bound as :name.\n"
    "  - filter: where\n"
    "    keep: status = 'paid' AND amount >= :least\n"
    "\n"
    "  # A transformer changes rows: output column, then the expression.\n"
    "  - transformer: select\n"
    "    columns:\n"
    "      id: id\n"
    "      customer: upper(customer)\n"
    "      total: round(amount * 1.2, 2)\n"
    "\n"
    "  # An exporter takes them. Try: exporter: sqlite, with database: and table:\n"
    "  - exporter: table\n";

static const char plugin_text[] =
    "/*\n"
    " * %s.c - a stage of your own.\n"
    " *\n"
    " *     cc -shared -fPIC -fvisibility=hidden -O2 -Wall -Wextra -o %s.so %s.c\n"
    " *     sluice stages --plugin ./%s.so %s\n"
    " *     sluice run --plugin ./%s.so graph.yaml\n"
    " *\n"
    " * Change the name, the option and what each() does; everything else stays.\n"
    " */\n"
    "#include <sluice/stage.h>\n"
    "\n"
    "#include <string.h>\n"
    "\n"
    "struct self {\n"
    "    const char *column; /* the option, filled in by the host */\n"
    "    uint32_t index;\n"
    "};\n"
    "\n"
    "static const sl_option options[] = {\n"
    "    {\"column\", SL_OPTION_COLUMN, 0, offsetof(struct self, column), NULL, NULL, NULL, NULL,\n"
    "     \"The text column whose letters become capitals.\"},\n"
    "    {0},\n"
    "};\n"
    "\n"
    "/* Before the first row: find the column; a name that is none is an error at its place. */\n"
    "static sl_status plan(sl_stage *stage)\n"
    "{\n"
    "    struct self *self = sl_self(stage, struct self);\n"
    "    const sl_value *name = stage->host->option(stage, \"column\");\n"
    "    return stage->host->find_column(stage, 0, name, &self->index);\n"
    "}\n"
    "\n"
    "/* One batch. Slices are shared and must not be changed: the new text is new bytes. */\n"
    "static sl_status each(sl_stage *stage, sl_batch *batch)\n"
    "{\n"
    "    const struct self *self = sl_self(stage, struct self);\n"
    "    sl_cell *cells = batch->columns[self->index];\n"
    "    for (uint32_t i = 0; i < batch->selected; i++) {\n"
    "        sl_cell *cell = &cells[batch->selection[i]];\n"
    "        if (cell->kind != SL_TEXT)\n"
    "            continue;\n"
    "        char *text = stage->host->bytes(stage, batch, cell->size);\n"
    "        if (!text && i == 0)\n"
    "            return stage->host->reject(stage, batch, batch->selection[i], self->index + 1,\n"
    "                                       \"the text does not fit a batch\");\n"
    "        if (!text) /* the batch is full: the host calls each again with the rest */\n"
    "            return stage->host->rest(stage, batch, i);\n"
    "        for (uint32_t b = 0; b < cell->size; b++) {\n"
    "            char letter = cell->as.text[b];\n"
    "            text[b] = letter >= 'a' && letter <= 'z' ? (char)(letter - 32) : letter;\n"
    "        }\n"
    "        cell->as.text = text;\n"
    "    }\n"
    "    return SL_OK;\n"
    "}\n"
    "\n"
    "static const sl_stage_type type = {\n"
    "    SL_STAGE_TYPE,\n"
    "    .name = \"%s\",\n"
    "    .version = \"1.0\",\n"
    "    .summary = \"Makes the letters a-z of a column capitals.\",\n"
    "    .role = SL_TRANSFORMER,\n"
    "    .inputs_min = 1,\n"
    "    .inputs_max = 1,\n"
    "    .self_size = sizeof(struct self),\n"
    "    .options = options,\n"
    "    .plan = plan,\n"
    "    .each = each,\n"
    "};\n"
    "\n"
    "SL_PLUGIN(\"%s\", \"1.0\", &type)\n";

static const char plugin_graph_text[] = "# sluice run --plugin ./%s.so graph.yaml\n"
                                        "stages:\n"
                                        "  - reader: values\n"
                                        "    rows: [{name: ada}, {name: bob}]\n"
                                        "  - transformer: %s\n"
                                        "    column: name\n"
                                        "  - exporter: table\n";

static int say_failed(const char *path)
{
    int code = errno == EACCES || errno == EROFS ? SL_CODE_PERMISSION : SL_CODE_NO_OUTPUT;
    fprintf(stderr, "sluice: cannot make '%s': %s\n", path, strerror(errno));
    return code;
}

/* Writes text with every %s replaced by name; never over a file that is there. */
static int write_file(const char *path, const char *text, const char *name)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (!file)
        return say_failed(path);
    for (const char *at = text, *mark; *at; at = mark + 2) {
        mark = strstr(at, "%s");
        if (!mark) {
            fputs(at, file);
            break;
        }
        fwrite(at, 1, (size_t)(mark - at), file);
        fputs(name, file);
    }
    if (fclose(file) != 0)
        return say_failed(path);
    fprintf(stderr, "wrote %s\n", path);
    return 0;
}

static int valid_name(const char *name)
{
    if (!*name || strlen(name) > 64 || *name == '-' || *name == '.')
        return 0;
    return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") ==
           strlen(name);
}

static int new_plugin(const char *name)
{
    char path[256];
    if (mkdir(name, 0777) < 0)
        return say_failed(name);
    snprintf(path, sizeof path, "%s/%s.c", name, name);
    int code = write_file(path, plugin_text, name);
    snprintf(path, sizeof path, "%s/graph.yaml", name);
    return code ? code : write_file(path, plugin_graph_text, name);
}

int sl_verb_new(const sl_arguments *arguments)
{
    char name[80], path[96];
    snprintf(name, sizeof name, "%s", arguments->paths[0]);
    char *ending = strstr(name, ".yaml");
    if (ending && !ending[5])
        *ending = '\0';
    if (!valid_name(name)) {
        fprintf(
            stderr,
            "sluice: '%s' is no good name\nhint: letters, digits, '-', '_' and '.', at most 64\n",
            arguments->paths[0]);
        return SL_CODE_USAGE;
    }
    if (arguments->plugin_new)
        return new_plugin(name);
    snprintf(path, sizeof path, "%s.yaml", name);
    int code = write_file(path, graph_text, name);
    if (code == 0)
        fprintf(stderr, "next: sluice run %s\n", path);
    return code;
}
