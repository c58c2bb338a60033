#!/usr/bin/env bash
# boot.sh - the Debian package under a systemd that runs: a small Debian is booted in QEMU without a
# network, and boot/probe.sh goes through the operating page and the unit's promises in it.
#
#     boot.sh PACKAGE.deb CACHE-DIRECTORY
#
# The first run makes the machine's disk, from the Debian mirror that apt is configured with, and
# keeps it in CACHE-DIRECTORY; it is made anew when the packages that are wanted change. A run boots
# it as a snapshot. What the probe says, in TAP, is what this says; what the machine said is in
# CACHE-DIRECTORY/console.
set -u
deb=$(realpath -- "$1")
mkdir -p "$2" || exit 1
cache=$(realpath -- "$2")
repository=$(cd "$(dirname "$0")/.." && pwd)
limit=${SLUICE_BOOT_LIMIT:-1800} # seconds from the start of the machine to its end
die() { printf '%s\n' "boot.sh: $1" ${2:+"hint: $2"} >&2; exit 1; }

[ "$(id -u)" = 0 ] || die "a root file system can only be made by root" "sudo make boot"
missing=
for tool in qemu-system-x86_64:qemu-system-x86 debootstrap:debootstrap mke2fs:e2fsprogs cc:gcc; do
    command -v "${tool%:*}" >/dev/null || missing="$missing ${tool#*:}"
done
[ -z "$missing" ] || die "not installed:$missing" "apt-get install --no-install-recommends$missing"

# ---- The disk -------------------------------------------------------------------------------

# In the machine: what boots, what the probe asks with, and all that the package needs, since it is
# installed there without a network.
packages="systemd systemd-sysv linux-image-cloud-amd64 initramfs-tools curl sqlite3 procps acl"
depends=$(dpkg-deb -f "$deb" Depends | sed 's/ *([^)]*)//g; s/ *|[^,]*//g; s/,/ /g')
suite=bookworm

# The probe arrives on a second disk as a tar, so that the first one need not be made for it. It
# speaks on the second serial port; the first one is the kernel's and systemd's.
make_root() { # make_root DIRECTORY
    mirror=$(apt-get indextargets --format '$(ORIGIN) $(RELEASE) $(COMPONENT) $(SITE)' 'Created-By: Packages' |
        sed -n "s/^Debian $suite main //p" | head -n 1)
    [ -n "$mirror" ] || die "apt has no source of Debian's $suite" "the machine is made of this machine's own sources"
    debootstrap --variant=minbase "$suite" "$1" "$mirror" || return 1
    DEBIAN_FRONTEND=noninteractive chroot "$1" apt-get install -q -y --no-install-recommends $packages $depends ||
        return 1
    cp -L "$1/vmlinuz" "$1/initrd.img" "$cache" || return 1
    chroot "$1" apt-get clean
    rm -rf "$1"/var/lib/apt/lists/* "$1"/boot/* "$1"/etc/resolv.conf
    echo sluice-boot >"$1/etc/hostname"
    echo '/dev/vda / ext4 defaults 0 1' >"$1/etc/fstab"
    mkdir -p "$1/etc/systemd/system/multi-user.target.wants" "$1/var/log/journal"
    cat >"$1/etc/systemd/system/probe.service" <<'END'
[Unit]
Description=Probe
After=multi-user.target
SuccessAction=poweroff-force
FailureAction=poweroff-force
[Service]
Type=oneshot
WorkingDirectory=/root
ExecStart=/bin/sh -c 'tar -x -f /dev/vdb -C /root && exec bash /root/probe.sh'
StandardOutput=file:/dev/ttyS1
StandardError=journal+console
END
    ln -s ../probe.service "$1/etc/systemd/system/multi-user.target.wants/"
    for unit in serial-getty@ttyS0 getty@tty1 apt-daily.timer apt-daily-upgrade.timer fstrim.timer e2scrub_all.timer; do
        case $unit in *.timer) ;; *) unit=$unit.service ;; esac
        ln -sf /dev/null "$1/etc/systemd/system/$unit"
    done
}

made=$({ echo "$packages $depends"; sed -n '/^make_root/,/^}/p' "$0"; } | sha256sum | cut -c -64)
if [ "$(cat "$cache/made" 2>/dev/null)" != "$made" ]; then
    echo "# making the machine, once: $cache/disk"
    rm -rf "$cache/root" "$cache/made"
    make_root "$cache/root" >"$cache/log" 2>&1 || { tail -n 20 "$cache/log"; die "the machine cannot be made: $cache/log"; }
    rm -f "$cache/disk"
    mke2fs -q -t ext4 -d "$cache/root" "$cache/disk" 2G || exit 1
    rm -rf "$cache/root"
    echo "$made" >"$cache/made"
fi

# ---- What is brought to it ------------------------------------------------------------------

load=$(mktemp -d)
trap 'rm -rf "$load"' EXIT
mkdir -p "$load/root/build/deb"
cp "$deb" "$load/root/build/deb/"
cp "$repository/docs/operating.md" "$repository"/tests/boot/*.sh "$repository/tests/daemon/rows.sh" "$load/root"
dpkg-deb -x "$deb" "$load/package" || exit 1
cc -std=c17 -D_GNU_SOURCE -shared -fPIC -fvisibility=hidden -O2 -Wall -Wextra -I"$load/package/usr/include" \
    -o "$load/root/sandbox.so" "$repository/tests/boot/sandbox.c" || exit 1
tar -c -f "$load/tar" -C "$load/root" .

# ---- The run --------------------------------------------------------------------------------

timeout "$limit" qemu-system-x86_64 -machine q35,accel=tcg,usb=off -cpu qemu64 -smp 2 -m 1024 -nodefaults -nographic \
    -no-reboot -kernel "$cache/vmlinuz" -initrd "$cache/initrd.img" \
    -append 'root=/dev/vda ro console=ttyS0 systemd.show_status=true panic=-1 mitigations=off' \
    -drive "file=$cache/disk,format=raw,if=virtio,snapshot=on" \
    -drive "file=$load/tar,format=raw,if=virtio,readonly=on" \
    -serial "file:$cache/console" -serial stdio </dev/null | sed -u 's/\r$//' | tee "$cache/tap"
code=${PIPESTATUS[0]}
[ "$code" = 124 ] && die "the machine was still running after $limit seconds: $cache/console"
[ "$code" = 0 ] || die "qemu ended with $code: $cache/console"

planned=$(sed -n 's/^1\.\.\([0-9]*\)$/\1/p' "$cache/tap")
count=$(grep -c -E '^(not )?ok [0-9]+ - ' "$cache/tap")
[ -n "$planned" ] || die "the probe did not come to its end: $cache/console"
[ "$planned" = "$count" ] || die "$count of $planned checks were made"
bad=$(grep -c '^not ok' "$cache/tap")
echo "# $((count - bad)) of $count checks are right"
[ "$bad" = 0 ]
