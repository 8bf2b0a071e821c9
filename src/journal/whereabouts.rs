//! The check that the log is still the file at its path, the search for where else it is, and the
//! rescue of a removed log's contents.
//!
//! A file that was removed lives as long as a process has it open. It would be gone once the server
//! ends, so it is copied before that.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io;
use std::iter;
use std::path::{Path, PathBuf};

use super::torn::{beside, copy};
use super::{AppendError, Journal};
use crate::failure::reason;
use crate::system::files::{
    FileId, SHARED, bytes_of_name, is_device_failure, is_of_removed, name_of, names, rights,
};
use crate::system::replace::sync_folder_of;

/// The suffix of the copy of a log that was removed, before its length.
const SAVED: &str = "saved-";

/// A reason why the log's path could not be examined, if that is no reason to stop: the open file
/// still has a name, and what is written to it is kept.
pub type Unreachable = Option<String>;

impl Journal {
    /// Checks that nobody removed, replaced, shortened or appended to the file.
    ///
    /// # Errors
    /// A sentence. Final.
    pub fn check_file(&self) -> Result<Unreachable, AppendError> {
        let ours = self
            .file
            .metadata()
            .map_err(|error| self.fatal("could not be examined", &error))?;
        match fs::metadata(&self.path) {
            Err(error) if is_absent(&error) => Err(self.gone(Lost::Absent, &ours)),
            Err(error) if is_device_failure(&error) => {
                Err(self.fatal("could not be examined", &error))
            }
            // The path cannot be followed at the moment. As long as the file has a name, it is kept.
            Err(error) if names(&ours) > 0 && ours.len() == self.end => Ok(Some(reason(&error))),
            Err(_) if names(&ours) == 0 => Err(self.gone(Lost::Absent, &ours)),
            Ok(found) if !is_same(&found, &ours) => Err(self.gone(Lost::Replaced, &ours)),
            _ if ours.len() < self.end => Err(self.gone(Lost::Shortened, &ours)),
            _ if ours.len() > self.end => Err(self.gone(Lost::Written, &ours)),
            _ => Ok(None),
        }
    }

    /// Copies the committed bytes of a file that has no name any more, and syncs the copy: beside the
    /// log, or if that is impossible, in one of the `shelters`. No file is ever overwritten.
    ///
    /// # Errors
    /// The first reason why it could not be saved; the failed attempts leave nothing.
    pub fn save(&self) -> io::Result<PathBuf> {
        let mut first = None;
        let name = self.path.file_name().unwrap_or(OsStr::new("log.txt"));
        let elsewhere = shelters().into_iter().map(|folder| folder.join(name));
        for place in iter::once(self.path.clone()).chain(elsewhere) {
            match self.save_beside(&place) {
                Ok(saved) => return Ok(saved),
                Err(error) => drop(first.get_or_insert(error)),
            }
        }
        Err(first.unwrap_or_else(|| io::ErrorKind::NotFound.into()))
    }

    fn save_beside(&self, path: &Path) -> io::Result<PathBuf> {
        // As private as the log was.
        let mode = rights(&self.file.metadata()?) & SHARED;
        let (saved, mut into) = beside(path, &format!("{SAVED}{}", self.end), mode)?;
        let copied = copy(&self.file, 0, self.end, &mut into)
            .and_then(|()| into.sync_all())
            .and_then(|()| sync_folder_of(&saved));
        match copied {
            Ok(()) => Ok(saved),
            Err(error) => {
                let _ = fs::remove_file(&saved);
                Err(error)
            }
        }
    }

    fn gone(&self, lost: Lost, ours: &Metadata) -> AppendError {
        let path = self.path.display();
        let now = whereabouts_of(&self.file, ours);
        let unlinked = match lost {
            Lost::Shortened | Lost::Written => false,
            Lost::Absent | Lost::Replaced => now == Whereabouts::Nowhere,
        };
        let what = match (lost, &now) {
            (Lost::Absent, Whereabouts::At(there)) => format!("was moved to {}", there.display()),
            (Lost::Absent, Whereabouts::Nowhere) => "was removed".to_string(),
            (Lost::Absent, Whereabouts::Unknown) => "was removed or moved away".to_string(),
            (Lost::Replaced, _) => "was replaced by another file".to_string(),
            (Lost::Shortened, _) => format!(
                "was shortened by another program, from {} to {} bytes,",
                self.end,
                ours.len()
            ),
            (Lost::Written, _) => format!(
                "was written to by another program: {} bytes that the room did not write, from byte {} on,",
                ours.len() - self.end,
                self.end
            ),
        };
        let next = match (lost, &now) {
            (_, Whereabouts::Nowhere) if unlinked => String::new(),
            (_, Whereabouts::At(there)) if matches!(lost, Lost::Absent | Lost::Replaced) => {
                format!(
                    " The log itself is {} now. Put it back (`mv -n {} {path}`; if a service manager has \
                     started the server again, first stop it and move the new log aside), or name \
                     another log with --log; then start the server again.",
                    there.display(),
                    there.display()
                )
            }
            (Lost::Shortened, _) => format!(
                " The missing part is no longer on the disk: look for a backup. To continue with \
                 what is left, start the server again; to continue with a backup, first put it in \
                 the place of {path}."
            ),
            (Lost::Written, _) => " Start the server again: everything the room wrote is intact; \
                                   what was added is kept and shown as damaged, or saved next to \
                                   the log if it is not a whole line. Do not edit the file or \
                                   share it between servers."
                .to_string(),
            _ => " Put the file back, or name another log with --log; then start the server again."
                .to_string(),
        };
        AppendError::Gone(Gone {
            sentence: format!(
                "The log {path} {what} while the room was using it. The server stops, so that it \
                 acknowledges nothing that is not stored.{next}"
            ),
            unlinked,
        })
    }
}

