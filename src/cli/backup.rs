//! The command line of `chatroom backup`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use crate::address::Address;

/// `chatroom backup`
#[derive(Args, Debug, Clone)]
#[command(after_help = "Examples:\n  \
    chatroom backup 192.168.1.20 backup.txt                    a copy, or what is new since the last one\n  \
    chatroom backup --key-file key 192.168.1.20 backup.txt     of a room with a key\n  \
    0 3 * * * cd /srv && chatroom backup chat.local backup.txt && chatroom replay --verify backup.txt >/dev/null\n  \
                                                               each night, in a crontab")]
pub struct BackupArgs {
    /// The room's address: `192.168.1.20`, `[fe80::1%eth0]:1337`, `chatroom://host:port`
    #[arg(value_name = "ADDR", value_parser = Address::parse, value_hint = ValueHint::Hostname)]
    pub address: Address,

    /// The copy; created if missing, otherwise brought up to date
    ///
    /// If it is not the beginning of the room's log (the room started another log, or was restored
    /// from an older copy), it is kept as FILE.old, and FILE becomes a new copy. Logs are never mixed and
    /// nothing is overwritten.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,

    /// A file whose first line is the room key
    ///
    /// The key itself may be in the environment variable CHATROOM_KEY instead. With either, only the
    /// copy's owner can read it.
    #[arg(long, value_name = "FILE", env = "CHATROOM_KEY_FILE", value_hint = ValueHint::FilePath)]
    pub key_file: Option<PathBuf>,
}
