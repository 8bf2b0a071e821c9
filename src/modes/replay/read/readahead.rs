//! A file read by a thread of its own, some blocks ahead of the caller.
//!
//! Reading is copying, and for a search nearly all of the work.
//!
//! Invariant: memory is bounded, since the next block is read into a used one, and the thread ends soon after
//! the reader is dropped.

use crate::system::files::Positional as _;
use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use crate::modes::replay::portions::hand_out;

/// The number of blocks.
const BLOCKS: usize = 3;
/// The size of a block in bytes; it fits the processor's cache.
const BLOCK: usize = 256 * 1024;

/// The bytes of a file between two positions.
pub(crate) struct ReadAhead {
    full: Receiver<io::Result<Vec<u8>>>,
    free: Sender<Vec<u8>>,
    /// The current block, and the number of its bytes that were handed out.
    block: Vec<u8>,
    given: usize,
}

impl ReadAhead {
    /// Reads from `start` to `end` or the file's end.
    ///
    /// # Errors
    /// There can be no thread.
    pub(crate) fn of(file: Arc<File>, start: u64, end: u64) -> io::Result<ReadAhead> {
        let (give, full) = channel();
        let (free, take) = channel();
        let read = move || {
            let mut at = start;
            while let Ok(mut block) = take.recv() {
                let read = fill(&file, &mut block, at, end);
                at += block.len() as u64;
                let last = block.is_empty();
                if give.send(read.map(|()| block)).is_err() || last {
                    return;
                }
            }
        };
        std::thread::Builder::new()
            .name("read ahead".into())
            .spawn(read)?;
        for _ in 1..BLOCKS {
            // The thread lives as long as there is something to read.
            let _ = free.send(Vec::new());
        }
        let block = Vec::new();
        Ok(ReadAhead {
            full,
            free,
            block,
            given: 0,
        })
    }
}

/// Reads a block at `at`; an empty one at the end.
fn fill(file: &File, block: &mut Vec<u8>, at: u64, end: u64) -> io::Result<()> {
    let wanted = end.saturating_sub(at).min(BLOCK as u64) as usize;
    block.resize(wanted, 0);
    let count = loop {
        match file.read_at(block, at) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
            other => break other,
        }
    };
    block.truncate(*count.as_ref().unwrap_or(&0));
    count.map(|_| ())
}

impl Read for ReadAhead {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.given == self.block.len() {
            let empty = std::mem::take(&mut self.block);
            self.given = 0;
            // An error or the end is the last result.
            let _ = self.free.send(empty);
            let Ok(next) = self.full.recv() else {
                return Ok(0);
            };
            self.block = next?;
        }
        Ok(hand_out(&self.block, &mut self.given, into))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn what_is_read_ahead_is_what_is_there() {
        let mut file = tempfile::tempfile().expect("a file");
        let bytes: Vec<u8> = (0..2_000_000u32).map(|n| (n / 7) as u8).collect();
        file.write_all(&bytes).expect("written");
        let file = Arc::new(file);
        let all = bytes.len() as u64;
        for (start, end) in [
            (0, all),
            (5, all - 1),
            (7, 7),
            (9, 10),
            (all - 3, all + 1_000),
        ] {
            let mut found = Vec::new();
            let mut ahead = ReadAhead::of(Arc::clone(&file), start, end).expect("a thread");
            ahead.read_to_end(&mut found).expect("read");
            let wanted = &bytes[start as usize..end.min(all) as usize];
            assert!(found == wanted, "{start} to {end}");
            assert_eq!(
                ahead.read(&mut [0; 9]).ok(),
                Some(0),
                "the end stays the end"
            );
        }
    }

    #[test]
    fn an_error_of_the_file_arrives() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = Arc::new(File::open(folder.path()).expect("opened"));
        let mut ahead = ReadAhead::of(file, 0, 10).expect("a thread");
        assert!(ahead.read(&mut [0; 9]).is_err(), "a folder was read");
        assert_eq!(ahead.read(&mut [0; 9]).ok(), Some(0));
    }
}
