//! `chatroom rotate`'s part of the command line.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// `chatroom rotate`
#[derive(Args, Debug, Clone)]
#[command(after_help = "Example, for the service of the Debian package:\n  \
    chatroom backup 127.0.0.1 backup.txt      so that the copy has the end of the old log\n  \
    systemctl stop chatroom\n  \
    chatroom rotate /var/lib/chatroom/log.txt\n  \
    systemctl start chatroom")]
pub struct RotateArgs {
    /// The log of a room that is stopped
    ///
    /// It gets the day into its name (`log-2026-11-23.txt`), and an empty one that goes on from it takes its place.
    /// Members come back under their names, and a message that is repeated is still said once, as long as the old log lies
    /// beside the new one.
    #[arg(value_name = "LOG", value_hint = ValueHint::FilePath)]
    pub log: PathBuf,
}
