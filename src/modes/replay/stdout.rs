//! Text on its way to standard output, written in batches above a progress bar.

use std::io::{self, Write};

use super::progress::ProgressMeter;
use super::read::log::Log;
use crate::failure::Failure;
use crate::system::terminal::stdout_is_pipe;

/// Bytes that are gathered before they are written.
const ENOUGH: usize = 128 * 1024;

/// Text for standard output, written above a progress bar.
pub(super) struct BufferedStdout {
    /// The progress bar.
    pub progress: ProgressMeter,
    /// Text that is not written yet.
    pub pending: Vec<u8>,
}

impl BufferedStdout {
    /// Creates an empty buffer above that bar.
    pub(super) fn new(progress: ProgressMeter) -> BufferedStdout {
        BufferedStdout {
            progress,
            pending: Vec::with_capacity(ENOUGH),
        }
    }

    /// Writes the text once there is enough of it for one write.
    ///
    /// # Errors
    /// The output cannot be written.
    pub(super) fn flush_if_full(&mut self) -> Result<(), Failure> {
        if self.pending.len() >= ENOUGH {
            self.flush()
        } else {
            Ok(())
        }
    }

    /// Writes the text.
    ///
    /// # Errors
    /// The output cannot be written.
    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let written = self.progress.around(|| {
            let mut out = io::stdout().lock();
            out.write_all(&self.pending).and_then(|()| out.flush())
        });
        self.pending.clear();
        written.map_err(Failure::output)
    }
}

/// A progress bar for the log that appears if it takes long; none if stdout is a pipe, where it would get
/// between the lines of a program that shows them.
pub(super) fn progress_of(log: &Log) -> ProgressMeter {
    if stdout_is_pipe() {
        ProgressMeter::none()
    } else {
        ProgressMeter::after_a_moment(log.length())
    }
}
