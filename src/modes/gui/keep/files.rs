//! Small files that several windows on one machine share: replaced whole, one writer at a time.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::system::files::{PRIVATE, made_with, make_private_folders};
use crate::system::replace::{self, Lasting, remove_leftover, sync_folder_of};

pub(crate) use crate::system::replace::beside;

/// Longest time that the end of a window waits for the disk.
pub(super) const MAX_WAIT_AT_END: Duration = Duration::from_secs(2);
/// The ending of a file that is being written.
const FRESH: &str = "new";

/// A lock on a file of its own. It lasts as long as this value, and no longer than the process,
/// however that ends. The file stays, empty: removing it would let two others lock two files.
#[derive(Debug)]
pub struct FileLock {
    _file: File,
}

/// Takes the lock; `None` if another process has it for longer than `limit`.
///
/// # Errors
/// The lock's file cannot be made, or the file system has no locks.
pub fn lock(path: &Path, limit: Duration) -> io::Result<Option<FileLock>> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    let file = made_with(&mut options, PRIVATE).open(path)?;
    let until = Instant::now() + limit;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(FileLock { _file: file })),
            Err(TryLockError::WouldBlock) if Instant::now() >= until => return Ok(None),
            Err(TryLockError::WouldBlock) => sleep(Duration::from_millis(5)),
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

/// Makes a folder, and the missing ones above it, for the user alone, and syncs what it made.
///
/// # Errors
/// The file system's.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    let missing = folder.ancestors().take_while(|folder| !folder.exists());
    let missing: Vec<&Path> = missing.collect();
    make_private_folders(folder)?;
    // Where a folder above cannot be read it cannot be synced either, and the file may still be.
    for made in missing {
        let _ = sync_folder_of(made);
    }
    Ok(())
}

/// Replaces the file whole or not at all, whatever ends the process and when. Does not wait for the
/// disk, so a power cut may cost the file. The caller holds the lock, since the half-written file of
/// an earlier writer is removed.
///
/// # Errors
/// The file system's; the file is as it was then.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    replace::replace(path, bytes, FRESH, Some(mode), Lasting::Process)
}

/// Replaces the file as [`replace()`] does, and safely against a power cut too: it leaves the old file or
/// the new one, and the new one once this has returned.
///
/// # Errors
/// The file system's; the file is as it was then, or the new one.
pub fn replace_surely(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    replace::replace(path, bytes, FRESH, Some(mode), Lasting::PowerCut)
}

/// Removes the half-written file of an earlier writer, if there is one. The caller holds the lock.
///
/// # Errors
/// The file system's.
pub fn remove_fresh(path: &Path) -> io::Result<()> {
    remove_leftover(path, FRESH)
}

/// Renames an unreadable file to `NAME.broken`, or to `NAME.broken-2` and so on if there is one
/// already. Returns the new path. The caller holds the lock.
///
/// # Errors
/// The file system's.
pub fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let mut aside = beside(path, "broken");
    let mut number = 1;
    while aside.symlink_metadata().is_ok() {
        number += 1;
        aside = beside(path, &format!("broken-{number}"));
    }
    fs::rename(path, &aside).map(|()| aside)
}
