//! The sentences that the operator reads around a run: where to join, and the good-bye.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use crate::address::Address;
use crate::cli::{self, ServerArgs, typed};

/// The console's level if none is set.
pub fn default_console() -> cli::ConsoleLevel {
    if io::stdout().is_terminal() {
        cli::ConsoleLevel::Http
    } else {
        cli::ConsoleLevel::Quiet
    }
}

/// Prints where the server listens, what to paste to join it, and whether it is found `nearby`.
/// `before` is how long the log was when it was opened.
pub fn say_where(
    address: SocketAddr,
    args: &ServerArgs,
    has_key: bool,
    nearby: Option<&str>,
    before: u64,
) {
    let port = address.port();
    // Where a relative name leads to depends on where somebody stood.
    let log = std::path::absolute(&args.log).unwrap_or_else(|_| args.log.clone());
    let mut text = format!(
        "Listening on port {port}. The log is {} ({}).\nJoin with:\n",
        log.display(),
        size(before)
    );
    let (own, login, key) = if has_key {
        (own_command(), " -u YOU:KEY", "KEY")
    } else {
        (own_command(), "", "")
    };
    for ip in reachable(address.ip()) {
        let at = Address::of_ip(ip, address.port(), &network(ip));
        let link = at.link();
        let host = link.trim_start_matches("chatroom://");
        text.push_str(&format!(
            "  {own} gui --name YOU {at}\n  curl -N{login} http://{host}/events\n  \
             curl -u YOU:{key} --data-raw hello http://{host}/messages\n  {link}\n"
        ));
    }
    if let Some(nearby) = nearby {
        text.push_str(&format!("{nearby}\n"));
    }
    if has_key {
        text.push_str(
            "The room has a key: the window asks for it; for curl, put it in place of KEY.\n",
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

/// The name of the network in which this machine has `ip`.
fn network(ip: IpAddr) -> String {
    let all = if_addrs::get_if_addrs().unwrap_or_default();
    let own = all.into_iter().find(|interface| interface.ip() == ip);
    own.map(|interface| interface.name).unwrap_or_default()
}

/// The addresses under which others reach a server that listens on `ip`.
fn reachable(ip: IpAddr) -> Vec<IpAddr> {
    if !ip.is_unspecified() {
        return vec![ip];
    }
    let mut found: Vec<IpAddr> = if_addrs::get_if_addrs()
        .unwrap_or_default()
        .into_iter()
        .map(|interface| interface.ip())
        .filter(|found| !found.is_loopback() && (found.is_ipv4() || ip.is_ipv6()))
        .filter(|found| !matches!(found, IpAddr::V6(v6) if v6.is_unicast_link_local()))
        .collect();
    found.sort();
    found.dedup();
    if found.is_empty() {
        found.push(IpAddr::from([127, 0, 0, 1]));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

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
