//! The terminal of a play: single keys, signals, and settings that are always restored.
//!
//! Invariant: the settings are changed only while the play is in the foreground, and are restored before the
//! process ends or stops, even by a panic; a job in the background neither reads from the terminal nor
//! changes its settings.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{self, Signal};
use rustix::termios::{self, LocalModes, OptionalActions, SpecialCodeIndex, Termios};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH};
use signal_hook::iterator::Signals;

use crate::failure::{Failure, reason};

/// The time within which a play ends by itself, unless its terminal accepts no output.
const PATIENCE: Duration = Duration::from_millis(500);
/// The interval at which a play in the background checks whether it is in the foreground: a shell notifies
/// only a job that had stopped.
const GLANCE: Duration = Duration::from_millis(250);

/// The settings to restore, while they are changed.
static CHANGED: Mutex<Option<SavedSettings>> = Mutex::new(None);

struct SavedSettings {
    terminal: File,
    before: Termios,
}

/// Input and signals.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct TerminalInput {
    /// Typed bytes.
    pub typed: Vec<u8>,
    /// Signals that arrived.
    pub signals: Vec<i32>,
}

/// The terminal while a play uses it.
pub(super) struct Terminal {
    keys: Option<File>,
    in_front: bool,
    signals: Receiver<i32>,
    woken: UnixStream,
    wake: UnixStream,
}

impl Terminal {
    /// Takes the terminal: standard input if it is one, or else the controlling terminal; without either,
    /// nothing can be typed.
    ///
    /// # Errors
    /// The system gives no signal handler or no thread.
    pub(super) fn take() -> Result<Terminal, Failure> {
        let failed = |error: io::Error| {
            Failure::new(format!(
                "The replay cannot watch the terminal: {}. Try chatroom replay --plain.",
                reason(&error)
            ))
        };
        let (woken, wake) = UnixStream::pair().map_err(failed)?;
        for end in [&woken, &wake] {
            end.set_nonblocking(true).map_err(failed)?;
        }
        let (sender, signals) = mpsc::channel();
        let mut watched =
            Signals::new([SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGCONT, SIGTSTP, SIGWINCH])
                .map_err(failed)?;
        let poke = wake.try_clone().map_err(failed)?;
        let watch = move || {
            for signal in watched.forever() {
                // Nobody waits for it if the play has just ended.
                let _ = sender.send(signal);
                let _ = (&poke).write(&[0]);
                if ends(signal) {
                    thread::sleep(PATIENCE);
                    give_back();
                    std::process::exit(128 + signal);
                }
            }
        };
        thread::Builder::new()
            .name("signals".to_string())
            .spawn(watch)
            .map_err(failed)?;
        give_back_after_panics();
        let stdin = io::stdin();
        let keys = match stdin.is_terminal() {
            true => stdin.as_fd().try_clone_to_owned().ok().map(File::from),
            false => File::open("/dev/tty").ok(),
        };
        let mut terminal = Terminal {
            keys,
            in_front: false,
            signals,
            woken,
            wake,
        };
        terminal.resume();
        Ok(terminal)
    }

    /// A function that makes [`Terminal::wait`] return, for other threads.
    ///
    /// # Errors
    /// The system gives no more descriptors.
    pub(super) fn waker(&self) -> io::Result<impl Fn() + Send + use<>> {
        let wake = self.wake.try_clone()?;
        Ok(move || {
            // A full socket wakes the loop anyway.
            let _ = (&wake).write(&[0]);
        })
    }

    /// Waits until something happens, for `length` at most.
    pub(super) fn wait(&mut self, length: Option<Duration>) -> TerminalInput {
        let behind = !self.has_front();
        let length = match behind {
            true => Some(length.unwrap_or(GLANCE).min(GLANCE)),
            false => length,
        };
        let typed = self.poll(length).unwrap_or_default();
        // Its bytes mean nothing.
        while matches!((&self.woken).read(&mut [0; 256]), Ok(1..)) {}
        let mut signals: Vec<i32> = self.signals.try_iter().collect();
        if behind && self.is_in_front() {
            signals.push(SIGCONT);
        }
        TerminalInput { typed, signals }
    }

    /// Returns whether nobody else uses the terminal now, so that a status line disturbs nobody.
    pub(super) fn has_front(&self) -> bool {
        self.in_front || self.keys.is_none()
    }

