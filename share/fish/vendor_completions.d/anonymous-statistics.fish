# Made by cargo xtask generate of the anonymous-statistics project; do not edit.
complete -c anonymous-statistics -l call -d 'With --dry-run or --verify: a recorded call' -r
complete -c anonymous-statistics -l config-dir -d 'The agent\'s config directory' -r
complete -c anonymous-statistics -l lib-dir -d 'The agent\'s library directory' -r
complete -c anonymous-statistics -l dry-run -d 'Print the request instead of sending it, opted out or not'
complete -c anonymous-statistics -l verify -d 'Check on this machine that what is sent is what is shown'
complete -c anonymous-statistics -s h -l help -d 'Print help'
complete -c anonymous-statistics -s V -l version -d 'Print version'
