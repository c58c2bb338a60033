/*
 * files.h - the graphs that a word of the command line names: a file, or those of a directory.
 */
#ifndef SL_FILES_H
#define SL_FILES_H

/* Calls each() for the file, or for *.yaml and *.yml of the directory, in byte order. Answers the
 * first code that is not 0; SL_CODE_NO_INPUT, said on stderr: the directory cannot be read. */
int sl_files_each(const char *path, int (*each)(void *of, const char *file), void *of);

#endif
