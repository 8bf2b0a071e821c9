//! Small files that several windows on one machine share: replaced whole, one writer at a time.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};

/// A lock on a file of its own. It is held as long as the value lives, and gone with the process
/// however that ends. The file stays, empty: removing it would let two others lock two files.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Takes the lock; `None` if somebody else has it for longer than `patience`.
///
/// # Errors
/// The lock's file cannot be made, or the file system has no locks.
pub fn lock(path: &Path, patience: Duration) -> io::Result<Option<Lock>> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)?;
    let until = Instant::now() + patience;
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(Some(Lock { _file: file })),
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::WOULDBLOCK) if Instant::now() >= until => return Ok(None),
            Err(rustix::io::Errno::WOULDBLOCK) => sleep(Duration::from_millis(5)),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Makes a folder and those above it that are missing, for the user alone, and has the disk be sure of
/// them.
///
/// # Errors
/// The file system's.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    let missing = folder.ancestors().take_while(|folder| !folder.exists());
    let missing: Vec<&Path> = missing.collect();
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    // Where a folder above cannot be read it cannot be synced either, and the file may still be.
    for made in missing {
        let _ = sync_folder_of(made);
    }
    Ok(())
}

/// Has the disk be sure of what the folder of this path lists.
fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Replaces the file whole or not at all, whatever ends the process and when. The disk is not waited
/// for: a power cut may cost the file. The caller holds the lock: what an earlier writer left half done
/// is removed.
///
/// # Errors
/// The file system's; the file is as it was then.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    write(path, bytes, mode, |_| Ok(()))
}

/// The same, and the power may be cut as well: the old file or the new one is there then, and the new
/// one once this has come back.
///
/// # Errors
/// The file system's; the file is as it was then, or the new one.
pub fn replace_surely(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    write(path, bytes, mode, File::sync_all)?;
    sync_folder_of(path)
}

fn write(
    path: &Path,
    bytes: &[u8],
    mode: u32,
    settle: impl FnOnce(&File) -> io::Result<()>,
) -> io::Result<()> {
    let fresh = fresh(path);
    remove_fresh(path)?;
    let mut file = OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(mode)
        .open(&fresh)?;
    let moved = file
        .write_all(bytes)
        .and_then(|()| settle(&file))
        .and_then(|()| fs::rename(&fresh, path));
    if moved.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&fresh);
    }
    moved
}

/// Removes what a writer of the file left half done. The caller holds the lock.
///
/// # Errors
/// The file system's; that there is nothing is none.
pub fn remove_fresh(path: &Path) -> io::Result<()> {
    match fs::remove_file(fresh(path)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn fresh(path: &Path) -> PathBuf {
    beside(path, "new")
}

/// The path with one more ending.
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

/// Renames a file that cannot be read to `NAME.broken`, or `NAME.broken-2` and so on where that is
/// taken. The answer is the new path. The caller holds the lock.
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
