//! The status line on the terminal, drawn by indicatif through a terminal that keeps the cursor where a
//! resize does no harm.
//!
//! Invariant: while the line stands, the cursor is in its first column (of a prompt: at the end of the typed
//! text), so that whatever a resize makes of the line is after the cursor and is erased with it; lines of the
//! play are written only while it is away.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::system::terminal::is_dumb;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

/// A line below everything that is written.
pub(super) struct Footer {
    bar: ProgressBar,
    cursor: Arc<AtomicU16>,
    shown: String,
    /// True if there is a terminal for it.
    is_there: bool,
}

impl Footer {
    /// A footer on stderr, if that is a terminal.
    pub(super) fn new() -> Footer {
        let cursor = Arc::new(AtomicU16::new(0));
        let is_there = io::stderr().is_terminal() && !is_dumb();
        let target = if is_there {
            ProgressDrawTarget::term_like(Box::new(Stderr {
                pending: Mutex::default(),
                cursor: Arc::clone(&cursor),
            }))
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            bar.set_style(style);
        }
        bar.set_draw_target(target);
        Footer {
            bar,
            cursor,
            shown: String::new(),
            is_there,
        }
    }

    /// Writes lines above the footer, and sets its text and the column of the cursor; an empty text removes
    /// it.
    ///
    /// # Errors
    /// The output cannot be written.
    pub(super) fn write(&mut self, lines: &[u8], says: String, column: usize) -> io::Result<()> {
        let column = u16::try_from(column).unwrap_or(0);
        let moved = self.cursor.swap(column, Ordering::Relaxed) != column;
        if lines.is_empty() && says == self.shown && !moved {
            return Ok(());
        }
        let write = || {
            let mut out = io::stdout().lock();
            out.write_all(lines).and_then(|()| out.flush())
        };
        if !self.is_there {
            return write();
        }
        if !lines.is_empty() || says.is_empty() {
            self.clear();
            write()?;
        }
        if says != self.shown {
            self.bar.set_message(says.clone());
            self.shown = says;
        } else if !says.is_empty() {
            self.bar.force_draw();
        }
        Ok(())
    }

    /// Removes the footer until the next write.
    pub(super) fn clear(&mut self) {
        let stood = !std::mem::take(&mut self.shown).is_empty();
        if self.is_there && stood {
            // Nothing is left to do if the terminal is gone.
            let _ = io::stderr().write_all(b"\r\x1b[J");
        }
    }
}

impl Drop for Footer {
    fn drop(&mut self) {
        self.clear();
        // indicatif would draw it once more.
        self.bar.set_draw_target(ProgressDrawTarget::hidden());
    }
}

/// Stderr, written in one call.
struct Stderr {
    pending: Mutex<String>,
    cursor: Arc<AtomicU16>,
}

impl Stderr {
    fn push(&self, text: &str) -> io::Result<()> {
        let pending = self.pending.lock();
        pending
            .unwrap_or_else(PoisonError::into_inner)
            .push_str(text);
        Ok(())
    }
}

impl fmt::Debug for Stderr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stderr")
    }
}

impl TermLike for Stderr {
    /// The line already has its final length.
    fn width(&self) -> u16 {
        u16::MAX
    }

    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write_str(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        // indicatif's padding.
        if text.trim_matches(' ').is_empty() {
            Ok(())
        } else {
            // Cut and not wrapped, should the terminal be narrower by now.
            self.push(&format!("\x1b[?7l{text}\x1b[?7h"))
        }
    }

    fn clear_line(&self) -> io::Result<()> {
        // And everything below: a resize may have wrapped the line.
        self.push("\r\x1b[J")
    }

    fn flush(&self) -> io::Result<()> {
        let pending = self.pending.lock();
        let mut pending = pending.unwrap_or_else(PoisonError::into_inner);
        if pending.is_empty() {
            return Ok(());
        }
        pending.push('\r');
        match self.cursor.load(Ordering::Relaxed) {
            0 => (),
            column => pending.push_str(&format!("\x1b[{column}C")),
        }
        let written = io::stderr().write_all(pending.as_bytes());
        pending.clear();
        written
    }
}
