//! Everything between the command line and the first connection, and what is said meanwhile.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::Path;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::address::{Address, port_without_brackets};
use crate::cli::{self, DEFAULT_PORT, ServerArgs, typed};
use crate::event::{Body, Event, Id, Stamp};
use crate::failure::{Failure, reason};
use crate::journal::{self, Journal, Kept, LogRange, Opening};
use crate::lookup::lookup;
use crate::modes::server::machine;

/// Gives the tasks a thread for each core that the writers leave. With more of them than that, one
/// request wakes several for what one does.
pub fn size_runtime() {
    let threads = (machine::cores() - machine::writers()).max(1);
    let config = async_global_executor::GlobalExecutorConfig::default()
        .with_min_threads(threads)
        .with_max_threads(threads)
        .with_thread_name_fn(|| "tasks".to_string());
    async_global_executor::init_with_config(config);
}

/// Connections that wait to be accepted.
const BACKLOG: i32 = 4_096;

/// Raises the soft limit on open files to the hard one, since each listener needs one; the limit.
pub fn raise_file_limit() -> u64 {
    let now = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: now.maximum,
        maximum: now.maximum,
    };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => now.maximum.unwrap_or(u64::MAX),
        Err(_) => now.current.unwrap_or(u64::MAX),
    }
}

/// Takes the port.
///
/// # Errors
/// A sentence that says which address and why not.
pub fn bind(listen: &str) -> Result<TcpListener, Failure> {
    let address = listen_address(listen)?;
    let listener = TcpListener::bind(address).map_err(|error| {
        let advice = match error.kind() {
            io::ErrorKind::AddrInUse => {
                "Another program has this port: stop it, or choose another port with --listen."
            }
            io::ErrorKind::PermissionDenied => {
                "Ports below 1024 are for the administrator: choose another one with --listen."
            }
            // With a port that was not taken for one.
            io::ErrorKind::AddrNotAvailable if address.is_ipv6() && !listen.starts_with('[') => {
                "This machine does not have that address: choose one of its own with --listen, in brackets \
                 before a port, as in [fe80::1]:1337."
            }
            io::ErrorKind::AddrNotAvailable => {
                "This machine does not have that address: choose one of its own with --listen."
            }
            _ => "Choose another address with --listen.",
        };
        Failure::new(format!(
            "The server cannot listen on {address}: {}. {advice}",
            reason(&error)
        ))
    })?;
    // Listening again only lengthens the queue; without it a crowd that comes at once is refused.
    let _ = rustix::net::listen(&listener, BACKLOG);
    Ok(listener)
}

fn listen_address(text: &str) -> Result<SocketAddr, Failure> {
    let wrong = || {
        Failure::setting(format!(
            "{text:?} is no address to listen on. Write one such as 0.0.0.0:1337 or [::]:1337."
        ))
    };
    if let Some((host, port)) = port_without_brackets(text) {
        return Err(Failure::setting(format!(
            "{text:?} could have a port or none. An IPv6 address stands in brackets before a port: \
             --listen [{host}]:{port}."
        )));
    }
    if let Ok(ip) = text
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>()
    {
        return Ok(SocketAddr::from((ip, DEFAULT_PORT)));
    }
    if let Ok(port) = text.strip_prefix(':').unwrap_or(text).parse::<u16>() {
        return Ok(SocketAddr::from(([0, 0, 0, 0], port)));
    }
    if let Ok(whole) = text.parse() {
        return Ok(whole);
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().map_err(|_| wrong())?),
        None => (text, DEFAULT_PORT),
    };
    let found = lookup(host, port).unwrap_or_default();
    found.first().copied().ok_or_else(wrong)
}

/// Goes on where `chatroom rotate` was cut off; what the operator is told of it.
///
/// # Errors
/// The new log cannot get its name.
pub fn finish_rotation(path: &Path) -> Result<Option<String>, Failure> {
    let finished = journal::finish_rotation(path).map_err(|error| {
        Failure::new(format!(
            "The log {} was being begun anew, and that cannot be finished: {}. Wait for chatroom rotate to end, or rename {}.new to it.",
            path.display(),
            reason(&error),
            path.display()
        ))
    })?;
    Ok(finished.then(|| {
        format!(
            "Beginning the log {} anew had been cut off; it is finished now. Nothing is lost.",
            path.display()
        )
    }))
}

/// Opens and repairs the log.
///
/// # Errors
/// A sentence; nothing was touched then.
pub fn open_log(path: &Path) -> Result<Opening, Failure> {
    Journal::open(path).map_err(|error| Failure::new(error.to_string()))
}

