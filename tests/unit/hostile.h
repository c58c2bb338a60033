/*
 * hostile.h - requests that pages, scanners and attackers send, and the answers they may get.
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <stddef.h>

typedef struct hostile {
    const char *name;
    const char *bytes;
    size_t size;
    int statuses[4]; /* any of them; 0: closed without an answer */
} hostile;

#define H "Host: localhost\r\n"
#define GET "GET /metrics HTTP/1.1\r\n"
#define ONE(name, bytes, ...)                                                                      \
    {                                                                                              \
        name, bytes, sizeof(bytes) - 1,                                                            \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

static const hostile hostiles[] = {
    ONE("rebound name", GET "Host: evil.example\r\n\r\n", 421, 421, 421, 421),
    ONE("rebound name, port", GET "Host: evil.example:9187\r\n\r\n", 421, 421, 421, 421),
    ONE("name in front", GET "Host: localhost.evil.example\r\n\r\n", 421, 421, 421, 421),
    ONE("address in front", GET "Host: 127.0.0.1.evil.example\r\n\r\n", 421, 421, 421, 421),
    ONE("port that is a name", GET "Host: evil.example:localhost\r\n\r\n", 421, 421, 421, 421),
    ONE("port too long", GET "Host: localhost:999999\r\n\r\n", 421, 421, 421, 421),
    ONE("port missing", GET "Host: 127.0.0.1:\r\n\r\n", 421, 421, 421, 421),
    ONE("trailing dot", GET "Host: localhost.\r\n\r\n", 421, 421, 421, 421),
    ONE("number", GET "Host: 2130706433\r\n\r\n", 421, 421, 421, 421),
    ONE("everywhere", GET "Host: 0.0.0.0\r\n\r\n", 421, 421, 421, 421),
    ONE("cloud's metadata", GET "Host: 169.254.169.254\r\n\r\n", 421, 421, 421, 421),
    ONE("user in Host", GET "Host: evil.example@localhost\r\n\r\n", 421, 421, 421, 421),
    ONE("two in Host", GET "Host: localhost, evil.example\r\n\r\n", 421, 421, 421, 421),
    ONE("empty Host", GET "Host:\r\n\r\n", 421, 400, 421, 400),
    ONE("no Host", GET "\r\n", 400, 400, 400, 400),
    ONE("no Host in 1.0", "GET /metrics HTTP/1.0\r\n\r\n", 400, 400, 400, 400),
    ONE("Host twice", GET H "Host: evil.example\r\n\r\n", 400, 400, 400, 400),
    ONE("Host twice, ours last", GET "Host: evil.example\r\n" H "\r\n", 400, 400, 400, 400),
    ONE("cross origin", GET H "Origin: https://evil.example\r\n\r\n", 403, 403, 403, 403),
    ONE("no origin's", GET H "Origin: null\r\n\r\n", 403, 403, 403, 403),
    ONE("other port's", GET H "Origin: http://localhost:3000\r\n\r\n", 403, 403, 403, 403),
    ONE("cross site", GET H "Sec-Fetch-Site: cross-site\r\n\r\n", 403, 403, 403, 403),
    ONE("same site", GET H "Sec-Fetch-Site: same-site\r\n\r\n", 403, 403, 403, 403),
    ONE("no known site", GET H "Sec-Fetch-Site: none, none\r\n\r\n", 403, 403, 403, 403),
    ONE("form of a page",
        "POST /metrics HTTP/1.1\r\n" H "Origin: http://evil\r\nContent-Type: "
        "application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\r\nverb=stop",
        403, 403, 403, 403),
    ONE("form without origin",
        "POST /metrics HTTP/1.1\r\n" H "Content-Type: text/plain\r\nContent-Length: 9\r\n\r\n"
        "verb=stop",
        405, 405, 405, 405),
    ONE("POST without a body", "POST /livez HTTP/1.1\r\n" H "\r\n", 405, 405, 405, 405),
    ONE("PUT", "PUT /metrics HTTP/1.1\r\n" H "Content-Length: 1\r\n\r\nx", 405, 405, 405, 405),
    ONE("DELETE", "DELETE /metrics HTTP/1.1\r\n" H "\r\n", 405, 405, 405, 405),
    ONE("preflight",
        "OPTIONS /metrics HTTP/1.1\r\n" H "Access-Control-Request-Method: POST\r\n\r\n", 405, 405,
        405, 405),
    ONE("TRACE", "TRACE /metrics HTTP/1.1\r\n" H "\r\n", 405, 405, 405, 405),
    ONE("CONNECT", "CONNECT evil.example:25 HTTP/1.1\r\n" H "\r\n", 400, 400, 400, 400),
    ONE("OPTIONS *", "OPTIONS * HTTP/1.1\r\n" H "\r\n", 400, 400, 400, 400),
    ONE("small letters", "get /metrics HTTP/1.1\r\n" H "\r\n", 405, 405, 405, 405),
    ONE("no method of any", "G\001T /metrics HTTP/1.1\r\n" H "\r\n", 405, 400, 0, 0),
    ONE("up and out", "GET /../../etc/passwd HTTP/1.1\r\n" H "\r\n", 404, 404, 404, 404),
    ONE("up and back", "GET /x/../metrics HTTP/1.1\r\n" H "\r\n", 404, 404, 404, 404),
    ONE("up, encoded", "GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n" H "\r\n", 404, 404, 404, 404),
    ONE("path, encoded", "GET /%6detrics HTTP/1.1\r\n" H "\r\n", 404, 404, 404, 404),
    ONE("zero, encoded", "GET /metrics%00 HTTP/1.1\r\n" H "\r\n", 404, 404, 404, 404),
    ONE("two slashes", "GET //metrics HTTP/1.1\r\n" H "\r\n", 404, 404, 404, 404),
    ONE("slash behind", "GET /metrics/ HTTP/1.1\r\n" H "\r\n", 404, 404, 404, 404),
    ONE("query", "GET /metrics?verb=stop HTTP/1.1\r\n" H "\r\n", 404, 404, 404, 404),
    ONE("capitals", "GET /METRICS HTTP/1.1\r\n" H "\r\n", 404, 404, 404, 404),
    ONE("whole address", "GET http://evil.example/metrics HTTP/1.1\r\n" H "\r\n", 400, 400, 400,
        400),
    ONE("whole address of ours", "GET http://localhost/metrics HTTP/1.1\r\n" H "\r\n", 400, 400,
        400, 400),
    ONE("no slash", "GET metrics HTTP/1.1\r\n" H "\r\n", 400, 400, 400, 400),
    ONE("length and chunks",
        GET H "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" GET H "\r\n", 400,
        400, 400, 400),
    ONE("chunks", GET H "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 400, 400, 400,
        400),
    ONE("chunks of a kind", GET H "Transfer-Encoding: xchunked\r\n\r\n", 400, 400, 400, 400),
    ONE("blank before the colon", GET H "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400, 400,
        400, 400),
    ONE("body", GET H "Content-Length: 5\r\n\r\nhello", 400, 400, 400, 400),
    ONE("two lengths", GET H "Content-Length: 0\r\nContent-Length: 5\r\n\r\nhello", 400, 400, 400,
        400),
    ONE("negative length", GET H "Content-Length: -1\r\n\r\n", 400, 400, 400, 400),
    ONE("length with a sign", GET H "Content-Length: +5\r\n\r\nhello", 400, 400, 400, 400),
    ONE("length of its own", GET H "Content-Length: 99999999999999999999999\r\n\r\n", 400, 413, 400,
        413),
    ONE("body to be awaited", GET H "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n", 400, 400,
        400, 400),
    ONE("no colon", GET H "nonsense\r\n\r\n", 400, 0, 400, 0),
    ONE("no name", GET H ": nameless\r\n\r\n", 400, 0, 400, 0),
    ONE("blank in a name", GET H "X Y: z\r\n\r\n", 400, 0, 400, 0),
    ONE("first header folded", GET " Host: localhost\r\n\r\n", 400, 400, 0, 0),
    ONE("zero in the target", "GET /metrics\0x HTTP/1.1\r\n" H "\r\n", 400, 404, 505, 0),
    ONE("zero in a name", GET H "X\0Y: z\r\n\r\n", 400, 0, 400, 0),
    ONE("zero in a value", GET H "X: y\0z\r\n\r\n", 400, 0, 400, 0),
    ONE("zero in Host", GET "Host: localhost\0.evil.example\r\n\r\n", 400, 421, 0, 0),
    ONE("control in a value", GET H "X: \033[2J\r\n\r\n", 400, 400, 400, 400),
    ONE("HTTP/0.9", "GET /metrics\r\n\r\n", 400, 505, 0, 0),
    ONE("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, 505, 0, 0),
    ONE("HTTP/9.9", "GET /metrics HTTP/9.9\r\n" H "\r\n", 400, 505, 0, 0),
    ONE("no version", "GET /metrics HTTP/\r\n" H "\r\n", 400, 505, 0, 0),
    ONE("version in small letters", "GET /metrics http/1.1\r\n" H "\r\n", 400, 505, 0, 0),
    ONE("blanks in the target", "GET /metrics /livez HTTP/1.1\r\n" H "\r\n", 400, 404, 505, 0),
    ONE("TLS", "\026\003\001\002\000\001\000\001\374\003\003abcdefgh\r\n\r\n", 400, 405, 505, 0),
    ONE("only ends of lines", "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n", 0, 400, 0, 400),
    ONE("only blanks", "   \r\n\r\n", 400, 0, 400, 405),
};

#endif
