//! The journal: `log.txt` on disk. All calls block; the server has a thread of its own for writing.
//!
//! What always holds:
//!
//! - Everything before [`Journal::end`] is whole lines, so every line starts after a `\n`.

mod before;
mod fingerprint;
mod identify;
mod open;
mod reader;
mod rotate;
mod torn;
mod whereabouts;

use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use before::{Before, comes_before, said_before};
pub use fingerprint::Fingerprint;
pub use identify::{Known, identify, log_of};
pub use open::{MAX_UNSYNCED, OpenError, Opening};
pub use reader::{LogRange, Reader};
pub use rotate::{RotateError, Rotated, finish as finish_rotation, rotate};
pub use torn::{Torn, TornCopy};
pub use whereabouts::{Gone, Unreachable, saved_copies};

use crate::event::LogId;
use crate::failure::reason;
use crate::system::files::{self, Positional as _};

/// The append end of a room's log. It holds a lock, so there is at most one for a file.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: Arc<File>,
    log: LogId,
    end: u64,
    /// The logs that came before this one, the newest first.
    earlier: Arc<[Before]>,
}

/// The reason why nothing was appended.
#[derive(Debug)]
pub enum AppendError {
    /// No space, no quota, or a limit of the file's size. The log is unchanged; the append can be
    /// retried later.
    Full(io::Error),
    /// A failing disk. Its contents are unknown; nothing more may be acknowledged.
    Fatal(String),
    /// A file that somebody moved, replaced or changed. Final, too.
    Gone(Gone),
}

impl fmt::Display for AppendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AppendError::Full(error) => write!(f, "there is no room for more: {}", reason(error)),
            AppendError::Fatal(sentence) => f.write_str(sentence),
            AppendError::Gone(gone) => f.write_str(&gone.sentence),
        }
    }
}

impl Journal {
    /// Opens the log at `path` for appending, repairs a torn end, and locks it. See [`open`].
    ///
    /// # Errors
    /// A sentence for each reason; the file at `path` is untouched then.
    pub fn open(path: &Path) -> Result<Opening, OpenError> {
        open::open(path)
    }

    /// The offset of the next line: the length of everything appended.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// The identity of the log.
    pub fn log(&self) -> LogId {
        self.log
    }

    /// The path, as it was given to [`Journal::open`].
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A path by which every program can read the file while this process runs, even if its name is gone.
    pub fn path_while_open(&self) -> PathBuf {
        files::path_for_others(&self.file)
    }

    /// A reader of everything that was appended.
    pub fn reader(&self) -> Reader {
        Reader::new(Arc::clone(&self.file), self.log).going_on_from(Arc::clone(&self.earlier))
    }

    /// Writes whole lines at the end. They are not durable before [`Journal::sync`].
    ///
    /// # Errors
    /// [`AppendError::Full`] once the log is cut back to its former length and the cut is synced;
    /// otherwise the error is final.
    pub fn append(&mut self, lines: &[u8]) -> Result<(), AppendError> {
        debug_assert!(lines.ends_with(b"\n"), "only whole lines are appended");
        // Before the write, which would hide a shortening: it leaves a hole of zeros in place of
        // the lost bytes.
        self.check_file()?;
        match self.file.write_all_at(lines, self.end) {
            Ok(()) => {
                self.end += lines.len() as u64;
                Ok(())
            }
            Err(error) => {
                self.file
                    .set_len(self.end)
                    .and_then(|()| self.file.sync_all())
                    .map_err(|cut| {
                        self.fatal("could not be cut back after a failed write", &cut)
                    })?;
                match error.kind() {
                    io::ErrorKind::StorageFull
                    | io::ErrorKind::QuotaExceeded
                    | io::ErrorKind::FileTooLarge
                    | io::ErrorKind::WriteZero => Err(AppendError::Full(error)),
                    _ => Err(self.fatal("could not be written", &error)),
                }
            }
        }
    }

