//! The file that is played: opened, recognised, and every way in which that fails.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Take};
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::formats::{Format, HEAD};
use super::records::Records;
use crate::failure::{Failure, reason};
use crate::line;

/// An opened log.
#[derive(Debug)]
pub struct Source {
    /// Its records, from the first on.
    pub input: BufReader<Take<File>>,
    /// What kind it is.
    pub format: Format,
    /// How long it is in bytes; not known of a pipe.
    pub length: Option<u64>,
    /// Its name as it is said to people.
    pub name: String,
}

impl Source {
    /// Opens the log at `path` as long as it is now: what a room adds while it is played is left
    /// for the next time.
    ///
    /// # Errors
    /// One sentence for each way in which this can fail.
    pub fn open(path: &Path) -> Result<Source, Failure> {
        let name = shown(path);
        let file = open(path, &name)?;
        let data = file.metadata().map_err(|error| unreadable(&name, &error))?;
        if data.is_dir() {
            return Err(Failure::new(format!(
                "{name} is a folder. Name the log in it, such as {}.",
                shown(&path.join("log.txt"))
            )));
        }
        let length = data.is_file().then_some(data.len());
        let start = file
            .try_clone()
            .map_err(|error| unreadable(&name, &error))?;
        let mut input = BufReader::with_capacity(HEAD, start.take(length.unwrap_or(u64::MAX)));
        let head = input
            .fill_buf()
            .map_err(|error| unreadable(&name, &error))?;
        if head.is_empty() {
            return Err(Failure::new(format!(
                "{name} is empty: nothing was ever recorded in it. Name the log that the room \
                 writes (chatroom server --log FILE)."
            )));
        }
        // A head that was overwritten does not tell; the end of the same file may.
        let end = |length: u64| {
            let mut end = vec![0; HEAD.min(length as usize)];
            let from = length - end.len() as u64;
            file.read_exact_at(&mut end, from).ok()?;
            Format::of(&end).filter(|format| *format == Format::Room)
        };
        let format = Format::of(head).or_else(|| length.and_then(end));
        let format = format.ok_or_else(|| {
            Failure::new(format!(
                "{name} is not a chat log of a kind that this program knows. Name a log.txt that \
                 a room wrote."
            ))
        })?;
        Ok(Source {
            input,
            format,
            length,
            name,
        })
    }

    /// Its records.
    pub fn records(self) -> Records<BufReader<Take<File>>> {
        Records::new(self.input, 0, self.format.ends())
    }
}

/// Opens a file for reading.
///
/// # Errors
/// A sentence that says what the system has against it and what to try.
pub fn open(path: &Path, name: &str) -> Result<File, Failure> {
    File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Failure::new(format!(
            "There is no file {name} here. Check the name; a room keeps its log as log.txt in the \
             folder in which it was started."
        )),
        io::ErrorKind::PermissionDenied => Failure::new(format!(
            "{name} may not be read by you: permission denied. Ask its owner for a copy, or get \
             one from the room: curl -O http://ADDRESS:PORT/log.txt."
        )),
        _ => unreadable(name, &error),
    })
}

/// Reading failed in the middle or at once.
pub fn unreadable(name: &str, error: &io::Error) -> Failure {
    Failure::new(format!(
        "{name} could not be read: {}. Check the disk or the connection it is on, and try again.",
        reason(error)
    ))
}

/// A path as it is safe to show on a terminal.
pub fn shown(path: &Path) -> String {
    line::escaped(&path.to_string_lossy())
}
