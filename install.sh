#!/bin/sh
# Installs and uninstalls the three programs without a package manager; see `sh install.sh --help`.
#
# POSIX only: the shells and tools of Linux (with dash and busybox), macOS and FreeBSD have little more in common. About
# agents, their folders and consent, the telemetry-preview that is to be installed is asked: it opens no socket.
#
# Nothing stays half done. A journal names each file that will change, with the checksum that it will have. Then each new
# file is written beside its place, as .NAME.new, and at last all get their names; the old ones wait as .NAME.old. After a
# failure or a signal, settle undoes what the journal names; after a kill -9, the next run does.
#
# Lists are lines: words are split at line ends only.

set -euf
LC_ALL=C
export LC_ALL
unset CDPATH
umask 022
IFS='
'
nl=$IFS

programs='system-info
anonymous-statistics
telemetry-preview'
# The daemon calls these under the names of its own scripts, with .sh.
scripts='system-info
anonymous-statistics'
# Where each service manager reads a file of our own beside the service's: systemd.unit(5); openrc-run.sh(8), which reads
# rc.conf.d for every service; rc.conf(5), with a folder named after the service.
systemd=/etc/systemd/system/netdata.service.d/anonymous-statistics.conf
openrc=/etc/rc.conf.d/anonymous-statistics.conf
rc_d=/etc/rc.conf.d/netdata/anonymous-statistics

help() {
    cat <<'HELP'
Installs system-info, anonymous-statistics and telemetry-preview. Where a Netdata
agent is found, the first two also take the place of its scripts system-info.sh
and anonymous-statistics.sh; the originals are kept. The scripts of an agent that
belongs to dpkg or rpm are left to the packages of this project.

Usage: sh install.sh [OPTIONS]

  --prefix DIR         the programs go to DIR/bin, manual pages and completions
                       to DIR/share [default: /usr/local]
  --plugins-dir DIR    the agent's plugins folder [default: the one that is found]
  --config-dir DIR     the agent's config directory [default: those that are found]
  --from DIR           the built programs [default: beside install.sh, or in target/]
  --disable-telemetry  create the opt-out file before anything is installed
  --service-hooks      let the agent's service call anonymous-statistics at its
                       starts and ends; it sends only to a server of your own
                       (docs/service-hooks.md)
  --no-service-hooks   remove these hooks
  --lib-dir DIR        for the hooks: the agent's library directory [default: the
                       usual one that is found at each call]
  --uninstall          remove what was installed, and put the agent's scripts back
  --dry-run            say what would be done; change nothing, ask nothing
  --yes                replace the agent's scripts without asking
  --help               print this help

DISABLE_TELEMETRY or DO_NOT_TRACK, set to anything (0 and false too), is the same
as --disable-telemetry, and so is NETDATA_DISABLE_TELEMETRY, even set to nothing.
sudo does not pass them on; give it the option.

Exit status: 0 done; 1 not done, and what was begun is undone; 2 wrong usage.
HELP
}

say() { printf '%s\n' "$1"; }

# One line, without control bytes for the terminal.
complain() { printf 'install.sh: %s\n' "$(printf '%s' "$1" | tr '\001-\037\177' '?')" >&2; }

fail() {
    complain "$1"
    exit "${2:-1}"
}

wrong() { fail "$1; --help lists the options" 2; }

exists() { [ -e "$1" ] || [ -L "$1" ]; }

# ---- write access of others

# Sets mode, owner and group as ls prints them, without following a link.
look_at() {
    now=$(ls -ldn "$1") || fail "cannot look at $1"
    IFS=' ' read -r mode _ owner group _ <<LINE
$now
LINE
}

