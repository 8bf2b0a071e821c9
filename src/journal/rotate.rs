//! Rotation: a new log that continues the existing one, which gets another name.
//!
//! What always holds: wherever a rotation is interrupted, the old log is whole under one of its names,
//! and the log's own name leads to the old log or the new one. On a disk without hard links there is a
//! moment in which it leads to neither; then [`finish`] completes the rotation.

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::before::{beside, field, first_line, said_before};
use super::{Journal, OpenError, Torn};
use crate::event::{Body, Event, Stamp};
use crate::failure::reason;
use crate::line;
use crate::system::files::{FileId, PRIVATE, take_after};
use crate::system::replace::{self, Leftover, Replacement, move_over, sync_folder_of};

/// The suffix of the new log's path until it gets its name.
const ENDING: &str = "new";

/// The outcome of a rotation.
#[derive(Debug)]
pub struct Rotated {
    /// The new path of the old log.
    pub old: PathBuf,
    /// The length of the old log, in bytes.
    pub bytes: u64,
    /// The torn end of the old log that was cut off, if there was one.
    pub torn: Option<Torn>,
}

/// The reason why there is no new log. Each is a sentence with the path and the remedy.
#[derive(Debug)]
pub enum RotateError {
    /// No log at the path.
    Absent(PathBuf),
    /// A log with no line, or with only its first line.
    Empty(PathBuf),
    /// A log that cannot be opened.
    Open(OpenError),
    /// An error while writing or renaming; the log is unchanged.
    Io(PathBuf, io::Error),
}

impl fmt::Display for RotateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RotateError::Absent(path) => write!(
                f,
                "There is no log {}. Name the log of a stopped room.",
                path.display()
            ),
            RotateError::Empty(path) => write!(
                f,
                "The log {} is still empty, so there is nothing to rotate.",
                path.display()
            ),
            RotateError::Open(OpenError::Locked(path)) => write!(
                f,
                "The log {} is in use: a server is running on it. Nothing was changed. Stop the \
                 server, run this again, then start the server.",
                path.display()
            ),
            RotateError::Open(OpenError::NotAFile(path)) => {
                write!(f, "{} is not a file. Name a room's log.", path.display())
            }
            RotateError::Open(OpenError::Original(path) | OpenError::Foreign(path)) => write!(
                f,
                "The file {} is not a room's log, and it was not changed. Name the log of a server.",
                path.display()
            ),
            RotateError::Open(error) => write!(f, "{error}"),
            RotateError::Io(path, error) => write!(
                f,
                "The log {} cannot be rotated: {}. It was not changed. Fix this, then run it \
                 again.",
                path.display(),
                reason(error)
            ),
        }
    }
}

/// Begins a new log at `path` that continues the existing one, which is named after the day of `now`.
///
/// # Errors
/// See [`RotateError`].
pub fn rotate(path: &Path, now: Stamp) -> Result<Rotated, RotateError> {
    let failed = |error| RotateError::Io(path.to_path_buf(), error);
    let finished = finish(path).map_err(failed)?;
    if matches!(fs::metadata(path), Err(error) if error.kind() == io::ErrorKind::NotFound) {
        return Err(RotateError::Absent(path.to_path_buf()));
    }
    // Holds the lock to the end: a server that starts meanwhile reports the log as in use.
    let opening = Journal::open(path).map_err(RotateError::Open)?;
    let Some(log) = opening.log() else {
        return Err(RotateError::Empty(path.to_path_buf()));
    };
    // Of a link, the target is renamed and not the link.
    let real = fs::canonicalize(path).map_err(failed)?;
    // Only a first line: the log was rotated already, perhaps just now.
    if opening.recent().offset == 0 && opening.recent().lines().count() < 2 {
        let before = opening.earlier().first().filter(|_| finished);
        let (before, (_, bytes)) = before
            .and_then(|before| Some((before, before.reader().ok()?)))
            .ok_or_else(|| RotateError::Empty(path.to_path_buf()))?;
        return Ok(Rotated {
            old: real.with_file_name(&before.name),
            bytes,
            torn: None,
        });
    }
    let at = now.max(opening.last_stamp().unwrap_or(now));
    let begun = || -> io::Result<PathBuf> {
        let old = old_name(&real, now)?;
        let name = old.file_name().map(Path::new).unwrap_or(&old);
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
        let body = Body::opening(random, Some(log));
        let mut first = Vec::new();
        let fields = field(name).unwrap_or_default();
        line::to_line_with(&Event { at, body }, &fields, &mut first);
        let _new = write_new(&real, &first)?;
        exchange(&real, &old)?;
        Ok(old)
    };
    let old = begun().map_err(failed)?;
    Ok(Rotated {
        old,
        bytes: opening.recent().next,
        torn: opening.torn().cloned(),
    })
}

