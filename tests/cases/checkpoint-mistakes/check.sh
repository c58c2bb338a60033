try() { # try CODE MESSAGE HINT WORDS ...
    local wanted=$1 message=$2 hint=$3 code=0
    shift 3
    "$SLUICE" checkpoint "$@" >out 2>said || code=$?
    [ "$code" = "$wanted" ] && grep -Fx -e "$message" said && grep -F -e "hint: $hint" said || {
        echo "checkpoint $*: $code"
        cat said
        exit 1
    }
}
position='{"file":"in.csv","byte":3,"line":2,"row":0}'
# Nothing is there, and nothing is made by looking.
[ ! -e out.db ]
[ ! -e "$XDG_STATE_HOME" ]
for words in "show graph.yaml sqlite" "rewind graph.yaml sqlite" "drop graph.yaml sqlite"; do
    try 66 "exporter 'sqlite' has no checkpoint" "\`sluice checkpoint ls\` shows" $words
done
try 66 "graph 'orders' has no checkpoint" "\`sluice checkpoint ls\` shows" rewind graph.yaml
[ "$("$SLUICE" checkpoint show graph.yaml)" = '{"sqlite":null,"shown":null}' ]
try 66 "stage 'sqlite': there is no database 'out.db' yet" "make the database first" \
    set graph.yaml csv "$position"
"$SLUICE" run -q graph.yaml >/dev/null
before=$("$SLUICE" checkpoint show graph.yaml)
try 64 "graph 'orders' has no exporter 'sqlit'" "did you mean 'sqlite'?" rewind graph.yaml sqlit
try 64 "graph 'orders' has no exporter 'csv'" "\`sluice graph\` shows" drop graph.yaml csv
try 64 "graph 'orders' has no reader 'cvs'" "did you mean 'csv'?" set graph.yaml cvs "$position"
try 64 "graph 'orders' has no reader 'where'" "\`sluice graph\`" set graph.yaml where "$position"
try 64 "the position '{\"byte\":3' is no JSON object: the object is not closed" 'a position is what' \
    set graph.yaml csv '{"byte":3'
try 64 "the position '7' is no JSON object: a number" 'a position is what' set graph.yaml csv 7
try 64 "a reader and its position are missing" "sluice checkpoint set" set graph.yaml csv
try 64 "sluice checkpoint does not know 'rewnd'" "did you mean 'rewind'?" rewnd graph.yaml
try 64 "one word too many: 'sqlite'" "sluice checkpoint --help" ls graph.yaml sqlite
try 66 "exporter 'shown' has no checkpoint" "\`sluice checkpoint ls\`" drop graph.yaml shown
[ "$("$SLUICE" checkpoint show graph.yaml)" = "$before" ]
# A database that is there and has none yet: a position may be given to it.
"$SLUICE" checkpoint drop -q graph.yaml
printf '2\n' >>in.csv
"$SLUICE" checkpoint set -q graph.yaml csv '{"file":"in.csv","byte":5}'
"$SLUICE" run -q graph.yaml >/dev/null
[ "$(sqlite3 out.db 'SELECT group_concat(id) FROM t')" = 1,2 ]