# Sets real: the path of a folder, which need not exist, without links. Nobody may be able to put a link there later: only
# root and the caller (who may be root by sudo) may have the right to rename anything in it or above it. In a sticky
# folder each name belongs to its owner, so one above may be world-writable. With a Linux access list, ls shows the list's
# mask as the group's permissions, and a plus sign.
guarded='' resolved=''
resolve() {
    [ "$1" != "$resolved" ] || return 0
    at=$1 missing='' resolved=''
    while ! exists "${at:-/}"; do
        missing=/${at##*/}$missing at=${at%/*}
    done
    at=$(cd "${at:-/}" 2>/dev/null && pwd -P) || fail "${at:-/} is no folder that can be looked into"
    if [ ! -w "$at" ]; then
        complain "cannot write in $at from this account; try again with sudo${variable:+ and$variable}"
        [ "$dry_run" ] || exit 1
    fi
    at=${at%/} above=${missing:+above}
    real=$at$missing
    while :; do
        case $above$guarded in
            above*"$nl$at$nl"*) break ;;
        esac
        look_at "$at/"
        who=''
        case $above$mode in
            aboved????????[tT]*) ;;
            *d???????w*) who='everybody' ;;
            *d????w*+) who='somebody in an access list' ;;
            *d????w*) [ "$group" = "$root_group" ] || is_group_of_owners || who="group $group" ;;
        esac
        case " $owners " in
            *" $owner "*) ;;
            *) who="account $owner" ;;
        esac
        [ -z "$who" ] || fail "$who can rename what is in ${at:-/} (see ls -ld), so nothing is changed in $real: take that right away first"
        guarded=$guarded$nl$at$nl
        [ "$at" ] || break
        at=${at%/*} above=above
    done
    resolved=$1
}

# Whether a group is known and has no members but the owners. macOS keeps its groups elsewhere; members of its admin
# group may become root.
is_group_of_owners() {
    case $(uname) in
        Darwin) say 'admin:*:80:' ;;
        *) cat /etc/group ;;
    esac | awk -F : -v group="$group" -v owners=" $owners " '
        function is_other(number) { return !index(owners, " " number " ") }
        FILENAME == "/etc/passwd" { id[$1] = $3; if ($4 == group && is_other($3)) others = 1 }
        FILENAME != "/etc/passwd" && $3 == group {
            known = 1
            for (i = split($4, members, ","); i > 0; i--) if (is_other(id[members[i]])) others = 1
        }
        END { exit !known || others }' /etc/passwd -
}

# ---- the record of what was installed, the plan and the journal: lines of KIND CHECKSUM SIZE PATH

plan='' folders='' left='' recorded='' begun='' foreign='' hooks='' manager=''

# Sets sum to checksum and size of a regular file, and to a word for anything else.
sum_of() {
    sum=none
    if [ -f "$1" ] && [ ! -L "$1" ]; then
        sum=$(cksum <"$1") || fail "cannot read $1"
    fi
}

# Whether a file is the one that was put there.
is_as_recorded() {
    sum_of "$1"
    case $recorded in
        *" $sum $1$nl"*) ;;
        *) return 1 ;;
    esac
}

# Sets the names beside a target. They are hidden, as rc.subr(8) reads every other file of its folders.
beside() { target=$1 new=${1%/*}/.${1##*/}.new old=${1%/*}/.${1##*/}.old; }

# Reads the record, after putting right what a killed run has left.
open_state() {
    resolve "$prefix"
    prefix=$real state=$real/share/anonymous-statistics
    resolve "$state"
    if exists "$state/journal" || exists "$state/done"; then
        pid=$(cat "$state/journal" "$state/done" 2>/dev/null | sed -n 's/^process //p') || :
        if [ "$pid" ] && [ "$pid" != $$ ] && kill -0 "$pid" 2>/dev/null; then
            fail "process $pid is at work here; if that is no install.sh, delete the first line of $state/journal"
        fi
        [ -z "$dry_run" ] || fail 'a run was killed; the next one without --dry-run puts that right first'
        settle || fail 'cannot put right what a killed run has left'
        say 'A run was killed; what it had begun is put right.'
    fi
    if [ -f "$state/installed" ]; then
        recorded=$(sed '/^#/d' "$state/installed" && echo .) || fail "cannot read $state/installed"
        recorded=${recorded%.}
    fi
}

