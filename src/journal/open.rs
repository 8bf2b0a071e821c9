//! Opening a log: the file is recognised, locked and repaired, and its end rewritten, at a cost that
//! does not grow with the file.

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::event::{Event, LogId, Stamp};
use crate::failure::reason;
use crate::line::{self, Damage, MAX_LINE};
use crate::system::files::Positional as _;
use crate::system::replace::sync_folder_of;

use super::before::{Before, chain};
use super::identify::{Known, identify, lacks_line_feed};
use super::torn::{Torn, cut_off};
use super::{Journal, LogRange, Reader};

/// The approximate number of bytes at the end that are rewritten and examined when a log is opened.
const REWRITTEN: usize = 1 << 20;
/// The most bytes that may be appended between two [`Journal::sync`]s: after a failed sync, opening
/// the log again still rewrites all of them, even if the first line of the rewritten range is the
/// longest possible.
pub const MAX_UNSYNCED: usize = REWRITTEN - MAX_LINE;

/// A log that is open and repaired, but does not have this run's first line yet.
#[derive(Debug)]
pub struct Opening {
    path: PathBuf,
    file: Arc<File>,
    log: Option<LogId>,
    end: u64,
    torn: Option<Torn>,
    recent: LogRange,
    earlier: Arc<[Before]>,
}

/// The reason why a log cannot be opened. Each is a sentence with the path and the remedy.
#[derive(Debug)]
pub enum OpenError {
    /// A directory, a device or a pipe.
    NotAFile(PathBuf),
    /// A log that another server has open.
    Locked(PathBuf),
    /// A log of the original chat room.
    Original(PathBuf),
    /// A room's log whose line feeds became CR LF.
    Windows(PathBuf),
    /// A file of this many NUL bytes only.
    Zeros(PathBuf, u64),
    /// A file that is not a room's log.
    Foreign(PathBuf),
    /// An error while reading, writing or creating the file.
    Io(PathBuf, io::Error),
    /// An error while appending the first line.
    Begin(super::AppendError),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::NotAFile(path) => write!(
                f,
                "The log {} is not a file. Name a file with --log; it is created if it does not \
                 exist.",
                path.display()
            ),
            OpenError::Locked(path) => write!(
                f,
                "The log {} is in use by another server. Stop that one, or name another file with --log.",
                path.display()
            ),
            OpenError::Original(path) => write!(
                f,
                "The log {} was written by the original chat room: it has no times and cannot be \
                 continued. It was not changed. `chatroom replay {} --convert NEW.txt` turns it \
                 into a room's log; name that with --log.",
                path.display(),
                path.display()
            ),
            OpenError::Windows(path) => write!(
                f,
                "The log {} has Windows line ends (CR LF): an editor, FTP or git changed them. \
                 Nothing is lost, and the log was not changed now. `sed -i '1s/^\\xef\\xbb\\xbf//; \
                 s/\\r$//' {}` restores it; then start the server again.",
                path.display(),
                path.display()
            ),
            OpenError::Zeros(path, bytes) => write!(
                f,
                "The log {} contains only NUL bytes ({bytes}): its contents are lost, as \
                 after a power cut on an unreliable disk or a failed copy. It was not changed. Put \
                 a backup in its place, or move it away to start a new log.",
                path.display()
            ),
            OpenError::Foreign(path) => write!(
                f,
                "The file {} is not a chatroom log, so nothing is added to it. Name another file \
                 with --log. If it is another chat program's log, `chatroom replay {} --convert \
                 NEW.txt` converts it.",
                path.display(),
                path.display()
            ),
            OpenError::Io(path, error)
                if error.kind() == io::ErrorKind::NotFound && has_folder(path) =>
            {
                write!(
                    f,
                    "The log {} cannot be made: its folder is not writable. Name another file with --log.",
                    path.display()
                )
            }
            OpenError::Io(path, error) if error.kind() == io::ErrorKind::NotFound => write!(
                f,
                "The log {} cannot be made: its folder does not exist. Make the folder, or name another file with --log.",
                path.display()
            ),
            OpenError::Io(path, error) => write!(
                f,
                "The log {} cannot be used: {}. Fix this, or name another file with --log.",
                path.display(),
                reason(error)
            ),
            OpenError::Begin(
                error @ (super::AppendError::Fatal(_) | super::AppendError::Gone(_)),
            ) => error.fmt(f),
            OpenError::Begin(error) => write!(
                f,
                "The room cannot be opened: {error}. Free some disk space, or name another file \
                 with --log."
            ),
        }
    }
}

/// Tells whether the folder exists in which `path` would be created.
fn has_folder(path: &Path) -> bool {
    let folder = path.parent().unwrap_or(path);
    folder.as_os_str().is_empty() || folder.is_dir()
}

impl std::error::Error for OpenError {}

