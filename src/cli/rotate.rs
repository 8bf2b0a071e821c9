//! The command line of `chatroom rotate`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// `chatroom rotate`
#[derive(Args, Debug, Clone)]
#[command(after_help = "Example, for the service of the Debian package:\n  \
    chatroom backup 127.0.0.1 backup.txt      so that the copy includes the end of the old log\n  \
    systemctl stop chatroom\n  \
    chatroom rotate /var/lib/chatroom/log.txt\n  \
    systemctl start chatroom")]
pub struct RotateArgs {
    /// The log of a stopped room
    ///
    /// It is renamed with the date (`log-2026-11-23.txt`), and an empty log that continues it takes its
    /// place. As long as both are in the same folder, members come back under their names, and a
    /// repeated message is still stored once.
    #[arg(value_name = "LOG", value_hint = ValueHint::FilePath)]
    pub log: PathBuf,
}
