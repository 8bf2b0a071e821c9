//! The sentences that the operator reads around a run: where to join, and the good-bye.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use crate::cli::{self, ServerArgs, typed};
use crate::modes::server::addresses::{JoinAddresses, OwnAddress, page};
use crate::system::terminal;

use super::qr;

/// The console's level if none is set.
pub fn default_console() -> cli::ConsoleLevel {
    if io::stdout().is_terminal() {
        cli::ConsoleLevel::Http
    } else {
        cli::ConsoleLevel::Quiet
    }
}

/// Prints where the server listens, what to open or paste to join it, and whether it is found `nearby`.
/// `before` is how long the log was when it was opened. Returns the number of lines.
pub fn say_where(
    addresses: &JoinAddresses,
    args: &ServerArgs,
    has_key: bool,
    nearby: Option<&str>,
    before: u64,
) -> u64 {
    let now = addresses.now();
    let Some((best, others)) = now.split_first() else {
        return 0;
    };
    let at = addresses.at(best);
    // Where a relative name leads to depends on where somebody stood.
    let log = std::path::absolute(&args.log).unwrap_or_else(|_| args.log.clone());
    let mut text = format!(
        "Listening on port {}. The log is {} ({}).\n",
        at.port(),
        log.display(),
        size(before)
    );
    text.push_str(&to_open(addresses, best, !args.no_qr));
    let (login, key) = if has_key {
        (" -u YOU:KEY", "KEY")
    } else {
        ("", "")
    };
    let (own, link) = (own_command(), at.link());
    let host = link.trim_start_matches("chatroom://");
    text.push_str(&format!(
        "Or join by a window, curl, or a link:\n  {own} gui --name YOU {at}\n  curl -N{login} http://{host}/events\n  \
         curl -u YOU:{key} --data-raw hello http://{host}/messages\n  {link}\n"
    ));
    if !others.is_empty() {
        let others: Vec<String> = others
            .iter()
            .map(|own| format!("{} ({})", page(&addresses.at(own)), own.network))
            .collect();
        text.push_str(&format!("Also at {}.\n", others.join(", ")));
    }
    if let Some(nearby) = nearby {
        text.push_str(&format!("{nearby}\n"));
    }
    if has_key {
        text.push_str(
            "The room has a key: page and window ask for it; for curl, put it in place of KEY.\n",
        );
    }
    if args.sync != cli::Sync::Always {
        text.push_str(
            "With this --sync, a power cut may lose the latest messages although they \
                       were acknowledged.\n",
        );
    }
    // Nobody may be reading; the room is open all the same.
    let _ = io::stdout().write_all(text.as_bytes());
    let _ = io::stdout().flush();
    text.lines().count() as u64
}

/// The lines for browsers: the best address, the machine's name, and on a terminal a code for phones.
fn to_open(addresses: &JoinAddresses, best: &OwnAddress, code: bool) -> String {
    let url = page(&addresses.at(best));
    let whose = if best.ip.is_loopback() {
        "on this machine"
    } else {
        "on this network"
    };
    let by_name = addresses.by_name();
    let or = by_name.map_or(String::new(), |name| format!(" or {name}"));
    let mut text = format!("Open this address in any browser {whose}:\n  {url}{or}\n");
    let out = io::stdout();
    if code && best.is_shared && out.is_terminal() && !terminal::is_dumb() {
        text.push_str(&qr::drawing(&url, terminal::size(out)).unwrap_or_default());
    }
    text
}

/// The size of a log in words. Counting its events would take longer than opening it.
fn size(bytes: u64) -> String {
    match bytes {
        0 => "new".to_string(),
        1..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        1_000_000..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{}.{} GB", bytes / 1_000_000_000, bytes / 100_000_000 % 10),
    }
}

/// Tells a person at a terminal where everything is now.
pub fn say_good_bye(args: &ServerArgs) {
    let mut out = io::stdout();
    if out.is_terminal() {
        let (own, log) = (own_command(), typed(&args.log.to_string_lossy()));
        let text = format!("\nThe room is closed. `{own} replay {log}` plays it back.\n");
        // The terminal may be gone, which is as good a reason to stop as any.
        let _ = out.write_all(text.as_bytes());
    }
}

/// The command that starts this program on this machine, as a shell takes it: `chatroom` where the shell
/// finds it so.
fn own_command() -> String {
    let word = env::args_os().next().unwrap_or_default();
    let path = Path::new(&word);
    let usual = || "chatroom".to_string();
    let Some(own) = path
        .canonicalize()
        .ok()
        .filter(|_| path.components().count() > 1)
    else {
        return usual();
    };
    let found = env::split_paths(&env::var_os("PATH").unwrap_or_default())
        .map(|folder| folder.join("chatroom"))
        .find(|file| file.is_file());
    if found.is_some_and(|file| file.canonicalize().is_ok_and(|file| file == own)) {
        usual()
    } else {
        typed(&word.to_string_lossy())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_said_with_the_machines_name_and_for_whom_it_is() {
        let listen = "0.0.0.0:1337".parse().expect("an address");
        let named = JoinAddresses::named(listen, "box.local");
        let own = |ip: [u8; 4]| OwnAddress {
            ip: ip.into(),
            network: "eth0".to_string(),
            is_shared: true,
        };
        assert_eq!(
            to_open(&named, &own([192, 168, 1, 20]), false),
            "Open this address in any browser on this network:\n  http://192.168.1.20:1337/ or http://box.local:1337/\n"
        );
        let alone = JoinAddresses::of("127.0.0.1:1337".parse().expect("an address"));
        assert_eq!(
            to_open(&alone, &own([127, 0, 0, 1]), false),
            "Open this address in any browser on this machine:\n  http://127.0.0.1:1337/\n"
        );
    }

    #[test]
    fn sizes_are_short() {
        for (bytes, said) in [
            (0, "new"),
            (999, "999 bytes"),
            (1_999, "1 kB"),
            (10_340_000_000, "10.3 GB"),
        ] {
            assert_eq!(size(bytes), said);
        }
    }
}
