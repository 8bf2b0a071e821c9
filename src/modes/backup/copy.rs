//! The copy on disk: its contents, its growth, and its replacement by another.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::event::LogId;
use crate::failure::{Failure, reason};
use crate::journal::{Known, Reader, identify, said_before};
use crate::system::files::{
    OTHERS, PRIVATE, Positional as _, SHARED, made_with, permissions, rights,
};
use crate::system::replace::{beside, move_over, sync_folder_of};

use super::room::Download;
use super::state::CopyState;

/// Bytes at the copy's end that are fetched again and compared, at most.
const COMPARED: u64 = 64 * 1024;
/// Bytes that are compared at once.
const PIECE: usize = 1 << 20;
/// An upper limit for the length of a first line, in bytes.
const FIRST: usize = 4_096;

/// A copy that only this process has open.
pub(super) struct LocalCopy {
    pub path: PathBuf,
    pub state: CopyState,
    file: Arc<File>,
    private: bool,
    /// This run created the file.
    made: bool,
}

/// A new copy under a temporary name.
pub(super) struct FreshCopy(LocalCopy);

impl LocalCopy {
    /// Opens the copy at `path`, or creates an empty one. A `private` copy is readable by its owner alone,
    /// even if it was not before.
    ///
    /// # Errors
    /// The file is not a copy of a room's log, or another process uses it.
    pub(super) fn open(path: &Path, private: bool) -> Result<LocalCopy, Failure> {
        let unusable = |error: io::Error| unusable(path, &error);
        if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            return Err(Failure::setting(format!(
                "{} is not a file. Name the file for the copy; it is created if it does not exist.",
                path.display()
            )));
        }
        let made = !path.exists();
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true);
        let mode = if private { PRIVATE } else { SHARED };
        let file = made_with(&mut options, mode).open(path).map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::new(format!(
                    "{} is in use by a running backup or by a server. Nothing was changed.",
                    path.display()
                )));
            }
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        let mut copy = LocalCopy {
            path: path.to_path_buf(),
            state: CopyState::default(),
            file: Arc::new(file),
            private,
            made,
        };
        if !copy.read_state().map_err(unusable)? {
            return Err(Failure::new(format!(
                "{} is not a copy of a room's log, so nothing is added to it. Name another file.",
                path.display()
            )));
        }
        if private {
            copy.make_private().map_err(|error| {
                Failure::new(format!(
                    "{} can be read by others, and that cannot be changed: {}. The room has a key, so nothing was added. \
                     Name a file of your own.",
                    path.display(),
                    reason(&error)
                ))
            })?;
        }
        Ok(copy)
    }

    /// Removes the permissions of everyone but the owner.
    fn make_private(&self) -> io::Result<()> {
        let mode = rights(&self.file.metadata()?);
        match mode & OTHERS {
            0 => Ok(()),
            _ => self.file.set_permissions(permissions(mode & !OTHERS)),
        }
    }

    /// Reads the state of the file; `false` if it is not a copy of a log.
    fn read_state(&mut self) -> io::Result<bool> {
        let length = self.file.metadata()?.len();
        let reader = Reader::new(Arc::clone(&self.file), LogId(0));
        let (log, end) = match identify(&reader, length)? {
            Known::Log { log, end } => (log, end),
            // Empty, or part of a first line.
            Known::Nothing => {
                self.state = CopyState::default();
                return Ok(true);
            }
            _ => return Ok(false),
        };
        let first = reader.line_at(0, end)?.map(|first| first.bytes);
        let reader = Reader::new(Arc::clone(&self.file), log);
        let last = reader.read_back(end, 1024)?;
        let last = last.lines().next_back().map_or(0, |(offset, _)| offset);
        self.state = CopyState {
            end,
            fingerprint: reader.fingerprint(end)?,
            from: last.max(end.saturating_sub(COMPARED)),
            first: first.unwrap_or_default(),
        };
        Ok(true)
    }

    /// Receives a log from its beginning. The file holds nothing, or part of this log's first line.
    ///
    /// # Errors
    /// The file begins otherwise or cannot be written, or the log is not what the room said.
    pub(super) fn take_all(&mut self, mut sent: Download) -> Result<Fetched, Failure> {
        let failed = |error: io::Error| unusable(&self.path, &error);
        let length = self.file.metadata().map_err(failed)?.len();
        let reader = Reader::new(Arc::clone(&self.file), LogId(0));
        let mut there = reader.bytes(0, length, FIRST).map_err(failed)?;
        // A power cut leaves zeros where the rest should be.
        while there.last() == Some(&0) {
            there.pop();
        }
        match begins_with(&mut sent, &there) {
            Begun::With(rest) => self.write_after(sent, there.len() as u64, rest),
            Begun::Cut(why) => Ok(Fetched::Cut(why)),
            Begun::Otherwise => Err(Failure::new(format!(
                "{} is not the beginning of this room's log, so nothing was added to it. Name \
                 another file.",
                self.path.display()
            ))),
        }
    }

    /// Receives the rest of the log, after comparing the end of the copy.
    ///
    /// # Errors
    /// As [`LocalCopy::take_all`].
    pub(super) fn go_on(&mut self, mut sent: Download) -> Result<Fetched, Failure> {
        let mut there = vec![0; (self.state.end - self.state.from) as usize];
        self.file
            .read_exact_at(&mut there, self.state.from)
            .map_err(|error| unusable(&self.path, &error))?;
        match begins_with(&mut sent, &there) {
            Begun::With(rest) => self.write_after(sent, self.state.end, rest),
            Begun::Cut(why) => Ok(Fetched::Cut(why)),
            Begun::Otherwise => Err(Failure::new(format!(
                "The answer does not continue {}, although it says so. Nothing was changed. Try \
                 again, and check what is between here and the room.",
                self.path.display()
            ))),
        }
    }

    /// Writes what is sent from offset `at` on, `piece` first, and syncs it.
    fn write_after(
        &mut self,
        mut sent: Download,
        mut at: u64,
        mut piece: Vec<u8>,
    ) -> Result<Fetched, Failure> {
        let path = self.path.clone();
        let failed = |error: io::Error| {
            Failure::new(format!(
                "{} cannot be written: {}. The lines in it are intact; fix this and start again.",
                path.display(),
                reason(&error)
            ))
        };
        // The partial line of the previous run is sent again.
        self.file.set_len(at).map_err(failed)?;
        let cut = loop {
            self.file.write_all_at(&piece, at).map_err(failed)?;
            at += piece.len() as u64;
            piece.clear();
            match sent.next(&mut piece) {
                Ok(true) => {}
                Ok(false) => break None,
                Err(why) => break Some(why),
            }
        };
        self.file.sync_all().map_err(failed)?;
        sync_folder_of(&self.path).map_err(failed)?;
        let is_log = self.read_state().map_err(failed)?;
        match cut {
            Some(why) => Ok(Fetched::Cut(why)),
            None if is_log && self.state.fingerprint == sent.fingerprint => Ok(Fetched::Whole),
            None => Err(Failure::new(format!(
                "{} is not what the room says it sent. Check it with `chatroom replay --verify \
                 {}`, and the disks on both sides.",
                self.path.display(),
                self.path.display()
            ))),
        }
    }

    /// The offset of the first line that differs between two copies.
    pub(super) fn same_until(&self, other: &FreshCopy) -> Result<u64, Failure> {
        let end = self.state.end.min(other.0.state.end);
        let failed = |error: io::Error| unusable(&self.path, &error);
        let mut at = 0;
        while at < end {
            let count = PIECE.min((end - at) as usize);
            let (mut ours, mut theirs) = (vec![0; count], vec![0; count]);
            self.file.read_exact_at(&mut ours, at).map_err(failed)?;
            other
                .0
                .file
                .read_exact_at(&mut theirs, at)
                .map_err(failed)?;
            if let Some(differs) = ours
                .iter()
                .zip(&theirs)
                .position(|(one, other)| one != other)
            {
                at += differs as u64;
                let reader = Reader::new(Arc::clone(&self.file), LogId(0));
                return reader.line_start(at).map_err(failed);
            }
            at += count as u64;
        }
        Ok(end)
    }

    /// Sets this copy aside under an unused name, puts the fresh one in its place, and returns that name.
    pub(super) fn give_way(&mut self, fresh: FreshCopy) -> Result<PathBuf, Failure> {
        let failed = |error: io::Error| unusable(&self.path, &error);
        let mut name = self.path.as_os_str().to_os_string();
        name.push(".old");
        let (mut aside, mut number) = (PathBuf::from(&name), 1);
        loop {
            // A hard link first: there is a copy at every moment.
            match fs::hard_link(&self.path, &aside) {
                Ok(()) => break,
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    let mut next = name.clone();
                    next.push(format!(".{number}"));
                    aside = PathBuf::from(next);
                    number += 1;
                }
                // Some file systems have no hard links.
                Err(_) if !aside.exists() => {
                    fs::rename(&self.path, &aside).map_err(failed)?;
                    break;
                }
                Err(error) => return Err(failed(error)),
            }
        }
        move_over(&fresh.0.path, &self.path).map_err(failed)?;
        self.file = Arc::clone(&fresh.0.file);
        self.state = fresh.0.state.clone();
        Ok(aside)
    }

    /// The log that this is a copy of.
    pub(super) fn log(&self) -> Option<LogId> {
        self.state.fingerprint.map(|fingerprint| fingerprint.log)
    }

    /// Removes the file if this run created it and nothing came.
    pub(super) fn remove_if_new_and_empty(&self) {
        let empty = self.file.metadata().is_ok_and(|file| file.len() == 0);
        if self.made && empty {
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl FreshCopy {
    /// An empty copy beside an existing one.
    pub(super) fn beside(copy: &LocalCopy) -> Result<FreshCopy, Failure> {
        let path = beside(&copy.path, "new");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true);
        let mode = if copy.private { PRIVATE } else { SHARED };
        let file = made_with(&mut options, mode)
            .open(&path)
            .map_err(|error| unusable(&path, &error))?;
        // Locked as well, against anyone who opens it under its final name.
        let _ = file.try_lock();
        let mut fresh = LocalCopy {
            path,
            state: CopyState::default(),
            file: Arc::new(file),
            private: copy.private,
            made: true,
        };
        let failed = |error: io::Error| unusable(&copy.path, &error);
        // An interrupted run leaves a log, or nothing.
        let is_left = fresh.read_state().map_err(failed)? && fresh.state.fingerprint.is_some();
        if !is_left && fresh.file.metadata().map_err(failed)?.len() > 0 {
            return Err(Failure::new(format!(
                "The room no longer has the log that is in {}, and {}, where the new copy would \
                 go, is something else. Nothing was changed. Move that away and start again.",
                copy.path.display(),
                fresh.path.display()
            )));
        }
        fresh.file.set_len(0).map_err(failed)?;
        fresh.state = CopyState::default();
        if fresh.private {
            fresh.make_private().map_err(failed)?;
        }
        Ok(FreshCopy(fresh))
    }

    /// The log that this one continues, and the name of that one's file.
    pub(super) fn goes_on_from(&self) -> Option<(LogId, PathBuf)> {
        said_before(&self.0.state.first)
    }

    /// Receives a log from its beginning.
    pub(super) fn take_all(&mut self, sent: Download) -> Result<Fetched, Failure> {
        let taken = self.0.take_all(sent);
        if !matches!(taken, Ok(Fetched::Whole)) {
            let _ = fs::remove_file(&self.0.path);
        }
        taken
    }
}

/// The end of a transfer.
pub(super) enum Fetched {
    Whole,
    Cut(String),
}

/// The beginning of what is sent, compared with what is expected.
enum Begun {
    /// As expected, with what came after it.
    With(Vec<u8>),
    /// Something else.
    Otherwise,
    /// Unknown: the connection broke first.
    Cut(String),
}

/// Compares the beginning of what is sent with `there`.
fn begins_with(sent: &mut Download, there: &[u8]) -> Begun {
    let mut came = Vec::new();
    while came.len() < there.len() {
        match sent.next(&mut came) {
            Ok(true) => {}
            Ok(false) => return Begun::Cut("it ended too soon".to_string()),
            Err(why) => return Begun::Cut(why),
        }
    }
    if came.starts_with(there) {
        Begun::With(came.split_off(there.len()))
    } else {
        Begun::Otherwise
    }
}

fn unusable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!(
        "The copy {} cannot be used: {}. Fix this, or name another file.",
        path.display(),
        reason(error)
    ))
}
