//! The torn end of a log: found after a crash, saved aside, cut off.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::system::files::{Positional as _, SHARED, made_with, rights};
use crate::system::replace::sync_folder_of;

/// The longest torn end that is cut off even if it could not be saved, in bytes.
const MAX_UNSAVED: u64 = 1 << 20;

/// A torn end that was cut off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Torn {
    /// The copy of the bytes.
    pub copy: TornCopy,
    /// The offset in the log at which they began.
    pub offset: u64,
    /// The number of bytes.
    pub bytes: u64,
}

/// The copy of the bytes that were cut off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TornCopy {
    /// In this file beside the log.
    InFile(PathBuf),
    /// Only in memory, since the disk is full.
    InMemory(Vec<u8>),
}

/// Saves the bytes after `end` beside the log, never over an existing file, and cuts them off.
///
/// On a full disk they are cut off first, which may free the space for saving them: none of them was
/// acknowledged, and a room must open on a full disk, too.
pub(super) fn cut_off(file: &File, path: &Path, end: u64, length: u64) -> io::Result<Torn> {
    let mode = rights(&file.metadata()?) & SHARED;
    let torn = |copy| Torn {
        copy,
        offset: end,
        bytes: length - end,
    };
    let cut = || file.set_len(end).and_then(|()| file.sync_all());
    match save(path, end, mode, Bytes::OfFile(file, end, length)) {
        Ok(saved) => cut().map(|()| torn(TornCopy::InFile(saved))),
        Err(error) if is_full(&error) && length - end <= MAX_UNSAVED => {
            let mut bytes = vec![0; (length - end) as usize];
            file.read_exact_at(&mut bytes, end)?;
            cut()?;
            Ok(match save(path, end, mode, Bytes::These(&bytes)) {
                Ok(saved) => torn(TornCopy::InFile(saved)),
                Err(_) => torn(TornCopy::InMemory(bytes)),
            })
        }
        Err(error) => Err(error),
    }
}

enum Bytes<'a> {
    OfFile(&'a File, u64, u64),
    These(&'a [u8]),
}

/// Saves the bytes in a new file beside the log. A failed attempt leaves nothing.
fn save(path: &Path, end: u64, mode: u32, bytes: Bytes) -> io::Result<PathBuf> {
    let (saved, mut aside) = beside(path, &format!("torn-{end}"), mode)?;
    let written = match bytes {
        Bytes::These(bytes) => aside.write_all(bytes),
        Bytes::OfFile(file, from, to) => copy(file, from, to, &mut aside),
    };
    match written.and_then(|()| aside.sync_all()) {
        Ok(()) => sync_folder_of(path).map(|()| saved),
        Err(error) => {
            let _ = fs::remove_file(&saved);
            Err(error)
        }
    }
}

/// Copies the bytes from `from` to `to`.
pub(super) fn copy(file: &File, from: u64, to: u64, into: &mut File) -> io::Result<()> {
    let mut piece = vec![0; 1 << 20];
    let mut at = from;
    while at < to {
        let count = piece.len().min((to - at) as usize);
        file.read_exact_at(&mut piece[..count], at)?;
        into.write_all(&piece[..count])?;
        at += count as u64;
    }
    Ok(())
}

/// Creates a file beside the log with the suffix `what`, never over an existing one, with its path.
pub(super) fn beside(path: &Path, what: &str, mode: u32) -> io::Result<(PathBuf, File)> {
    let mut name = path.as_os_str().to_os_string();
    name.push(format!(".{what}"));
    let mut options = OpenOptions::new();
    made_with(options.write(true).create_new(true), mode);
    let (mut candidate, mut number) = (PathBuf::from(&name), 1);
    loop {
        match options.open(&candidate) {
            Ok(file) => return Ok((candidate, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let mut next = name.clone();
                next.push(format!(".{number}"));
                candidate = PathBuf::from(next);
                number += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}
