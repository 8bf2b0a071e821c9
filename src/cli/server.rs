//! `chatroom server`'s part of the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum, ValueHint};

use super::{duration, switch};
use crate::cidr::Cidr;

const NETWORK: &str = "Network";
const ROOM: &str = "The room and who is in it";
const RECORD: &str = "Record and console";

/// `chatroom server`
#[derive(Args, Debug, Clone)]
#[command(after_help = "Examples:\n  \
    chatroom server                                          a room for the local network\n  \
    chatroom server --room lobby --listen 127.0.0.1:1337     one for this machine alone\n  \
    chatroom server --key-file key --log /srv/room/log.txt   one with a key\n  \
    CHATROOM_KEY='open sesame' chatroom server               the same, with nothing in a file")]
pub struct ServerArgs {
    /// Address and port to listen on (port 0 takes a free one)
    ///
    /// `0.0.0.0` is every network of this machine; with `127.0.0.1:1337` only this machine can join.
    /// With port 0 the server says which one it took.
    #[arg(long, value_name = "ADDR:PORT", default_value = "0.0.0.0:1337", env = "CHATROOM_LISTEN", value_hint = ValueHint::Other, help_heading = NETWORK)]
    pub listen: String,

    /// A name this server is also reached by (needed behind a public domain name); may be repeated
    ///
    /// Requests for names that the server does not know are refused; it knows this machine's and one
    /// in `--listen`. A port belongs to it only if pages come from a port other than 80 and 443 that
    /// a proxy does not pass on. In the variable, several names stand with commas between them.
    #[arg(long, value_name = "NAME[:PORT]", value_parser = host_name, value_delimiter = ',', env = "CHATROOM_HOST_NAME", value_hint = ValueHint::Other, help_heading = NETWORK)]
    pub host_name: Vec<String>,

    /// A proxy in front of the server, by its address or network, that is believed when it says whose
    /// a request is; may be repeated
    ///
    /// It says so in `X-Forwarded-For` or `Forwarded`. Without it, whoever comes through the proxy counts
    /// as one address. In the variable, several stand with commas between them.
    #[arg(long, value_name = "CIDR", value_delimiter = ',', env = "CHATROOM_TRUST_PROXY", value_hint = ValueHint::Other, help_heading = NETWORK)]
    pub trust_proxy: Vec<Cidr>,

    /// Do not tell the local network about this room (by default windows on it find the room by
    /// themselves, through mDNS)
    #[arg(long, env = "CHATROOM_NO_ANNOUNCE", value_parser = switch, help_heading = NETWORK)]
    pub no_announce: bool,

    /// The room's name, as windows show it
    #[arg(long, value_name = "NAME", default_value = "chatroom", env = "CHATROOM_ROOM", value_parser = room, value_hint = ValueHint::Other, help_heading = ROOM)]
    pub room: String,

    /// A file whose first line is the room key; without the key nobody gets in or reads
    ///
    /// The key itself may be in the environment variable CHATROOM_KEY instead. Without a room key,
    /// everybody who reaches the server can read and join.
    #[arg(long, value_name = "FILE", env = "CHATROOM_KEY_FILE", value_hint = ValueHint::FilePath, help_heading = ROOM)]
    pub key_file: Option<PathBuf>,

    /// The longest name let in, in characters as a reader counts them: 1 to 64
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = max_name, env = "CHATROOM_MAX_NAME", value_hint = ValueHint::Other, help_heading = ROOM)]
    pub max_name: u16,

    /// How long a name stays present without any connection
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration, env = "CHATROOM_GRACE", value_hint = ValueHint::Other, help_heading = ROOM)]
    pub grace: Duration,

    /// Messages a second that one session may keep up (bursts of ten times that are let through), and
    /// twice that for all guests of an address; 0 means no limit
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = max_rate, env = "CHATROOM_MAX_RATE", value_hint = ValueHint::Other, help_heading = ROOM)]
    pub max_rate: u32,

    /// Do not count by address: connections, new ones a second, names, joins, guests, what waits
    ///
    /// For load tests, and for a proxy in front that `--trust-proxy` does not name: all who come through it
    /// have its address. Wrong room keys are counted all the same.
    #[arg(long, env = "CHATROOM_NO_ADDRESS_LIMITS", value_parser = switch, help_heading = ROOM)]
    pub no_address_limits: bool,

    /// The room's record; made if it is not there
    ///
    /// Only one server at a time can use a file.
    #[arg(long, value_name = "FILE", default_value = "log.txt", env = "CHATROOM_LOG", value_hint = ValueHint::FilePath, help_heading = RECORD)]
    pub log: PathBuf,

    /// When what was said is forced to disk: `always` (before it is acknowledged or shown to
    /// anybody), every so many SECONDS (a power cut may lose that much), or `never` (left to the
    /// system)
    ///
    /// Instead of SECONDS above 0, any length of time such as `250ms` does.
    #[arg(long, value_name = "always|SECONDS|never", default_value = "always", value_parser = sync, env = "CHATROOM_SYNC", value_hint = ValueHint::Other, help_heading = RECORD)]
    pub sync: Sync,

    /// Show the old conversation at start: `ask` (on a terminal, in the foreground), `yes`, `no`, or the newest N
    /// events
    ///
    /// Elsewhere `ask` shows nothing. The room is open while it is asked or shown.
    #[arg(long, value_name = "ask|yes|no|N", default_value = "ask", value_parser = history, env = "CHATROOM_HISTORY", value_hint = ValueHint::Other, help_heading = RECORD)]
    pub history: History,

    /// What the console shows of the traffic; by default `http` on a terminal, else `quiet`
    #[arg(long, value_name = "WHAT", value_enum, env = "CHATROOM_CONSOLE", help_heading = RECORD)]
    pub console: Option<Console>,
}

