//! Opening a log: what is there is recognised, locked, repaired and made sure of, at a cost that
//! does not grow with the file.

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::event::{Event, LogId, Stamp};
use crate::failure::reason;
use crate::line::{self, Damage, MAX_LINE};

use super::torn::{Torn, cut_off, sync_folder};
use super::{Journal, Reader, Stretch};

/// About how much of the end is rewritten and looked at when a log is opened.
const STRETCH: usize = 1 << 20;
/// At most how much may be appended between two [`Journal::sync`]s: after a failed one it is still
/// rewritten whole when the log is opened again, be the stretch's first line the longest there is.
pub const MAX_UNSYNCED: usize = STRETCH - MAX_LINE;

/// A log that is open and repaired, but to which this run has not yet added its first line.
#[derive(Debug)]
pub struct Opening {
    path: PathBuf,
    file: Arc<File>,
    log: Option<LogId>,
    end: u64,
    torn: Option<Torn>,
    recent: Stretch,
}

/// Why a log cannot be opened. Each is a sentence with the path and what to do.
#[derive(Debug)]
pub enum OpenError {
    /// The path is a directory, a device, a pipe.
    NotAFile(PathBuf),
    /// Another server has it open.
    Locked(PathBuf),
    /// A log of the original chat room.
    Original(PathBuf),
    /// Something else than a room's log.
    Foreign(PathBuf),
    /// Reading, writing or making it failed.
    Io(PathBuf, io::Error),
    /// The first line could not be added.
    Begin(super::AppendError),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::NotAFile(path) => write!(
                f,
                "The log {} is not a file. Name a file with --log; it is made if it is not there.",
                path.display()
            ),
            OpenError::Locked(path) => write!(
                f,
                "The log {} is in use by another server. Stop that one, or name another file with --log.",
                path.display()
            ),
            OpenError::Original(path) => write!(
                f,
                "The log {} is one of the original chat room's, which has no times and cannot be added to. \
                 It was not changed. `chatroom replay` reads it; name another file with --log for the room.",
                path.display()
            ),
            OpenError::Foreign(path) => write!(
                f,
                "The file {} is not a chatroom log, so nothing is added to it. Name another file with --log.",
                path.display()
            ),
            OpenError::Io(path, error) if error.kind() == io::ErrorKind::NotFound => write!(
                f,
                "The log {} cannot be made: its folder does not exist. Make the folder, or name another file with --log.",
                path.display()
            ),
            OpenError::Io(path, error) => write!(
                f,
                "The log {} cannot be used: {}. Name another file with --log, or set this right.",
                path.display(),
                reason(error)
            ),
            OpenError::Begin(error @ super::AppendError::Fatal(_)) => write!(f, "{error}"),
            OpenError::Begin(error) => write!(
                f,
                "The room cannot be opened: {error}. Make space, or name another file with --log."
            ),
        }
    }
}

impl std::error::Error for OpenError {}

/// Opens, locks and repairs the log at `path`.
///
/// # Errors
/// See [`OpenError`].
pub(super) fn open(path: &Path) -> Result<Opening, OpenError> {
    let io = |error| OpenError::Io(path.to_path_buf(), error);
    // Before opening: opening a pipe or a device can do something by itself.
    let absent = match fs::metadata(path) {
        Ok(found) if !found.is_file() => return Err(OpenError::NotAFile(path.to_path_buf())),
        Ok(_) => false,
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(error) => return Err(io(error)),
    };
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(absent)
        .open(path)
        .map_err(io)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(OpenError::Locked(path.to_path_buf())),
        Err(TryLockError::Error(error)) => return Err(io(error)),
    }
    let length = file.metadata().map_err(io)?.len();
    let log = identify(&mut file, path)?;
    let file = Arc::new(file);
    let id = log.unwrap_or(LogId(0));
    let reader = Reader::new(Arc::clone(&file), id);

    let end = if log.is_some() {
        reader.line_start(length).map_err(io)?
    } else {
        0
    };
    let torn = (end < length)
        .then(|| cut_off(&file, path, end, length))
        .transpose()
        .map_err(io)?;
    let recent = if end == 0 {
        Stretch::default()
    } else {
        reader.read_back(end, STRETCH).map_err(io)?
    };
    // After a failed sync the page cache may hold what the disk does not: write the same bytes
    // again, so that what will be served is on the disk.
    file.write_all_at(&recent.bytes, recent.offset)
        .and_then(|()| file.sync_data())
        .map_err(io)?;
    Ok(Opening {
        path: path.to_path_buf(),
        file,
        log,
        end,
        torn,
        recent,
    })
}

