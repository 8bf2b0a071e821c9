//! A log front to back, in blocks of whole lines and constant memory.
//!
//! Invariant: every byte of the log is in exactly one block, except the middle of lines longer than any that
//! a room writes: of those only the beginning is passed on.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

use memchr::{memchr, memrchr};

use super::readahead::ReadAhead;
use crate::line::MAX_LINE;
use crate::system::files::Positional as _;

/// Bytes that are read at once; they fit the processor's cache.
const BLOCK: usize = 256 * 1024;

/// Whole lines of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block<'a> {
    /// The start of the lines in the log.
    pub offset: u64,
    /// The lines, each with its `\n`; only the log's last may lack it.
    pub bytes: &'a [u8],
    /// This is one line longer than [`MAX_LINE`], cut to its beginning and without `\n`.
    pub too_long: bool,
    /// That line is the log's last and lacks its `\n`.
    pub torn: bool,
}

/// A range of a file's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ByteRange {
    /// The start of the first line.
    pub start: u64,
    /// The end of the last line.
    pub end: u64,
}

/// The source of the bytes.
enum BlockSource {
    File { file: Arc<File>, end: u64 },
    Stream(Box<dyn Read + Send>),
}

/// A log as blocks.
pub(crate) struct Blocks {
    bytes: BlockSource,
    buffer: Vec<u8>,
    /// The position of the buffer's first byte in the log.
    offset: u64,
    /// The bytes of the buffer that were passed on, and those that are filled.
    given: usize,
    filled: usize,
    /// The start of a line that is too long, and its beginning, while its rest is skipped.
    passing: Option<u64>,
    beginning: Vec<u8>,
    ended: bool,
}

impl Blocks {
    /// The lines of `file` between two positions at which lines start; `end` may be the end of a torn log.
    pub(crate) fn of_file(file: Arc<File>, start: u64, end: u64) -> Blocks {
        Blocks::new(BlockSource::File { file, end }, start)
    }

    /// The lines of `stream`, which begins with the log's first byte.
    pub(crate) fn of_stream(stream: Box<dyn Read + Send>) -> Blocks {
        Blocks::new(BlockSource::Stream(stream), 0)
    }

    /// Lets a thread of its own read a file ahead, for callers that read all of it.
    pub(crate) fn ahead(mut self) -> Blocks {
        if let BlockSource::File { file, end } = &self.bytes {
            let at = self.offset + self.filled as u64;
            // Without a thread it is read here.
            if let Ok(ahead) = ReadAhead::of(Arc::clone(file), at, *end) {
                self.bytes = BlockSource::Stream(Box::new(ahead));
            }
        }
        self
    }

    fn new(bytes: BlockSource, offset: u64) -> Blocks {
        Blocks {
            bytes,
            buffer: vec![0; MAX_LINE + BLOCK],
            offset,
            given: 0,
            filled: 0,
            passing: None,
            beginning: Vec::new(),
            ended: false,
        }
    }

    /// The start of the line after the newest block.
    pub(crate) fn position(&self) -> u64 {
        self.offset + self.given as u64
    }

