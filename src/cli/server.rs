//! The command line of `chatroom server`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum, ValueHint};

use super::{duration, switch};
use crate::cidr::Cidr;

const NETWORK: &str = "Network";
const ROOM: &str = "The room and its members";
const RECORD: &str = "Log and console";

/// `chatroom server`
#[derive(Args, Debug, Clone)]
#[command(after_help = "Examples:\n  \
    chatroom server                                          a room for the local network\n  \
    chatroom server --room lobby --listen 127.0.0.1:1337     one for this machine only\n  \
    chatroom server --key-file key --log /srv/room/log.txt   one with a key\n  \
    CHATROOM_KEY='open sesame' chatroom server               the same, without a key file")]
pub struct ServerArgs {
    /// Address and port to listen on (port 0 picks a free one)
    ///
    /// `0.0.0.0` means every network of this machine; with `127.0.0.1:1337` only this machine can join.
    /// With port 0 the server says which one it picked.
    #[arg(long, value_name = "ADDR:PORT", default_value = "0.0.0.0:1337", env = "CHATROOM_LISTEN", value_hint = ValueHint::Other, help_heading = NETWORK)]
    pub listen: String,

    /// Another name by which clients reach the server (needed behind a public domain name); may be repeated
    ///
    /// The server refuses requests for names that it does not know; it knows this machine's and the one
    /// in `--listen`. Give a port only if pages come from a port other than 80 and 443 that a proxy does
    /// not pass on. In the variable, separate several names with commas.
    #[arg(long, value_name = "NAME[:PORT]", value_parser = host_name, value_delimiter = ',', env = "CHATROOM_HOST_NAME", value_hint = ValueHint::Other, help_heading = NETWORK)]
    pub host_name: Vec<String>,

    /// The address or network of a proxy in front of the server, trusted to report client addresses; may
    /// be repeated
    ///
    /// The proxy gives them in `X-Forwarded-For` or `Forwarded`, and in `X-Forwarded-Proto` or `Forwarded`
    /// whether the client came by TLS. Without this flag, everybody who comes through the proxy counts as
    /// one address. Nothing but proxies should connect from such an address. In the variable, separate several with commas.
    #[arg(long, value_name = "CIDR", value_delimiter = ',', env = "CHATROOM_TRUST_PROXY", value_hint = ValueHint::Other, help_heading = NETWORK)]
    pub trust_proxy: Vec<Cidr>,

    /// Do not announce this room on the local network (by default windows there find it by themselves,
    /// through mDNS)
    #[arg(long, env = "CHATROOM_NO_ANNOUNCE", value_parser = switch, help_heading = NETWORK)]
    pub no_announce: bool,

    /// Do not show a QR code of the room's address (by default a terminal shows one, for phones)
    #[arg(long, env = "CHATROOM_NO_QR", value_parser = switch, help_heading = NETWORK)]
    pub no_qr: bool,

    /// The room's name, as windows show it
    #[arg(long, value_name = "NAME", default_value = "chatroom", env = "CHATROOM_ROOM", value_parser = room, value_hint = ValueHint::Other, help_heading = ROOM)]
    pub room: String,

    /// A file whose first line is the room key, which everybody needs to join or read
    ///
    /// The key itself may be in the environment variable CHATROOM_KEY instead. Without a room key,
    /// anybody who can reach the server can read and join.
    #[arg(long, value_name = "FILE", env = "CHATROOM_KEY_FILE", value_hint = ValueHint::FilePath, help_heading = ROOM)]
    pub key_file: Option<PathBuf>,

