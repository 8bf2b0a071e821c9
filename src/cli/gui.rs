//! `chatroom gui`'s part of the command line.

use clap::Args;

/// `chatroom gui`
#[derive(Args, Debug, Clone)]
#[command(after_help = "Examples:\n  chatroom gui --name uthira\n  \
                        chatroom gui --name uthira 192.168.1.20:1337")]
pub struct GuiArgs {
    /// Log in with this name at once
    #[arg(long, value_name = "NAME", env = "CHATROOM_NAME")]
    pub name: Option<String>,

    /// Where the room is [default: the last one used, else 127.0.0.1:1337]
    #[arg(value_name = "ADDR")]
    pub address: Option<String>,

    /// Do not look for rooms on the local network (by default the window finds them through mDNS
    /// where no address is given)
    #[arg(long, env = "CHATROOM_NO_SEARCH", value_parser = clap::builder::FalseyValueParser::new())]
    pub no_search: bool,
}
