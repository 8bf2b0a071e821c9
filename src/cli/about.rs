//! The message of `chatroom` without arguments, and the command lines of the manual and the completions.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

/// The message of `chatroom` without arguments, ten lines long.
pub const WELCOME: &str = "\
chatroom: a chat room for a group, in one file. No account, no Internet needed.

  chatroom server             starts a room on this machine and says how to join
  chatroom gui --name YOU     opens a window on the room in the local network
  chatroom replay log.txt     plays a conversation back from its log

A room elsewhere:   chatroom gui --name YOU 192.168.1.20:1337
Without a window:   curl -N http://192.168.1.20:1337/events
All flags:          chatroom server --help; also gui, replay, backup and rotate
The manual:         chatroom man; chatroom man server, gui, replay or log
";

/// `chatroom man`
#[derive(Args, Debug, Clone)]
#[command(after_help = "Examples:\n  \
    chatroom man server                                  read it\n  \
    chatroom man server | less                           the same as plain text\n  \
    chatroom man --output /usr/local/share/man           install the sources of all pages\n  \
    chatroom man service > chatroom.service              a systemd unit for a server\n  \
    chatroom man desktop > chatroom.desktop              an entry for a desktop's menu")]
pub struct ManArgs {
    /// The page to show
    ///
    /// On a terminal it opens in man, or is printed as plain text if there is no man; a pipe or a file
    /// gets plain text, and `--output` writes the sources. The last three are not pages but files that
    /// a system needs besides the executable; they are printed as they are.
    #[arg(
        value_name = "PAGE",
        value_enum,
        default_value_t,
        conflicts_with = "output"
    )]
    pub page: Page,

    /// Write all pages below this folder, as man expects them: `man1/chatroom.1` and so on
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub output: Option<PathBuf>,
}

/// A page of the manual; the aliases are names that other programs would use for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Page {
    /// Overview: modes, environment, files, exit status
    #[default]
    #[value(aliases = ["chatroom.1", "chatroom(1)", "backup", "chatroom-backup", "rotate", "chatroom-rotate"])]
    Chatroom,
    /// Running a room
    #[value(aliases = ["chatroom-server", "chatroom-server.1", "chatroom-server(1)"])]
    Server,
    /// The window, its keys and commands
    #[value(aliases = ["chatroom-gui", "chatroom-gui.1", "chatroom-gui(1)"])]
    Gui,
    /// Playing, printing, searching, counting and checking a log
    #[value(aliases = ["chatroom-replay", "chatroom-replay.1", "chatroom-replay(1)"])]
    Replay,
    /// The format of log.txt
    #[value(aliases = ["chatroom-log", "chatroom-log.5", "chatroom-log(5)", "log.txt"])]
    Log,
    /// A systemd unit that runs a server, for /etc/systemd/system/chatroom.service
    #[value(alias = "chatroom.service")]
    Service,
    /// An entry for a desktop's menu, for ~/.local/share/applications/chatroom.desktop
    #[value(alias = "chatroom.desktop")]
    Desktop,
    /// The icon, for ~/.local/share/icons/hicolor/scalable/apps/chatroom.svg
    #[value(alias = "chatroom.svg")]
    Icon,
}

/// `chatroom completions`
#[derive(Args, Debug, Clone)]
#[command(after_help = "Where shells look for completions:\n  \
    chatroom completions bash > ~/.local/share/bash-completion/completions/chatroom\n  \
    chatroom completions fish > ~/.config/fish/completions/chatroom.fish\n  \
    chatroom completions zsh > ~/.zfunc/_chatroom\n\n\
    Make the folder first if it is missing (mkdir -p). bash needs the package bash-completion. zsh \
    needs this in ~/.zshrc, before compinit: fpath+=~/.zfunc. New shells will use them.")]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    pub shell: Shell,
}

/// A shell for which there are completions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// bash 4 and later
    Bash,
    /// zsh
    Zsh,
    /// fish
    Fish,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_chatroom_alone_says_is_ten_lines_of_a_terminal() {
        assert_eq!(WELCOME.lines().count(), 10);
        assert!(WELCOME.lines().all(|line| line.len() <= 80), "too wide");
    }
}
