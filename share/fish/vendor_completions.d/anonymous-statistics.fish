# Made by cargo xtask generate of the anonymous-statistics project; do not edit.
complete -c anonymous-statistics -l call -d 'With --dry-run or --verify: a recorded call' -r -F
complete -c anonymous-statistics -l config-dir -d 'The agent\'s config directory' -r -f -a "(__fish_complete_directories)"
complete -c anonymous-statistics -l lib-dir -d 'The agent\'s library directory' -r -f -a "(__fish_complete_directories)"
complete -c anonymous-statistics -l dry-run -d 'Print the request instead of sending it, opted out or not'
complete -c anonymous-statistics -l verify -d 'Check on this machine that what is sent is what is shown'
complete -c anonymous-statistics -l from-status -d 'As a hook of the agent\'s service: report its start or end'
complete -c anonymous-statistics -l send-test -d 'Send one event named TEST to your own server'
complete -c anonymous-statistics -s h -l help -d 'Print help'
complete -c anonymous-statistics -s V -l version -d 'Print version'
complete -c anonymous-statistics -f
complete -c anonymous-statistics -a 'START\\t\'the agent starts\'
EXIT\\t\'the agent stops, in order or after an error\'
FATAL\\t\'the agent fails and is about to stop\'
CRASH\\t\'at its start, the agent finds that it crashed before\'
INCOMPLETE_SHUTDOWN\\t\'at its start, the agent finds that it did not stop in order\'
META_START\\t\'some minutes after the start\'
META\\t\'every two or six hours, by version\'
EXPORTING_START\\t\'an exporting connector starts\'
BACKEND_START\\t\'a backend starts (old agents)\'
ACLK_DISABLED\\t\'the agent starts without its Cloud features\'
ACLK_CONN_FAIL\\t\'a connected agent cannot reach the Cloud\'
BUILD_FAIL_LWS\\t\'at installation, libwebsockets could not be built (old agents)\'
BUILD_FAIL_MOSQ\\t\'at installation, Mosquitto could not be built (old agents)\''
