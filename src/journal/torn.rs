//! The end of a log that the last stop tore: found, saved aside, cut off.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// A torn end that was saved aside and cut off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Torn {
    /// Where the bytes are now.
    pub saved: PathBuf,
    /// Where they had begun in the log.
    pub offset: u64,
    /// How many.
    pub bytes: u64,
}

/// Saves what stands behind `end` beside the log, never over an existing file, and cuts it off.
pub(super) fn cut_off(file: &File, path: &Path, end: u64, length: u64) -> io::Result<Torn> {
    let mut name = path.as_os_str().to_os_string();
    name.push(format!(".torn-{end}"));
    let (mut saved, mut number) = (PathBuf::from(&name), 1);
    let mut aside = loop {
        match OpenOptions::new().write(true).create_new(true).open(&saved) {
            Ok(aside) => break aside,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let mut next = name.clone();
                next.push(format!(".{number}"));
                saved = PathBuf::from(next);
                number += 1;
            }
            Err(error) => return Err(error),
        }
    };
    let mut from = file;
    from.seek(SeekFrom::Start(end))?;
    io::copy(&mut from.take(length - end), &mut aside)?;
    aside.sync_all()?;
    sync_folder(path)?;
    file.set_len(end)?;
    file.sync_all()?;
    Ok(Torn {
        saved,
        offset: end,
        bytes: length - end,
    })
}

/// Makes the names in the folder of the file at `path` durable.
///
/// # Errors
/// It cannot be opened or synced.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    match File::open(folder) {
        Ok(folder) => folder.sync_all(),
        // One that we may not read is somebody else's to keep.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        Err(error) => Err(error),
    }
}