    /// Longest name allowed, in characters as a reader counts them: 1 to 64
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = max_name, env = "CHATROOM_MAX_NAME", value_hint = ValueHint::Other, help_heading = ROOM)]
    pub max_name: u16,

    /// Time for which a name stays present without a connection
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration, env = "CHATROOM_GRACE", value_hint = ValueHint::Other, help_heading = ROOM)]
    pub grace: Duration,

    /// Sustained messages a second for one session (with bursts of ten seconds' worth), and ten
    /// times as many for all guests of an address; 0 means no limit
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = max_rate, env = "CHATROOM_MAX_RATE", value_hint = ValueHint::Other, help_heading = ROOM)]
    pub max_rate: u32,

    /// Lift the limits per address: connections, new ones a second, names, joins, guests, waiting messages
    ///
    /// For load tests, and for a proxy that `--trust-proxy` does not name, since everybody behind it has
    /// its address. Wrong room keys are still counted.
    #[arg(long, env = "CHATROOM_NO_ADDRESS_LIMITS", value_parser = switch, help_heading = ROOM)]
    pub no_address_limits: bool,

    /// The room's log; created if missing
    ///
    /// Only one server at a time can use a file.
    #[arg(long, value_name = "FILE", default_value = "log.txt", env = "CHATROOM_LOG", value_hint = ValueHint::FilePath, help_heading = RECORD)]
    pub log: PathBuf,

    /// When messages are forced to disk: `always` (before they are acknowledged or shown to anybody),
    /// every N seconds (a power cut may lose that much), or `never` (flushing is left to the kernel)
    ///
    /// The number may be any length of time above 0, such as `250ms`.
    #[arg(long, value_name = "always|SECONDS|never", default_value = "always", value_parser = sync, env = "CHATROOM_SYNC", value_hint = ValueHint::Other, help_heading = RECORD)]
    pub sync: Sync,

    /// Show the old conversation at the start: `ask` (in the foreground of a terminal), `yes`, `no`, or the
    /// newest N events
    ///
    /// Without a terminal, `ask` means `no`. Clients can join before you answer.
    #[arg(long, value_name = "ask|yes|no|N", default_value = "ask", value_parser = history, env = "CHATROOM_HISTORY", value_hint = ValueHint::Other, help_heading = RECORD)]
    pub history: History,

    /// Output on the console; by default `http` on a terminal, else `quiet`
    #[arg(long, value_name = "WHAT", value_enum, env = "CHATROOM_CONSOLE", help_heading = RECORD)]
    pub console: Option<ConsoleLevel>,
}

/// The values of `--history`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// Ask on a terminal; elsewhere the same as [`History::No`].
    Ask,
    /// Show all of it.
    Yes,
    /// Show nothing.
    No,
    /// Show this many of the newest events.
    Last(usize),
}

/// The time at which the journal is synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// Before an event is acknowledged or shown.
    Always,
    /// At this interval.
    Every(Duration),
    /// Whenever the system does it.
    Never,
}

/// The output of the server's console.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ConsoleLevel {
    /// Each message as the HTTP request it came in, the task that handled it, and joins and leaves
    Http,
    /// The conversation
    Lines,
    /// Only what the operator must know
    Quiet,
}

fn room(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("give a name that windows can show".to_string()),
        name if name.chars().any(char::is_control) => {
            Err("give a name on one line, without control characters".to_string())
        }
        name => Ok(name.to_string()),
    }
}

fn max_name(text: &str) -> Result<u16, String> {
    let known = text.parse().ok().filter(|n| (1..=64).contains(n));
    known.ok_or_else(|| "give a number of characters from 1 to 64".to_string())
}

fn max_rate(text: &str) -> Result<u32, String> {
    let known = text.parse();
    known.map_err(|_| "give a number of messages a second, or 0 for no limit".to_string())
}

fn host_name(text: &str) -> Result<String, String> {
    // The letters that a request's Host may have, too.
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let (name, port) = text.split_once(':').unwrap_or((text, "1"));
    let bare = name.strip_suffix('.').unwrap_or(name);
    let has_port = port.parse::<u16>().is_ok_and(|port| port > 0);
    match !bare.is_empty() && bare.chars().all(fits) && has_port {
        true if name == text => Ok(bare.to_string()),
        true => Ok(format!("{bare}:{port}")),
        false => Err("give a name such as chat.example.org, without http://".into()),
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
            .map_err(|_| "use ask, yes, no, or how many of the newest events to show".to_string()),
    }
}

fn sync(text: &str) -> Result<Sync, String> {
    match text {
        "always" => Ok(Sync::Always),
        "never" => Ok(Sync::Never),
        other => match duration(other) {
            Ok(every) if !every.is_zero() => Ok(Sync::Every(every)),
            _ => Err("use always, never, or a number of seconds above 0".to_string()),
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
            ("--room", " ", "give a name"),
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