    fn poll(&mut self, length: Option<Duration>) -> Option<Vec<u8>> {
        let keys = self.keys.as_ref().filter(|_| self.in_front);
        let mut waits = vec![PollFd::new(&self.woken, PollFlags::IN)];
        waits.extend(keys.map(|keys| PollFd::new(keys, PollFlags::IN)));
        let length = length.and_then(|length| Timespec::try_from(length).ok());
        // An interrupted wait is over.
        poll(&mut waits, length.as_ref()).ok()?;
        let is_typed = waits.get(1).is_some_and(|keys| !keys.revents().is_empty());
        drop(waits);
        if !is_typed || !self.is_in_front() {
            return None;
        }
        let mut typed = vec![0; 1024];
        match self.keys.as_mut()?.read(&mut typed) {
            Ok(count @ 1..) => {
                typed.truncate(count);
                Some(typed)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => None,
            _ => {
                // The terminal is gone.
                self.keys = None;
                None
            }
        }
    }

    fn is_in_front(&self) -> bool {
        self.keys.as_ref().is_some_and(is_in_front)
    }

    /// Takes the terminal again if the play is in the foreground.
    pub(super) fn resume(&mut self) {
        self.in_front = self.is_in_front();
        if let Some(keys) = self.keys.as_ref().filter(|_| self.in_front) {
            take_over(keys);
        }
    }

    /// Restores the settings and stops the process, as Ctrl-Z asks; returns when it continues.
    pub(super) fn stop(&mut self) {
        give_back();
        // The signal that cannot be caught tells the shell that this process has stopped.
        let _ = process::kill_process(process::getpid(), Signal::STOP);
        self.resume();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
    }
}

/// Returns whether a signal asks the play to end.
pub(super) fn ends(signal: i32) -> bool {
    [SIGINT, SIGTERM, SIGQUIT, SIGHUP].contains(&signal)
}

/// Returns whether this process may use the terminal; a job in the background would be stopped for it.
fn is_in_front(terminal: &File) -> bool {
    termios::tcgetpgrp(terminal).is_ok_and(|group| group == process::getpgrp())
}

fn changed() -> MutexGuard<'static, Option<SavedSettings>> {
    CHANGED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Switches to single keys without echo.
fn take_over(terminal: &File) {
    let mut changed = changed();
    let before = match &*changed {
        // The shell has restored its own settings since.
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
        *changed = Some(SavedSettings { terminal, before });
    }
}

/// Restores the settings, if they were changed.
fn give_back() {
    if let Some(changed) = changed().take()
        && is_in_front(&changed.terminal)
    {
        // A terminal that is gone needs no settings.
        let _ = termios::tcsetattr(&changed.terminal, OptionalActions::Now, &changed.before);
    }
}

fn give_back_after_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if changed().is_some() {
                give_back();
                // The status line would stand before the message.
                let _ = io::stderr().write_all(b"\r\x1b[J");
            }
            before(info);
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    #[ignore = "needs a terminal: the next test runs it in one"]
    fn panics_in_a_terminal() {
        let terminal = Terminal::take().unwrap_or_else(|_| panic!("a terminal"));
        let stty = Command::new("stty").arg("-a").status();
        assert!(stty.is_ok() && terminal.in_front);
        panic!("on purpose");
    }

    #[test]
    fn a_panic_leaves_the_terminal_as_it_was() {
        let this = std::env::current_exe().expect("this program");
        let name = "modes::replay::play::terminal::tests::panics_in_a_terminal";
        let play = format!(
            "stty -a; '{}' --exact {name} --ignored --nocapture; stty -a",
            this.display()
        );
        let mut script = Command::new("script");
        let run = script.args(["-qec", &play, "/dev/null"]).output();
        let said = run.expect("script starts").stdout;
        let said = String::from_utf8_lossy(&said);
        assert!(said.contains("on purpose"), "{said}");
        let modes = said.lines().filter(|line| line.contains("icanon"));
        let modes: Vec<&str> = modes.collect();
        let [before, during, after] = modes[..] else {
            panic!("{said}");
        };
        assert!(during.contains("-icanon"), "{said}");
        assert!(!before.contains("-icanon"), "{said}");
        assert_eq!(before, after);
        let echoes = said.lines().filter(|line| line.contains(" -echo "));
        assert_eq!(echoes.count(), 1, "{said}");
    }
}
