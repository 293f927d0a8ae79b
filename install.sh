#!/bin/sh
# Installs and uninstalls the three programs without a package manager; see `sh install.sh --help`.
#
# POSIX only: the shells and tools of Linux (with dash and busybox), macOS and FreeBSD have little more in common.
#
# Nothing stays half done. Whatever may fail for lack of space is prepared in a staging folder beside the target. Only
# renames follow; each is recorded first, so that finish can undo it after a failure or a signal. Lists are lines: words
# are split at line ends only.

set -euf
LC_ALL=C
export LC_ALL
unset CDPATH
umask 022
IFS='
'

programs='system-info
anonymous-statistics
telemetry-preview'
# The daemon calls these under the names of its own scripts, with .sh.
scripts='system-info
anonymous-statistics'
opt_out_file=.opt-out-from-anonymous-statistics
# Manual pages and completions for bash, zsh and fish, below share/ here and under the prefix.
page_folders='man/man1
man/man5
bash-completion/completions
zsh/site-functions
fish/vendor_completions.d'

# The same folders as in src/agent/folders.rs; a test compares them.
plugin_folders='/usr/libexec/netdata/plugins.d
/usr/lib/netdata/plugins.d
/opt/netdata/usr/libexec/netdata/plugins.d
/usr/local/libexec/netdata/plugins.d
/opt/homebrew/libexec/netdata/plugins.d
/usr/local/lib/netdata/plugins.d'
config_folders='/etc/netdata
/opt/netdata/etc/netdata
/usr/local/etc/netdata
/opt/homebrew/etc/netdata'
library_folders='/var/lib/netdata
/opt/netdata/var/lib/netdata
/var/db/netdata
/usr/local/var/lib/netdata
/opt/homebrew/var/lib/netdata'

# Where each service manager reads a file of our own beside the service's: systemd.unit(5); openrc-run.sh(8), which reads
# rc.conf.d for every service; rc.conf(5), with a folder named after the service.
hook_files='hooks/systemd /etc/systemd/system/netdata.service.d/anonymous-statistics.conf
hooks/openrc /etc/rc.conf.d/anonymous-statistics.conf
hooks/rc.d /etc/rc.conf.d/netdata/anonymous-statistics'
# systemd's folders for units, in its order.
unit_folders='/etc/systemd/system
/run/systemd/system
/usr/local/lib/systemd/system
/usr/lib/systemd/system
/lib/systemd/system'

help() {
    cat <<'HELP'
Installs system-info, anonymous-statistics and telemetry-preview. Where a Netdata
agent is found, the first two also take the place of its scripts system-info.sh
and anonymous-statistics.sh; the originals are kept.

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
  --root DIR           put DIR before every other path, to install into an image;
                       nothing of it is run, and programs in target/ need --from
  --help               print this help

DISABLE_TELEMETRY or DO_NOT_TRACK, set to anything (0 and false too), is the same
as --disable-telemetry, and so is NETDATA_DISABLE_TELEMETRY, even set to nothing.
sudo does not pass them on; give it the option.

Exit status: 0 done; 1 not done, and what was begun is undone; 2 wrong usage.
HELP
}

# ---- words

say() { printf '%s\n' "$1"; }

# One line, without control bytes for the terminal.
complain() { printf 'install.sh: %s\n' "$(printf '%s' "$1" | tr '\001-\037\177' '?')" >&2; }

fail() {
    complain "$1"
    exit 1
}

wrong() {
    complain "$1; --help lists the options"
    exit 2
}

# In a dry run, prints the step and succeeds.
would() {
    [ "$dry_run" ] || return 1
    say "would $1"
}

# Quotes a word for the shell.
quote() {
    case $1 in
        '' | *[!A-Za-z0-9_/.:=,@%+-]*) printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")" ;;
        *) printf '%s' "$1" ;;
    esac
}

# This command with one more option.
again() {
    printf 'sh %s%s' "$(quote "$0")" "$given"
    if [ "$variable" ]; then
        printf ' --disable-telemetry'
    fi
    printf '%s' "$1"
}

# ---- undoing

# undo: the commands that undo the steps so far, newest first. stages: the staging folders, which are removed in any
# case. made: the created folders, deepest first.
dry_run='' finished='' undo='' stages='' made='' random=''

on_failure() {
    undo="$1
$undo"
}

finish() {
    status=$?
    trap '' HUP INT TERM PIPE
    set +e -f
    if [ "$finished" ]; then
        remove_stages
        exit "$status"
    fi
    not_undone=''
    eval "$undo"
    if [ "$not_undone" ]; then
        # The staging folders may contain what a manual repair needs.
        exit "$status"
    fi
    remove_stages
    remove_folders "$made"
    if [ "$undo$made" ]; then
        complain 'what was begun is undone'
    fi
    exit "$status"
}