/// What `--history` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// Ask on a terminal; elsewhere the same as `No`.
    Ask,
    /// Show it.
    Yes,
    /// Do not show it.
    No,
    /// Show the newest so many events.
    Last(usize),
}

/// When the journal is forced to disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// Before anything is acknowledged or seen.
    Always,
    /// Every so often.
    Every(Duration),
    /// When the system likes.
    Never,
}

/// What the server's console shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Console {
    /// Each message as the HTTP request it came in, the task that served it, and who comes and goes
    Http,
    /// The conversation
    Lines,
    /// Only what an operator must know
    Quiet,
}

fn room(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("say a name that the windows can show".to_string()),
        name if name.chars().any(char::is_control) => {
            Err("say a name on one line, without control characters".to_string())
        }
        name => Ok(name.to_string()),
    }
}

fn max_name(text: &str) -> Result<u16, String> {
    let known = text.parse().ok().filter(|n| (1..=64).contains(n));
    known.ok_or_else(|| "say a number of characters from 1 to 64".to_string())
}

fn max_rate(text: &str) -> Result<u32, String> {
    let known = text.parse();
    known.map_err(|_| "say a number of messages a second, or 0 for no limit".to_string())
}

fn host_name(text: &str) -> Result<String, String> {
    // The same letters that a request's Host may have.
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let (name, port) = text.split_once(':').unwrap_or((text, "1"));
    let bare = name.strip_suffix('.').unwrap_or(name);
    let has_port = port.parse::<u16>().is_ok_and(|port| port > 0);
    match !bare.is_empty() && bare.chars().all(fits) && has_port {
        true if name == text => Ok(bare.to_string()),
        true => Ok(format!("{bare}:{port}")),
        false => Err("say a name such as chat.example.org, without http://".into()),
    }
}

fn history(text: &str) -> Result<History, String> {
    match text {
        "ask" => Ok(History::Ask),
        "yes" => Ok(History::Yes),
        "no" => Ok(History::No),
        n => n
            .parse()
            .map(History::Last)
            .map_err(|_| "say ask, yes, no, or how many of the newest events to show".to_string()),
    }
}

fn sync(text: &str) -> Result<Sync, String> {
    match text {
        "always" => Ok(Sync::Always),
        "never" => Ok(Sync::Never),
        other => match duration(other) {
            Ok(every) if !every.is_zero() => Ok(Sync::Every(every)),
            _ => Err("say always, never, or a number of seconds above 0".to_string()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::Parser;

    #[test]
    fn what_would_mean_nothing_is_refused_with_what_would() {
        let run = |flag: &str, value: &str| {
            Cli::try_parse_from(["chatroom", "server", flag, value])
                .map_err(|error| error.to_string())
        };
        for (flag, wrong, advice) in [
            ("--room", " ", "say a name"),
            ("--room", "a\nb", "on one line"),
            ("--max-name", "65", "from 1 to 64"),
            ("--max-rate", "lots", "0 for no limit"),
            ("--host-name", "http://x", "such as chat.example.org"),
            ("--host-name", "chat.example.org:", "such as chat"),
            ("--host-name", "chat.example.org:0", "such as chat"),
            ("--host-name", "chat.example.org:x", "without http://"),
        ] {
            let said = run(flag, wrong).expect_err(wrong);
            assert!(said.contains(advice), "{said}");
        }
        for (flag, right) in [
            ("--room", "Würzburg 日本"),
            ("--max-name", "64"),
            ("--max-rate", "0"),
            ("--host-name", "chat.example.org"),
            ("--host-name", "chat.example.org.:8443"),
        ] {
            assert!(run(flag, right).is_ok(), "{flag} {right}");
        }
    }

    #[test]
    fn sync_knows_three_forms() {
        assert_eq!(sync("always"), Ok(Sync::Always));
        assert_eq!(sync("2"), Ok(Sync::Every(Duration::from_secs(2))));
        assert_eq!(sync("never"), Ok(Sync::Never));
        assert!(sync("0").is_err());
        assert!(sync("sometimes").is_err());
    }
}
