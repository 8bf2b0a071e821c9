//! Terminals: their size, who may read from one, and keys one by one.
//!
//! What always holds: a terminal's settings are changed only while this process is in its foreground;
//! a job in the background neither reads from the terminal nor sets it, which would stop it.

use std::env;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::getpgrp;
use rustix::termios::{
    self, LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetpgrp, tcgetwinsize,
};

/// The settings that are to be put back, while they are changed.
static CHANGED: Mutex<Option<Changed>> = Mutex::new(None);

struct Changed {
    terminal: File,
    before: Termios,
}

/// The size of a terminal in characters; 0 where it is unknown, or no terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TerminalSize {
    /// The height.
    pub(crate) rows: u16,
    /// The width.
    pub(crate) columns: u16,
}

/// The size of the terminal that `output` is.
pub(crate) fn size(output: impl AsFd) -> TerminalSize {
    tcgetwinsize(output).map_or(TerminalSize::default(), |size| TerminalSize {
        rows: size.ws_row,
        columns: size.ws_col,
    })
}

/// Tells whether the terminal can only print lines, as `TERM=dumb` says.
pub(crate) fn is_dumb() -> bool {
    dumb(env::var_os("TERM").as_deref())
}

/// Tells whether to use colours on the terminal: one that is not dumb, without a `NO_COLOR` that is
/// not empty.
pub(crate) fn takes_colours() -> bool {
    !is_dumb() && !refuses_colours(env::var_os("NO_COLOR").as_deref())
}

fn dumb(term: Option<&OsStr>) -> bool {
    term.is_none_or(|term| term.is_empty() || term == "dumb")
}

fn refuses_colours(no_color: Option<&OsStr>) -> bool {
    no_color.is_some_and(|value| !value.is_empty())
}

/// The terminal that keys come from: standard input if it is one, or else the one that this process
/// belongs to.
pub(crate) fn keyboard() -> Option<File> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        stdin.as_fd().try_clone_to_owned().ok().map(File::from)
    } else {
        File::open("/dev/tty").ok()
    }
}

/// Tells whether this process has a controlling terminal.
pub(crate) fn has_one() -> bool {
    File::open("/dev/tty").is_ok()
}

/// Tells whether this process is in the foreground of the terminal, by which others may be stopped for
/// reading from it; `None` if the terminal controls no process, and all may read.
pub(crate) fn foreground(terminal: impl AsFd) -> Option<bool> {
    tcgetpgrp(terminal).ok().map(|group| group == getpgrp())
}

/// Reads what was typed, past the buffer that the standard library keeps of standard input.
///
/// # Errors
/// [`io::ErrorKind::Interrupted`] if a signal came first; or the system's.
pub(crate) fn read_standard_input(bytes: &mut [u8]) -> io::Result<usize> {
    Ok(rustix::io::read(io::stdin(), bytes)?)
}

fn changed() -> MutexGuard<'static, Option<Changed>> {
    CHANGED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks for keys one by one, and for no echo, until [`give_back`].
pub(crate) fn take_over(terminal: &File) {
    let mut changed = changed();
    let before = match &*changed {
        // The shell has put its own settings back since.
        Some(changed) => Some(changed.before.clone()),
        None => termios::tcgetattr(terminal).ok(),
    };
    let (Some(before), Ok(terminal)) = (before, terminal.try_clone()) else {
        return;
    };
    let mut by_key = before.clone();
    let line_wise = LocalModes::ICANON | LocalModes::ECHO | LocalModes::IEXTEN;
    by_key.local_modes.remove(line_wise);
    by_key.special_codes[SpecialCodeIndex::VMIN] = 1;
    by_key.special_codes[SpecialCodeIndex::VTIME] = 0;
    if termios::tcsetattr(&terminal, OptionalActions::Now, &by_key).is_ok() {
        *changed = Some(Changed { terminal, before });
    }
}

/// True while a terminal is in raw mode.
pub(crate) fn is_taken_over() -> bool {
    changed().is_some()
}

/// Puts the settings back, if they are changed.
pub(crate) fn give_back() {
    if let Some(changed) = changed().take()
        && foreground(&changed.terminal) == Some(true)
    {
        // The terminal may be gone; then there is nothing to put back.
        let _ = termios::tcsetattr(&changed.terminal, OptionalActions::Now, &changed.before);
    }
}

/// Tells whether standard output goes to another program rather than to a file or a terminal.
pub(crate) fn stdout_is_pipe() -> bool {
    use rustix::fs::FileType;
    rustix::fs::fstat(io::stdout()).is_ok_and(|stat| {
        let kind = FileType::from_raw_mode(stat.st_mode);
        matches!(kind, FileType::Fifo | FileType::Socket)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dumb_terminal_is_known_and_an_empty_wish_is_none() {
        for (term, is) in [
            (None, true),
            (Some(""), true),
            (Some("dumb"), true),
            (Some("xterm"), false),
        ] {
            assert_eq!(dumb(term.map(OsStr::new)), is, "{term:?}");
        }
        for (no_color, refuses) in [(None, false), (Some(""), false), (Some("1"), true)] {
            let refused = refuses_colours(no_color.map(OsStr::new));
            assert_eq!(refused, refuses, "{no_color:?}");
        }
    }
}