# The target is free, or unmove has its copy.
move() {
    on_failure "unmove $(quote "$1") $(quote "$2")"
    mv -f "$1" "$2" || fail "cannot move $1 to $2"
}

# Undoes a rename, whether or not it happened.
unmove() {
    if ! exists "$1" && ! mv -f "$2" "$1"; then
        not_undone=yes
        complain "cannot put $1 back: it is at $2"
    fi
}

# Removes the empty ones.
remove_folders() {
    for folder in $1; do
        rmdir "$root$folder" 2>/dev/null || :
    done
}

# Makes a folder and its missing parents. Like every path in a list, `$1` is relative to the root.
make_folder() {
    [ ! -d "$root$1" ] || return 0
    make_folder "$(dirname "$1")"
    made="$1
$made"
    mkdir "$root$1" || fail "cannot create the folder $root$1"
    record "folder 0 0 $1"
}

# Sets stage: a staging folder beside a target, so that only a rename remains. Nobody can predict its name and prepare
# it.
stage_beside() {
    find_real "${1%/*}"
    guard "$real" ''
    random=${random:-$(od -An -N16 -tx1 /dev/urandom | tr -cd 0-9a-f)}
    [ ${#random} -eq 32 ] || fail 'cannot read 16 random bytes from /dev/urandom'
    stage=$real/.anonymous-statistics.$$.$random
    case "
$stages" in
        *"
$stage
"*) return 0 ;;
    esac
    remove_leftovers
    stages="$stage
$stages"
    mkdir -m 700 "$stage" || fail "cannot write in $real"
}

# Removes the staging folders of killed runs (kill -9 cannot be caught) in real: this account's folders with such a name
# whose process is gone.
remove_leftovers() {
    set +f
    for left in "$real"/.anonymous-statistics.*; do
        pid=$(expr "$left" : '.*/\.anonymous-statistics\.\([0-9]*\)\.[0-9a-f]\{32\}$') || continue
        # In another container, the same number belonged to another process.
        [ "$pid" = $$ ] || ! kill -0 "$pid" 2>/dev/null || continue
        look_at "$left"
        case $mode:$owner in
            d*:"$me") rm -rf "$left" ;;
        esac
    done
    set -f
}

remove_stages() {
    for stage in $stages; do
        rm -rf "$stage"
    done
    stages=''
}

# ---- write access of others

# Sets real: the folder's path without links, which must lie in the root.
find_real() {
    real=$(cd "$1" 2>/dev/null && pwd -P) || fail "cannot look into $1"
    case $real/ in
        *[[:cntrl:]]*) fail "$1 leads to a path with control characters" ;;
        "$real_root"/*) ;;
        *) fail "$1 leads to $real, which is not in $root" ;;
    esac
}

# Only root and the caller (who may be root by sudo) may be able to rename anything in a folder or above it: others
# could put a link there before the write. In a sticky folder each name belongs to its owner, so a parent may be
# world-writable: guard FOLDER above. FOLDER has no links. With a Linux access list, ls shows the list's mask as the
# group's permissions, and a plus sign.
guarded='
'
guard() {
    case $guarded in
        *"
$2$1
"*) return 0 ;;
    esac
    if [ "$1" = / ]; then
        look_at /
        # Both 0, except in a user namespace.
        root_group=$group owners="$owner $me ${SUDO_UID:-$me}"
    else
        above=${1%/*}
        guard "${above:-/}" above
        look_at "$1"
    fi
    who=''
    case $2$mode in
        aboved????????[tT]*) ;;
        *d???????w*) who='everybody' ;;
        *d????w*+) who='somebody in an access list' ;;
        *d????w*) [ "$group" = "$root_group" ] || is_group_of_owners || who="group $group" ;;
    esac
    case " $owners " in
        *" $owner "*) ;;
        *) who="account $owner" ;;
    esac
    [ -z "$who" ] || fail "$who can rename what is in $1 (see ls -ld), so nothing is changed in $real: take that right away first"
    guarded="$guarded$2$1
"
}

# Sets mode, owner and group as ls prints them, without following a link.
look_at() {
    now=$(ls -ldn "$1") || fail "cannot look at $1"
    IFS=' ' read -r mode _ owner group _ <<LINE
$now
LINE
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

# ---- looking

# Includes dangling links.
exists() { [ -e "$1" ] || [ -L "$1" ]; }

# Recognizes this program or page, in any version, by a text in it. tr, because grep of some systems ends a line at a
# NUL.
is_ours() {
    case $1 in
        */*) mark='of the anonymous-statistics project; do not edit.' ;;
        system-info) mark='Finds out what machine this is: operating system' ;;
        anonymous-statistics) mark='[sender of the anonymous-statistics project, version ' ;;
        *) mark="Shows what the Netdata agent's telemetry would send from this machine" ;;
    esac
    [ -f "$2" ] && tr '\000' '\n' <"$2" | grep -F -q "$mark"
}

