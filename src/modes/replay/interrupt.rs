//! Ctrl-C while a log is played: it ends at once and leaves the terminal as it was.
//!
//! What is typed (and the terminal's own `^C`) would be printed behind the progress bar, wrap, and
//! leave the bar standing, so the terminal is asked not to echo as long as the play lasts.

use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use rustix::termios::{self, LocalModes, OptionalActions, Termios};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::failure::{Failure, reason};

/// What a shell calls a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;
/// The play stops by itself within this time, unless it hangs in a terminal that takes nothing.
const PATIENCE: Duration = Duration::from_millis(500);

/// Ctrl-C and every friendly kill, as something that the play can wait for.
pub struct Interrupt {
    asked: Receiver<()>,
    before: Option<Termios>,
}

impl Interrupt {
    /// Watches for them from now on.
    ///
    /// # Errors
    /// The system gives no signal handler or no thread.
    pub fn watch() -> Result<Interrupt, Failure> {
        let failed = |error: io::Error| {
            Failure::new(format!(
                "The replay cannot watch for Ctrl-C: {}. Try chatroom replay --plain.",
                reason(&error)
            ))
        };
        let mut signals =
            Signals::new([SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGCONT]).map_err(failed)?;
        let (sender, asked) = mpsc::sync_channel(1);
        let before = silence_echo();
        let at_exit = before.clone();
        let watch = move || {
            for signal in signals.forever() {
                if signal == SIGCONT {
                    // After Ctrl-Z the shell has put its own settings back.
                    silence_echo();
                    continue;
                }
                // Nobody waits for it any more if the play has just ended.
                let _ = sender.try_send(());
                thread::sleep(PATIENCE);
                restore(at_exit.as_ref());
                std::process::exit(i32::from(INTERRUPTED));
            }
        };
        let interrupt = Interrupt { asked, before };
        thread::Builder::new()
            .name("signals".to_string())
            .spawn(watch)
            .map_err(failed)?;
        Ok(interrupt)
    }

    /// Waits so long; says at once how to exit if the user wants to stop.
    pub fn wait(&self, length: Duration) -> Option<ExitCode> {
        match self.asked.recv_timeout(length) {
            Ok(()) => Some(ExitCode::from(INTERRUPTED)),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => {
                thread::sleep(length);
                None
            }
        }
    }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        restore(self.before.as_ref());
    }
}

/// Asks the terminal not to echo; gives its settings as they were if that changed them.
fn silence_echo() -> Option<Termios> {
    let stderr = io::stderr();
    // A job in the background would be stopped for touching the terminal.
    let in_front = stderr.is_terminal()
        && termios::tcgetpgrp(&stderr).is_ok_and(|group| group == rustix::process::getpgrp());
    if !in_front {
        return None;
    }
    let before = termios::tcgetattr(&stderr).ok()?;
    let mut quiet = before.clone();
    quiet.local_modes.remove(LocalModes::ECHO);
    termios::tcsetattr(&stderr, OptionalActions::Now, &quiet).ok()?;
    Some(before)
}

fn restore(before: Option<&Termios>) {
    if let Some(before) = before {
        // The terminal may be gone; then there is nothing to put back.
        let _ = termios::tcsetattr(io::stderr(), OptionalActions::Now, before);
    }
}
