//! Text on its way to standard output, written in batches above a progress bar.

use std::io::{self, Write};
use std::os::fd::AsFd;

use super::progress::Progress;
use super::read::log::Log;
use crate::failure::Failure;

/// So much is gathered before it is written, in bytes.
const BATCH: usize = 128 * 1024;

/// Lines on their way to stdout, past the bar.
pub struct Printout {
    /// How far it is.
    pub progress: Progress,
    /// What was not yet written.
    pub pending: Vec<u8>,
}

impl Printout {
    /// A screen with that bar below it.
    pub fn new(progress: Progress) -> Printout {
        Printout {
            progress,
            pending: Vec::with_capacity(BATCH),
        }
    }

    /// Writes what is pending if that is much.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn flush_if_full(&mut self) -> Result<(), Failure> {
        match self.pending.len() >= BATCH {
            true => self.flush(),
            false => Ok(()),
        }
    }

    /// Writes what is pending.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn flush(&mut self) -> Result<(), Failure> {
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

/// How far the log is printed, if that takes longer than a moment. A bar would get between the
/// lines of whatever reads the pipe and shows them.
pub fn progress_of(log: &Log) -> Progress {
    match stdout_is_pipe() {
        true => Progress::none(),
        false => Progress::after_a_moment(log.length()),
    }
}

/// Whether what is printed goes to another program.
fn stdout_is_pipe() -> bool {
    rustix::fs::fstat(io::stdout().as_fd()).is_ok_and(|stat| {
        let kind = rustix::fs::FileType::from_raw_mode(stat.st_mode);
        matches!(
            kind,
            rustix::fs::FileType::Fifo | rustix::fs::FileType::Socket
        )
    })
}