# Checksum and size, separated by one space.
checksum() {
    sum=$(cksum <"$1") || fail "cannot read $1"
    printf '%s' "$sum"
}

# The nearest existing folder must be writable for the caller only.
may_place() {
    may_write "$1"
    if [ "$folder" = "$1" ]; then
        guard "$real" ''
    else
        guard "$real" above
    fi
}

# The nearest existing folder must be writable for the caller.
may_write() {
    folder=$1
    while ! exists "$folder"; do
        folder=$(dirname "$folder")
    done
    if [ ! -d "$folder" ] || [ ! -w "$folder" ]; then
        complain "cannot write in $folder from this account; try: sudo $(again '')"
        [ "$dry_run" ] || exit 1
    fi
    find_real "$folder"
}

# dpkg's database is in the same root.
divert() { dpkg-divert --quiet ${root:+--root="$root"} "$@"; }

# How the daemon's own script is kept, as NAME.original in each case: `diverted` (already by dpkg), `divert` (dpkg owns
# the script and would restore it at an upgrade) or `beside`.
how_kept() {
    if ! command -v dpkg-divert >/dev/null || [ ! -f "$root/var/lib/dpkg/status" ]; then
        say beside
        return
    fi
    find_real "$root/var/lib/dpkg"
    name=$(divert --truename "$1") || fail "dpkg-divert does not answer for $1"
    if [ "$name" = "$1.original" ]; then
        say diverted
    elif [ "$name" = "$1" ] && dpkg-query --admindir="$root/var/lib/dpkg" --search "$1" >/dev/null 2>&1; then
        say divert
    else
        say beside
    fi
}

# The existing opt-out files in the given and the usual folders.
opt_outs() {
    for folder in $config_dir $config_folders; do
        if exists "$root$folder/$opt_out_file"; then
            say "$root$folder/$opt_out_file"
        fi
    done | sort -u
}

# ---- the record of what was installed: lines of KIND CHECKSUM SIZE PATH, without the root

record=''
record() {
    record="$record$1
"
}

is_recorded() {
    [ -f "$root$manifest" ] || return 1
    while IFS= read -r line; do
        [ "${line#* * * }" != "$1" ] || return 0
    done <"$root$manifest"
    return 1
}

# Whether a file is unchanged since its installation.
is_as_recorded() {
    [ -f "$root$1" ] && [ ! -L "$root$1" ] || return 1
    now=$(checksum "$root$1")
    while IFS= read -r line; do
        [ "${line#* }" != "$now $1" ] || return 0
    done <"$root$manifest"
    return 1
}

# Replaces the record atomically: write_record STATE LINES, with each state at most once per run.
write_record() {
    would "write $root$manifest" && return
    stage_beside "$root$manifest"
    {
        say '# What install.sh put here: kind, checksum and size (cksum), path. install.sh --uninstall reads it.'
        printf '%s' "$2"
    } >"$stage/$1.new" || fail "cannot write $stage/$1.new"
    if [ -f "$root$manifest" ]; then
        cp -p "$root$manifest" "$stage/$1.before" || fail "cannot copy $root$manifest"
        on_failure "unmove $(quote "$root$manifest") $(quote "$stage/$1.before")"
    fi
    move "$stage/$1.new" "$root$manifest"
}

# The lines of an earlier installation, without those for the paths in `$1`.
earlier() {
    [ -f "$root$manifest" ] || return 0
    without="
$(printf '%s' "$1" | sed 's/^[^ ]* [^ ]* [^ ]* //')
"
    while IFS= read -r line; do
        case $line$without in
            '# '* | *"
${line#* * * }
"*) ;;
            *) say "$line" ;;
        esac
    done <"$root$manifest"
}

# ---- installing

# Sets from: the folder with three programs that run here, so that a wrong architecture is reported now, not by the
# daemon's first call. For an image they are not tried: it may be of another machine, and nothing untrusted is run.
find_programs() {
    if [ "$from" ] || [ "$root" ]; then
        candidates=${from:-$here}
    else
        target=${CARGO_TARGET_DIR:-$here/target}
        set +f
        candidates=$(printf '%s\n' "$here" "$target"/*/release "$target/release")
        set -f
    fi
    problem=''
    find_pages
    for from in $candidates; do
        if [ ! -f "$from/anonymous-statistics" ]; then
            continue
        fi
        if is_complete "$from"; then
            return
        fi
    done
    fail "${problem:-no programs in $(printf '%s' "$candidates" | tr '\n' ' '): build them with cargo build --release --workspace, or say --from DIR}"
}

# Sets pages: what lies beside this script. The programs work without it.
find_pages() {
    pages=''
    [ -d "$here/share" ] || return 0
    for folder in $page_folders; do
        set +f
        for page in "$here/share/$folder"/*; do
            is_ours "$folder/" "$page" || fail "$page is missing, or not of this project: it belongs beside install.sh"
            pages="$pages$folder/${page##*/}
"
        done
        set -f
    done
}