/// The path of the new log until it gets its name.
fn new_name(path: &Path) -> PathBuf {
    replace::beside(path, ENDING)
}

/// An unused name for the old log, with the day in it.
fn old_name(path: &Path, now: Stamp) -> io::Result<PathBuf> {
    let day = now.to_string();
    let day = day.get(..10).unwrap_or_default();
    let stem = path.file_stem().unwrap_or_default();
    let mut number = 1;
    loop {
        let mut name = stem.to_os_string();
        name.push(format!("-{day}"));
        if number > 1 {
            name.push(format!("-{number}"));
        }
        if let Some(extension) = path.extension() {
            name.push(".");
            name.push(extension);
        }
        let old = path.with_file_name(name);
        match is_same_file(path, &old) {
            // Made by an attempt that was interrupted.
            Ok(true) => return Ok(old),
            Ok(false) => number += 1,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(old),
            Err(error) => return Err(error),
        }
    }
}

/// Writes the new log beside the old one, with the same owner and permissions, and locks it. From here
/// on [`finish`] completes an interrupted rotation.
fn write_new(path: &Path, first: &[u8]) -> io::Result<File> {
    let ours = fs::metadata(path)?;
    let mut replacement = Replacement::new(path, ENDING, Some(PRIVATE), Leftover::Remove)?;
    let file = replacement.file();
    take_after(file, &ours)?;
    file.write_all(first)?;
    file.sync_all()?;
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => io::ErrorKind::ResourceBusy.into(),
        TryLockError::Error(error) => error,
    })?;
    replacement.keep()
}

/// Gives the old log its new name and the new log the old one, each step synced before the next.
fn exchange(path: &Path, old: &Path) -> io::Result<()> {
    let new = new_name(path);
    match fs::hard_link(path, old) {
        Ok(()) => {}
        // Made by an attempt that was interrupted. Any other file that has taken the name since keeps it.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && is_same_file(path, old)? => {}
        // A disk without hard links.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied
            ) =>
        {
            fs::rename(path, old)?;
        }
        Err(error) => return Err(error),
    }
    sync_folder_of(path)?;
    move_over(&new, path)
}

fn is_same_file(path: &Path, other: &Path) -> io::Result<bool> {
    let (ours, theirs) = (fs::metadata(path)?, fs::symlink_metadata(other)?);
    Ok(FileId::of(&ours) == FileId::of(&theirs))
}

/// Completes a rotation that was interrupted between its two renames; `true` if there was one.
///
/// # Errors
/// The new log cannot get its name.
pub fn finish(path: &Path) -> io::Result<bool> {
    let new = new_name(path);
    let there = |path: &Path| !matches!(fs::symlink_metadata(path), Err(error) if error.kind() == io::ErrorKind::NotFound);
    if there(path) || !there(&new) {
        return Ok(false);
    }
    let file = File::open(&new)?;
    let first = first_line(&file)?;
    let Some((log, name)) = first.as_deref().and_then(said_before) else {
        return Ok(false);
    };
    if beside(path, log, &name).is_none() {
        return Ok(false);
    }
    match file.try_lock() {
        Ok(()) => {}
        // Another process is rotating right now.
        Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::ResourceBusy.into()),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    move_over(&new, path)?;
    Ok(true)
}

#[cfg(test)]
mod tests;