/// Opens, locks and repairs the log at `path`.
///
/// # Errors
/// See [`OpenError`].
pub(super) fn open(path: &Path) -> Result<Opening, OpenError> {
    let io = |error| OpenError::Io(path.to_path_buf(), error);
    // Tested first: opening a pipe or a device can have effects of its own.
    let absent = match fs::metadata(path) {
        Ok(found) if !found.is_file() => return Err(OpenError::NotAFile(path.to_path_buf())),
        Ok(_) => false,
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(error) => return Err(io(error)),
    };
    let file = OpenOptions::new()
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
    let mut length = file.metadata().map_err(io)?.len();
    let file = Arc::new(file);
    let reader = Reader::new(Arc::clone(&file), LogId(0));
    let mut known = identify(&reader, length).map_err(io)?;
    let ours = matches!(known, Known::Log { .. } | Known::Nothing);
    if ours && lacks_line_feed(&reader, length).map_err(io)? {
        // The line was written whole, so it is kept. If its line feed was changed, it shows as damaged.
        file.write_all_at(b"\n", length).map_err(io)?;
        length += 1;
        known = identify(&reader, length).map_err(io)?;
    }
    let (log, end) = match known {
        Known::Log { log, end } => (Some(log), end),
        Known::Nothing => (None, 0),
        Known::Windows => return Err(OpenError::Windows(path.to_path_buf())),
        Known::Zeros => return Err(OpenError::Zeros(path.to_path_buf(), length)),
        Known::Original => return Err(OpenError::Original(path.to_path_buf())),
        Known::Foreign => return Err(OpenError::Foreign(path.to_path_buf())),
    };
    let torn = (end < length)
        .then(|| cut_off(&file, path, end, length))
        .transpose()
        .map_err(io)?;
    let recent = if end == 0 {
        LogRange::default()
    } else {
        reader.read_back(end, REWRITTEN).map_err(io)?
    };
    // After a failed sync the page cache may differ from the disk: write the same bytes again, so that
    // everything served is on the disk.
    file.write_all_at(&recent.bytes, recent.offset)
        .and_then(|()| file.sync_data())
        .map_err(io)?;
    let earlier = fs::canonicalize(path).map(|path| chain(&path, &file));
    Ok(Opening {
        path: path.to_path_buf(),
        earlier: earlier.map_err(io)?.into(),
        file,
        log,
        end,
        torn,
        recent,
    })
}

impl Opening {
    /// The identity of the log; `None` if the file has no line yet.
    pub fn log(&self) -> Option<LogId> {
        self.log
    }

    /// The torn end that was cut off, if there was one.
    pub fn torn(&self) -> Option<&Torn> {
        self.torn.as_ref()
    }

    /// The logs that came before this one, the newest first.
    pub(super) fn earlier(&self) -> &[Before] {
        &self.earlier
    }

    /// The file name of the log that this one continues, if that file is missing.
    pub fn missing(&self) -> Option<&str> {
        let before = self.earlier.first()?;
        before.file.is_none().then_some(&*before.name)
    }

    /// The newest lines, about one MiB.
    pub fn recent(&self) -> &LogRange {
        &self.recent
    }

    /// The damaged lines among the newest, with their offsets.
    pub fn damaged(&self) -> Vec<(u64, Damage)> {
        self.recent
            .lines()
            .filter_map(|(offset, text)| {
                line::parse_line(text).err().map(|damage| (offset, damage))
            })
            .collect()
    }

    /// The latest time in the newest lines: no later line may have an earlier time.
    pub fn last_stamp(&self) -> Option<Stamp> {
        self.recent
            .lines()
            .filter_map(|(_, text)| line::split(text).and_then(|parts| parts.at()).ok())
            .max()
    }

    /// Appends and syncs this run's first line, the one of the event `opened`.
    ///
    /// # Errors
    /// [`OpenError::Begin`]; a file that [`Journal::open`] created stays, empty.
    pub fn begin(self, opened: &Event) -> Result<Journal, OpenError> {
        let mut first = Vec::new();
        let checksum = line::to_line(opened, &mut first);
        let log = self.log.unwrap_or(LogId(checksum));
        let mut journal = Journal {
            path: self.path,
            file: self.file,
            log,
            end: self.end,
            earlier: self.earlier,
        };
        journal
            .append(&first)
            .and_then(|()| journal.sync())
            .map_err(OpenError::Begin)?;
        // Even if the file existed: the process that created it may have died before its sync. The
        // canonical path, since a link's target is in another folder than the link.
        fs::canonicalize(&journal.path)
            .and_then(|path| sync_folder_of(&path))
            .map_err(|error| OpenError::Io(journal.path.clone(), error))?;
        Ok(journal)
    }
}

#[cfg(test)]
mod tests;