is_complete() {
    for program in $programs; do
        if [ ! -f "$1/$program" ] || [ ! -x "$1/$program" ]; then
            problem="$1/$program is missing, or may not be executed"
            return 1
        fi
        if [ "$root" ]; then
            is_ours "$program" "$1/$program" && continue
            problem="$1/$program is no program of this project"
            return 1
        fi
        answer=$("$1/$program" --version 2>/dev/null </dev/null) || answer=''
        case $answer in
            "$program "[0-9]*) ;;
            *)
                problem="$1/$program does not run here: is it built for this kind of machine?"
                return 1
                ;;
        esac
    done
}

# Sets plugins: the given folder, the one found, or nothing.
find_plugins() {
    if [ "$plugins" ]; then
        [ -d "$root$plugins" ] || fail "--plugins-dir: there is no folder $root$plugins"
        return
    fi
    real=''
    for folder in $plugin_folders; do
        [ -d "$root$folder" ] || continue
        is=$(cd "$root$folder" && pwd -P) || fail "cannot look into $root$folder"
        if [ -z "$plugins" ]; then
            plugins=$folder real=$is
        elif [ "$is" != "$real" ]; then
            wrong "there are two plugins folders, $plugins and $folder: say which with --plugins-dir"
        fi
    done
}

# The folders for the opt-out file: the sender respects it in every existing config directory, and each daemon checks
# its own.
folders_to_opt_out() {
    if [ "$config_dir" ]; then
        say "$config_dir"
        return
    fi
    found=''
    for folder in $config_folders; do
        if [ -d "$root$folder" ]; then
            say "$folder"
            found=yes
        fi
    done
    if [ "$found" ]; then
        return
    fi
    case $plugins in
        /opt/netdata/*) say /opt/netdata/etc/netdata ;;
        /opt/homebrew/*) say /opt/homebrew/etc/netdata ;;
        /usr/local/*) say /usr/local/etc/netdata ;;
        *) say /etc/netdata ;;
    esac
}

# Sets hooks: the lines of hook_files for each service manager that has a service of the agent. A hook of one that does not
# run does nothing, so nobody asks which one does.
find_hooks() {
    hooks=''
    for line in $hook_files; do
        if has_service "${line%% *}"; then
            hooks="$hooks$line
"
        fi
    done
    [ "$hooks" ] ||
        fail "--service-hooks: no service netdata of systemd, OpenRC or FreeBSD's rc.d was found in ${root:-/}; docs/service-hooks.md says what to do in containers"
    case $prefix$config_dir$library in
        *[!A-Za-z0-9_/.:,@+-]*) fail '--service-hooks: the paths may have only letters, digits and _/.:,@+-, which mean the same to every service manager' ;;
    esac
}

has_service() {
    case $1 in
        */systemd)
            for folder in $unit_folders; do
                [ ! -f "$root$folder/netdata.service" ] || return 0
            done
            return 1
            ;;
        */openrc) [ -f "$root/etc/init.d/netdata" ] && head -n 1 "$root/etc/init.d/netdata" | grep -q openrc-run ;;
        */rc.d) [ -f "$root/etc/rc.subr" ] && { [ -f "$root/usr/local/etc/rc.d/netdata" ] || [ -f "$root/etc/rc.d/netdata" ]; } ;;
    esac
}

# No hook fails its service: systemd's hyphen, and `|| :`. None needs more rights than the daemon, or a way out of its
# sandbox: what they write is the daemon's own.
hook_text() {
    call="$prefix/bin/anonymous-statistics${config_dir:+ --config-dir $config_dir}${library:+ --lib-dir $library} --from-status"
    say '# Service hooks of the anonymous-statistics project; do not edit. install.sh --no-service-hooks removes them.
# They send only to the url and with the api_key of your own in anonymous-statistics.toml; without these, nothing.'
    case $1 in
        */systemd)
            say "[Service]
ExecStartPre=-$call
ExecStopPost=-$call"
            ;;
        # OpenRC defines start before it reads this file, and then reads the script of the service, whose own start_pre
        # stays in force.
        */openrc)
            say "if [ \"\$RC_SVCNAME\" = netdata ]; then
    start() {
        $call || :
        default_start
    }
fi"
            ;;
        # rc.subr(8) puts it before the command at each start; netdata_setup would also run before the stop of a restart.
        */rc.d)
            say "netdata_prepend=\"sh -c '$call || :; exec \\\"\\\$@\\\"' sh \${netdata_prepend-}\""
            ;;
    esac
}

