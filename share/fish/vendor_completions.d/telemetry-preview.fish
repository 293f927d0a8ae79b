# Made by cargo xtask generate of the anonymous-statistics project; do not edit.
# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_telemetry_preview_global_optspecs
    string join \n config-dir= lib-dir= plugins-dir= event= daemon-version= call= plain h/help V/version
end

function __fish_telemetry_preview_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_telemetry_preview_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_telemetry_preview_using_subcommand
    set -l cmd (__fish_telemetry_preview_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c telemetry-preview -n "__fish_telemetry_preview_needs_command" -l config-dir -d 'The agent\'s config directory' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_needs_command" -l lib-dir -d 'The agent\'s library directory, in which it keeps its identifier' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_needs_command" -l plugins-dir -d 'The folder of the agent\'s plugins, where its daemon looks for a sender' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_needs_command" -l event -d 'The event to show: START, EXIT, FATAL ... [default: START]' -r
complete -c telemetry-preview -n "__fish_telemetry_preview_needs_command" -l daemon-version -d 'Judge and build as if the agent\'s daemon had this version' -r
complete -c telemetry-preview -n "__fish_telemetry_preview_needs_command" -l call -d 'A file with recorded calls of the daemon: {"argv": [...], "env": {...}}' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_needs_command" -l plain -d 'No screens: everything as text, also for screen readers'
complete -c telemetry-preview -n "__fish_telemetry_preview_needs_command" -s h -l help -d 'Print help'
complete -c telemetry-preview -n "__fish_telemetry_preview_needs_command" -s V -l version -d 'Print version'
complete -c telemetry-preview -n "__fish_telemetry_preview_needs_command" -f -a "show" -d 'Print the request that would be sent, and where each value comes from'
complete -c telemetry-preview -n "__fish_telemetry_preview_needs_command" -f -a "status" -d 'Say whether this machine may send, what decides that, and who would send'
complete -c telemetry-preview -n "__fish_telemetry_preview_needs_command" -f -a "diff" -d 'Compare two events: what would be sent, or what was sent last'
complete -c telemetry-preview -n "__fish_telemetry_preview_needs_command" -f -a "opt-out" -d 'Turn off each agent\'s telemetry: create the opt-out file, change netdata.conf if needed'
complete -c telemetry-preview -n "__fish_telemetry_preview_needs_command" -f -a "opt-in" -d 'Undo opt-out, after asking'
complete -c telemetry-preview -n "__fish_telemetry_preview_needs_command" -f -a "history" -d 'Show what was sent or refused, and what waits to be sent and why'
complete -c telemetry-preview -n "__fish_telemetry_preview_needs_command" -f -a "forget" -d 'Delete what was sent and is kept here, and events that wait to be sent'
complete -c telemetry-preview -n "__fish_telemetry_preview_needs_command" -f -a "check" -d 'Compare with what ought to be: for monitoring and configuration management'
complete -c telemetry-preview -n "__fish_telemetry_preview_needs_command" -f -a "explain" -d 'Explain a field: what it is, why it is sent, where it comes from, and its value here'
complete -c telemetry-preview -n "__fish_telemetry_preview_needs_command" -f -a "schema" -d 'List all fields and events that can ever be sent'
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand show" -l channel -d 'Whose request [default: events, or crash-reports for a daemon that calls no script]' -r -f -a "events\t'The events of the daemon, by its script'
crash-reports\t'The daemon\'s own report at its next start (from v2.3 on)'
dashboard\t'The events of the agent\'s dashboard, from a browser'"
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand show" -l if -d 'What happens before the daemon\'s next start, which reports it' -r -f -a "killed\t'It is killed, or has stopped already'
stopped\t'Somebody stops it; what only the stop knows is marked'
power-loss\t'The machine loses its power'"
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand show" -l sender -d 'Whose request: this project\'s sender\'s, or that of the installed program [default: what would be sent]' -r -f -a "this\t'This project\'s sender, installed or not'
installed\t'The program that the daemon calls, if it is this sender or Netdata\'s own script'"
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand show" -l config-dir -d 'The agent\'s config directory' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand show" -l lib-dir -d 'The agent\'s library directory, in which it keeps its identifier' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand show" -l plugins-dir -d 'The folder of the agent\'s plugins, where its daemon looks for a sender' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand show" -l event -d 'The event to show: START, EXIT, FATAL ... [default: START]' -r
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand show" -l daemon-version -d 'Judge and build as if the agent\'s daemon had this version' -r
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand show" -l call -d 'A file with recorded calls of the daemon: {"argv": [...], "env": {...}}' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand show" -l raw -d 'The bytes of the request on standard output, and nothing else; values that are not known here are null'
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand show" -l json -d 'One JSON object'
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand show" -l example -d 'Examples of this event, marked as such, for what only the daemon knows'
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand show" -l strict -d 'Exit with 3 unless every value is known as it would be sent now'
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand status" -l config-dir -d 'The agent\'s config directory' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand status" -l lib-dir -d 'The agent\'s library directory, in which it keeps its identifier' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand status" -l plugins-dir -d 'The folder of the agent\'s plugins, where its daemon looks for a sender' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand status" -l event -d 'The event to show: START, EXIT, FATAL ... [default: START]' -r
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand status" -l daemon-version -d 'Judge and build as if the agent\'s daemon had this version' -r
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand status" -l call -d 'A file with recorded calls of the daemon: {"argv": [...], "env": {...}}' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand status" -l json -d 'One JSON object'
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand status" -s h -l help -d 'Print help'
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand diff" -l events -d 'The events of two actions, as they would be sent' -r
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand diff" -l versions -d 'The daemon\'s own report, as daemons of two versions would make it: what changes with an upgrade' -r
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand diff" -l config-dir -d 'The agent\'s config directory' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand diff" -l lib-dir -d 'The agent\'s library directory, in which it keeps its identifier' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand diff" -l plugins-dir -d 'The folder of the agent\'s plugins, where its daemon looks for a sender' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand diff" -l event -d 'The event to show: START, EXIT, FATAL ... [default: START]' -r
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand diff" -l daemon-version -d 'Judge and build as if the agent\'s daemon had this version' -r
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand diff" -l call -d 'A file with recorded calls of the daemon: {"argv": [...], "env": {...}}' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand diff" -l since-last -d 'The last event of this kind that is kept here, and the one that would be sent now'
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand diff" -l json -d 'One JSON object'
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand diff" -s h -l help -d 'Print help'
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand opt-out" -l channel -d 'Turn off this channel alone, in netdata.conf' -r -f -a "crash-reports\t'The reports of newer daemons about their last run'"
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand opt-out" -l config-dir -d 'The agent\'s config directory' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand opt-out" -l lib-dir -d 'The agent\'s library directory, in which it keeps its identifier' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand opt-out" -l plugins-dir -d 'The folder of the agent\'s plugins, where its daemon looks for a sender' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand opt-out" -l event -d 'The event to show: START, EXIT, FATAL ... [default: START]' -r
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand opt-out" -l daemon-version -d 'Judge and build as if the agent\'s daemon had this version' -r
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand opt-out" -l call -d 'A file with recorded calls of the daemon: {"argv": [...], "env": {...}}' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand opt-out" -l dry-run -d 'Only say what would be done'
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand opt-out" -l yes -d 'Do not ask, even where netdata.conf is changed or an agent names a folder that is not a usual one'
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand opt-out" -l file-only -d 'Create the opt-out file and leave netdata.conf alone'
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand opt-out" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand opt-in" -l config-dir -d 'The agent\'s config directory' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand opt-in" -l lib-dir -d 'The agent\'s library directory, in which it keeps its identifier' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand opt-in" -l plugins-dir -d 'The folder of the agent\'s plugins, where its daemon looks for a sender' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand opt-in" -l event -d 'The event to show: START, EXIT, FATAL ... [default: START]' -r
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand opt-in" -l daemon-version -d 'Judge and build as if the agent\'s daemon had this version' -r
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand opt-in" -l call -d 'A file with recorded calls of the daemon: {"argv": [...], "env": {...}}' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand opt-in" -l yes -d 'Do not ask'
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand opt-in" -s h -l help -d 'Print help'
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand history" -l raw -d 'The bytes of one request, as they went or will go onto the wire; its number stands in the list' -r
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand history" -l config-dir -d 'The agent\'s config directory' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand history" -l lib-dir -d 'The agent\'s library directory, in which it keeps its identifier' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand history" -l plugins-dir -d 'The folder of the agent\'s plugins, where its daemon looks for a sender' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand history" -l event -d 'The event to show: START, EXIT, FATAL ... [default: START]' -r
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand history" -l daemon-version -d 'Judge and build as if the agent\'s daemon had this version' -r
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand history" -l call -d 'A file with recorded calls of the daemon: {"argv": [...], "env": {...}}' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand history" -l json -d 'One JSON object'
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand history" -s h -l help -d 'Print help'
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand forget" -l config-dir -d 'The agent\'s config directory' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand forget" -l lib-dir -d 'The agent\'s library directory, in which it keeps its identifier' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand forget" -l plugins-dir -d 'The folder of the agent\'s plugins, where its daemon looks for a sender' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand forget" -l event -d 'The event to show: START, EXIT, FATAL ... [default: START]' -r
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand forget" -l daemon-version -d 'Judge and build as if the agent\'s daemon had this version' -r
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand forget" -l call -d 'A file with recorded calls of the daemon: {"argv": [...], "env": {...}}' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand forget" -l dry-run -d 'Only say what would be done'
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand forget" -s h -l help -d 'Print help'
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand check" -l expect -d 'What the agent\'s telemetry ought to be' -r -f -a "on\t'This project\'s sender sends the daemon\'s events; with --channel: that channel sends'
off\t'Every telemetry channel is off, or there is no agent; with --channel: that channel is off'"
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand check" -l expect-url -d 'Where this sender\'s events ought to go' -r
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand check" -l channel -d 'One channel instead of all' -r -f -a "events\t''
crash-reports\t''
sentry\t''
dashboard\t''
cloud\t''
registry\t''
installers\t''"
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand check" -l config-dir -d 'The agent\'s config directory' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand check" -l lib-dir -d 'The agent\'s library directory, in which it keeps its identifier' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand check" -l plugins-dir -d 'The folder of the agent\'s plugins, where its daemon looks for a sender' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand check" -l event -d 'The event to show: START, EXIT, FATAL ... [default: START]' -r
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand check" -l daemon-version -d 'Judge and build as if the agent\'s daemon had this version' -r
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand check" -l call -d 'A file with recorded calls of the daemon: {"argv": [...], "env": {...}}' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand check" -l require-agent -d 'Without an agent it is not as expected'
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand check" -l json -d 'One JSON object'
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand explain" -l config-dir -d 'The agent\'s config directory' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand explain" -l lib-dir -d 'The agent\'s library directory, in which it keeps its identifier' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand explain" -l plugins-dir -d 'The folder of the agent\'s plugins, where its daemon looks for a sender' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand explain" -l event -d 'The event to show: START, EXIT, FATAL ... [default: START]' -r
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand explain" -l daemon-version -d 'Judge and build as if the agent\'s daemon had this version' -r
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand explain" -l call -d 'A file with recorded calls of the daemon: {"argv": [...], "env": {...}}' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand explain" -l all -d 'All fields'
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand explain" -s h -l help -d 'Print help'
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand schema" -l format -d 'For people (Markdown) or for programs' -r -f -a "md\t''
json\t''"
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand schema" -l channel -d 'Whose events; the JSON has both' -r -f -a "events\t'The events of the daemon, by its script'
crash-reports\t'The daemon\'s own report at its next start (from v2.3 on)'
dashboard\t'The events of the agent\'s dashboard, from a browser'"
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand schema" -l config-dir -d 'The agent\'s config directory' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand schema" -l lib-dir -d 'The agent\'s library directory, in which it keeps its identifier' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand schema" -l plugins-dir -d 'The folder of the agent\'s plugins, where its daemon looks for a sender' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand schema" -l event -d 'The event to show: START, EXIT, FATAL ... [default: START]' -r
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand schema" -l daemon-version -d 'Judge and build as if the agent\'s daemon had this version' -r
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand schema" -l call -d 'A file with recorded calls of the daemon: {"argv": [...], "env": {...}}' -r -F
complete -c telemetry-preview -n "__fish_telemetry_preview_using_subcommand schema" -s h -l help -d 'Print help (see more with \'--help\')'
