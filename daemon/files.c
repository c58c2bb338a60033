/*
 * files.c - the graphs that a word of the command line names; see files.h.
 */
#include "daemon/files.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "stages/core/stage.h"

int sl_files_is_graph(const char *name)
{
    const char *dot = strrchr(name, '.');
    return name[0] != '.' && dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

static int is_graph(const struct dirent *entry)
{
    return sl_files_is_graph(entry->d_name);
}

static int byte_order(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

int sl_files_scan(const char *directory, struct dirent ***entries)
{
    return scandir(directory, entries, is_graph, byte_order);
}

static int each_of_directory(const char *path, int (*each)(void *of, const char *file), void *of)
{
    struct dirent **entries;
    int count = sl_files_scan(path, &entries), worst = 0;
    if (count < 0) {
        fprintf(stderr, "sluice: cannot read the directory '%s'\n", path);
        return SL_CODE_NO_INPUT;
    }
    if (count == 0)
        fprintf(stderr, "sluice: no graph in '%s': *.yaml, *.yml\n", path);
    for (int i = 0; i < count; i++) {
        char file[4096];
        snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name);
        struct stat found; /* a FIFO would be waited for */
        int is_none = stat(file, &found) == 0 && !S_ISREG(found.st_mode) && !S_ISDIR(found.st_mode);
        if (is_none)
            fprintf(stderr, "%s: " SL_FILES_NONE "\n", file);
        int code = is_none ? SL_CODE_NO_INPUT : each(of, file);
        worst = worst ? worst : code;
        free(entries[i]);
    }
    free(entries);
    return worst;
}

int sl_files_each(const char *path, int (*each)(void *of, const char *file), void *of)
{
    struct stat found;
    return stat(path, &found) == 0 && S_ISDIR(found.st_mode) ? each_of_directory(path, each, of)
                                                             : each(of, path);
}