# Checks the files at the targets; sets foreign: the daemon's scripts that will be replaced.
check_targets() {
    for program in $programs; do
        target=$root$prefix/bin/$program
        if exists "$target" && ! is_ours "$program" "$target"; then
            fail "$target is another program: move it away, or choose another --prefix"
        fi
    done
    for page in $pages; do
        target=$root$prefix/share/$page
        if exists "$target" && ! is_ours "$page" "$target"; then
            fail "$target is of another program: move it away, or choose another --prefix"
        fi
    done
    for line in $hooks; do
        target=$root${line#* }
        if exists "$target" && ! is_ours "${line%% *}" "$target"; then
            fail "$target is not of this program: move it away"
        fi
        folder=$(dirname "$target")
        if exists "$folder" && [ ! -d "$folder" ]; then
            fail "$folder must become a folder for the hooks: move it to $folder/$(basename "$folder"), where it counts as before"
        fi
    done
    foreign='' diverting=''
    [ "$plugins" ] || return 0
    for script in $scripts; do
        path=$plugins/$script.sh
        kept=$(how_kept "$path")
        if [ "$kept" = divert ]; then
            diverting=yes
        fi
        exists "$root$path" || continue
        [ -f "$root$path" ] || fail "$root$path is no file: move it away"
        ! is_ours "$script" "$root$path" || continue
        foreign="$foreign$root$path
"
        # An upgrade without dpkg puts a newer original over ours, which makes the older one obsolete. With dpkg it
        # cannot.
        if [ "$kept" = diverted ] ||
            { exists "$root$path.original" && { [ "$kept" = divert ] || ! is_recorded "$path"; }; }; then
            fail "$root$path is not known, and $path.original is kept or diverted already: move one of them away"
        fi
    done
}

check_rights() {
    may_place "$root$prefix/bin"
    may_place "$(dirname "$root$manifest")"
    for page in $pages; do
        may_place "$root$prefix/share/${page%/*}"
    done
    for line in $hooks $(recorded_hooks); do
        may_place "$(dirname "$root${line##* }")"
    done
    if [ "$plugins" ]; then
        may_place "$root$plugins"
    fi
    if [ "$diverting" ]; then
        may_write "$root/var/lib/dpkg"
    fi
    for folder in $opting_out; do
        exists "$root$folder/$opt_out_file" || may_write "$root$folder"
    done
}

ask() {
    if [ -z "$foreign" ] || [ "$yes" ]; then
        return
    fi
    list=$(printf '%s' "$foreign" | sed "s/^/    /")
    would "ask whether to replace
$list" && return
    if [ ! -t 0 ]; then
        complain 'the daemon has scripts of its own there, and standard input is no terminal to ask on. Nothing was changed.'
        fail "to replace them, run: $(again ' --yes')"
    fi
    say "These scripts of the Netdata agent would be replaced; the originals are kept as NAME.original:
$list"
    printf 'Type yes to go ahead: '
    IFS= read -r answer || answer=''
    case $answer in
        yes | y) ;;
        *) fail 'not confirmed; nothing was changed' ;;
    esac
}

# Creates an empty, world-readable file, never through a link; anything with that name opts out already. A later failure
# does not undo it: the user asked for silence.
opt_out() {
    file=$root$1/$opt_out_file
    record "opt-out 0 0 $1/$opt_out_file"
    if exists "$file"; then
        return
    fi
    would "create $file" && return
    make_folder "$1"
    # noclobber opens with O_EXCL.
    if ! (set -C && : >"$file"); then
        fail "cannot create $file, so nothing is installed"
    fi
}

# The lines of the hooks to remove.
recorded_hooks() {
    [ -z "$no_hooks" ] || earlier '' | sed -n '/^hook /p'
}

source_of() {
    case $1 in
        */*) printf '%s' "$here/share/$1" ;;
        *) printf '%s' "$from/$1" ;;
    esac
}

checksum_of() {
    case $1 in
        hooks/*) hook_text "$1" | cksum ;;
        *) checksum "$(source_of "$1")" ;;
    esac
}

# Stages a program, page or hook, with owner and permissions of the file that it replaces.
prepare() {
    target=$root$2
    stage_beside "$target"
    name=${target##*/}
    if exists "$target"; then
        { cp -p "$target" "$stage/$name.new" && chmod u+w "$stage/$name.new"; } || fail "cannot copy $target"
        if is_ours "$1" "$target"; then
            cp -RpP "$target" "$stage/$name.before" || fail "cannot copy $target"
            on_failure "unmove $(quote "$target") $(quote "$stage/$name.before")"
        fi
    fi
    case $1 in
        hooks/*) hook_text "$1" ;;
        *) cat "$(source_of "$1")" ;;
    esac >"$stage/$name.new" || fail "cannot write $stage/$name.new"
    case $1 in
        */*) ;;
        *) [ -x "$stage/$name.new" ] || chmod 755 "$stage/$name.new" || fail "cannot make $stage/$name.new executable" ;;
    esac
}

