//! What a window keeps about itself between two starts, in the user's state folder: how far was
//! read, the session, the draft, and the messages that were not answered.
//!
//! There is one file for each room and name, and one window at a time has it: the others of the same
//! room and name keep nothing. A file is replaced whole, so that whatever kills the window leaves
//! the old state or the new one.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::files::{self, Lock};
use super::talk::Letter;
use crate::event::Id;
use crate::failure::reason;

/// The longest file that is read, in bytes: far more than a window's bounds allow it to keep.
const MAX_FILE: u64 = 64 << 20;

/// What is kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    /// The newest event that was read.
    pub read: Option<Id>,
    /// The session's token: a secret.
    pub token: Option<String>,
    /// What stands in the input.
    pub draft: String,
    /// The messages that were not answered, oldest first.
    pub letters: Vec<Letter>,
    /// Where the window was.
    pub place: Option<Place>,
}

/// Where a window is on the screen, in the window system's units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// From the left edge.
    pub x: i32,
    /// From the upper edge.
    pub y: i32,
    /// How wide.
    pub width: i32,
    /// How high.
    pub height: i32,
}

/// The folder of these files; `None` on a machine without a home.
pub fn folder() -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", "chatroom").map(|dirs| {
        let state = dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir());
        state.join("gui")
    })
}

/// The right to write the file of one room and name.
#[derive(Debug)]
pub struct Keeper {
    path: PathBuf,
    /// What the file holds.
    last: Kept,
    _lock: Lock,
}

impl Keeper {
    /// What was kept for this room and name, and the right to write it.
    ///
    /// There is no Keeper, and a sentence, while another window has the same room and name, or where
    /// nothing can be kept. A file that is not readable is set aside, with a sentence too.
    pub fn open(
        folder: &Path,
        address: &str,
        name: &str,
    ) -> (Option<Keeper>, Kept, Option<String>) {
        match open(folder, address, name) {
            Ok((keeper, kept, sentence)) => (Some(keeper), kept, sentence),
            Err(sentence) => (None, Kept::default(), Some(sentence)),
        }
    }

    /// Writes the file, whole or not at all; does nothing if that is what it holds. The disk is not
    /// waited for, since this is done while somebody types: a power cut may cost what came last.
    ///
    /// # Errors
    /// A sentence for the status line; the file holds what it held before.
    pub fn save(&mut self, kept: &Kept) -> Result<(), String> {
        if *kept == self.last {
            return Ok(());
        }
        let written = serde_json::to_vec(kept)
            .map_err(io::Error::from)
            .and_then(|bytes| files::replace(&self.path, &bytes, 0o600));
        written.map_err(|error| {
            format!(
                "What you write is not kept for the next start: {} could not be written: {}. See to \
                 it that there is space and that the folder is yours.",
                self.path.display(),
                reason(&error)
            )
        })?;
        self.last.clone_from(kept);
        Ok(())
    }
}

fn open(
    folder: &Path,
    address: &str,
    name: &str,
) -> Result<(Keeper, Kept, Option<String>), String> {
    let path = folder.join(file_name(address, name));
    let cannot = |error: io::Error| {
        format!(
            "What you write in this window is not kept for the next start: {} cannot be used: {}. \
             Mend that and open the window again.",
            path.display(),
            reason(&error)
        )
    };
    files::make_folder(folder).map_err(cannot)?;
    if let Ok(found) = fs::metadata(folder)
        && found.permissions().mode() & 0o077 != 0
    {
        // Where this is refused the folder is somebody else's, and the files are for us alone.
        let _ = fs::set_permissions(folder, fs::Permissions::from_mode(0o700));
    }
    let lock = files::lock(&files::beside(&path, "lock"), Duration::ZERO).map_err(cannot)?;
    let Some(lock) = lock else {
        return Err(
            "Another window has this room and name open. What you write in this one is not kept \
             for the next start."
                .to_string(),
        );
    };
    files::remove_fresh(&path).map_err(cannot)?;
    let (kept, sentence) = match read(&path).map_err(cannot)? {
        None => (Kept::default(), None),
        Some(bytes) => match serde_json::from_slice(&bytes) {
            Ok(kept) => (kept, None),
            Err(_) => {
                let aside = files::set_aside(&path).map_err(cannot)?;
                let sentence = format!(
                    "What this window kept was not readable. It is set aside as {}, and the window \
                     begins afresh.",
                    aside.display()
                );
                (Kept::default(), Some(sentence))
            }
        },
    };
    let keeper = Keeper {
        path,
        last: kept.clone(),
        _lock: lock,
    };
    Ok((keeper, kept, sentence))
}

/// At most [`MAX_FILE`] and one bytes, which is not readable then; `None` where there is no file.
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE {
        bytes.clear();
    }
    Ok(Some(bytes))
}

/// Something for people to recognise and something that tells any two apart.
fn file_name(address: &str, name: &str) -> String {
    let mut slug = String::new();
    for c in format!("{address} {name}").chars() {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() => slug.push(c),
            '.' if !slug.is_empty() => slug.push('.'),
            _ if !slug.is_empty() && !slug.ends_with('-') => slug.push('-'),
            _ => {}
        }
    }
    slug.truncate(48);
    let hash = Sha256::new()
        .chain_update(address)
        .chain_update([0])
        .chain_update(name)
        .finalize();
    let hash: String = hash[..6].iter().map(|byte| format!("{byte:02x}")).collect();
    match slug.trim_end_matches(['-', '.']) {
        "" => format!("room-{hash}.json"),
        slug => format!("{slug}-{hash}.json"),
    }
}

#[cfg(test)]
mod tests;
