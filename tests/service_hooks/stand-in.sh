#!/bin/sh
# A stand-in for the daemon: it leaves the status files that a real one left, with this boot and this run.

status=/var/lib/netdata/status-netdata.json
run=$(tr -d - </proc/sys/kernel/random/uuid)
boot=$(tr -d - </proc/sys/kernel/random/boot_id)

leave() {
    sed "s/@RUN@/$run/; s/@BOOT@/$boot/; s/\"pid\":[0-9]*/\"pid\":$$/" "/stand-in/$1.json" >$status.new &&
        mv -f $status.new $status
}

# As one that writes its last words and dies of the signal.
trap 'leave stopped; exit 0' TERM
trap 'leave segv; trap - SEGV; kill -SEGV $$' SEGV
# Takes memory until somebody objects.
all=x
trap 'while :; do all=$all$all; done' USR1

# The file of a running daemon, which is also that of one that was killed.
leave killed
[ ! -e /stand-in/fails ] || {
    leave fatal
    exit 1
}
while :; do
    sleep 60 &
    wait $!
done