/// Which log it is; `None` for one that is empty or holds no more than a torn first line.
fn identify(file: &mut File, path: &Path) -> Result<Option<LogId>, OpenError> {
    let io = |error| OpenError::Io(path.to_path_buf(), error);
    let mut head = Vec::new();
    file.seek(SeekFrom::Start(0)).map_err(io)?;
    file.take(2 * MAX_LINE as u64)
        .read_to_end(&mut head)
        .map_err(io)?;
    if head.first() == Some(&b'\r') && head.get(1) == Some(&b'[') {
        return Err(OpenError::Original(path.to_path_buf()));
    }
    let mut lines = head
        .split_inclusive(|b| *b == b'\n')
        .filter_map(|line| line.strip_suffix(b"\n"));
    let Some(first) = lines.next() else {
        // No whole line: nothing, zeros that a power cut left, or the start of a first line.
        let start = b"0000-00-00T00:00:00.000000Z * Room opened (";
        let fitting = head.iter().zip(start).take_while(|(got, want)| match want {
            b'0' => got.is_ascii_digit(),
            want => got == want,
        });
        let fitting = fitting.count();
        let ours = fitting == start.len() || head[fitting..].iter().all(|b| *b == 0);
        return if ours {
            Ok(None)
        } else {
            Err(OpenError::Foreign(path.to_path_buf()))
        };
    };
    if let Ok(parts) = line::split(first) {
        return Ok(Some(LogId(parts.checksum)));
    }
    // A damaged first line still has its checksum field, and later lines show whose log it is.
    match line::checksum_field(first) {
        Some(field) if lines.any(|line| line::split(line).is_ok()) => Ok(Some(LogId(field))),
        _ => Err(OpenError::Foreign(path.to_path_buf())),
    }
}

impl Opening {
    /// The torn end that was cut off, if there was one.
    pub fn torn(&self) -> Option<&Torn> {
        self.torn.as_ref()
    }

    /// The newest lines, about a MiB of them.
    pub fn recent(&self) -> &Stretch {
        &self.recent
    }

    /// The damaged ones among the newest lines, with where they start.
    pub fn damaged(&self) -> Vec<(u64, Damage)> {
        self.recent
            .lines()
            .filter_map(|(offset, text)| {
                line::parse_line(text).err().map(|damage| (offset, damage))
            })
            .collect()
    }

    /// The latest time in the newest lines: no later line may have an earlier one.
    pub fn last_stamp(&self) -> Option<Stamp> {
        self.recent
            .lines()
            .filter_map(|(_, text)| line::split(text).and_then(|parts| parts.at()).ok())
            .max()
    }

