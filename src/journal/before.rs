//! The logs before the current one.
//!
//! A log that continues another one names that log in its first line (`after`), and its file in that
//! line's field `file`. What always holds: a file is accepted only if it is the log that is named.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Reader;
use super::identify::log_of;
use crate::event::LogId;
use crate::line::{self, Fields, Shape};
use crate::system::files::{Positional as _, bytes_of_name, name_of_bytes};

/// The name of the field in a first line that names the file of the log before.
const FILE: &str = "file";
/// The largest number of earlier logs that are followed.
const MOST: usize = 1_000;
/// An upper bound for the length of a first line, in bytes.
const FIRST: usize = 4_096;

/// A log that came before another one.
#[derive(Clone, Debug)]
pub struct Before {
    /// The identity of the log.
    pub log: LogId,
    /// The file's name, in the folder of the log after it.
    pub name: String,
    /// The open file, if it exists.
    pub file: Option<Arc<File>>,
}

/// Makes the field by which a first line names the file of the log before; `None` if the name does
/// not fit into one.
pub(super) fn field(name: &Path) -> Option<Fields> {
    let mut value = String::new();
    for byte in bytes_of_name(name.as_os_str()) {
        match byte {
            b'%' => value.push_str("%25"),
            byte if byte.is_ascii_graphic() => value.push(char::from(*byte)),
            byte => value.push_str(&format!("%{byte:02x}")),
        }
    }
    Fields::of(FILE, &value)
}

/// The file name in such a field; `None` for a path that leads out of the folder.
fn name_in(field: &[u8]) -> Option<PathBuf> {
    let (mut name, mut rest) = (Vec::new(), field);
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match (byte, after) {
            (b'%', [high, low, after @ ..]) => {
                let digits = [*high, *low];
                let digits = std::str::from_utf8(&digits).ok()?;
                name.push(u8::from_str_radix(digits, 16).ok()?);
                rest = after;
            }
            (b'%', _) => return None,
            _ => name.push(*byte),
        }
    }
    let name = PathBuf::from(name_of_bytes(name));
    let alone = name.file_name() == Some(name.as_os_str());
    alone.then_some(name)
}

/// The identity and the file name of the log that a log's first line continues.
pub fn said_before(first: &[u8]) -> Option<(LogId, PathBuf)> {
    let raw = line::raw(first).ok().filter(line::RawLine::is_canonical)?;
    let Shape::Opened {
        after: Some(log), ..
    } = raw.shape
    else {
        return None;
    };
    Some((log, name_in(raw.field(FILE)?)?))
}

/// The first line of a file, without its `\n`; `None` if the file has no whole line.
///
/// # Errors
/// Reading failed.
pub(super) fn first_line(file: &File) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = vec![0; FIRST];
    let mut filled = 0;
    while filled < FIRST {
        match file.read_at(&mut bytes[filled..], filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let end = memchr::memchr(b'\n', &bytes[..filled]);
    Ok(end.map(|end| {
        bytes.truncate(end);
        bytes
    }))
}

/// Opens the file beside `path` with this name, if it is that log.
pub(super) fn beside(path: &Path, log: LogId, name: &Path) -> Option<File> {
    let path = path.with_file_name(name);
    // Opening a pipe would block for ever.
    if !path.metadata().ok()?.is_file() {
        return None;
    }
    let file = File::open(path).ok()?;
    let first = first_line(&file).ok()??;
    (log_of(&first) == log).then_some(file)
}

/// The logs that came before the one at `path`, the newest first, as far as their files are beside it.
pub(super) fn chain(path: &Path, file: &File) -> Vec<Before> {
    let mut found: Vec<Before> = Vec::new();
    let mut first = first_line(file).ok().flatten();
    while let Some((log, name)) = first.as_deref().and_then(said_before) {
        if found.len() == MOST || found.iter().any(|before| before.log == log) {
            break;
        }
        let file = beside(path, log, &name);
        first = file.as_ref().and_then(|file| first_line(file).ok()?);
        found.push(Before {
            log,
            name: name.display().to_string(),
            file: file.map(Arc::new),
        });
    }
    found
}

/// The name of the file that the log at `path` continues, and whether that file is beside it.
pub fn comes_before(path: &Path) -> Option<(PathBuf, bool)> {
    let path = path.canonicalize().ok()?;
    let first = first_line(&File::open(&path).ok()?).ok()??;
    let (log, name) = said_before(&first)?;
    let is_there = beside(&path, log, &name).is_some();
    Some((name, is_there))
}

impl Before {
    /// A reader of the log, with the offset at which its last whole line ends.
    ///
    /// # Errors
    /// Reading failed, or the file does not exist.
    pub fn reader(&self) -> io::Result<(Reader, u64)> {
        let file = self.file.clone().ok_or(io::ErrorKind::NotFound)?;
        let length = file.metadata()?.len();
        let reader = Reader::new(file, self.log);
        let end = reader.line_start(length)?;
        Ok((reader, end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_file_name_is_named_and_none_elsewhere() {
        for name in ["log-2026.txt", "my log.txt", "100%.txt", "zoë\n.txt", "-"] {
            let field = field(Path::new(name)).expect(name);
            let value = field.as_str().strip_prefix("file:").expect("the field");
            assert_eq!(name_in(value.as_bytes()), Some(name.into()), "{value}");
        }
        let odd = name_of_bytes(vec![b'a', 0xff]);
        let value = field(Path::new(&odd)).expect("a field");
        assert_eq!(value.as_str(), "file:a%ff");
        for elsewhere in [
            "../log.txt",
            "/etc/passwd",
            "..",
            "a/b",
            "%2e%2e%2fx",
            "a%",
            "a%4",
        ] {
            assert_eq!(name_in(elsewhere.as_bytes()), None, "{elsewhere}");
        }
    }
}
