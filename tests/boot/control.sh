# control.sh - who may ask the service, and who may change it.

useradd ada
useradd bob
check "the page's command makes ada a member" usermod --append --groups sluice ada
same "the control socket is the group's" "660 sluice sluice" "$(stat -c '%a %U %G' /run/sluice/control.sock)"
as() { # as USER COMMAND...
    runuser -u "$1" -- "${@:2}"
}
answers() { # answers CODE COMMAND...: it ends with this exit code
    local said code
    said=$("${@:2}" 2>&1)
    code=$?
    [ "$code" = "$1" ] || { echo "exit code $code, not $1: $said"; return 1; }
}
check "a member of the group may look" answers 0 as ada sluice status events
check "a member of the group may look at all graphs" answers 0 as ada sluice status
check "a member of the group may not pause" answers 77 as ada sluice pause events
check "others may not look" answers 77 as bob sluice status events
check "the user of the service may pause" answers 0 as sluice sluice pause events
check "root may resume" answers 0 sluice resume events
mark
check "root may pause" answers 0 sluice pause events
check "the journal says who" said 'user 0 says: pause events'
check "root may resume again" answers 0 sluice resume events