/// What the operator must know about the log as it was found.
pub fn notices(opening: &Opening) -> Vec<String> {
    let torn = opening.torn().map(|torn| {
        let kept = match &torn.kept {
            Kept::In(saved) => format!("were saved as {} and cut off", saved.display()),
            Kept::Here(bytes) => format!(
                "were cut off, and could not be saved, since the disk is full (they began with {:?})",
                String::from_utf8_lossy(&bytes[..bytes.len().min(200)])
            ),
        };
        format!(
            "The log's end was torn (the last stop was not in good order): {} bytes from byte {} on {kept}. \
             What was acknowledged is whole lines, and no whole line was cut.",
            torn.bytes, torn.offset,
        )
    });
    let damaged = opening.damaged().first().map(|(offset, damage)| {
        let (many, kept) = match opening.damaged().len() {
            1 => ("the only such line near its end".to_string(), "It is"),
            count => (format!("{count} such lines near its end"), "They are"),
        };
        format!(
            "The log is damaged at byte {offset}: {damage} ({many}). {kept} kept and shown as damaged; \
             look at the disk, and at a backup."
        )
    });
    let missing = opening.missing().map(|name| {
        format!(
            "The log goes on from {name}, which is not beside it. What was said before is still the room's, but a message \
             of then that is sent once more counts as a new one, and tokens that were not used since have to log in again. \
             Put that file back, unpacked, and start the server again; if it is kept elsewhere on purpose, nothing is to be done."
        )
    });
    torn.into_iter().chain(damaged).chain(missing).collect()
}

/// A log that this run has begun to write.
pub struct Begun {
    /// Its append end.
    pub journal: Journal,
    /// The id of the line that says so.
    pub opened: Id,
    /// The latest time in it.
    pub last: Stamp,
    /// The lines before that.
    pub recent: LogRange,
}

/// Writes this run's first line.
///
/// # Errors
/// It could not be written.
pub fn begin(opening: Opening) -> Result<Begun, Failure> {
    let mut random = [0; 8];
    getrandom::fill(&mut random)
        .map_err(|error| Failure::new(format!("The system has no random numbers: {error}.")))?;
    // A clock that is behind the log must not make time go back in it.
    let at = Stamp::now().max(opening.last_stamp().unwrap_or(Stamp::from_micros(i64::MIN)));
    let body = Body::Opened {
        version: concat!("chatroom ", env!("CARGO_PKG_VERSION")).to_string(),
        random: random.iter().map(|byte| format!("{byte:02x}")).collect(),
        after: None,
    };
    let recent = opening.recent().clone();
    let failed = |error: String| Failure::new(error);
    let journal = opening
        .begin(&Event { at, body })
        .map_err(|error| failed(error.to_string()))?;
    let opened = journal
        .reader()
        .id_before(journal.end())
        .map_err(|error| failed(reason(&error)))?;
    let opened = opened.ok_or_else(|| {
        failed("The log is empty after its first line was written. Check the disk.".into())
    })?;
    Ok(Begun {
        journal,
        opened,
        last: at,
        recent,
    })
}

/// The names this machine goes by without being told: its own, and one that is listened on.
pub fn own_names(args: &ServerArgs) -> Vec<String> {
    let own = rustix::system::uname();
    let own = own.nodename().to_string_lossy().into_owned();
    let listen = args.listen.rsplit_once(':').map(|(host, _)| host);
    let listen = listen.unwrap_or(&args.listen).to_string();
    let names = [own, listen].into_iter();
    names.filter(|name| !name.is_empty()).collect()
}

/// What the console shows if nobody says.
pub fn default_console() -> cli::Console {
    if io::stdout().is_terminal() {
        cli::Console::Http
    } else {
        cli::Console::Quiet
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
    let (own, login, key) = match has_key {
        true => (own_command(), " -u YOU:KEY", "KEY"),
        false => (own_command(), "", ""),
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
            "The room has a key: the window asks for it; curl takes it where KEY stands.\n",
        );
    }
    if args.sync != cli::Sync::Always {
        text.push_str("With this --sync, a power cut may lose what was said last although it was acknowledged.\n");
    }
    // Nobody may be reading; the room is open all the same.
    let _ = io::stdout().write_all(text.as_bytes());
    let _ = io::stdout().flush();
}

/// How much is in a log, roughly. Counting its events would take longer than opening it.
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
        let text = format!("\nThe room is closed. `{own} replay {log}` plays what was said.\n");
        // The terminal may be gone, which is as good a reason to stop as any.
        let _ = out.write_all(text.as_bytes());
    }
}

/// What starts this program on this machine, as a shell takes it: `chatroom` where the shell finds it so.
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
    match found.is_some_and(|file| file.canonicalize().is_ok_and(|file| file == own)) {
        true => usual(),
        false => typed(&word.to_string_lossy()),
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

    #[test]
    fn addresses_as_people_write_them() {
        for (text, want) in [
            ("0.0.0.0:1337", "0.0.0.0:1337"),
            ("127.0.0.1:0", "127.0.0.1:0"),
            ("[::1]:80", "[::1]:80"),
            ("8080", "0.0.0.0:8080"),
            (":8080", "0.0.0.0:8080"),
            ("127.0.0.1", "127.0.0.1:1337"),
            ("::1", "[::1]:1337"),
            ("[::1]", "[::1]:1337"),
        ] {
            assert_eq!(listen_address(text).expect(text).to_string(), want);
        }
        assert!(listen_address("not an address").is_err());
        assert!(listen_address("127.0.0.1:99999").is_err());
    }
}
