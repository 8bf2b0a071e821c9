//! The state that a window saves for the next one of the same room and name, in the user's state
//! folder: the read position, the token, the draft, and the messages that were not answered.
//!
//! There is one file for each room and name, and one window at a time owns it; others of the same
//! room and name save nothing. A file is replaced whole, so that whatever kills the window leaves
//! the old state or the new one. A power cut may cost the file, so a thread syncs a copy beside it
//! ([`syncer`]); of both, the newer one is read.

mod syncer;

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::files::{self, FileLock};
use crate::event::{Id, Key, Stamp};
use crate::failure::reason;
use crate::modes::gui::talk::OutboxMessage;
use crate::system::files::{OTHERS, PRIVATE_FOLDER, permissions, rights};
use syncer::Syncer;

/// Longest file that is read, in bytes: far more than a window saves.
const MAX_FILE: u64 = 64 << 20;

/// The saved state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SavedSession {
    /// The newest event that was read.
    pub read: Option<Id>,
    /// The time at which that was recorded, by the room's clock: it tells new from read in a log
    /// that does not know the event.
    pub read_at: Option<Stamp>,
    /// The session's token: a secret.
    pub token: Option<String>,
    /// The text in the input.
    pub draft: String,
    /// The messages that were not answered, oldest first.
    #[serde(rename = "letters")]
    pub messages: Vec<OutboxMessage>,
    /// The window's geometry.
    #[serde(rename = "place")]
    pub geometry: Option<Geometry>,
}

/// Position and size of a window, in the window system's units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Geometry {
    /// Distance from the left edge.
    pub x: i32,
    /// Distance from the upper edge.
    pub y: i32,
    /// Width.
    pub width: i32,
    /// Height.
    pub height: i32,
}

/// The folder of these files; `None` on a machine without a home.
pub fn folder() -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", "chatroom").map(|dirs| {
        let state = dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir());
        state.join("gui")
    })
}

/// The file's content.
#[derive(Debug, Deserialize, Serialize)]
struct Stored {
    /// Numbers the versions of the file; missing in files of earlier programs.
    number: Option<u64>,
    #[serde(flatten)]
    session: SavedSession,
}

/// The right to write the file of one room and name.
#[derive(Debug)]
pub struct SessionFile {
    path: PathBuf,
    /// The state in the file.
    written: SavedSession,
    /// The number of its version.
    number: u64,
    /// The messages that may not have reached the disk, each with the number of the first version
    /// that has it.
    unsure: Vec<(u64, Key)>,
    syncer: Syncer,
    _lock: FileLock,
}

impl SessionFile {
    /// Returns the saved state of this room and name, and the right to write it.
    ///
    /// Instead of the right there is a sentence while another window has the same room and name, or
    /// if nothing can be saved. An unreadable file is set aside, which a sentence says as well.
    ///
    /// `tell` is called on another thread when [`SessionFile::newly_durable`] has news.
    pub fn open(
        folder: &Path,
        address: &str,
        name: &str,
        tell: fn(),
    ) -> (Option<SessionFile>, SavedSession, Option<String>) {
        match open(folder, address, name, tell) {
            Ok((file, saved, sentence)) => (Some(file), saved, sentence),
            Err(sentence) => (None, SavedSession::default(), Some(sentence)),
        }
    }

    /// Writes the file, whole or not at all; does nothing if the state is the same. Does not wait
    /// for the disk, since it is called while the user types; [`SessionFile::newly_durable`] returns
    /// the messages that have reached it.
    ///
    /// # Errors
    /// A sentence for the status line; the file is as it was.
    pub fn save(&mut self, state: &SavedSession) -> Result<(), String> {
        if *state == self.written {
            return Ok(());
        }
        let number = self.number + 1;
        let stored = Stored {
            number: Some(number),
            session: state.clone(),
        };
        let replaced = serde_json::to_vec(&stored)
            .map_err(io::Error::from)
            .and_then(|bytes| files::replace(&self.path, &bytes, 0o600).map(|()| bytes));
        let bytes = replaced.map_err(|error| self.not_saved(&error))?;
        self.number = number;
        let new = state.messages.iter().filter(|message| {
            let mut before = self.written.messages.iter();
            !before.any(|old| old.key == message.key)
        });
        let before = self.unsure.len();
        let new = new.map(|message| (number, message.key.clone()));
        self.unsure.extend(new);
        let urgent = self.unsure.len() > before || state.token != self.written.token;
        self.syncer.put(number, bytes, urgent);
        self.written.clone_from(state);
        Ok(())
    }