place() {
    would "put $1 at $root$2" && return
    stage_beside "$root$2"
    move "$stage/${2##*/}.new" "$root$2"
}

# Keeps the daemon's script, unless it is kept already: keep_original PROGRAM PATH.
keep_original() {
    target=$root$2
    kept=$(how_kept "$2")
    case $kept in
        diverted) by_dpkg=yes ;;
        divert)
            by_dpkg=yes
            would "keep $target as $target.original (dpkg-divert)" && return
            stage_beside "$target"
            if is_ours "$1" "$target"; then
                # Copied over the package's by hand: it must not become the original.
                move "$target" "$stage/${2##*/}.by-hand"
            fi
            on_failure "divert --rename --remove $(quote "$2") || not_undone=yes"
            divert --local --rename --divert "$2.original" --add "$2" || fail "dpkg-divert failed for $target"
            ;;
        beside)
            if ! exists "$target" || is_ours "$1" "$target"; then
                return 0
            fi
            would "keep $target as $target.original" && return
            if exists "$target.original"; then
                stage_beside "$target"
                move "$target.original" "$stage/${2##*/}.out-of-date"
            fi
            move "$target" "$target.original"
            ;;
    esac
}

install() {
    find_programs
    find_plugins
    hooks=''
    [ -z "$with_hooks" ] || find_hooks
    opting_out=''
    if [ "$disable" ]; then
        opting_out=$(folders_to_opt_out)
    fi
    check_targets
    check_rights
    ask
    for folder in $opting_out; do
        opt_out "$folder"
    done

    # PROGRAM PATH. The sender replaces the daemon's script last.
    places='' by_dpkg=''
    for page in $pages; do
        places="$places$page $prefix/share/$page
"
    done
    for program in $programs; do
        places="$places$program $prefix/bin/$program
"
    done
    if [ "$plugins" ]; then
        for script in $scripts; do
            places="$places$script $plugins/$script.sh
"
        done
    fi
    places="$places$hooks"
    [ "$dry_run" ] || make_folder "$prefix/bin"
    [ "$dry_run" ] || make_folder "$(dirname "$manifest")"
    for page in $pages; do
        [ "$dry_run" ] || make_folder "$prefix/share/${page%/*}"
    done
    for line in $hooks; do
        [ "$dry_run" ] || make_folder "$(dirname "${line#* }")"
    done
    for line in $places; do
        path=${line#* }
        case ${line%% *}:${path##*/} in
            hooks/*) kind=hook ;;
            */*) kind=page ;;
            *.sh) kind=script ;;
            *) kind=program ;;
        esac
        record "$kind $(checksum_of "${line%% *}") $path"
        [ "$dry_run" ] || prepare "${line%% *}" "$path"
    done
    # Until the end, old and new files count as installed, so that --uninstall works even after a kill -9.
    removing=$(recorded_hooks) remaining='' made_for_hooks=''
    final=$(earlier "$record$removing")
    final="${final:+$final
}$record"
    [ "$dry_run" ] || write_record pending "$(earlier '')
$record"
    for line in $places; do
        case $line in
            *.sh) keep_original "${line%% *}" "${line#* }" ;;
        esac
        place "${line%% *}" "${line#* }"
    done
    for line in $removing; do
        path=${line#* * * }
        remove "$path" || :
        if is_recorded "$(dirname "$path")"; then
            made_for_hooks="$(dirname "$path")
$made_for_hooks"
        fi
    done
    write_record final "$final"
    finished=yes
    if [ -z "$dry_run" ]; then
        remove_stages
        remove_folders "$made_for_hooks"
    fi
    reload_units "$hooks$removing"
    report_installation
}

