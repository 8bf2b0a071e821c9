//! A server under strace, which reports its system calls, delays them, or makes them fail.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use crate::program::{CHATROOM, Folder};
use crate::server::Server;

/// A command that runs the server in `folder` under strace, which reports these `calls` in the file `told`. Its
/// process becomes the server's.
pub fn command(
    folder: &Folder,
    told: &Path,
    calls: &str,
    options: &[&str],
    args: &[&str],
) -> Command {
    let mut command = Command::new("strace");
    command.args(["-D", "-f", "--seccomp-bpf", "-o"]).arg(told);
    command.arg(format!("-etrace={calls}"));
    command.args(options).arg(CHATROOM);
    command.args(["server", "--listen", "127.0.0.1:0", "--grace", "60s"]);
    command.args(["--max-rate", "0", "--console", "quiet"]);
    command.args(args);
    folder.settle(&mut command);
    command
}

/// Starts a server by [`command`].
pub fn start(
    folder: &Arc<Folder>,
    told: &Path,
    calls: &str,
    options: &[&str],
    args: &[&str],
) -> Server {
    Server::spawn(
        Arc::clone(folder),
        command(folder, told, calls, options, args),
    )
}
