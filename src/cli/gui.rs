//! The command line of `chatroom gui`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::switch;

/// `chatroom gui`
#[derive(Args, Debug, Clone)]
#[command(
    after_help = "Without an address it joins the room on the local network, and asks if there \
    are several.\n\nExamples:\n  \
    chatroom gui --name uthira                                 the room on the local network\n  \
    chatroom gui --name uthira 192.168.1.20:1337               the room at this address\n  \
    chatroom gui --name uthira chatroom://192.168.1.20:1337    the same, by the link that its server prints\n  \
    chatroom gui --name uthira --key-file key chat.local       a room with a key, at the usual port"
)]
pub struct GuiArgs {
    /// Log in with this name at once
    ///
    /// If the room refuses the name, the window says why and asks for another one. Without this
    /// flag the window asks for a name.
    #[arg(long, value_name = "NAME", env = "CHATROOM_NAME", value_hint = ValueHint::Other)]
    pub name: Option<String>,

    /// The room's address or link; without it, the window looks for rooms on the local network
    ///
    /// For example `192.168.1.20:1337`, `chat.local` or `chatroom://192.168.1.20:1337`; the default
    /// port is 1337 (80 in `http://chat.local`). Without it, the window joins the only room that it
    /// finds; if there are several, you choose; if there is none, it tries the one you used last.
    #[arg(value_name = "ADDR", env = "CHATROOM_ADDRESS", value_hint = ValueHint::Other)]
    pub address: Option<String>,

    /// A file whose first line is the room key
    ///
    /// The key itself may be in the environment variable CHATROOM_KEY instead: unlike an argument,
    /// other users of the machine cannot see that. Without either, the window asks for the key if the
    /// room has one.
    #[arg(long, value_name = "FILE", env = "CHATROOM_KEY_FILE", value_hint = ValueHint::FilePath)]
    pub key_file: Option<PathBuf>,

    /// Do not look for rooms on the local network
    ///
    /// By default the window searches (by mDNS) if it has no address, and while it asks for a login.
    /// With this flag and no address, it tries the room you used last, or else `127.0.0.1:1337`.
    #[arg(long, env = "CHATROOM_NO_SEARCH", value_parser = switch)]
    pub no_search: bool,
}