    /// Appends and syncs this run's first line, which `opened` must be the event of.
    ///
    /// # Errors
    /// [`OpenError::Begin`]; a file that this call's [`Journal::open`] made stays, empty.
    pub fn begin(self, opened: &Event) -> Result<Journal, OpenError> {
        let mut first = Vec::new();
        let checksum = line::to_line(opened, &mut first);
        let log = self.log.unwrap_or(LogId(checksum));
        let mut journal = Journal {
            path: self.path,
            file: self.file,
            log,
            end: self.end,
        };
        journal
            .append(&first)
            .and_then(|()| journal.sync())
            .map_err(OpenError::Begin)?;
        // Also if the file was there: whoever made it may not have come this far.
        // The name that a link leads to stands in another folder than the link's.
        fs::canonicalize(&journal.path)
            .and_then(|path| sync_folder(&path))
            .map_err(|error| OpenError::Io(journal.path.clone(), error))?;
        Ok(journal)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{journal, notice, opened};
    use super::*;

    fn log() -> (tempfile::TempDir, PathBuf, Vec<u8>) {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("log.txt");
        let mut journal = journal(&path);
        for n in 1..4 {
            journal
                .append(&notice(n * 1_000_000, "a notice"))
                .expect("appended");
        }
        journal.sync().expect("synced");
        let bytes = fs::read(&path).expect("read");
        (dir, path, bytes)
    }

    fn sentence(path: &Path) -> String {
        Journal::open(path)
            .err()
            .map(|e| e.to_string())
            .unwrap_or_default()
    }

    #[test]
    fn a_second_start_goes_on_where_the_first_ended() {
        let (_dir, path, bytes) = log();
        let opening = Journal::open(&path).expect("opened");
        assert_eq!(opening.last_stamp(), Some(Stamp::from_micros(3_000_000)));
        assert_eq!(opening.recent().bytes, bytes);
        let journal = opening.begin(&opened(4_000_000)).expect("begun");
        assert_eq!(
            journal.log(),
            journal
                .reader()
                .id_before(journal.end())
                .ok()
                .flatten()
                .expect("an id")
                .log
        );
        assert!(fs::read(&path).expect("read").starts_with(&bytes));
    }

    #[test]
    fn a_torn_end_is_saved_cut_and_told_wherever_it_is_torn() {
        let (dir, path, bytes) = log();
        let second = bytes.iter().position(|b| *b == b'\n').expect("a line") + 1;
        for cut in 0..bytes.len() {
            for tail in [&b""[..], b"\0\0\0", b"\xf0\x9f"] {
                let mut torn = bytes[..cut].to_vec();
                torn.extend_from_slice(tail);
                let whole = torn
                    .iter()
                    .rposition(|b| *b == b'\n')
                    .map_or(0, |at| at + 1);
                fs::write(&path, &torn).expect("written");
                let opening = match Journal::open(&path) {
                    Ok(opening) => opening,
                    // Half a character in the place of the first line's first: not ours to judge.
                    Err(OpenError::Foreign(_)) if cut < second && tail == b"\xf0\x9f" => continue,
                    Err(other) => panic!("cut at {cut} and {tail:?} added: {other}"),
                };
                let report = opening.torn().cloned();
                drop(opening);
                assert_eq!(fs::read(&path).expect("read"), &torn[..whole]);
                match report {
                    None => assert_eq!(whole, torn.len()),
                    Some(report) => {
                        assert_eq!(fs::read(&report.saved).expect("read"), &torn[whole..]);
                        assert_eq!(
                            (report.offset, report.bytes),
                            (whole as u64, (torn.len() - whole) as u64)
                        );
                        fs::remove_file(report.saved).expect("removed");
                    }
                }
            }
        }
        drop(dir);
    }

    #[test]
    fn an_existing_torn_file_is_never_overwritten() {
        let (_dir, path, bytes) = log();
        fs::write(&path, &bytes[..bytes.len() - 5]).expect("written");
        let saved = Journal::open(&path)
            .expect("opened")
            .torn()
            .cloned()
            .expect("torn")
            .saved;
        fs::write(&path, &bytes[..bytes.len() - 3]).expect("written");
        let again = Journal::open(&path)
            .expect("opened")
            .torn()
            .cloned()
            .expect("torn")
            .saved;
        assert_ne!(saved, again);
        assert!(fs::read(again).expect("read").len() > fs::read(saved).expect("read").len());
    }

    #[test]
    fn a_terminated_damaged_line_is_kept_wherever_it_is() {
        let (_dir, path, bytes) = log();
        for place in [40, bytes.len() / 2, bytes.len() - 4] {
            let mut damaged = bytes.clone();
            damaged[place] ^= 1;
            fs::write(&path, &damaged).expect("written");
            let opening = Journal::open(&path).expect("opened");
            assert_eq!(opening.torn(), None);
            drop(opening);
            assert_eq!(fs::read(&path).expect("read"), damaged);
        }
    }

    #[test]
    fn what_is_no_log_is_refused_in_a_sentence_and_not_touched() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("x");
        for (content, word) in [
            (
                &b"\r[uthira]: 0:00:17:hi\r[bob]: 0:00:09:hello"[..],
                "original",
            ),
            (b"hello", "not a chatroom log"),
            (b"hello\nworld\n", "not a chatroom log"),
            (b"\x7fELF\0\0\n", "not a chatroom log"),
        ] {
            fs::write(&path, content).expect("written");
            assert!(sentence(&path).contains(word), "{}", sentence(&path));
            assert_eq!(fs::read(&path).expect("read"), content);
        }
        assert!(sentence(dir.path()).contains("not a file"));
        assert!(sentence(&dir.path().join("no/log.txt")).contains("folder does not exist"));
    }

    #[test]
    fn a_second_server_is_kept_off() {
        let (_dir, path, _) = log();
        let held = Journal::open(&path).expect("opened");
        assert!(sentence(&path).contains("in use by another server"));
        drop(held);
        assert_eq!(sentence(&path), "");
    }
}