# Undoes what the journal names, or cleans up behind what is done. It may be interrupted and repeated.
settle() {
    rm -f "$state/.journal.new"
    journal=$state/journal
    ! exists "$state/done" || journal=$state/done
    exists "$journal" || return 0
    lines=$(cat "$journal") || return 1
    for line in $lines; do
        case $line in
            process\ * | folder\ *) continue ;;
        esac
        beside "${line#* * * }"
        sum_of "$target"
        # Any other file is not replaced yet, or somebody's by now.
        if [ "$journal" = "$state/journal" ] && { ! exists "$target" || [ "${line#* }" = "$sum $target" ]; }; then
            if exists "$old"; then mv -f "$old" "$target"; else rm -f "$target"; fi || return 1
        fi
        rm -f "$new" "$old" || return 1
    done
    rm -f "$journal" || return 1
    remove_folders "$lines"
}

# Removes the empty ones, deepest first.
remove_folders() {
    for folder in $(say "$1" | sed -n 's/^folder 0 0 //p' | sort -r); do
        rmdir "$folder" 2>/dev/null || :
    done
}

finish() {
    status=$?
    trap '' HUP INT TERM PIPE
    set +e
    if [ "$begun" ]; then
        exists "$state/done" || complain 'what was begun is undone'
        settle || complain 'not all can be put right: run install.sh again'
        remove_folders "$folders"
    fi
    exit "$status"
}

# Sets path to a target without links, and notes which folders it needs.
place() {
    resolve "${1%/*}"
    path=$real/${1##*/} folder=$real
    while [ ! -d "$folder/" ]; do
        folders="${folders}folder 0 0 $folder$nl" folder=${folder%/*}
    done
    beside "$path"
    if exists "$new" || exists "$old"; then
        fail "$new or $old is in the way: somebody's, or of a killed run with another --prefix"
    fi
}

# put KIND TARGET: replaces only what this script has put there.
put() {
    place "$2"
    if [ "$1" != record ] && exists "$path" && ! is_as_recorded "$path"; then
        fail "$path is not what this script has put there: move it away"
    fi
    line="$1 $(content "$1" "$path" | cksum) $path"
    sum_of "$path"
    [ "$line" = "$1 $sum $path" ] || plan=$plan$line$nl
}

# Unless somebody has changed it.
take_away() {
    place "$1"
    if is_as_recorded "$path"; then
        plan="${plan}gone - - $path$nl"
    elif exists "$path"; then
        left=$left$path$nl
    fi
}

# What belongs at a target: content KIND TARGET.
content() {
    name=${2##*/}
    case $1 in
        page) cat "$here/share/${2#"$prefix/share/"}" ;;
        program) cat "$from/$name" ;;
        script) cat "$from/${name%.sh}" ;;
        original) cat "${2%.original}" ;;
        back) cat "$2.original" ;;
        hook) hook_text "$2" ;;
        # Of two lines for a path, the first and newer one counts.
        record)
            say '# What install.sh put here: kind, checksum and size (cksum), path. install.sh --uninstall reads it.'
            seen=$nl
            for entry in $plan$folders$recorded; do
                case $seen$entry in
                    *"$nl${entry#* * * }$nl"* | *"${nl}gone "* | *"${nl}record "*) ;;
                    *) say "$entry" ;;
                esac
                seen=$seen${entry#* * * }$nl
            done | sort
            ;;
    esac
}

# Writes a new file, with owner and permissions of the file that it replaces. An original is linked: it stays the same file.
stage() {
    beside "$2"
    case $1 in
        gone) return 0 ;;
        original) ln "${2%.original}" "$new" ;;
        back) ln "$2.original" "$new" ;;
        *)
            { ! exists "$2" || { cp -p "$2" "$new" && chmod u+w "$new"; }; } && content "$1" "$2" >"$new" &&
                case $1 in
                    program | script) [ -x "$new" ] || chmod 755 "$new" ;;
                esac
            ;;
    esac || fail "cannot write $new"
    sum_of "$new"
    [ "${line#* }" = "$sum $2" ] || fail "cannot write $new: it is not what it should be"
}

# Whoever looks finds the old file or the new one.
rename() {
    beside "$2"
    if [ "$1" = gone ]; then
        mv -f "$2" "$old"
    else
        { ! exists "$2" || ln "$2" "$old"; } && mv -f "$new" "$2"
    fi || fail "cannot replace $2"
}

