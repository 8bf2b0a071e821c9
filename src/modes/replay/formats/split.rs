//! Lines from bytes that come in portions of any size.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter};

/// The longest line that is kept, in bytes; longer ones are cut to that.
const LONGEST: usize = 1 << 20;

/// Joins lines that span several portions.
#[derive(Debug)]
pub(super) struct Splitter {
    separator: u8,
    /// The beginning of a line whose end has not come.
    begun: Vec<u8>,
    /// That line is too long, and its rest is skipped.
    passing: bool,
}

impl Splitter {
    /// A splitter of lines that end with `separator`.
    pub(super) fn new(separator: u8) -> Splitter {
        Splitter {
            separator,
            begun: Vec::new(),
            passing: false,
        }
    }

    /// Passes on each line that ends in the next portion, without its end, and whether it was cut.
    pub(super) fn feed(&mut self, mut portion: &[u8], take: &mut dyn FnMut(&[u8], bool)) {
        if self.passing || !self.begun.is_empty() {
            let end = memchr(self.separator, portion);
            let (line, rest) = portion.split_at(end.unwrap_or(portion.len()));
            self.keep(line);
            if end.is_none() {
                return;
            }
            self.end(take);
            portion = &rest[1..];
        }
        let mut start = 0;
        for end in memchr_iter(self.separator, portion) {
            let line = &portion[start..end];
            take(&line[..line.len().min(LONGEST)], line.len() > LONGEST);
            start = end + 1;
        }
        self.keep(&portion[start..]);
    }

    /// Passes on the last line, if it has no end.
    pub(super) fn end(&mut self, take: &mut dyn FnMut(&[u8], bool)) {
        if self.passing || !self.begun.is_empty() {
            take(&self.begun, self.passing);
        }
        self.begun.clear();
        self.passing = false;
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = LONGEST - self.begun.len();
        self.passing |= bytes.len() > room;
        self.begun
            .extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

/// A line as text, and whether it was UTF-8 rather than Windows-1252.
pub(super) fn decoded(line: &[u8]) -> (Cow<'_, str>, bool) {
    match std::str::from_utf8(line) {
        Ok(text) => (Cow::Borrowed(text), true),
        Err(_) => {
            let text = encoding_rs::WINDOWS_1252
                .decode_without_bom_handling(line)
                .0;
            (text, false)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8], portion: usize) -> Vec<(Vec<u8>, bool)> {
        let mut splitter = Splitter::new(b'\n');
        let mut found = Vec::new();
        let mut take = |line: &[u8], cut| found.push((line.to_vec(), cut));
        for portion in bytes.chunks(portion) {
            splitter.feed(portion, &mut take);
        }
        splitter.end(&mut take);
        found
    }

    #[test]
    fn portions_of_any_size_give_the_same_lines() {
        for portion in [1, 2, 3, 100] {
            let found: Vec<_> = lines(b"one\n\ntwo\nlast", portion);
            let wanted = [&b"one"[..], b"", b"two", b"last"].map(|line| (line.to_vec(), false));
            // An empty line at the end of a portion is dropped either way.
            let blank = |line: &&(Vec<u8>, bool)| !line.0.is_empty();
            assert_eq!(
                found.iter().filter(blank).collect::<Vec<_>>(),
                wanted.iter().filter(blank).collect::<Vec<_>>()
            );
            assert_eq!(found.len(), wanted.len(), "{portion}");
        }
    }

    #[test]
    fn of_a_line_that_is_too_long_the_beginning_is_given() {
        let long = [vec![b'x'; 3 * LONGEST], b"\nnext\n".to_vec()].concat();
        for portion in [LONGEST / 3, LONGEST, 4 * LONGEST] {
            let found = lines(&long, portion);
            assert_eq!(found.len(), 2);
            assert_eq!((found[0].0.len(), found[0].1), (LONGEST, true));
            assert_eq!(found[1], (b"next".to_vec(), false));
        }
        let just = [vec![b'x'; LONGEST], b"\n".to_vec()].concat();
        assert_eq!(lines(&just, 1000), [(just[..LONGEST].to_vec(), false)]);
    }
}
