//! `chatroom server`'s part of the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::duration;

/// `chatroom server`
#[derive(Args, Debug, Clone)]
#[command(after_help = "Examples:\n  chatroom server\n  \
                  chatroom server --room lobby --listen 127.0.0.1:1337\n  \
                  CHATROOM_KEY='open sesame' chatroom server --log /var/lib/room/log.txt")]
pub struct ServerArgs {
    /// Address and port to listen on (port 0 takes a free one)
    #[arg(
        long,
        value_name = "ADDR:PORT",
        default_value = "0.0.0.0:1337",
        env = "CHATROOM_LISTEN"
    )]
    pub listen: String,

    /// The room's record; made if it is not there
    #[arg(
        long,
        value_name = "FILE",
        default_value = "log.txt",
        env = "CHATROOM_LOG"
    )]
    pub log: PathBuf,

    /// The room's name, as windows show it
    #[arg(
        long,
        value_name = "NAME",
        default_value = "chatroom",
        env = "CHATROOM_ROOM",
        value_parser = room
    )]
    pub room: String,

    /// Show the old conversation at start: ask (on a terminal only), yes, no, or the last N events
    #[arg(long, value_name = "ask|yes|no|N", default_value = "ask", value_parser = history)]
    pub history: History,

    /// The longest name let in, in characters as a reader counts them
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = max_name)]
    pub max_name: u16,

    /// How long a name stays present without any connection
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration)]
    pub grace: Duration,

    /// When what was said is forced to disk: always (before it is acknowledged or shown to
    /// anybody), every so many SECONDS (a power cut may lose that much), or never (left to the
    /// system)
    #[arg(long, value_name = "always|SECONDS|never", default_value = "always", value_parser = sync)]
    pub sync: Sync,

    /// A file whose first line is the room key; without the key nobody gets in or reads.
    /// The environment variable CHATROOM_KEY does the same
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,

    /// A name this server is also reached by (needed behind a public domain name); may be repeated
    #[arg(long, value_name = "NAME", value_parser = host_name)]
    pub host_name: Vec<String>,

    /// What the console shows of the traffic: http (each message as the request it came in), lines
    /// (the conversation), quiet [default: http on a terminal, else quiet]
    #[arg(long, value_enum)]
    pub console: Option<Console>,

    /// Messages a second that one sender may keep up (bursts of ten times that are let through);
    /// 0 means no limit
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = max_rate)]
    pub max_rate: u32,

    /// Do not tell the local network about this room (by default windows on it find the room by
    /// themselves, through mDNS)
    #[arg(long, env = "CHATROOM_NO_ANNOUNCE", value_parser = clap::builder::FalseyValueParser::new())]
    pub no_announce: bool,
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
    /// Each message as the HTTP request it came in, the task that served it, who comes and goes.
    Http,
    /// The conversation only.
    Lines,
    /// Only what an operator must know.
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
    // The same letters that a request's Host may have; its port is not compared.
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let name = text.strip_suffix('.').unwrap_or(text);
    match !name.is_empty() && name.chars().all(fits) {
        true => Ok(name.to_string()),
        false => Err("say a bare name such as chat.example.org, without http:// and port".into()),
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
            (
                "--host-name",
                "chat.example.org:8080",
                "without http:// and port",
            ),
        ] {
            let said = run(flag, wrong).expect_err(wrong);
            assert!(said.contains(advice), "{said}");
        }
        for (flag, right) in [
            ("--room", "Würzburg 日本"),
            ("--max-name", "64"),
            ("--max-rate", "0"),
            ("--host-name", "chat.example.org"),
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