each() {
    for line in $plan; do
        "$1" "${line%% *}" "${line#* * * }"
    done
}

carry_out() {
    if [ "$dry_run" ]; then
        say "$plan" | sed -e '/^$/d' -e 's/^original [^ ]* [^ ]* \(.*\)/would keep the original as \1/' \
            -e 's/^gone - - /would remove /' -e 's/^back [^ ]* [^ ]* /would put the original back as /' \
            -e 's/^[a-z]* [0-9]* [0-9]* /would write /'
        say 'Nothing was changed.'
        exit 0
    fi
    [ "$plan" ] || return 0
    begun=yes
    { mkdir -p "$state" && rm -f "$state/.journal.new" && say "process $$$nl$plan$folders$(say "$recorded" | sed -n '/^folder /p')" >"$state/.journal.new" && mv -f "$state/.journal.new" "$state/journal"; } ||
        fail "cannot write in $state"
    for line in $folders; do
        mkdir -p "${line#folder 0 0 }" || fail "cannot create ${line#folder 0 0 }"
    done
    each stage
    each rename
    mv -f "$state/journal" "$state/done" || fail "cannot write in $state"
    settle || fail 'done, but not all old files are removed: run install.sh again'
    begun=''
}

# Tells systemd about changed hooks, if it runs (sd_booted(3)).
reload_units() {
    case $plan in
        *" $systemd$nl"*) [ ! -d /run/systemd/system ] || systemctl daemon-reload || complain 'now run: systemctl daemon-reload' ;;
    esac
}

# ---- looking

# Sets from: the folder with three programs that run here, so that a wrong architecture is reported now, not by the
# daemon's first call.
find_programs() {
    places=$here$nl$here/target/$(uname -m)-unknown-linux-musl/release$nl$here/target/release
    for from in ${from:-$places}; do
        ! exists "$from/anonymous-statistics" || break
    done
    for program in $programs; do
        answer=$("$from/$program" --version 2>/dev/null </dev/null) || answer=''
        case $answer in
            "$program "[0-9]*) ;;
            *) fail "$from/$program is missing, or does not run here: build it with cargo build --release --workspace, or say --from DIR" ;;
        esac
    done
}

# preview FOLDER VERB...: about the agent that the options name.
preview() {
    program=$1/telemetry-preview
    shift
    [ -z "$config" ] || set -- "$@" --config-dir "$config"
    [ -z "$library" ] || set -- "$@" --lib-dir "$library"
    [ -z "$plugins" ] || set -- "$@" --plugins-dir "$plugins"
    "$program" "$@" </dev/null
}

# A value of the preview's report.
told() { say "$report" | sed -n "s/^  \"$1\": \"\(.*\)\",\{0,1\}\$/\1/p"; }

# The config directories of the report: where an opt-out counts, and those of running agents.
config_folders() {
    say "$report" | sed -n 's/^ *"source": "\(\/.*\)\/\.opt-out-from-anonymous-statistics",$/\1/p
        s/^ *"config_directory": "\(\/.*\)",\{0,1\}$/\1/p' | sort -u
}

