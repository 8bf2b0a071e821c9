//! The split of a log's bytes into lines.

use memchr::{memchr, memrchr};

/// Lines with the offsets at which they start, without their `\n`; see [`lines`].
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    offset: u64,
    rest: &'a [u8],
}

/// The lines of `bytes`, which stand at `offset` in the log. Bytes after the last `\n` are a line, too.
pub fn lines(offset: u64, bytes: &[u8]) -> Lines<'_> {
    Lines {
        offset,
        rest: bytes,
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = (u64, &'a [u8]);

    fn next(&mut self) -> Option<(u64, &'a [u8])> {
        if self.rest.is_empty() {
            return None;
        }
        let offset = self.offset;
        let end = memchr(b'\n', self.rest).unwrap_or(self.rest.len());
        let (line, rest) = self.rest.split_at(end);
        self.rest = rest.get(1..).unwrap_or_default();
        self.offset += end as u64 + 1;
        Some((offset, line))
    }
}

impl<'a> DoubleEndedIterator for Lines<'a> {
    fn next_back(&mut self) -> Option<(u64, &'a [u8])> {
        if self.rest.is_empty() {
            return None;
        }
        let whole = self.rest.strip_suffix(b"\n").unwrap_or(self.rest);
        let start = memrchr(b'\n', whole).map_or(0, |before| before + 1);
        self.rest = &self.rest[..start];
        Some((self.offset + start as u64, &whole[start..]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lines_are_those_of_the_standard_library(text in "[ab\n]{0,30}") {
            let mut at = 100;
            let mut wanted: Vec<(u64, &[u8])> = Vec::new();
            for line in text.as_bytes().split_inclusive(|b| *b == b'\n') {
                wanted.push((at, line.strip_suffix(b"\n").unwrap_or(line)));
                at += line.len() as u64;
            }
            let lines = || lines(100, text.as_bytes());
            prop_assert_eq!(lines().collect::<Vec<_>>(), wanted.clone());
            wanted.reverse();
            prop_assert_eq!(lines().rev().collect::<Vec<_>>(), wanted);
        }
    }
}
