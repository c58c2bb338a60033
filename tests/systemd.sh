#!/usr/bin/env bash
# systemd.sh - the units as they are installed: systemd reads every line of them, the services are
# shut in, the user and the directories can be made, and the commands know their options.
#
#     systemd.sh SLUICE BUILD-DIRECTORY
set -u
sluice=$1 build=$2
most=11 # tenths of exposure, as `systemd-analyze security --threshold` counts

systemd-analyze --version >/dev/null || { echo "systemd-analyze does not run here"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
problem() { echo "$*"; failed=1; }

# A root of its own: the installed files, and the targets that they name.
root=$work/root
mkdir -p "$root/etc" "$root/usr/lib/systemd/system"
DESTDIR=$root cmake --install "$build" >/dev/null || exit 1
cp -a /lib/systemd/system/. "$root/usr/lib/systemd/system"
unit=$(dirname "$(find "$root" -name 'sluice@.service')")
[ -x "$(find "$root" -name sluice -path '*bin/*')" ] || problem "no binary is installed"

# What systemd does not understand it says, and exits with 0: nothing may be said.
verify() {
    said=$(systemd-analyze verify --root="$root" --man=no "$@" 2>&1) && [ -z "$said" ]
}
exposed() { # exposed UNIT: more than is allowed
    ! systemd-analyze security --offline=yes --threshold=$most "$1" >"$work/security" 2>&1
}
for name in sluice.service sluice@orders.service sluice.socket sluice-metrics.socket; do
    verify "$name" || problem "systemd-analyze verify $name: $said"
done
for name in sluice.service sluice@.service; do
    exposed "$unit/$name" && { problem "$name is exposed too much"; tail -1 "$work/security"; }
    tail -1 "$work/security"
done

# The checks find what is wrong.
mkdir "$work/bad"
sed '/^CapabilityBoundingSet/d' "$unit/sluice.service" >"$work/bad/sluice.service"
exposed "$work/bad/sluice.service" || problem "a service with capabilities was let through"
sed -i 's/^PrivateTmp=/PrivatTmp=/' "$unit/sluice@.service"
verify sluice@orders.service && problem "a misspelt key was let through"

# Every option of a unit's command is one of its verb.
verbs=$("$sluice" --help)
while read -r line; do
    set -- ${line#*/sluice }
    verb=$1
    grep -q "^  daemon " <<<"$verbs" || [ "$verb" = run ] || [ "$verb" = check ] || continue
    help=$("$sluice" "$verb" --help) || { problem "the units call 'sluice $verb'"; continue; }
    for word in "${@:2}"; do
        case $word in -*) grep -q -e " $word[ ,]" <<<"$help" || problem "sluice $verb has no $word" ;; esac
    done
done < <(grep -hE '^Exec(StartPre|Start|Reload)=' "$unit"/sluice.service "$unit"/sluice@.service)

# The user and the directories, made as an installation makes them.
if [ "$(id -u)" = 0 ]; then
    systemd-sysusers --root="$root" "$(find "$root" -path '*sysusers.d/sluice.conf')" || problem "systemd-sysusers failed"
    grep -q '^sluice:.*:/var/lib/sluice:/usr/sbin/nologin$' "$root/etc/passwd" || problem "no user sluice"
    grep -q '^sluice:' "$root/etc/group" || problem "no group sluice"
    systemd-tmpfiles --root="$root" --create "$(find "$root" -path '*tmpfiles.d/sluice.conf')" ||
        problem "systemd-tmpfiles failed"
    id=$(awk -F: '$1 == "sluice" { print $3 ":" $4 }' "$root/etc/passwd")
    for wanted in "750 $id var/lib/sluice" "750 $id run/sluice" "755 0:0 etc/sluice/graphs.d" \
        "700 0:0 etc/sluice/credentials"; do
        path=$root/${wanted##* }
        [ "$(stat -c '%a %u:%g' "$path") ${wanted##* }" = "$wanted" ] ||
            problem "$(stat -c '%a %u:%g %n' "$path"), not $wanted"
    done
fi
exit $failed