# Tells systemd about changed hooks, if it runs (sd_booted(3)) on the system that was changed.
reload_units() {
    case $1 in
        */etc/systemd/*) ;;
        *) return 0 ;;
    esac
    if [ "$root" ] || [ ! -d /run/systemd/system ]; then
        return 0
    fi
    would 'run systemctl daemon-reload' && return
    systemctl daemon-reload || complain 'systemd did not read its units again: run systemctl daemon-reload'
}

report_installation() {
    for path in $remaining; do
        say "Left: $path is not what was installed."
    done
    if [ "$dry_run" ]; then
        say 'Nothing was changed.'
        return
    fi
    say "Installed from $from in $root$prefix/bin: $(printf '%s' "$programs" | sed 's/$/,/' | tr '\n' ' ' | sed 's/,$//')."
    if [ "$pages" ]; then
        say "Manual pages, and completions for bash, zsh and fish, are in $root$prefix/share."
    fi
    if [ "$plugins" ]; then
        say "In $root$plugins, system-info and anonymous-statistics stand in the place of the agent's scripts."
        for script in $scripts; do
            path=$plugins/$script.sh
            ! exists "$root$path.original" || say "The original is kept as $root$path.original."
        done
        if [ "$by_dpkg" ]; then
            say 'dpkg knows (dpkg-divert --list), and leaves ours in place when it upgrades the agent.'
        else
            say 'An upgrade of the agent may put its own scripts back; then run install.sh again.'
        fi
    elif [ -z "$hooks" ]; then
        say 'No Netdata agent was found, so nothing will call them. With --plugins-dir DIR you can say where one is.'
    fi
    if [ "$hooks" ]; then
        say "The agent's service has hooks in: $(printf '%s' "$hooks" | sed "s|^[^ ]* |$root|" | tr '\n' ' ' | sed 's/ $//')"
        say 'They send only to the url and with the api_key of your own in anonymous-statistics.toml (docs/service-hooks.md).'
    fi
    if [ "$removing" ]; then
        say "The hooks of the agent's service are removed."
    fi
    say "$(telemetry)"
    if [ "$plugins$hooks" ]; then
        say "Next: restart netdata, then look with: $(quote "$prefix/bin/telemetry-preview") status"
    else
        say "Next: look with: $(quote "$prefix/bin/telemetry-preview") status"
    fi
}

# Whether somebody has opted out, by the installed program; with another root it would check the wrong files. It never
# claims that all is off: telemetry-preview status lists the agent's other traffic.
telemetry() {
    files=$(opt_outs | tr '\n' ' ')
    decision=''
    if [ -z "$root$files" ] && [ "$plugins" ]; then
        set -- status --json
        [ -z "$config_dir" ] || set -- --config-dir "$config_dir" "$@"
        decision=$("$prefix/bin/telemetry-preview" "$@" </dev/null 2>/dev/null |
            sed -n 's/^  "decision": "\(.*\)",$/\1/p') || decision=''
    fi
    if [ "$files" ]; then
        say "Opted out: there is ${files% }"
    elif [ -z "$plugins" ]; then
        say "No opt-out file was found. To create one before an agent is installed: $(again ' --disable-telemetry')"
    elif [ "$decision" = 'opted out' ]; then
        say "Opted out as this shell sees it (telemetry-preview status says why)."
    elif [ "$decision" = unknown ]; then
        say 'Whether somebody has opted out cannot be seen from this account; in doubt nothing is sent.'
    else
        say "Telemetry is on: no opt-out file was found. To turn it off: $(again ' --disable-telemetry')"
    fi
}

# ---- uninstalling

uninstall() {
    [ -f "$root$manifest" ] ||
        fail "nothing is recorded as installed with this prefix: there is no $root$manifest; say --prefix DIR"
    lines=$(earlier '')
    remaining='' folders=''
    for line in $lines; do
        path=${line#* * * }
        case $line in
            program\ * | script\ * | page\ * | hook\ *) [ ! -d "$(dirname "$root$path")" ] || may_place "$(dirname "$root$path")" ;;
        esac
    done
    may_place "$(dirname "$root$manifest")"
    seen='
' removed_hooks=''
    for line in $lines; do
        path=${line#* * * }
        case $seen in
            *"
$path
"*) continue ;;
        esac
        seen="$seen$path
"
        case $line in
            program\ * | page\ *) remove "$path" || : ;;
            hook\ *)
                remove "$path" || :
                removed_hooks="$removed_hooks$path
"
                ;;
            script\ *) restore "$path" ;;
            folder\ *)
                folders="$path
$folders"
                ;;
            opt-out\ *) config_dir="$config_dir
${path%/*}" ;;
        esac
    done
    if ! would "remove $root$manifest"; then
        stage_beside "$root$manifest"
        move "$root$manifest" "$stage/installed.removed"
    fi
    finished=yes
    if [ -z "$dry_run" ]; then
        remove_stages
        remove_folders "$folders"
    fi
    reload_units "$removed_hooks"
    report_removal
}

# Removes a file that is unchanged since its installation; fails for any other.
remove() {
    if ! exists "$root$1"; then
        return 0
    fi
    if ! is_as_recorded "$1"; then
        remaining="$remaining$root$1
"
        return 1
    fi
    would "remove $root$1" && return
    stage_beside "$root$1"
    move "$root$1" "$stage/${1##*/}.removed"
}