    /// Writes a line over the one of the same length at `offset`, and syncs it.
    ///
    /// # Errors
    /// A sentence. Final: the bytes at `offset` are unknown.
    pub fn overwrite(&mut self, offset: u64, line: &[u8]) -> Result<(), AppendError> {
        self.check_file()?;
        let reader = self.reader();
        let same = reader
            .line_at(offset, self.end)
            .map_err(|error| self.fatal("could not be read", &error))?
            .is_some_and(|old| old.next - offset == line.len() as u64);
        if !same {
            let error = io::Error::other("no line of that length starts there");
            return Err(self.fatal("could not be written", &error));
        }
        self.file
            .write_all_at(line, offset)
            .map_err(|error| self.fatal("could not be written", &error))?;
        self.sync()
    }

    /// Syncs everything appended and checks that the file is still the one at its path.
    ///
    /// # Errors
    /// A sentence. Final: nothing more may be appended or acknowledged after it.
    pub fn sync(&mut self) -> Result<(), AppendError> {
        self.file
            .sync_data()
            .map_err(|error| self.fatal("could not be forced to disk", &error))?;
        self.check_file().map(drop)
    }

    fn fatal(&self, what: &str, error: &io::Error) -> AppendError {
        AppendError::Fatal(format!(
            "The log {} {what}: {}. The server stops, so that it acknowledges nothing that may not \
             be stored. Check the disk, then start the server again.",
            self.path.display(),
            reason(error)
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Body, Event, Stamp};
    use crate::line;
    use std::fs;

    pub(super) fn opened(at: i64) -> Event {
        Event {
            at: Stamp::from_micros(at),
            body: Body::opened("chatroom test", "6f1d0c5be2a94c07"),
        }
    }

    pub(super) fn notice(at: i64, text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        line::to_line(
            &Event {
                at: Stamp::from_micros(at),
                body: Body::notice(text),
            },
            &mut out,
        );
        out
    }

    pub(super) fn journal(path: &Path) -> Journal {
        Journal::open(path)
            .and_then(|o| o.begin(&opened(0)))
            .expect("a journal")
    }

    #[test]
    fn what_was_appended_is_read_back() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("log.txt");
        let mut journal = journal(&path);
        let first = journal.end();
        journal.append(&notice(1, "hi")).expect("appended");
        journal.sync().expect("synced");
        let range = journal
            .reader()
            .read(first, journal.end(), 4096)
            .expect("read");
        assert_eq!(range.bytes, notice(1, "hi"));
        assert_eq!(range.next, journal.end());
    }

    #[test]
    fn a_log_that_went_away_is_noticed_before_and_after_a_write() {
        for (harm, word) in [
            ("remove", "removed"),
            ("replace", "replaced"),
            ("shrink", "shortened"),
            ("grow", "written to"),
        ] {
            let dir = tempfile::tempdir().expect("a folder");
            let path = dir.path().join("log.txt");
            let mut journal = journal(&path);
            journal.append(&notice(1, "hi")).expect("appended");
            let before = fs::read(&path).expect("read");
            match harm {
                "remove" => fs::remove_file(&path).expect("removed"),
                "replace" => {
                    fs::write(dir.path().join("new"), b"x").expect("written");
                    fs::rename(dir.path().join("new"), &path).expect("replaced");
                }
                "shrink" => fs::OpenOptions::new()
                    .write(true)
                    .open(&path)
                    .and_then(|f| f.set_len(10))
                    .expect("cut"),
                _ => {
                    use std::io::Write;
                    let mut f = fs::OpenOptions::new()
                        .append(true)
                        .open(&path)
                        .expect("opened");
                    f.write_all(b"x\n").expect("written");
                }
            }
            match journal.sync() {
                Err(AppendError::Gone(gone)) => assert!(gone.sentence.contains(word), "{gone:?}"),
                other => panic!("{harm}: {other:?}"),
            }
            match journal.append(&notice(2, "a longer line that would cover it up")) {
                Err(AppendError::Gone(gone)) => assert!(gone.sentence.contains(word), "{gone:?}"),
                other => panic!("{harm}: {other:?}"),
            }
            let after = fs::read(&path).unwrap_or_default();
            assert!(
                after.len() <= before.len() + 2,
                "{harm}: nothing is written any more"
            );
        }
    }
}
