#!/usr/bin/env bash
# deb.sh - the Debian package: lintian has nothing to say, packing twice gives the same bytes, no
# directory of this machine is in it, and an installation into a root of its own has every file with
# its mode and owner, makes the user, and keeps what is the administrator's when it is purged.
#
#     deb.sh REPOSITORY BUILD-DIRECTORY     builds the preset deb there when it has not been
set -u
repository=$(realpath "$1") build=$(realpath -m "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
problem() { echo "$*"; failed=1; }

cd "$repository" || exit 1
cmake --preset deb -B "$build" >"$work/log" && cmake --build "$build" -j 2 --target sluice >>"$work/log" ||
    { tail -30 "$work/log"; exit 1; }

# The same bytes on another day, in another time zone, under another umask.
export SOURCE_DATE_EPOCH=1790000000
mkdir "$work/first" "$work/second"
packaging/deb/pack.sh "$build" "$work/first" >/dev/null || exit 1
find "$build" -maxdepth 1 -name '*.service' -exec touch -d '2001-02-03' {} +
(umask 077 && TZ=Asia/Tokyo LC_ALL=C packaging/deb/pack.sh "$build" "$work/second") >/dev/null || exit 1
deb=$(echo "$work"/first/sluice_*.deb)
cmp "$deb" "$work"/second/sluice_*.deb || problem "packed twice, the package is another one"

lintian --fail-on error,warning "$deb" 2>/dev/null || problem "lintian has something to say"

root=$work/root
dpkg-deb -R "$deb" "$work/tree" || exit 1
grep -rlF -e "$repository" -e "$build" "$work/tree" && problem "it names a directory of this machine"
for script in postinst prerm postrm; do
    sh -n "$work/tree/DEBIAN/$script" || problem "$script is no shell script"
done
dpkg-deb -c "$deb" | awk '$2 != "root/root" || $1 ~ /^-[rwx]*[sStT]|^.....w|^........w/ { print; bad = 1 } END { exit bad }' ||
    problem "owners or modes are wrong"
while read -r wanted; do
    [ -e "$work/tree/${wanted#/}" ] || problem "it has no $wanted"
done <<'END'
/usr/bin/sluice
/usr/include/sluice/stage.h
/usr/lib/systemd/system/sluice.service
/usr/lib/systemd/system/sluice@.service
/usr/lib/systemd/system/sluice.socket
/usr/lib/systemd/system/sluice-metrics.socket
/usr/lib/sysusers.d/sluice.conf
/usr/lib/tmpfiles.d/sluice.conf
/usr/share/man/man1/sluice.1.gz
/usr/share/man/man5/sluice-graph.5.gz
/usr/share/man/man8/sluice.service.8.gz
/usr/share/bash-completion/completions/sluice
/usr/share/zsh/vendor-completions/_sluice
/usr/share/fish/vendor_completions.d/sluice.fish
/usr/share/doc/sluice/copyright
/usr/share/doc/sluice/changelog.Debian.gz
/usr/share/doc/sluice/operating.md
/usr/share/doc/sluice/examples/paid-orders.yaml
/etc/sluice/environment
END
grep -qx /etc/sluice/environment "$work/tree/DEBIAN/conffiles" || problem "the environment is no conffile"
grep -q '^Depends: .*libsqlite3-0 .*libuv1 ' "$work/tree/DEBIAN/control" || problem "libraries are not among Depends"
abi=$(PKG_CONFIG_PATH=$(dirname "$(find "$work/tree" -name sluice.pc)") pkg-config --variable=abi sluice)
"$work/tree/usr/bin/sluice" version | grep -qx "stage ABI $abi" || problem "sluice.pc says ABI '$abi'"

# Installed, upgraded, removed and purged, in a root that has nothing but a package database. The
# scripts see $DPKG_ROOT, and touch nothing outside of it.
if [ "$(id -u)" = 0 ]; then
    mkdir -p "$root"/var/lib/dpkg/{info,updates,triggers} "$root/etc" "$root/tmp"
    : >"$root/var/lib/dpkg/status"
    run() {
        dpkg --root="$root" --force-script-chrootless --force-depends --force-not-root --log=/dev/null "$@" \
            >"$work/log" 2>&1 || { problem "dpkg $*"; cat "$work/log"; }
    }
    run --install "$deb"
    grep -q '^sluice:' "$root/etc/passwd" || problem "no user sluice was made"
    id=$(awk -F: '$1 == "sluice" { print $3 ":" $4 }' "$root/etc/passwd")
    [ "$(stat -c '%a %u:%g' "$root/var/lib/sluice")" = "750 $id" ] || problem "/var/lib/sluice is wrong"
    [ "$(stat -c '%a %u:%g' "$root/etc/sluice/graphs.d")" = "755 0:0" ] || problem "graphs.d is wrong"
    [ -d "$root/etc/systemd/system/sluice.service.d" ] || problem "no directory for a drop-in"
    [ -L "$root/etc/systemd/system/multi-user.target.wants/sluice.service" ] || problem "the service is not enabled"
    [ -e "$root/etc/systemd/system/sockets.target.wants/sluice.socket" ] && problem "the socket is enabled"
    echo 'SLUICE_OPTIONS=--metrics 127.0.0.1:9464' >"$root/etc/sluice/environment"
    echo 'stages: []' >"$root/etc/sluice/graphs.d/mine.yaml"
    rm "$root/etc/systemd/system/multi-user.target.wants/sluice.service"
    run --force-confdef --force-confold --install "$deb"
    grep -q metrics "$root/etc/sluice/environment" || problem "an upgrade changed the environment"
    [ -e "$root/etc/systemd/system/multi-user.target.wants/sluice.service" ] &&
        problem "an upgrade enabled what the administrator disabled"
    run --remove sluice
    [ -e "$root/usr/bin/sluice" ] && problem "the command stayed"
    [ -e "$root/etc/sluice/environment" ] || problem "a removal took the environment"
    run --purge sluice
    [ -e "$root/etc/sluice/environment" ] && problem "the environment stayed"
    [ -e "$root/etc/sluice/graphs.d/mine.yaml" ] || problem "a graph of the administrator was taken"
    [ -e "$root/var/lib/sluice" ] && problem "an empty state directory stayed"
fi
exit $failed
