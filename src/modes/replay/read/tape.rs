//! The log of a play: always a file with an end, so that any position can be read; the end may move.
//!
//! A log that can be read only once, from a pipe or another program, is copied by a thread into a nameless
//! file during the play. So memory stays constant, and a jump beyond what has come waits for it.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use memchr::memrchr;

use super::log::{Log, LogInput, cannot_follow, unreadable};
use super::watch::{FileChange, Watch, whole_lines};
use crate::failure::{Failure, reason};
use crate::system::files::Positional as _;

/// Bytes that are copied at once.
const BLOCK: usize = 256 * 1024;

/// A log that is played.
pub(crate) struct Tape {
    file: Arc<File>,
    end: u64,
    source: TapeSource,
}

enum TapeSource {
    /// A file of which the present part is played.
    Whole,
    /// A stream that a thread copies into the file.
    Coming(Arc<Coming>),
    /// A file that a room appends to.
    Live { watch: Watch, gone: bool },
}

/// The progress of a copy.
#[derive(Default)]
struct Coming {
    /// The end of the last whole line, in bytes.
    end: AtomicU64,
    /// Nothing more comes, and `end` is final.
    done: AtomicBool,
    failure: Mutex<Option<Failure>>,
}

/// A change of the tape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TapeChange {
    Nothing,
    /// Longer, or complete now.
    Grown,
    /// Whole lines were removed.
    Cut,
    /// Another file, from its beginning.
    Replaced,
    /// The file has gone; reported once.
    Gone,
}

impl Tape {
    /// The tape of a log. With `follow` it grows with what the room writes. Another thread calls `wake`
    /// whenever more has come.
    ///
    /// # Errors
    /// The log cannot be followed, or there is no place for the copy of a pipe.
    pub(crate) fn of(
        log: Log,
        follow: bool,
        wake: impl Fn() + Send + 'static,
    ) -> Result<Tape, Failure> {
        let name = log.name;
        match (log.input, follow) {
            (LogInput::File { file, end }, false) => Ok(Tape {
                file,
                end,
                source: TapeSource::Whole,
            }),
            (LogInput::File { file, end }, true) => {
                let end = whole_lines(&file, 0, end).map_err(|error| unreadable(&name, &error))?;
                let watch = Watch::new(log.path.unwrap_or_default(), Arc::clone(&file));
                Ok(Tape {
                    file,
                    end,
                    source: TapeSource::Live { watch, gone: false },
                })
            }
            (LogInput::Stream(stream), true) => Err(cannot_follow(&name, &stream)),
            (LogInput::Stream(stream), false) => {
                let file = Arc::new(nameless(&name)?);
                let coming = Arc::new(Coming::default());
                let copy = Copier {
                    read: stream.read,
                    file: Arc::clone(&file),
                    coming: Arc::clone(&coming),
                };
                let begun = thread::Builder::new()
                    .name("reading".to_string())
                    .spawn(move || copy.run(&name, &wake));
                begun.map_err(|error| {
                    Failure::new(format!(
                        "The log cannot be read while it plays: {}. Try chatroom replay --plain.",
                        reason(&error)
                    ))
                })?;
                Ok(Tape {
                    file,
                    end: 0,
                    source: TapeSource::Coming(coming),
                })
            }
        }
    }

    /// The file that is played.
    pub(crate) fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// The end of what is there, in bytes.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// Returns whether a room may continue it for ever.
    pub(crate) fn is_live(&self) -> bool {
        matches!(self.source, TapeSource::Live { .. })
    }

    /// Returns whether more may come.
    pub(crate) fn may_grow(&self) -> bool {
        match &self.source {
            TapeSource::Whole => false,
            TapeSource::Coming(coming) => {
                !coming.done.load(Ordering::Acquire)
                    || self.end < coming.end.load(Ordering::Acquire)
            }
            TapeSource::Live { .. } => true,
        }
    }

    /// Looks for changes.
    ///
    /// # Errors
    /// A followed file cannot be read.
    pub(crate) fn poll(&mut self) -> io::Result<TapeChange> {
        let change = match &mut self.source {
            TapeSource::Whole => return Ok(TapeChange::Nothing),
            TapeSource::Coming(coming) => {
                let end = coming.end.load(Ordering::Acquire);
                let grown = end > self.end || coming.done.load(Ordering::Acquire);
                self.end = end;
                return Ok(if grown {
                    TapeChange::Grown
                } else {
                    TapeChange::Nothing
                });
            }
            TapeSource::Live { watch, .. } => watch.poll(self.end)?,
        };
        let is_gone = matches!(change, FileChange::Gone);
        let change = match change {
            FileChange::Same => TapeChange::Nothing,
            FileChange::Grown(end) => {
                self.end = end;
                return Ok(TapeChange::Grown);
            }
            FileChange::Shrunk(end) => {
                self.end = end;
                return Ok(TapeChange::Cut);
            }
            FileChange::Replaced(file) => {
                self.file = file;
                self.end = 0;
                TapeChange::Replaced
            }
            FileChange::Gone => TapeChange::Gone,
        };
        let TapeSource::Live { gone, .. } = &mut self.source else {
            return Ok(change);
        };
        let said = std::mem::replace(gone, is_gone);
        Ok(match change {
            TapeChange::Gone if said => TapeChange::Nothing,
            change => change,
        })
    }

