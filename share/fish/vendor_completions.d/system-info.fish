# Made by cargo xtask generate of the anonymous-statistics project; do not edit.
complete -c system-info -l format -d 'How to print; without it a table on a terminal, else the daemon\'s lines' -r -f -a "env\t'The Netdata daemon\'s NETDATA_* lines'
json\t'One JSON object'
table\t'A table for people'"
complete -c system-info -l machine -d 'Read a recorded machine from this folder instead of this one' -r -f -a "(__fish_complete_directories)"
complete -c system-info -l record -d 'Write questions and answers into this folder, new or empty, for --machine' -r -f -a "(__fish_complete_directories)"
complete -c system-info -l json -d 'Print one JSON object; the same as --format json'
complete -c system-info -l explain -d 'Add what was looked at for each fact'
complete -c system-info -l privileged -d 'Also use what not every user may see, and mark what rests on it'
complete -c system-info -s h -l help -d 'Print help (see more with \'--help\')'
complete -c system-info -s V -l version -d 'Print version'
complete -c system-info -f