# Sets plugins: the given folder, the only one with a script of the agent, or nothing.
find_plugins() {
    if [ "$plugins" ]; then
        [ -d "$plugins" ] || fail "--plugins-dir: there is no folder $plugins"
        return
    fi
    report=$(preview "$from" status --json) || fail "$from/telemetry-preview status does not answer"
    for folder in ${config:-$(config_folders)}; do
        report=$("$from/telemetry-preview" status --json --config-dir "$folder" </dev/null) || continue
        found=$(told looked_at)
        found=${found%/*}
        [ -f "$found/anonymous-statistics.sh" ] || [ -f "$found/system-info.sh" ] || continue
        found=$(cd "$found" && pwd -P) || fail "cannot look into $found"
        if [ "$plugins" ] && [ "$plugins" != "$found" ]; then
            wrong "there are two agents, with $plugins and $found: say which with --plugins-dir"
        fi
        plugins=$found
    done
}

has_service() {
    case $1 in
        "$systemd")
            for folder in /etc /run /usr/local/lib /usr/lib /lib; do
                [ ! -f "$folder/systemd/system/netdata.service" ] || return 0
            done
            return 1
            ;;
        "$openrc") [ -f /etc/init.d/netdata ] && head -n 1 /etc/init.d/netdata | grep -q openrc-run ;;
        "$rc_d") [ -f /etc/rc.subr ] && { [ -f /usr/local/etc/rc.d/netdata ] || [ -f /etc/rc.d/netdata ]; } ;;
    esac
}

# A hook of a service manager that does not run does nothing, so nobody asks which one does.
add_hooks() {
    case $prefix$config$library in
        *[!A-Za-z0-9_/.:,@+-]*) fail '--service-hooks: the paths may have only letters, digits and _/.:,@+-, which mean the same to every service manager' ;;
    esac
    hooks=''
    for hook in "$systemd" "$openrc" "$rc_d"; do
        has_service "$hook" || continue
        folder=${hook%/*}
        if exists "$folder" && [ ! -d "$folder" ]; then
            fail "$folder must become a folder for the hooks: move it to $folder/${folder##*/}, where it counts as before"
        fi
        put hook "$hook"
        hooks="$hooks $hook"
    done
    [ "$hooks" ] ||
        fail "--service-hooks: no service netdata of systemd, OpenRC or FreeBSD's rc.d was found; docs/service-hooks.md says what to do in containers"
}

# No hook fails its service: systemd's hyphen, and `|| :`. None needs more rights than the daemon, or a way out of its
# sandbox: what they write is the daemon's own.
hook_text() {
    call="$prefix/bin/anonymous-statistics${config:+ --config-dir $config}${library:+ --lib-dir $library} --from-status"
    say '# Service hooks of the anonymous-statistics project; do not edit. install.sh --no-service-hooks removes them.
# They send only to the url and with the api_key of your own in anonymous-statistics.toml; without these, nothing.'
    case $1 in
        "$systemd") say "[Service]${nl}ExecStartPre=-$call${nl}ExecStopPost=-$call" ;;
        # OpenRC defines start before it reads this file, and then reads the script of the service, whose own start_pre
        # stays in force.
        "$openrc") say "if [ \"\$RC_SVCNAME\" = netdata ]; then
    start() {
        $call || :
        default_start
    }
fi" ;;
        # rc.subr(8) puts it before the command at each start; netdata_setup would also run before the stop of a restart.
        "$rc_d") say "netdata_prepend=\"sh -c '$call || :; exec \\\"\\\$@\\\"' sh \${netdata_prepend-}\"" ;;
    esac
}

# ---- installing

# Recognizes this project's program, in any version, by a text in it. tr, because grep of some systems ends a line at a
# NUL.
is_ours() {
    tr '\000' '\n' <"$1" | grep -F -q -e 'Finds out what machine this is: operating system' \
        -e '[sender of the anonymous-statistics project, version '
}

# Keeps the agent's script, unless ours stands there. An upgrade puts a newer one over ours: then the one that was kept is
# obsolete.
put_script() {
    place "$1"
    script=$path
    if exists "$script" && ! is_as_recorded "$script"; then
        [ "$sum" != none ] || fail "$script is no file: move it away"
        if ! is_ours "$script"; then
            foreign="$foreign    $script$nl"
            put original "$script.original"
        fi
        sum_of "$script"
        recorded="script $sum $script$nl$recorded"
    fi
    put script "$script"
}

ask() {
    if [ -z "$foreign" ] || [ "$yes$dry_run" ]; then
        return
    fi
    if [ ! -t 0 ]; then
        complain 'the daemon has scripts of its own there, and standard input is no terminal to ask on. Nothing was changed.'
        fail "to replace them, run it again with --yes$variable"
    fi
    say "These scripts of the Netdata agent would be replaced; the originals are kept as NAME.original:$nl$foreign"
    printf 'Type yes to go ahead: '
    IFS= read -r answer || answer=''
    case $answer in
        yes | y) ;;
        *) fail 'not confirmed; nothing was changed' ;;
    esac
}