    /// The failure that ended the copy, if there was one; returned once.
    pub(crate) fn failure(&self) -> Option<Failure> {
        match &self.source {
            TapeSource::Coming(coming) => coming
                .failure
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
            _ => None,
        }
    }
}

/// A file without a name on a disk: on many machines `/tmp` is in memory.
fn nameless(name: &str) -> Result<File, Failure> {
    let asked = std::env::var_os("TMPDIR").map(PathBuf::from);
    let places = asked.into_iter().chain(["/var/tmp".into(), "/tmp".into()]);
    let mut failed = None;
    for place in places {
        match tempfile::tempfile_in(place) {
            Ok(file) => return Ok(file),
            Err(error) => failed = Some(error),
        }
    }
    let why = failed.map_or(String::new(), |error| reason(&error));
    Err(Failure::new(format!(
        "There is no place to keep {name} while it plays: {why}. Name a folder with TMPDIR, or try \
         chatroom replay --plain."
    )))
}

struct Copier {
    read: Box<dyn Read + Send>,
    file: Arc<File>,
    coming: Arc<Coming>,
}

impl Copier {
    fn run(mut self, name: &str, wake: &dyn Fn()) {
        if let Err(failure) = self.copy(name, wake) {
            let mut failed = self.coming.failure.lock();
            *failed.as_deref_mut().unwrap_or(&mut None) = Some(failure);
        }
        self.coming.done.store(true, Ordering::Release);
        wake();
    }

    fn copy(&mut self, name: &str, wake: &dyn Fn()) -> Result<(), Failure> {
        let mut block = vec![0; BLOCK];
        let mut at = 0;
        loop {
            let count = match self.read.read(&mut block) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(unreadable(name, &error)),
            };
            let kept = self.file.write_all_at(&block[..count], at);
            kept.map_err(|error| {
                Failure::new(format!(
                    "{name} could not be kept while it plays: {}. Name a folder with more space in \
                     TMPDIR, or try chatroom replay --plain.",
                    reason(&error)
                ))
            })?;
            if let Some(last) = memrchr(b'\n', &block[..count]) {
                let end = at + last as u64 + 1;
                self.coming.end.store(end, Ordering::Release);
                wake();
            }
            at += count as u64;
        }
        // A torn last line counts now.
        self.coming.end.store(at, Ordering::Release);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::FileFormat;
    use crate::modes::replay::read::line_ends::LineEnds;
    use crate::modes::replay::read::log::LogStream;
    use std::sync::mpsc;

    /// A pipe that the test feeds.
    struct Pipe(mpsc::Receiver<Vec<u8>>);

    impl Read for Pipe {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let bytes = self.0.recv().unwrap_or_default();
            into[..bytes.len()].copy_from_slice(&bytes);
            Ok(bytes.len())
        }
    }

    #[test]
    fn what_comes_through_a_pipe_is_there_in_whole_lines() {
        let (feed, pipe) = mpsc::channel();
        let log = Log {
            name: "standard input".into(),
            path: None,
            format: FileFormat::Room,
            ends: LineEnds::LineFeed,
            input: LogInput::Stream(LogStream {
                read: Box::new(Pipe(pipe)),
                length: None,
                position: Arc::default(),
                packed: false,
            }),
            report: None,
        };
        let (wake, woken) = mpsc::channel();
        let wake = move || wake.send(()).expect("somebody waits");
        let mut tape = Tape::of(log, false, wake).unwrap_or_else(|_| panic!("a tape"));
        assert_eq!(tape.poll().expect("a look"), TapeChange::Nothing);
        for (bytes, end) in [(&b"one\ntw"[..], 4), (b"o\nthree", 8)] {
            feed.send(bytes.to_vec()).expect("it listens");
            woken.recv().expect("woken");
            assert_eq!(tape.poll().expect("a look"), TapeChange::Grown);
            assert_eq!((tape.end(), tape.may_grow()), (end, true));
        }
        drop(feed);
        woken.recv().expect("woken");
        assert_eq!(tape.poll().expect("a look"), TapeChange::Grown);
        assert_eq!((tape.end(), tape.may_grow()), (13, false));
        let mut all = [0; 13];
        tape.file().read_exact_at(&mut all, 0).expect("read");
        assert_eq!(&all, b"one\ntwo\nthree");
    }
}
