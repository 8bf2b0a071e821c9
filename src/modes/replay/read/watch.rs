//! A log that a room is writing: its changes since the last poll.
//!
//! Invariant: the known part ends after a `\n`. A restarted room cuts off a torn last line, which was never
//! reported here.

use std::fs::{File, metadata};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::system::files::{FileId, Positional as _};
use memchr::memrchr;

/// Bytes that are read at once in the search for the end of a line.
const BLOCK: u64 = 64 * 1024;

/// A change of a followed log.
#[derive(Clone, Debug)]
pub(crate) enum FileChange {
    Same,
    /// Whole lines up to this offset.
    Grown(u64),
    /// Whole lines were removed; the log ends at this offset.
    Shrunk(u64),
    /// Another file has the name; nothing more comes into the old one.
    Replaced(Arc<File>),
    /// No file has the name any more.
    Gone,
}

/// A log that is polled for changes.
#[derive(Debug)]
pub(crate) struct Watch {
    path: PathBuf,
    file: Arc<File>,
    /// The length of the file at the last poll, in bytes.
    length: u64,
}

impl Watch {
    /// Watches `file`, which is at `path`.
    pub(crate) fn new(path: PathBuf, file: Arc<File>) -> Watch {
        Watch {
            path,
            file,
            length: 0,
        }
    }

    /// The change of the log since it ended at `known`. After a replacement the new file is followed, from
    /// its beginning.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn poll(&mut self, known: u64) -> io::Result<FileChange> {
        let data = self.file.metadata()?;
        if data.len() < known {
            self.length = data.len();
            return Ok(FileChange::Shrunk(whole_lines(&self.file, 0, data.len())?));
        }
        if data.len() != self.length {
            self.length = data.len();
            let end = whole_lines(&self.file, known, data.len())?;
            if end > known {
                return Ok(FileChange::Grown(end));
            }
        }
        match metadata(&self.path) {
            Ok(now) if FileId::of(&now) == FileId::of(&data) => Ok(FileChange::Same),
            Ok(now) if !now.is_file() => Ok(FileChange::Gone),
            Ok(_) => {
                let file = Arc::new(File::open(&self.path)?);
                self.file = Arc::clone(&file);
                self.length = 0;
                Ok(FileChange::Replaced(file))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(FileChange::Gone),
            Err(error) => Err(error),
        }
    }
}

/// The end of the last line with a `\n` between `from` and `end`; `from` if there is none.
///
/// # Errors
/// The file cannot be read.
pub(crate) fn whole_lines(file: &File, from: u64, end: u64) -> io::Result<u64> {
    let mut to = end;
    let mut block = Vec::new();
    while to > from {
        let start = to.saturating_sub(BLOCK).max(from);
        block.resize((to - start) as usize, 0);
        match file.read_exact_at(&mut block, start) {
            Ok(()) => (),
            // It has become shorter meanwhile: the next poll reports that.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(from),
            Err(error) => return Err(error),
        }
        if let Some(last) = memrchr(b'\n', &block) {
            return Ok(start + last as u64 + 1);
        }
        to = start;
    }
    Ok(from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn everything_that_can_become_of_a_log_is_told() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("log.txt");
        let append = |bytes: &[u8]| {
            let mut options = File::options();
            let mut file = options.append(true).create(true).open(&path).expect("it");
            file.write_all(bytes).expect("written");
        };
        append(b"one\n");
        let file = Arc::new(File::open(&path).expect("it"));
        let mut watch = Watch::new(path.clone(), file);
        let mut look = |known| watch.poll(known).expect("a look");
        assert!(matches!(look(0), FileChange::Grown(4)));
        assert!(matches!(look(4), FileChange::Same));
        // A line counts when it is whole.
        append(b"tw");
        assert!(matches!(look(4), FileChange::Same));
        append(b"o\nthr");
        assert!(matches!(look(4), FileChange::Grown(8)));
        // A restarted room cuts off the torn line.
        let cut = File::options().write(true).open(&path).expect("it");
        cut.set_len(8).expect("cut");
        assert!(matches!(look(8), FileChange::Same));
        append(&[b'x'; 200_000]);
        assert!(matches!(look(8), FileChange::Same));
        append(b"\nmore\n");
        assert!(matches!(look(8), FileChange::Grown(200_014)));
        cut.set_len(5).expect("cut");
        assert!(matches!(look(200_014), FileChange::Shrunk(4)));
        std::fs::rename(&path, dir.path().join("log.txt.1")).expect("renamed");
        assert!(matches!(look(4), FileChange::Gone));
        assert!(matches!(look(4), FileChange::Gone));
        append(b"new\n");
        assert!(matches!(look(4), FileChange::Replaced(_)));
        assert!(matches!(look(0), FileChange::Grown(4)));
        assert!(matches!(look(4), FileChange::Same));
    }

    #[test]
    fn what_comes_last_into_a_file_is_seen_before_its_successor() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("log.txt");
        std::fs::write(&path, b"one\n").expect("written");
        let mut watch = Watch::new(path.clone(), Arc::new(File::open(&path).expect("it")));
        let mut old = File::options().append(true).open(&path).expect("it");
        std::fs::rename(&path, dir.path().join("old")).expect("renamed");
        std::fs::write(&path, b"new\n").expect("written");
        old.write_all(b"two\n").expect("written");
        assert!(matches!(
            watch.poll(4).expect("a look"),
            FileChange::Grown(8)
        ));
        assert!(matches!(
            watch.poll(8).expect("a look"),
            FileChange::Replaced(_)
        ));
        assert!(matches!(
            watch.poll(0).expect("a look"),
            FileChange::Grown(4)
        ));
    }
}
