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
complete -c chatroom -n "__fish_chatroom_needs_command" -f -a "server" -d 'Hold a room that windows and any HTTP client can join'
complete -c chatroom -n "__fish_chatroom_needs_command" -f -a "gui" -d 'Join a room in a window'
complete -c chatroom -n "__fish_chatroom_needs_command" -f -a "replay" -d 'Play a room\'s log.txt back, without a server'
complete -c chatroom -n "__fish_chatroom_needs_command" -f -a "backup" -d 'Copy a room\'s log, or add what was said since to the copy'
complete -c chatroom -n "__fish_chatroom_needs_command" -f -a "rotate" -d 'Begin a stopped room\'s log anew, and keep the old one beside it'
complete -c chatroom -n "__fish_chatroom_needs_command" -f -a "man" -d 'Show a page of the manual'
complete -c chatroom -n "__fish_chatroom_needs_command" -f -a "completions" -d 'Print what a shell needs to complete chatroom\'s flags'
complete -c chatroom -n "__fish_chatroom_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c chatroom -n "__fish_chatroom_using_subcommand server" -l listen -d 'Address and port to listen on (port 0 takes a free one)' -r -f
complete -c chatroom -n "__fish_chatroom_using_subcommand server" -l host-name -d 'A name this server is also reached by (needed behind a public domain name); may be repeated' -r -f
complete -c chatroom -n "__fish_chatroom_using_subcommand server" -l trust-proxy -d 'A proxy in front of the server, by its address or network, that is believed when it says whose a request is; may be repeated' -r -f
complete -c chatroom -n "__fish_chatroom_using_subcommand server" -l room -d 'The room\'s name, as windows show it' -r -f
complete -c chatroom -n "__fish_chatroom_using_subcommand server" -l key-file -d 'A file whose first line is the room key; without the key nobody gets in or reads' -r -F
complete -c chatroom -n "__fish_chatroom_using_subcommand server" -l max-name -d 'The longest name let in, in characters as a reader counts them: 1 to 64' -r -f
complete -c chatroom -n "__fish_chatroom_using_subcommand server" -l grace -d 'How long a name stays present without any connection' -r -f
complete -c chatroom -n "__fish_chatroom_using_subcommand server" -l max-rate -d 'Messages a second that one session may keep up (bursts of ten times that are let through), and twice that for all guests of an address; 0 means no limit' -r -f
complete -c chatroom -n "__fish_chatroom_using_subcommand server" -l log -d 'The room\'s record; made if it is not there' -r -F
complete -c chatroom -n "__fish_chatroom_using_subcommand server" -l sync -d 'When what was said is forced to disk: `always` (before it is acknowledged or shown to anybody), every so many SECONDS (a power cut may lose that much), or `never` (left to the system)' -r -f
complete -c chatroom -n "__fish_chatroom_using_subcommand server" -l history -d 'Show the old conversation at start: `ask` (on a terminal, in the foreground), `yes`, `no`, or the newest N events' -r -f
complete -c chatroom -n "__fish_chatroom_using_subcommand server" -l console -d 'What the console shows of the traffic; by default `http` on a terminal, else `quiet`' -r -f -a "http\t'Each message as the HTTP request it came in, the task that served it, and who comes and goes'
lines\t'The conversation'
quiet\t'Only what an operator must know'"
complete -c chatroom -n "__fish_chatroom_using_subcommand server" -l no-announce -d 'Do not tell the local network about this room (by default windows on it find the room by themselves, through mDNS)'
complete -c chatroom -n "__fish_chatroom_using_subcommand server" -l no-address-limits -d 'Do not count by address: connections, new ones a second, names, joins, guests, what waits'
complete -c chatroom -n "__fish_chatroom_using_subcommand server" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c chatroom -n "__fish_chatroom_using_subcommand gui" -l name -d 'Log in with this name at once' -r -f
complete -c chatroom -n "__fish_chatroom_using_subcommand gui" -l key-file -d 'A file whose first line is the room key' -r -F
complete -c chatroom -n "__fish_chatroom_using_subcommand gui" -l no-search -d 'Do not look for rooms on the local network'
complete -c chatroom -n "__fish_chatroom_using_subcommand gui" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -l speed -d 'How many times as fast as it happened, such as 0.5, 2 or 10; `max` does not wait at all' -r -f
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -l max-gap -d 'The longest silence that is waited out, before the speed is applied; longer ones are shortened to this (and said, from a minute on)' -r -f
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -l color -d 'Colours: `auto` has them on a terminal, unless NO_COLOR is set; `always` in a pipe too, as for `less -R`' -r -f -a "auto\t'On a terminal that can and is asked to'
always\t'In a pipe too'
never\t'Nowhere'"
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -l from -d 'Begin here: `2026-11-23T22:34:57Z`, `2026-11-23 22:34` or `22:34` on this machine\'s clock, or `-2h` before the end' -r -f
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -l to -d 'End before this' -r -f
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -l user -d 'Only what this name said and did; may be given several times' -r -f
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -l grep -d 'Only messages that match; `(?i)` at the beginning does not care about capitals' -r -f
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -l only -d 'Only messages, or only who came and went' -r -f -a "messages\t'What was said'
joins\t'Who came and went'"
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -l output -d 'Print it all at once: lines, requests as on the server\'s console, one JSON object a line, or one page for a browser' -r -f -a "plain\t'One event a line'
http\t'The blocks of the server\'s console'
json\t'One object a line'
html\t'A page for a browser'"
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -l format -d 'What kind of log it is, if the file does not tell' -r -f -a "room\t'A room\'s log.txt'
original\t'The original program\'s'
irssi\t'irssi\'s'
weechat\t'WeeChat\'s'
hexchat\t'HexChat\'s'
znc\t'A day of ZNC\'s or soju\'s'
mirc\t'mIRC\'s'
day\t'Lines as [HH:MM] <nick> text, the date in the file\'s name'
channel\t'Lines as channel YYYY-MM-DD [HH:MM:SS] <nick> text'"
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -l stats -d 'Count: who said how much and when, the busiest hour, the longest silence, and who was there for how long' -r -f -a "table\t'For people'
json\t'One object'
csv\t'For a spreadsheet'"
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -l plot -d 'Draw the talk over time and by hour and weekday, into an .svg or .png file; an older picture of that name is replaced' -r -F
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -l convert -d 'Write it, or what is chosen of it, as a room\'s log, which `chatroom server --log` goes on with; `-` is standard output' -r -F
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -l into -d 'Say what is chosen again in a running room, every speaker a member of it, at `--speed` and `--max-gap`' -r -f
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -l key-file -d 'A file whose first line is the key of the room that `--into` names' -r -F
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -l follow -d 'Go on with what the room writes, once the end is reached, also after the server was started again'
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -l times -d 'Show the time of day before each event'
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -l plain -d 'Print one event a line, at once, exactly as the log has it but for time and checksum: the same as `--output plain`'
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -s v -l verbose -d 'Name the lines of another program\'s log that are not understood, with their places'
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -l verify -d 'Play nothing; check every line, and print each fault with its place in the file, what it means and what to do, and a count at the end. Exits with 1 if there are any'
complete -c chatroom -n "__fish_chatroom_using_subcommand replay" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c chatroom -n "__fish_chatroom_using_subcommand backup" -l key-file -d 'A file whose first line is the room key' -r -F
complete -c chatroom -n "__fish_chatroom_using_subcommand backup" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c chatroom -n "__fish_chatroom_using_subcommand rotate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c chatroom -n "__fish_chatroom_using_subcommand man" -l output -d 'Write all pages below this folder, as man expects them: `man1/chatroom.1` and so on' -r -f -a "(__fish_complete_directories)"
complete -c chatroom -n "__fish_chatroom_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c chatroom -n "__fish_chatroom_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c chatroom -n "__fish_chatroom_using_subcommand help; and not __fish_seen_subcommand_from server gui replay backup rotate man completions help" -f -a "server" -d 'Hold a room that windows and any HTTP client can join'
complete -c chatroom -n "__fish_chatroom_using_subcommand help; and not __fish_seen_subcommand_from server gui replay backup rotate man completions help" -f -a "gui" -d 'Join a room in a window'
complete -c chatroom -n "__fish_chatroom_using_subcommand help; and not __fish_seen_subcommand_from server gui replay backup rotate man completions help" -f -a "replay" -d 'Play a room\'s log.txt back, without a server'
complete -c chatroom -n "__fish_chatroom_using_subcommand help; and not __fish_seen_subcommand_from server gui replay backup rotate man completions help" -f -a "backup" -d 'Copy a room\'s log, or add what was said since to the copy'
complete -c chatroom -n "__fish_chatroom_using_subcommand help; and not __fish_seen_subcommand_from server gui replay backup rotate man completions help" -f -a "rotate" -d 'Begin a stopped room\'s log anew, and keep the old one beside it'
complete -c chatroom -n "__fish_chatroom_using_subcommand help; and not __fish_seen_subcommand_from server gui replay backup rotate man completions help" -f -a "man" -d 'Show a page of the manual'
complete -c chatroom -n "__fish_chatroom_using_subcommand help; and not __fish_seen_subcommand_from server gui replay backup rotate man completions help" -f -a "completions" -d 'Print what a shell needs to complete chatroom\'s flags'
complete -c chatroom -n "__fish_chatroom_using_subcommand help; and not __fish_seen_subcommand_from server gui replay backup rotate man completions help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c chatroom -n "__fish_chatroom_using_subcommand gui" -f
complete -c chatroom -n "__fish_chatroom_using_subcommand man" -f -a "chatroom server gui replay log service desktop icon"
complete -c chatroom -n "__fish_chatroom_using_subcommand completions" -f -a "bash zsh fish"
