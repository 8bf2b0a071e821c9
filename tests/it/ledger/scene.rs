//! Servers for a load: quiet, without a limit of rate unless one is given, at an address that stays.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use support::program::Folder;
use support::server::Server;
use support::waiting::PATIENCE;

use super::speak::{Reply, Speaker, request};

/// A command that runs such a server.
pub fn command(folder: &Folder, listen: &str, args: &[&str]) -> Command {
    let mut all = vec!["server", "--listen", listen, "--console", "quiet"];
    for (flag, value) in [("--max-rate", "0"), ("--grace", "60s")] {
        if !args.contains(&flag) {
            all.extend([flag, value]);
        }
    }
    // A whole load comes from one address.
    all.push("--no-address-limits");
    all.extend_from_slice(args);
    let mut command = folder.command(&all);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Starts one.
pub fn server(folder: &Arc<Folder>, listen: &str, args: &[&str]) -> Server {
    Server::spawn(Arc::clone(folder), command(folder, listen, args))
}

/// Starts a server again at its address; returns the time to its first answer.
pub fn again(folder: &Arc<Folder>, address: &str) -> (Server, Duration) {
    thread::scope(|scope| {
        let from = Instant::now();
        let answered = scope.spawn(move || {
            while ask(address, "GET", "/health", &[]).is_none_or(|reply| reply.status != 200) {
                assert!(from.elapsed() < PATIENCE, "no answer after a start");
                thread::sleep(Duration::from_millis(1));
            }
            from.elapsed()
        });
        let server = server(folder, address, &[]);
        (server, answered.join().expect("an answer"))
    })
}

/// Sends one request on its own connection; `None` if there is no answer.
pub fn ask(address: &str, method: &str, path: &str, fields: &[(&str, &str)]) -> Option<Reply> {
    let mut speaker = Speaker::connect(address).ok()?;
    let bytes = request(method, path, fields, b"");
    speaker.send(&bytes).ok()?;
    speaker.reply().ok()
}