install() {
    find_programs
    find_plugins
    # A package manager would put the agent's scripts back over ours at each upgrade. On dpkg's machines rpm would create a
    # database to look into.
    if [ -s /var/lib/dpkg/status ]; then
        ! dpkg-query --search "$plugins" >/dev/null 2>&1 || manager=dpkg
    else
        ! rpm -qf "$plugins" >/dev/null 2>&1 || manager=rpm
    fi
    open_state
    if [ -d "$here/share" ]; then
        # Whatever else may be there.
        pages=$(cd "$here/share" && find . -type f \( -name '*system-info*' -o -name '*anonymous-statistics*' \
            -o -name '*telemetry-preview*' \)) || fail "cannot look into $here/share"
        for page in $pages; do
            put page "$prefix/share/${page#./}"
        done
    fi
    for program in $programs; do
        put program "$prefix/bin/$program"
    done
    # The sender replaces the daemon's script last.
    if [ "$plugins" ] && [ -z "$manager" ]; then
        for script in $scripts; do
            put_script "$plugins/$script.sh"
        done
    fi
    for line in $recorded; do
        case $no_hooks$line in
            yeshook\ *) take_away "${line#* * * }" ;;
            hook\ *) hooks="$hooks ${line#* * * }" ;;
        esac
    done
    [ -z "$with_hooks" ] || add_hooks
    put record "$state/installed"
    ask
    if [ "$disable" ]; then
        # A later failure does not undo it: the user asked for silence.
        preview "$from" opt-out --yes --file-only ${dry_run:+--dry-run} ||
            fail 'the opt-out file cannot be created, so nothing is installed'
    fi
    carry_out
    reload_units
    say "Installed from $from in $prefix/bin: $(printf '%s' "$programs" | tr '\n' ' ')"
    report_agent
    report_left
    say "$(told headline)"
    say "Next: ${plugins:+restart netdata, then }look with: $prefix/bin/telemetry-preview status"
}

report_agent() {
    report=$(preview "$prefix/bin" status --json) || report=''
    version=$(told netdata_version)
    # Of the events, the first channel.
    events=$(say "$report" | sed -n '/^      "name": "events"/,/^      "state"/s/^      "state": "\(.*\)",$/\1/p' | sed 1q)
    uncalled=''
    if [ "$manager" ]; then
        say "The agent's scripts in $plugins belong to $manager, and stay. This project's package anonymous-statistics for $manager takes their place."
    elif [ "$plugins" ]; then
        say "In $plugins, system-info and anonymous-statistics stand in the place of the agent's scripts, which are kept as NAME.original."
        say 'An upgrade of the agent may put its own back; then run install.sh again.'
    fi
    case $plugins:$version:$events in
        :*) say 'No Netdata agent was found, so nobody calls the sender. With --plugins-dir DIR you can say where one is.' ;;
        *::*) uncalled="The agent's version is not known, so it cannot be told whether it calls the sender (up to 2.5 it does)." ;;
        *:not-there) uncalled="The agent is $version: from version 2.6 on nobody calls the sender." ;;
        *) say "The agent is $version, which calls the sender." ;;
    esac
    if [ "$hooks" ]; then
        say "The agent's service calls the sender:$hooks. It sends only to the url and with the api_key of your own in anonymous-statistics.toml."
    elif [ "$uncalled" ]; then
        say "$uncalled Its service can, for a server of your own (docs/service-hooks.md): run install.sh again with --service-hooks."
    fi
}

report_left() {
    for path in $left; do
        say "Left: $path is not what was installed."
    done
}

# ---- uninstalling

