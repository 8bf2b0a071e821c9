//! `chatroom backup`'s part of the command line.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use crate::address::Address;

/// `chatroom backup`
#[derive(Args, Debug, Clone)]
#[command(after_help = "Examples:\n  \
    chatroom backup 192.168.1.20 backup.txt                    a copy, or what was said since the last one\n  \
    chatroom backup --key-file key 192.168.1.20 backup.txt     of a room with a key\n  \
    0 3 * * * cd /srv && chatroom backup chat.local backup.txt && chatroom replay --verify backup.txt >/dev/null\n  \
                                                               each night, in a crontab")]
pub struct BackupArgs {
    /// Where the room is: `192.168.1.20`, `[fe80::1%eth0]:1337`, `chatroom://host:port`
    #[arg(value_name = "ADDR", value_parser = Address::parse, value_hint = ValueHint::Hostname)]
    pub address: Address,

    /// The copy; made if it is not there, else what it lacks is added
    ///
    /// If what it holds is not the beginning of the room's log (the room began another log, or an
    /// older copy was put in its place), it is set aside as FILE.old, and FILE becomes a new
    /// copy. Nothing is ever mixed or written over.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,

    /// A file whose first line is the room key
    ///
    /// The key itself may be in the environment variable CHATROOM_KEY instead. With either, the copy
    /// is made readable for its owner alone.
    #[arg(long, value_name = "FILE", env = "CHATROOM_KEY_FILE", value_hint = ValueHint::FilePath)]
    pub key_file: Option<PathBuf>,
}