    /// The next lines; `None` at the end.
    ///
    /// # Errors
    /// The system's error.
    pub(crate) fn next(&mut self) -> io::Result<Option<Block<'_>>> {
        loop {
            let waiting = &self.buffer[self.given..self.filled];
            let (from, offset) = (self.given, self.position());
            if let Some(start) = self.passing {
                let end = memchr(b'\n', waiting);
                self.given += end.map_or(waiting.len(), |end| end + 1);
                if end.is_some() || self.ended {
                    self.passing = None;
                    return Ok(Some(Block {
                        offset: start,
                        bytes: &self.beginning,
                        too_long: true,
                        torn: end.is_none(),
                    }));
                }
            } else if let Some(last) = memrchr(b'\n', waiting) {
                self.given += last + 1;
                // Only the first of them can have become too long meanwhile.
                let first = memchr(b'\n', waiting).unwrap_or(last);
                let too_long = first > MAX_LINE;
                if too_long {
                    self.given = from + first + 1;
                }
                let to = if too_long {
                    from + MAX_LINE
                } else {
                    self.given
                };
                let block = self.block(offset, from, to);
                return Ok(Some(Block { too_long, ..block }));
            } else if waiting.len() > MAX_LINE {
                self.passing = Some(offset);
                self.beginning = waiting[..MAX_LINE].to_vec();
                self.given = self.filled;
                continue;
            } else if self.ended {
                if waiting.is_empty() {
                    return Ok(None);
                }
                self.given = self.filled;
                return Ok(Some(self.block(offset, from, self.filled)));
            }
            if self.ended {
                return Ok(None);
            }
            self.fill()?;
        }
    }

    fn block(&self, offset: u64, from: usize, to: usize) -> Block<'_> {
        Block {
            offset,
            bytes: &self.buffer[from..to],
            too_long: false,
            torn: false,
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        self.buffer.copy_within(self.given..self.filled, 0);
        self.offset += self.given as u64;
        self.filled -= self.given;
        self.given = 0;
        let free = &mut self.buffer[self.filled..];
        let count = loop {
            let count = match &mut self.bytes {
                BlockSource::Stream(stream) => stream.read(free),
                BlockSource::File { file, end } => {
                    let at = self.offset + self.filled as u64;
                    let left = end.saturating_sub(at).min(BLOCK as u64) as usize;
                    file.read_at(&mut free[..left], at)
                }
            };
            match count {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                count => break count?,
            }
        };
        self.filled += count;
        self.ended = count == 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modes::replay::testing::Portions;

    fn all(bytes: &[u8], portion: usize) -> Vec<(u64, usize, bool)> {
        let mut blocks = Blocks::of_stream(Box::new(Portions(bytes.to_vec(), portion)));
        let mut found: Vec<(u64, usize, bool)> = Vec::new();
        while let Some(block) = blocks.next().expect("memory can be read") {
            assert!(block.bytes.len() <= MAX_LINE + BLOCK);
            let mut at = block.offset;
            for line in block.bytes.split_inclusive(|b| *b == b'\n') {
                found.push((at, line.len(), block.too_long));
                at += line.len() as u64;
            }
        }
        found
    }

    #[test]
    fn every_line_comes_once_in_portions_of_any_size() {
        let bytes = b"a\n\nlonger than that\nlast without its end";
        let wanted = [
            (0, 2, false),
            (2, 1, false),
            (3, 17, false),
            (20, 20, false),
        ];
        for portion in [1, 2, 7, 1000] {
            assert_eq!(all(bytes, portion), wanted, "{portion}");
        }
        assert_eq!(all(b"", 1), []);
        assert_eq!(all(b"\n", 1), [(0, 1, false)]);
    }

    #[test]
    fn a_line_that_is_too_long_is_cut_and_passed_over() {
        let mut bytes = vec![b'x'; MAX_LINE];
        bytes.push(b'\n');
        let second = bytes.len() as u64;
        bytes.resize(bytes.len() + 3 * MAX_LINE, b'y');
        bytes.extend_from_slice(b"\nafter\n");
        let after = bytes.len() as u64 - 6;
        for portion in [1000, MAX_LINE, 10 * MAX_LINE] {
            assert_eq!(
                all(&bytes, portion),
                [
                    (0, MAX_LINE + 1, false),
                    (second, MAX_LINE, true),
                    (after, 6, false)
                ],
                "{portion}"
            );
        }
    }

    #[test]
    fn an_end_that_is_too_long_is_torn() {
        let bytes = [b"one\n".to_vec(), vec![0; 2 * MAX_LINE]].concat();
        let mut blocks = Blocks::of_stream(Box::new(&bytes.leak()[..]));
        assert!(
            blocks
                .next()
                .expect("read")
                .is_some_and(|block| !block.torn)
        );
        let torn = blocks
            .next()
            .expect("read")
            .map(|b| (b.offset, b.too_long, b.torn));
        assert_eq!(torn, Some((4, true, true)));
        assert_eq!(blocks.next().expect("read"), None);
    }

    #[test]
    fn a_file_is_read_between_two_places() {
        let mut file = tempfile::tempfile().expect("a file");
        io::Write::write_all(&mut file, b"one\ntwo\nthree\nfour\n").expect("written");
        let blocks = || Blocks::of_file(Arc::new(file.try_clone().expect("a file")), 4, 14);
        for mut blocks in [blocks(), blocks().ahead()] {
            let block = blocks.next().expect("read").expect("lines");
            assert_eq!((block.offset, block.bytes), (4, &b"two\nthree\n"[..]));
            assert_eq!(blocks.next().expect("read"), None);
            assert_eq!(blocks.position(), 14);
        }
    }
}
