/*
 * files.h - the graphs that a word of the command line names: a file, or those of a directory.
 */
#ifndef SL_FILES_H
#define SL_FILES_H

#include <dirent.h>

#define SL_FILES_NONE "it is no file: a pipe, a socket or a device"

/* 1: the name is that of a graph: *.yaml or *.yml, not hidden. */
int sl_files_is_graph(const char *name);
/* The graphs of a directory in byte order, as scandir(3). */
int sl_files_scan(const char *directory, struct dirent ***entries);

/* Calls each() for the file, or for *.yaml and *.yml of the directory, in byte order. Answers the
 * first code that is not 0; SL_CODE_NO_INPUT, said on stderr: the directory cannot be read. */
int sl_files_each(const char *path, int (*each)(void *of, const char *file), void *of);

#endif
