/*
 * rude.c - clients of the control socket that behave badly, for bad.sh and control.sh.
 *
 *     rude hangup SOCKET N    connects N times and hangs up, each second time in the middle of a
 * line rude crowd SOCKET N     N clients at once ask for the status: how many are answered, and
 * with what words the others are refused rude garbage SOCKET     lines that are none: the answers
 *     rude deaf SOCKET LINE   says LINE again and again and reads nothing, until it is hung up on
 *     rude say SOCKET         sends standard input at once, prints all answers until as many last
 *                             lines came as lines were sent
 *     rude shout SOCKET       sends standard input at once, and hangs up
 *     rude receive SOCKET FILE  binds a datagram socket and writes what comes to FILE, a line each
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE 60000 /* milliseconds */
#define STATUS "{\"sluice\":1,\"verb\":\"status\"}\n"

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "rude: %s: %s\n", what, strerror(errno));
    exit(1);
}

static struct sockaddr_un place(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    return address;
}

static int join(const char *path)
{
    struct sockaddr_un address = place(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        give_up("cannot connect");
    return fd;
}

/* Bytes that were sent; fewer than size: the other side has hung up. */
static size_t say(int fd, const char *bytes, size_t size)
{
    size_t sent = 0;
    while (sent < size) {
        ssize_t put = send(fd, bytes + sent, size - sent, MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            break;
        sent += (size_t)put;
    }
    return sent;
}

/* Reads up to a line's end; terminated. 0: hung up. */
static size_t hear(int fd, char *line, size_t size)
{
    size_t got = 0;
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    while (got + 1 < size && (got == 0 || line[got - 1] != '\n')) {
        if (poll(&ready, 1, PATIENCE) != 1)
            give_up("no answer");
        if (read(fd, line + got, 1) != 1)
            break;
        got++;
    }
    line[got] = '\0';
    return got;
}

static int hangup(const char *path, long count)
{
    static const char half[] = "{\"sluice\":1,\"ver";
    for (long i = 0; i < count; i++) {
        int fd = join(path);
        if (i % 2)
            say(fd, half, sizeof half - 1);
        close(fd);
    }
    return 0;
}

static int crowd(const char *path, long count)
{
    static char line[1 << 17], words[256];
    int *fds = calloc((size_t)count, sizeof *fds);
    long answered = 0, refused = 0;
    for (long i = 0; fds && i < count; i++)
        fds[i] = join(path);
    for (long i = 0; fds && i < count; i++)
        say(fds[i], STATUS, sizeof STATUS - 1);
    for (long i = 0; fds && i < count; i++) {
        int32_t over = 0;
        while (!over && hear(fds[i], line, sizeof line) > 0) {
            over = strncmp(line, "{\"ok\":", 6) == 0;
            answered += strncmp(line, "{\"ok\":true", 10) == 0;
            if (strncmp(line, "{\"ok\":false", 11) == 0) {
                refused++;
                const char *message = strstr(line, "\"message\":");
                snprintf(words, sizeof words, "%.30s", message ? message : line);
            }
        }
    }
    printf("%ld answered, %ld refused: %s\n", answered, refused, words);
    for (long i = 0; fds && i < count; i++)
        close(fds[i]);
    free(fds);
    return answered + refused == count ? 0 : 1;
}

static void tell_and_hear(const char *path, const char *bytes, size_t size)
{
    static char line[1 << 17];
    int fd = join(path);
    say(fd, bytes, size);
    shutdown(fd, SHUT_WR);
    if (hear(fd, line, sizeof line) > 0)
        printf("%.150s%s", line, strlen(line) > 150 ? "...\n" : "");
    else
        puts("(hung up)");
    close(fd);
}

static int garbage(const char *path)
{
    static const char *const lines[] = {
        "hello\n",
        "\n",
        "{}\n",
        "[]\n",
        "{\"sluice\":1}\n",
        "{\"sluice\":2,\"verb\":\"status\"}\n",
        "{\"sluice\":1,\"verb\":\"destroy\"}\n",
        "{\"sluice\":1,\"verb\":\"status\",\"more\":1}\n",
        "{\"sluice\":1,\"verb\":\"tap\"}\n",
        "{\"sluice\":1,\"verb\":\"pause\",\"graph\":\"no-such\"}\n",
        "{\"sluice\":1,\"verb\":\"status\",\"graph\":{\"a\":[[[[[[[[[[1]]]]]]]]]]}}\n"};
    static char large[200000];
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        tell_and_hear(path, lines[i], strlen(lines[i]));
    uint32_t state = 4711;
    for (size_t i = 0; i < sizeof large; i++) {
        state = state * 1664525u + 1013904223u;
        large[i] = (char)(state >> 24);
    }
    large[100] = '\n';
    tell_and_hear(path, large, 101);
    memset(large, 'x', sizeof large);
    tell_and_hear(path, large, sizeof large); /* a line without an end */
    memset(large, '[', 65535);
    large[65535] = '\n';
    tell_and_hear(path, large, 65536); /* the longest line there may be */
    return 0;
}

static int deaf(const char *path, const char *line)
{
    int fd = join(path);
    size_t size = strlen(line), sent = 0, put;
    struct pollfd ready = {.fd = fd, .events = POLLOUT};
    for (;;) {
        if (poll(&ready, 1, PATIENCE) != 1)
            give_up("the daemon waits for a client that is deaf");
        if (ready.revents & (POLLHUP | POLLERR))
            break;
        put = say(fd, line, size);
        sent += put;
        if (put < size || say(fd, "\n", 1) < 1)
            break;
    }
    fprintf(stderr, "hung up on after %zu bytes\n", sent);
    close(fd);
    return 0;
}

static int say_all(const char *path, int32_t listens)
{
    static char text[1 << 16], line[1 << 17];
    size_t size = fread(text, 1, sizeof text, stdin);
    int fd = join(path), wanted = 0;
    for (size_t i = 0; i < size; i++)
        wanted += text[i] == '\n';
    say(fd, text, size);
    while (listens && wanted > 0 && hear(fd, line, sizeof line) > 0) {
        fputs(line, stdout);
        wanted -= strncmp(line, "{\"ok\":", 6) == 0;
    }
    close(fd);
    return listens && wanted > 0;
}

static _Noreturn void receive(const char *path, const char *to)
{
    struct sockaddr_un address = place(path);
    char text[4097];
    FILE *file = fopen(to, "a");
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (!file || fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
        give_up("cannot bind");
    fputs("bound\n", file);
    fflush(file);
    for (;;) {
        ssize_t got = recv(fd, text, sizeof text - 1, 0);
        if (got < 0 && errno != EINTR)
            give_up("cannot receive");
        if (got <= 0)
            continue;
        text[got] = '\0';
        for (char *at = text; *at; at++)
            if (*at == '\n')
                *at = ' ';
        fprintf(file, "%s\n", text);
        fflush(file);
    }
}

int main(int count, char **words)
{
    const char *verb = count > 2 ? words[1] : "";
    signal(SIGPIPE, SIG_IGN);
    if (strcmp(verb, "hangup") == 0 && count == 4)
        return hangup(words[2], strtol(words[3], NULL, 10));
    if (strcmp(verb, "crowd") == 0 && count == 4)
        return crowd(words[2], strtol(words[3], NULL, 10));
    if (strcmp(verb, "garbage") == 0)
        return garbage(words[2]);
    if (strcmp(verb, "deaf") == 0 && count == 4)
        return deaf(words[2], words[3]);
    if (strcmp(verb, "say") == 0)
        return say_all(words[2], 1);
    if (strcmp(verb, "shout") == 0)
        return say_all(words[2], 0);
    if (strcmp(verb, "receive") == 0 && count == 4)
        receive(words[2], words[3]);
    fputs("usage: rude hangup|crowd|garbage|deaf|say|shout|receive SOCKET ...\n", stderr);
    return 64;
}