/// The folders for the copy of a removed log that cannot be saved beside it, the best first: those in
/// `STATE_DIRECTORY`, or if systemd set none, `TMPDIR`, else `/var/tmp`.
///
/// A service's temporary folders are no shelter: systemd deletes private ones (`PrivateTmp`) as soon as
/// the service ends, and the server ends once the copy is saved.
fn shelters() -> Vec<PathBuf> {
    let own = state_folders();
    if !own.is_empty() {
        return own;
    }
    let temporary = std::env::var_os("TMPDIR").filter(|dir| !dir.is_empty());
    vec![temporary.map_or("/var/tmp".into(), PathBuf::from)]
}

/// The folders that systemd keeps for this service between its runs (`StateDirectory` in
/// `systemd.exec(5)`).
fn state_folders() -> Vec<PathBuf> {
    let listed = std::env::var_os("STATE_DIRECTORY").unwrap_or_default();
    let folders = std::env::split_paths(&listed);
    folders.filter(|folder| folder.is_absolute()).collect()
}

/// The copies of the log at `path` that [`Journal::save`] made next to it or in the service's own
/// folder, the newest last.
pub fn saved_copies(path: &Path) -> Vec<PathBuf> {
    let mut start = path.file_name().unwrap_or_default().to_os_string();
    start.push(format!(".{SAVED}"));
    let start = bytes_of_name(&start);
    let beside = path.with_file_name("");
    let beside = match beside.as_os_str().is_empty() {
        true => Path::new(".").to_path_buf(),
        false => beside,
    };
    let is_another = |folder: &PathBuf| match (fs::metadata(folder), fs::metadata(&beside)) {
        (Ok(one), Ok(other)) => !is_same(&one, &other),
        _ => true,
    };
    let others = state_folders().into_iter().filter(is_another);
    let mut copies = Vec::new();
    for folder in iter::once(PathBuf::new()).chain(others) {
        let is_beside = folder.as_os_str().is_empty();
        let files = fs::read_dir(if is_beside { &beside } else { &folder });
        for file in files.into_iter().flatten().flatten() {
            let name = file.file_name();
            let modified = file.metadata().and_then(|about| about.modified());
            if let (true, Ok(modified)) = (bytes_of_name(&name).starts_with(start), modified) {
                let copy = match is_beside {
                    true => path.with_file_name(name),
                    false => folder.join(name),
                };
                copies.push((modified, copy));
            }
        }
    }
    copies.sort();
    copies.into_iter().map(|(_, copy)| copy).collect()
}

/// The fate of a log that was lost while the server used it.
#[derive(Debug)]
pub struct Gone {
    /// A sentence with the fate and the remedy, except for what depends on the result of saving it.
    pub sentence: String,
    /// Tells that the file has no name any more and needs [`Journal::save`].
    pub unlinked: bool,
}

#[derive(Clone, Copy)]
enum Lost {
    Absent,
    Replaced,
    Shortened,
    Written,
}

/// The current place of an open file.
#[derive(Debug, PartialEq, Eq)]
enum Whereabouts {
    At(PathBuf),
    /// No name: the file is gone once it is closed.
    Nowhere,
    Unknown,
}

fn whereabouts_of(file: &File, ours: &Metadata) -> Whereabouts {
    if names(ours) == 0 {
        return Whereabouts::Nowhere;
    }
    let Ok(there) = name_of(file) else {
        return Whereabouts::Unknown;
    };
    if is_of_removed(&there) {
        return Whereabouts::Nowhere;
    }
    match fs::metadata(&there) {
        Ok(found) if is_same(&found, ours) => Whereabouts::At(there),
        _ => Whereabouts::Unknown,
    }
}

fn is_same(one: &Metadata, other: &Metadata) -> bool {
    FileId::of(one) == FileId::of(other)
}

/// Tells whether the system is certain that the name does not exist, as opposed to being unable to look.
fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
