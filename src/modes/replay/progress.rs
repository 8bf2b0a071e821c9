//! The progress bar: on stderr, and only if that is a terminal, while lines go to stdout.
//!
//! indicatif prints nothing through a bar that is hidden, so lines never go through it: it is
//! taken away while they are written and drawn again below them.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How long something must take before a bar says how far it is.
const A_MOMENT: Duration = Duration::from_millis(300);

/// How many columns the whole bar takes; in fewer it is shorter, so that it stays one line.
const ROOM: u16 = 72;

/// A progress bar that may be there or not; all calls are fine either way.
pub struct Progress {
    bar: ProgressBar,
    /// When it appears, if it has not yet.
    appears: Option<Instant>,
}

impl Progress {
    /// No bar.
    pub fn none() -> Progress {
        Progress {
            bar: ProgressBar::hidden(),
            appears: None,
        }
    }

    /// A bar that is there at once; `length` in bytes if it is known.
    pub fn at_once(length: Option<u64>) -> Progress {
        Progress::at(length, Instant::now())
    }

    /// A bar that appears when the work takes longer than a moment.
    pub fn after_a_moment(length: Option<u64>) -> Progress {
        Progress::at(length, Instant::now() + A_MOMENT)
    }

    fn at(length: Option<u64>, appears: Instant) -> Progress {
        if !io::stderr().is_terminal() {
            return Progress::none();
        }
        // None or zero columns is a terminal that does not know.
        let columns = rustix::termios::tcgetwinsize(io::stderr()).map_or(0, |size| size.ws_col);
        let template = match length {
            Some(_) if (1..ROOM).contains(&columns) => "{percent:>3}%  {wide_msg}",
            Some(_) => "{bar:24} {percent:>3}% of {binary_total_bytes}  {msg}",
            None => "{binary_bytes}  {wide_msg}",
        };
        let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::hidden());
        // A template that indicatif does not take leaves its own plain one.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        Progress {
            bar,
            appears: Some(appears),
        }
    }

    /// Says how far the file is played and what time it is in there.
    pub fn show(&mut self, position: u64, message: impl FnOnce() -> String) {
        if let Some(appears) = self.appears {
            if Instant::now() < appears {
                return;
            }
            self.appears = None;
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        if !self.bar.is_hidden() {
            self.bar.set_message(message());
            self.bar.set_position(position);
        }
    }

    /// Writes to the terminal without tearing the bar.
    pub fn around<T>(&self, write: impl FnOnce() -> T) -> T {
        if self.bar.is_hidden() {
            return write();
        }
        self.bar.suspend(write)
    }
}

impl Drop for Progress {
    /// However the play ends, the terminal is left without the bar.
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
