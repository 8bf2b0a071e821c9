//! A file that takes another's place whole, or not at all: written beside it, then renamed.
//!
//! What always holds: whatever ends the process and when, the old file or the new one has the name. A
//! [`Replacement`] that is dropped leaves nothing behind; one that a killed process left is in the way of
//! nobody but who asked for that ([`Leftover::Refuse`]).

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::files::made_with;

/// A replacement's file that is there already, left by a process that was killed, or being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leftover {
    /// Removed: nobody else writes it, as a lock ensures.
    Remove,
    /// Respected: making the replacement fails.
    Refuse,
}

/// The guarantee that a replacement gives once it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lasting {
    /// The old file or the new one, whatever becomes of the process; a power cut may cost both.
    Process,
    /// The new file, a power cut included.
    PowerCut,
}

/// A new file that has not taken its place yet. Dropping it removes it.
#[derive(Debug)]
pub(crate) struct Replacement {
    file: File,
    path: PathBuf,
    target: PathBuf,
    /// True once the file has its final name, or is left for others to remove.
    kept: bool,
}

impl Replacement {
    /// Makes an empty file beside `target`, whose name is the target's and `.` and `ending`; with these
    /// rights, or else with the usual ones, less the user's mask.
    ///
    /// # Errors
    /// The file system's; [`io::ErrorKind::AlreadyExists`] of a leftover that is to be respected.
    pub(crate) fn new(
        target: &Path,
        ending: &str,
        rights: Option<u32>,
        leftover: Leftover,
    ) -> io::Result<Replacement> {
        let path = beside(target, ending);
        if leftover == Leftover::Remove {
            remove(&path)?;
        }
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        if let Some(rights) = rights {
            made_with(&mut options, rights);
        }
        Ok(Replacement {
            file: options.open(&path)?,
            path,
            target: target.to_path_buf(),
            kept: false,
        })
    }

    /// The file.
    pub(crate) fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// The path of the file until it has its place.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Leaves the file where it is: the caller moves it to its place, or what was cut off is finished
    /// at the next start.
    ///
    /// # Errors
    /// The process is out of descriptors; the file is removed then.
    pub(crate) fn keep(mut self) -> io::Result<File> {
        let file = self.file.try_clone()?;
        self.kept = true;
        Ok(file)
    }

    /// Puts the file in its place, over what is there.
    ///
    /// # Errors
    /// The file system's; the old file is there then, or the new one.
    pub(crate) fn replace(mut self, lasting: Lasting) -> io::Result<()> {
        if lasting == Lasting::PowerCut {
            self.file.sync_all()?;
        }
        fs::rename(&self.path, &self.target)?;
        self.kept = true;
        match lasting {
            Lasting::Process => Ok(()),
            Lasting::PowerCut => sync_folder_of(&self.target),
        }
    }

    /// Puts the file in its place, which nothing else must have; for good, a power cut included.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] if something has the name; or the file system's.
    pub(crate) fn claim(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        match renameat_with(CWD, &self.path, CWD, &self.target, RenameFlags::NOREPLACE) {
            Ok(()) => self.kept = true,
            // A file system that cannot do that. A second name is never given over another, either.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                fs::hard_link(&self.path, &self.target)?;
            }
            Err(error) => return Err(error.into()),
        }
        sync_folder_of(&self.target)
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if !self.kept {
            // The error that led here is the one to tell.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Replaces the file at `path`, which gets these rights (the usual ones if none); what an earlier writer
/// left half done is removed, so one writer at a time.
///
/// # Errors
/// The file system's; the file is as it was then, or, where it is to last, the new one.
pub(crate) fn replace(
    path: &Path,
    bytes: &[u8],
    ending: &str,
    rights: Option<u32>,
    lasting: Lasting,
) -> io::Result<()> {
    let mut replacement = Replacement::new(path, ending, rights, Leftover::Remove)?;
    replacement.file().write_all(bytes)?;
    replacement.replace(lasting)
}

/// Replaces what is at `path` without changing what it is: a link stays one, a file keeps its rights,
/// and what is no file is written to.
///
/// # Errors
/// The file system's; a file is as it was then.
pub(crate) fn replace_contents(path: &Path, bytes: &[u8], ending: &str) -> io::Result<()> {
    let there: Option<Permissions> = match fs::metadata(path) {
        Ok(there) if !there.is_file() => return fs::write(path, bytes),
        Ok(there) => Some(there.permissions()),
        Err(_) => None,
    };
    let path = match there {
        Some(_) => fs::canonicalize(path)?,
        None => path.to_path_buf(),
    };
    let mut replacement = Replacement::new(&path, ending, None, Leftover::Remove)?;
    if let Some(rights) = there {
        replacement.file().set_permissions(rights)?;
    }
    replacement.file().write_all(bytes)?;
    replacement.replace(Lasting::Process)
}

/// Renames a file that is on the disk already, over what has the name, and makes the names last.
///
/// # Errors
/// The file system's.
pub(crate) fn move_over(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    sync_folder_of(to)
}

/// Removes the replacement that a writer of `target` left half done.
///
/// # Errors
/// The file system's; a replacement that is not there is none.
#[cfg(any(test, feature = "gui"))]
pub(crate) fn remove_leftover(target: &Path, ending: &str) -> io::Result<()> {
    remove(&beside(target, ending))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The path with a `.` and one more ending.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

/// Makes the names in the folder of the file at `path` last. A folder that may not be read is its
/// owner's to keep.
///
/// # Errors
/// The folder cannot be opened or synced.
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    match File::open(folder) {
        Ok(folder) => folder.sync_all(),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