uninstall() {
    open_state
    [ "$recorded" ] || fail "nothing is recorded as installed with this prefix: there is no $state/installed; say --prefix DIR"
    report=''
    if is_as_recorded "$prefix/bin/telemetry-preview"; then
        report=$(preview "$prefix/bin" status --json) || :
    fi
    for line in $recorded; do
        path=${line#* * * }
        case $line in
            folder\ *) ;;
            original\ *) put_back "${path%.original}" ;;
            script\ *) exists "$path.original" || take_away "$path" ;;
            *) take_away "$path" ;;
        esac
    done
    plan="${plan}gone - - $state/installed$nl"
    carry_out
    reload_units
    say "Removed what was installed under $prefix. The agent has its own scripts again, where it had any."
    report_left
    for folder in $(config_folders); do
        ! exists "$folder/.opt-out-from-anonymous-statistics" ||
            say "Left: $folder/.opt-out-from-anonymous-statistics still opts out. To opt in, remove it."
    done
    folder=$(told state_folder)
    [ ! -d "$folder" ] || say "Left: events that wait or were sent, in $folder"
    say 'Next: restart netdata.'
}

put_back() {
    place "$1"
    if is_as_recorded "$path" && is_as_recorded "$path.original"; then
        plan="${plan}back $sum $path${nl}gone - - $path.original$nl"
    else
        left=$left$path$nl$path.original$nl
    fi
}

# ---- the command line

# A folder option. A line end would break the lists, and a relative path would mean another folder to the daemon.
folder_of() {
    case $2/ in
        /) wrong "$1 needs a folder" ;;
        *[[:cntrl:]]*) wrong "$1: a path with control characters" ;;
        */../* | */./*) wrong "$1: the path must do without . and .." ;;
        /*) ;;
        *) wrong "$1: the path must be absolute (begin with /)" ;;
    esac
    # Without trailing slashes.
    printf '%s' "$2" | sed 's|//*$||'
}

prefix=/usr/local plugins='' config='' library='' from='' disable='' with_hooks='' no_hooks='' uninstall='' dry_run='' yes='' variable=''
while [ $# -gt 0 ]; do
    option=${1%%=*} value=''
    case $1 in
        --*=*) value=${1#*=} ;;
        --prefix | --plugins-dir | --config-dir | --lib-dir | --from)
            [ $# -gt 1 ] || wrong "$1 needs a folder"
            value=$2
            shift
            ;;
    esac
    shift
    case $option in
        --prefix) prefix=$(folder_of "$option" "$value") ;;
        --plugins-dir) plugins=$(folder_of "$option" "$value") ;;
        --config-dir) config=$(folder_of "$option" "$value") ;;
        --lib-dir) library=$(folder_of "$option" "$value") ;;
        --from) from=$(cd "${value:-/no folder}" 2>/dev/null && pwd) || wrong "--from: there is no folder $value" ;;
        --disable-telemetry) disable=yes ;;
        --service-hooks) with_hooks=yes ;;
        --no-service-hooks) no_hooks=yes ;;
        --uninstall) uninstall=yes ;;
        --dry-run) dry_run=yes ;;
        --yes) yes=yes ;;
        --help) help && exit 0 ;;
        -*) wrong "unknown option $option" ;;
        *) wrong "unexpected argument $option" ;;
    esac
done
if [ "$uninstall" ] && [ "$disable" ]; then
    wrong '--uninstall and --disable-telemetry do not go together'
elif [ "$with_hooks" ] && [ "$no_hooks$uninstall" ]; then
    wrong '--service-hooks goes neither with --no-service-hooks nor with --uninstall'
elif [ "$library" ] && [ -z "$with_hooks" ]; then
    wrong '--lib-dir is only for --service-hooks'
fi
here=$(cd "$(dirname "$0")" && pwd)
# Both 0, except in a user namespace.
look_at /
root_group=$group me=$(id -u)
owners="$owner $me ${SUDO_UID:-$me}"

# The sender's rule (src/consent/mod.rs): any value. The third is a variable of Netdata's installers, and no sender
# reads it: netdata-installer.sh only checks that it is set (${NETDATA_DISABLE_TELEMETRY+x}).
if [ "${DISABLE_TELEMETRY-}${DO_NOT_TRACK-}${NETDATA_DISABLE_TELEMETRY+x}" ] && [ -z "$disable$uninstall" ]; then
    disable=yes variable=' --disable-telemetry'
fi

trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 141' PIPE
trap 'exit 143' TERM
if [ "$uninstall" ]; then
    uninstall
else
    install
fi
