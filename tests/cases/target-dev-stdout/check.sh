test -c /dev/null
test -e /dev/stdout