    /// Returns the messages that have reached the disk since the last call.
    ///
    /// # Errors
    /// A sentence for the status line: the disk refused them. The write is tried again.
    pub fn newly_durable(&mut self) -> Result<Vec<Key>, String> {
        if let Some(error) = self.syncer.take_error() {
            return Err(self.not_saved(&error));
        }
        if self.unsure.is_empty() {
            return Ok(Vec::new());
        }
        let synced = self.syncer.synced();
        let sure = self.unsure.extract_if(.., |(number, _)| *number <= synced);
        Ok(sure.map(|(_, key)| key).collect())
    }

    fn not_saved(&self, error: &io::Error) -> String {
        format!(
            "What you write is not kept for the next start: {} could not be written: {}. Make sure \
             that there is space and that the folder is yours.",
            self.path.display(),
            reason(error)
        )
    }
}

fn open(
    folder: &Path,
    address: &str,
    name: &str,
    tell: fn(),
) -> Result<(SessionFile, SavedSession, Option<String>), String> {
    let path = folder.join(file_name(address, name));
    let cannot = |error: io::Error| {
        format!(
            "What you write in this window is not kept for the next start: {} cannot be used: {}. \
             Fix that and open the window again.",
            path.display(),
            reason(&error)
        )
    };
    files::make_folder(folder).map_err(cannot)?;
    if let Ok(found) = fs::metadata(folder)
        && rights(&found) & OTHERS != 0
    {
        // If this is refused, the folder is another user's, and the files are private anyway.
        let _ = fs::set_permissions(folder, permissions(PRIVATE_FOLDER));
    }
    let lock = files::lock(&files::beside(&path, "lock"), Duration::ZERO).map_err(cannot)?;
    let Some(lock) = lock else {
        return Err(
            "Another window has this room and name open. What you write in this one is not kept \
             for the next start."
                .to_string(),
        );
    };
    let copy = files::beside(&path, "sure");
    let (number, saved, sentence) = recover(&path, &copy).map_err(cannot)?;
    let syncer = Syncer::start(copy, number, tell).map_err(cannot)?;
    let file = SessionFile {
        path,
        written: saved.clone(),
        number,
        unsure: Vec::new(),
        syncer,
        _lock: lock,
    };
    Ok((file, saved, sentence))
}

/// Reads the newer one of the file and its synced copy, and cleans up after a writer that was
/// killed. Returns the number of the newest version, its state, and a sentence if neither could be
/// read. The caller holds the lock.
fn recover(path: &Path, copy: &Path) -> io::Result<(u64, SavedSession, Option<String>)> {
    files::remove_fresh(path)?;
    files::remove_fresh(copy)?;
    let bytes = read(path)?;
    let file = bytes.as_deref().and_then(Stored::of);
    let sure = read(copy)?;
    let sure = sure.as_deref().and_then(Stored::of);
    let synced = sure.as_ref().and_then(|sure| sure.number).unwrap_or(0);
    let newest = file.as_ref().and_then(|file| file.number);
    let mut sentence = None;
    let saved = match (file, sure) {
        // A file without a number is an earlier program's, which wrote it last.
        (Some(file), sure) if sure.is_none() || newest.is_none_or(|newest| newest > synced) => {
            // Its writer was killed before it was synced; it is synced now, before it is shown.
            let settled = bytes.map(|bytes| files::replace_surely(copy, &bytes, 0o600));
            settled.transpose()?;
            file.session
        }
        // The copy wins over what a power cut left of the file.
        (_, Some(sure)) => sure.session,
        (_, None) if bytes.is_some() => {
            let aside = files::set_aside(path)?;
            sentence = Some(format!(
                "What an earlier window kept could not be read. It was renamed to {}, and this \
                 window starts afresh.",
                aside.display()
            ));
            SavedSession::default()
        }
        (_, None) => SavedSession::default(),
    };
    Ok((newest.unwrap_or(0).max(synced), saved, sentence))
}

impl Stored {
    /// Parses a file; `None` if it is not readable.
    fn of(bytes: &[u8]) -> Option<Stored> {
        serde_json::from_slice(bytes).ok()
    }
}

/// Reads a file, or nothing of one longer than [`MAX_FILE`]; `None` if there is none.
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

/// The name of the file: words that people recognise, and a hash that tells any two apart.
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
