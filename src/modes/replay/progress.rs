//! The progress bar on stderr, if that is a terminal, while lines go to stdout.
//!
//! indicatif prints nothing through a hidden bar, so lines never go through it: the bar is removed while they
//! are written and drawn again below them.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use crate::system::terminal;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The duration after which a bar appears.
const A_MOMENT: Duration = Duration::from_millis(300);

/// The columns of the whole bar; on a narrower terminal it is shorter, to stay one line.
const ROOM: u16 = 72;

/// A progress bar that may be absent; all calls work either way.
pub(super) struct ProgressMeter {
    bar: ProgressBar,
    /// The time at which it appears, unless it has.
    appears: Option<Instant>,
}

impl ProgressMeter {
    /// Creates a meter that shows nothing.
    pub(super) fn none() -> ProgressMeter {
        ProgressMeter {
            bar: ProgressBar::hidden(),
            appears: None,
        }
    }

    /// Creates a bar that appears at once; `length` in bytes, if known.
    pub(super) fn at_once(length: Option<u64>) -> ProgressMeter {
        ProgressMeter::at(length, Instant::now())
    }

    /// Creates a bar that appears if the work takes longer than a moment; `length` in bytes, if known.
    pub(super) fn after_a_moment(length: Option<u64>) -> ProgressMeter {
        ProgressMeter::at(length, Instant::now() + A_MOMENT)
    }

    fn at(length: Option<u64>, appears: Instant) -> ProgressMeter {
        if !io::stderr().is_terminal() {
            return ProgressMeter::none();
        }
        // No or zero columns mean that the terminal does not say.
        let columns = terminal::size(io::stderr()).columns;
        let template = match length {
            Some(_) if (1..ROOM).contains(&columns) => "{percent:>3}%  {wide_msg}",
            Some(_) => "{bar:24} {percent:>3}% of {binary_total_bytes}  {msg}",
            None => "{binary_bytes}  {wide_msg}",
        };
        let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::hidden());
        // If indicatif rejects the template, its plain one stays.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        ProgressMeter {
            bar,
            appears: Some(appears),
        }
    }

    /// Sets the position in bytes and the text.
    pub(super) fn show(&mut self, position: u64, message: impl FnOnce() -> String) {
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
    pub(super) fn around<T>(&self, write: impl FnOnce() -> T) -> T {
        if self.bar.is_hidden() {
            return write();
        }
        self.bar.suspend(write)
    }
}

impl Drop for ProgressMeter {
    /// Removes the bar.
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
