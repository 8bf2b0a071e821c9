# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_chatroom_global_optspecs
    string join \n h/help V/version
end

function __fish_chatroom_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_chatroom_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_chatroom_using_subcommand
    set -l cmd (__fish_chatroom_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c chatroom -n "__fish_chatroom_needs_command" -s h -l help -d 'Print help'
complete -c chatroom -n "__fish_chatroom_needs_command" -s V -l version -d 'Print version'
complete -c chatroom -n "__fish_chatroom_needs_command" -f -a "server" -d 'Run a room that windows and any HTTP client can join'
complete -c chatroom -n "__fish_chatroom_needs_command" -f -a "gui" -d 'Join a room in a window'
complete -c chatroom -n "__fish_chatroom_needs_command" -f -a "replay" -d 'Play a room\'s log.txt back, without a server'
complete -c chatroom -n "__fish_chatroom_needs_command" -f -a "backup" -d 'Copy a room\'s log, or bring the copy up to date'
complete -c chatroom -n "__fish_chatroom_needs_command" -f -a "rotate" -d 'Start a new log for a stopped room, and keep the old one beside it'
complete -c chatroom -n "__fish_chatroom_needs_command" -f -a "man" -d 'Show a page of the manual'
complete -c chatroom -n "__fish_chatroom_needs_command" -f -a "completions" -d 'Print what a shell needs to complete chatroom\'s flags'
complete -c chatroom -n "__fish_chatroom_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c chatroom -n "__fish_chatroom_using_subcommand server" -l listen -d 'Address and port to listen on (port 0 picks a free one)' -r -f
complete -c chatroom -n "__fish_chatroom_using_subcommand server" -l host-name -d 'Another name by which clients reach the server (needed behind a public domain name); may be repeated' -r -f
complete -c chatroom -n "__fish_chatroom_using_subcommand server" -l trust-proxy -d 'The address or network of a proxy in front of the server, trusted to report client addresses; may be repeated' -r -f
complete -c chatroom -n "__fish_chatroom_using_subcommand server" -l room -d 'The room\'s name, as windows show it' -r -f
complete -c chatroom -n "__fish_chatroom_using_subcommand server" -l key-file -d 'A file whose first line is the room key, which everybody needs to join or read' -r -F
complete -c chatroom -n "__fish_chatroom_using_subcommand server" -l max-name -d 'Longest name allowed, in characters as a reader counts them: 1 to 64' -r -f
complete -c chatroom -n "__fish_chatroom_using_subcommand server" -l grace -d 'Time for which a name stays present without a connection' -r -f
complete -c chatroom -n "__fish_chatroom_using_subcommand server" -l max-rate -d 'Sustained messages a second for one session (with bursts of ten seconds\' worth), and ten times as many for all guests of an address; 0 means no limit' -r -f
complete -c chatroom -n "__fish_chatroom_using_subcommand server" -l log -d 'The room\'s log; created if missing' -r -F
complete -c chatroom -n "__fish_chatroom_using_subcommand server" -l sync -d 'When messages are forced to disk: `always` (before they are acknowledged or shown to anybody), every N seconds (a power cut may lose that much), or `never` (flushing is left to the kernel)' -r -f
complete -c chatroom -n "__fish_chatroom_using_subcommand server" -l history -d 'Show the old conversation at the start: `ask` (in the foreground of a terminal), `yes`, `no`, or the newest N events' -r -f
complete -c chatroom -n "__fish_chatroom_using_subcommand server" -l console -d 'Output on the console; by default `http` on a terminal, else `quiet`' -r -f -a "http\t'Each message as the HTTP request it came in, the task that handled it, and joins and leaves'
lines\t'The conversation'
quiet\t'Only what the operator must know'"
complete -c chatroom -n "__fish_chatroom_using_subcommand server" -l no-announce -d 'Do not announce this room on the local network (by default windows there find it by themselves, through mDNS)'
complete -c chatroom -n "__fish_chatroom_using_subcommand server" -l no-qr -d 'Do not show a QR code of the room\'s address (by default a terminal shows one, for phones)'
complete -c chatroom -n "__fish_chatroom_using_subcommand server" -l no-address-limits -d 'Lift the limits per address: connections, new ones a second, names, joins, guests, waiting messages'
complete -c chatroom -n "__fish_chatroom_using_subcommand server" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c chatroom -n "__fish_chatroom_using_subcommand gui" -l name -d 'Log in with this name at once' -r -f
complete -c chatroom -n "__fish_chatroom_using_subcommand gui" -l key-file -d 'A file whose first line is the room key' -r -F
complete -c chatroom -n "__fish_chatroom_using_subcommand gui" -l no-search -d 'Do not look for rooms on the local network'
complete -c chatroom -n "__fish_chatroom_using_subcommand gui" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -l speed -d 'Speed as a multiple of real time, such as 0.5, 2 or 10; `max` means without waiting' -r -f
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -l max-gap -d 'The longest silence to wait out, before the speed is applied; longer ones are shortened to this (with a note, from a minute on)' -r -f
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -l color -d 'Colours: `auto` uses them on a terminal, unless NO_COLOR is set; `always` also in a pipe, as for `less -R`' -r -f -a "auto\t'Only on a terminal that supports them'
always\t'Also in a pipe'
never\t'Never'"
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -l from -d 'Start here: `2026-11-23T22:34:57Z`, `2026-11-23 22:34` or `22:34` on this machine\'s clock, or `-2h` before the end' -r -f
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -l to -d 'Stop before this time' -r -f
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -l user -d 'Only events of this name; may be repeated' -r -f
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -l grep -d 'Only messages that match; `(?i)` at the beginning ignores case' -r -f
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -l only -d 'Only messages, or only joins and leaves' -r -f -a "messages\t'Messages'
joins\t'Joins and leaves'"
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -l output -d 'Print it all at once: as lines, as requests like the server\'s console, as one JSON object a line, or as one page for a browser' -r -f -a "plain\t'One event per line'
http\t'The request blocks of the server\'s console'
json\t'One object per line'
html\t'A page for a browser'"
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -l format -d 'The log\'s format, if it is not recognised' -r -f -a "room\t'A room\'s log.txt'
original\t'The original program\'s'
irssi\t'irssi\'s'
weechat\t'WeeChat\'s'
hexchat\t'HexChat\'s'
znc\t'One day of a log of ZNC or soju'
mirc\t'mIRC\'s'
day\t'Lines as [HH:MM] <nick> text, the date in the file\'s name'
channel\t'Lines as channel YYYY-MM-DD [HH:MM:SS] <nick> text'"
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -l stats -d 'Count: who said how much and when, the busiest hour, the longest silence, and who was there for how long' -r -f -a "table\t'A table for people'
json\t'One JSON object'
csv\t'CSV for a spreadsheet'"
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -l plot -d 'Draw messages over time and by hour and weekday, into an .svg or .png file; an older picture with that name is replaced' -r -F
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -l convert -d 'Write it, or the selected part, as a room\'s log, which `chatroom server --log` can continue; `-` is standard output' -r -F
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -l into -d 'Post it, or the selected part, again in a running room, with every speaker as a member, at `--speed` and `--max-gap`' -r -f
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -l key-file -d 'A file whose first line is the key of the room for `--into`' -r -F
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -l follow -d 'After the end, keep following what the room writes, even across a restart'
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -l times -d 'Show the time of day before each event'
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -l plain -d 'Print one event a line, at once, exactly as in the log but without time and checksum: the same as `--output plain`'
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -s v -l verbose -d 'List the lines of another program\'s log that are not understood, with their places'
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -l verify -d 'Check every line instead of playing; print each fault with its place in the file, what it means and what to do, and a count at the end. Exits with 1 if there are any'
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c chatroom -n "__fish_chatroom_using_subcommand backup" -l key-file -d 'A file whose first line is the room key' -r -F
complete -c chatroom -n "__fish_chatroom_using_subcommand backup" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c chatroom -n "__fish_chatroom_using_subcommand rotate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c chatroom -n "__fish_chatroom_using_subcommand man" -l output -d 'Write all pages below this folder, as man expects them: `man1/chatroom.1` and so on' -r -f -a "(__fish_complete_directories)"
complete -c chatroom -n "__fish_chatroom_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c chatroom -n "__fish_chatroom_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c chatroom -n "__fish_chatroom_using_subcommand help; and not __fish_seen_subcommand_from server gui replay backup rotate man completions help" -f -a "server" -d 'Run a room that windows and any HTTP client can join'
complete -c chatroom -n "__fish_chatroom_using_subcommand help; and not __fish_seen_subcommand_from server gui replay backup rotate man completions help" -f -a "gui" -d 'Join a room in a window'
complete -c chatroom -n "__fish_chatroom_using_subcommand help; and not __fish_seen_subcommand_from server gui replay backup rotate man completions help" -f -a "replay" -d 'Play a room\'s log.txt back, without a server'
complete -c chatroom -n "__fish_chatroom_using_subcommand help; and not __fish_seen_subcommand_from server gui replay backup rotate man completions help" -f -a "backup" -d 'Copy a room\'s log, or bring the copy up to date'
complete -c chatroom -n "__fish_chatroom_using_subcommand help; and not __fish_seen_subcommand_from server gui replay backup rotate man completions help" -f -a "rotate" -d 'Start a new log for a stopped room, and keep the old one beside it'
complete -c chatroom -n "__fish_chatroom_using_subcommand help; and not __fish_seen_subcommand_from server gui replay backup rotate man completions help" -f -a "man" -d 'Show a page of the manual'
complete -c chatroom -n "__fish_chatroom_using_subcommand help; and not __fish_seen_subcommand_from server gui replay backup rotate man completions help" -f -a "completions" -d 'Print what a shell needs to complete chatroom\'s flags'
complete -c chatroom -n "__fish_chatroom_using_subcommand help; and not __fish_seen_subcommand_from server gui replay backup rotate man completions help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c chatroom -n "__fish_chatroom_using_subcommand gui" -f
complete -c chatroom -n "__fish_chatroom_using_subcommand man" -f -a "chatroom server gui replay log service desktop icon"
complete -c chatroom -n "__fish_chatroom_using_subcommand completions" -f -a "bash zsh fish"
