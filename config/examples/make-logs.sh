#!/bin/sh
# make-logs.sh - makes the Apache logs of the examples, always the same ones.
#
#     make-logs.sh DIRECTORY [LINES]        LINES in all, 20,000 by default
#
# Three files access-1.log.gz to access-3.log.gz in Combined Log Format; each has two gzip
# members, as a rotated log has that was compressed in parts. About one line in 400 is malformed.
# Needs only awk and gzip. The numbers come from a small generator of its own (Park and Miller's
# "minimal standard"), so that every awk makes the same lines.
set -eu
directory=${1:?usage: make-logs.sh DIRECTORY [LINES]}
lines=${2:-20000}
mkdir -p "$directory"

part() { # part FILE-NUMBER MEMBER LINES
    LC_ALL=C awk -v seed="$((1000 * $1 + $2))" -v lines="$3" -v day="$1" -v half="$2" '
    function random(below) { state = (state * 16807) % 2147483647; return state % below }
    function pick(list, n) { return list[1 + random(n)] }
    BEGIN {
        state = seed * 7919 + 17
        for (i = 0; i < 20; i++) random(2)
        np = split("/ /index.html /login /api/orders /api/orders/17 /api/cart /search /static/app.js /static/site.css /images/logo.png /checkout /api/v2/users", path, " ")
        na = split("curl/7.88.1|Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0|Mozilla/5.0 (Windows NT 10.0; Win64; x64) \\\"quoted\\\" Safari/537.36|-", agent, "|")
        nr = split("-|https://example.com/|https://example.com/search?q=a+b", referer, "|")
        nb = split("not a log line|192.0.2.7 - - [broken|::1 - - [01/May/2024:10:00:00 +0000] GET / 200 5|\"|10.0.0.1 - - [99/Foo/2024:99:99:99 +0000] \"GET / HTTP/1.1\" abc 12 \"-\" \"-\"", bad, "|")
        for (i = 0; i < lines; i++) {
            second = int(i * 43200 / lines)
            if (random(400) == 0) { print pick(bad, nb); continue }
            host = random(12) == 0 ? sprintf("2001:db8::%x", random(4096)) : "198.51.100." (1 + random(250))
            user = random(20) == 0 ? "frank" : "-"
            p = pick(path, np)
            if (random(9) == 0) p = p "?page=" random(40)
            r = random(1000)
            status = r < 850 ? 200 : r < 900 ? 304 : r < 950 ? 404 : r < 960 ? 403 : r < 980 ? 500 : r < 992 ? 502 : 503
            if (p == "/checkout" && random(5) == 0) status = 504
            bytes = status == 304 ? "-" : 120 + random(50000)
            method = random(6) == 0 ? "POST" : "GET"
            printf "%s - %s [%02d/May/2024:%02d:%02d:%02d +0000] \"%s %s HTTP/1.1\" %d %s \"%s\" \"%s\"\n", \
                host, user, day, (half - 1) * 12 + int(second / 3600), int(second / 60) % 60, second % 60, \
                method, p, status, bytes, pick(referer, nr), pick(agent, na)
        }
    }'
}

each=$((lines / 6))
for file in 1 2 3; do
    {
        part $file 1 $each | gzip -n -9
        part $file 2 $each | gzip -n -9
    } >"$directory/access-$file.log.gz"
done
