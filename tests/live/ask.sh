#!/bin/sh
# Runs in each environment of the live matrix, in the folder of the static programs. An answer is between the lines
# `@@ question` and `@= exit status`. `$1` is `slow` if there is time for facter.
here=${0%/*}
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin LC_ALL=C
export NETDATA_VERSION=v1.37.1 NETDATA_REGISTRY_UNIQUE_ID=5d2f0a5c-5c4e-4a53-9d1b-6f2f5d3a7c10

ask() {
    printf '\n@@ %s\n' "$1"
    shift
    "$@" 2>&1
    printf '\n@= %s\n' "$?"
}

# Without standard error, which has the destination or the reason for silence.
ask_for_event() {
    printf '\n@@ event %s\n' "$1"
    shift
    "$@" "$here/anonymous-statistics" --dry-run START - - null 2>/dev/null
    printf '\n@= %s\n' "$?"
}

# Both questions, asked as WHO by the command in the remaining arguments.
as() {
    who=$1
    shift
    ask "facts $who" "$@" "$here/system-info" --json
    ask_for_event "$who" "$@"
}

# With its full path: the guest's shell has a smaller applet of that name.
user="/usr/bin/setpriv --reuid 4711 --regid 4711 --clear-groups"
# proc(5): with hidepid=2 a user sees no process of others. Exit status 9: it had no effect.
hidden="mount -t proc -o hidepid=2 proc /proc || exit 9; $user test -e /proc/1 && exit 9; exec $user \"\$@\""

as caller
as nobody /usr/bin/setpriv --reuid 65534 --regid 65534 --clear-groups
# shellcheck disable=SC2086  # it is a command and its options
as user $user
as blind /usr/bin/unshare --mount --propagation unchanged sh -c "$hidden" sh
as service /usr/bin/unshare --mount --propagation unchanged --uts --ipc --net --user

ask privileged "$here/system-info" --json --privileged
ask detect-vm systemd-detect-virt --vm
ask detect-container systemd-detect-virt --container
ask virt-what virt-what
if [ "$1" = slow ]; then
    ask facter facter virtual
fi
