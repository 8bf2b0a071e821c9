//! The terminal of a play: single keys, signals, and settings that are always restored.
//!
//! Invariant: the settings are changed only while the play is in the foreground, and are restored before the
//! process ends or stops, even by a panic; a job in the background neither reads from the terminal nor
//! changes its settings.

use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::Once;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use crate::failure::{Failure, reason};
use crate::system::signals::{ENDING, SIGCONT, SIGTSTP, SIGWINCH, Signals, stop_this};
use crate::system::terminal::{foreground, give_back, is_taken_over, keyboard, take_over};
use crate::system::wait::{Handle, Wake, Woken, readable, waking};

/// Time in which a play ends by itself after a signal, unless its terminal accepts no output.
const END_TIMEOUT: Duration = Duration::from_millis(500);
/// The interval at which a play in the background checks whether it is in the foreground: a shell notifies
/// only a job that had stopped.
const GLANCE: Duration = Duration::from_millis(250);

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
    woken: Woken,
    wake: Wake,
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
        let (wake, woken) = waking().map_err(failed)?;
        let (sender, signals) = mpsc::channel();
        let mut watched = ENDING.to_vec();
        watched.extend([SIGCONT, SIGTSTP, SIGWINCH]);
        let mut watched = Signals::new(watched).map_err(failed)?;
        let poke = wake.try_clone().map_err(failed)?;
        let watch = move || {
            for signal in watched.forever() {
                // Nobody waits for it if the play has just ended.
                let _ = sender.send(signal);
                poke.wake();
                if ends(signal) {
                    thread::sleep(END_TIMEOUT);
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
        let mut terminal = Terminal {
            keys: keyboard(),
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
        Ok(move || wake.wake())
    }

    /// Waits until something happens, for `length` at most.
    pub(super) fn wait(&mut self, length: Option<Duration>) -> TerminalInput {
        let is_in_background = !self.has_front();
        let length = if is_in_background {
            Some(length.unwrap_or(GLANCE).min(GLANCE))
        } else {
            length
        };
        let typed = self.poll(length).unwrap_or_default();
        self.woken.settle();
        let mut signals: Vec<i32> = self.signals.try_iter().collect();
        if is_in_background && self.is_in_front() {
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
        let mut handles: Vec<&dyn Handle> = vec![&self.woken];
        handles.extend(keys.map(|keys| keys as &dyn Handle));
        // An interrupted wait is one that is over.
        let ready = readable(&handles, length).ok()?;
        let is_typed = ready.get(1) == Some(&true);
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
        stop_this();
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
    ENDING.contains(&signal)
}

/// Returns whether this process may use the terminal; a job in the background would be stopped for it.
fn is_in_front(terminal: &File) -> bool {
    foreground(terminal) == Some(true)
}

fn give_back_after_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if is_taken_over() {
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