restore() {
    if ! remove "$1"; then
        if exists "$root$1.original"; then
            remaining="$remaining$root$1.original
"
        fi
        return 0
    fi
    kept=$(how_kept "$1")
    case $kept in
        diverted)
            would "put $root$1.original back (dpkg-divert)" && return
            on_failure "divert --local --rename --divert $(quote "$1.original") --add $(quote "$1") || not_undone=yes"
            divert --rename --remove "$1" || fail "dpkg-divert failed for $root$1"
            ;;
        *)
            exists "$root$1.original" || return 0
            would "put $root$1.original back" && return
            move "$root$1.original" "$root$1"
            ;;
    esac
}

report_removal() {
    if [ "$dry_run" ]; then
        say 'Nothing was changed.'
    else
        say "Removed what was installed under $root$prefix. The agent has its own scripts again, where it had any."
    fi
    for path in $remaining; do
        say "Left: $path is not what was installed."
    done
    for file in $(opt_outs); do
        say "Left: $file still opts out. To opt in, remove it."
    done
    for folder in $library_folders; do
        if [ -d "$root$folder/anonymous-statistics" ]; then
            say "Left: events that wait or were sent. To delete them: sudo rm -r $(quote "$root$folder/anonymous-statistics")"
        fi
    done
    if [ -z "$dry_run" ]; then
        say 'Next: restart netdata.'
    fi
}

# ---- the command line

# A folder option. A line end would break the lists, and a relative path would mean another folder to the daemon.
folder_of() {
    case $2 in
        '') wrong "$1 needs a folder" ;;
        *[[:cntrl:]]*) wrong "$1: a path with control characters" ;;
        /*) ;;
        *) wrong "$1: the path must be absolute (begin with /)" ;;
    esac
    # Without trailing slashes.
    printf '%s' "$2" | sed 's|//*$||'
}

existing_folder() {
    case $2 in
        '' | *[[:cntrl:]]*) wrong "$1 needs a folder" ;;
    esac
    (cd "$2" 2>/dev/null && pwd) || wrong "$1: there is no folder $2"
}

prefix=/usr/local root='' plugins='' config_dir='' library='' from='' disable='' with_hooks='' no_hooks='' uninstall='' yes='' variable='' given=''
for word in "$@"; do
    [ "$word" = -- ] || given="$given $(quote "$word")"
done
while [ $# -gt 0 ]; do
    option=$1 value=''
    shift
    case $option in
        --prefix=* | --plugins-dir=* | --config-dir=* | --lib-dir=* | --from=* | --root=*)
            value=${option#*=}
            option=${option%%=*}
            ;;
        --prefix | --plugins-dir | --config-dir | --lib-dir | --from | --root)
            [ $# -gt 0 ] || wrong "$option needs a folder"
            value=$1
            shift
            ;;
    esac
    case $option in
        --prefix) prefix=$(folder_of "$option" "$value") ;;
        --plugins-dir) plugins=$(folder_of "$option" "$value") ;;
        --config-dir) config_dir=$(folder_of "$option" "$value") ;;
        --lib-dir) library=$(folder_of "$option" "$value") ;;
        --from) from=$(existing_folder "$option" "$value") ;;
        --root) root=$(existing_folder "$option" "$value") ;;
        --disable-telemetry) disable=yes ;;
        --service-hooks) with_hooks=yes ;;
        --no-service-hooks) no_hooks=yes ;;
        --uninstall) uninstall=yes ;;
        --dry-run) dry_run=yes ;;
        --yes) yes=yes ;;
        --help)
            help
            exit 0
            ;;
        --)
            [ $# -eq 0 ] || wrong "unexpected argument $1"
            ;;
        -*) wrong "unknown option $option" ;;
        *) wrong "unexpected argument $option" ;;
    esac
done
if [ "$root" = / ]; then
    root=''
fi
if [ "$uninstall" ] && [ "$disable" ]; then
    wrong '--uninstall and --disable-telemetry do not go together'
fi
if [ "$with_hooks" ] && [ "$no_hooks$uninstall" ]; then
    wrong '--service-hooks goes neither with --no-service-hooks nor with --uninstall'
fi
if [ "$library" ] && [ -z "$with_hooks" ]; then
    wrong '--lib-dir is only for --service-hooks'
fi
manifest=$prefix/share/anonymous-statistics/installed
here=$(cd "$(dirname "$0")" && pwd)
real_root=$(cd "$root/" && pwd -P)
real_root=${real_root%/}
me=$(id -u)

# The sender's rule (src/consent/mod.rs): any value. The third is a variable of Netdata's installers, and no sender
# reads it: netdata-installer.sh only checks that it is set (${NETDATA_DISABLE_TELEMETRY+x}).
if [ "${DISABLE_TELEMETRY-}${DO_NOT_TRACK-}${NETDATA_DISABLE_TELEMETRY+x}" ]; then
    if [ -z "$disable" ] && [ -z "$uninstall" ]; then
        disable=yes variable=yes
    fi
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
