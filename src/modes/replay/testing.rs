//! Test helpers of the player.

use std::io::{self, Read};

use crate::event::{Body, Elapsed, Event, Stamp};
use crate::line;

/// A message without a key.
pub fn said(from: &str, text: &str) -> Body {
    Body::Message {
        from: from.into(),
        elapsed: Elapsed(7),
        text: text.into(),
        key: None,
    }
}

/// The line of an event, with its line feed.
pub fn line_of(at: Stamp, body: Body) -> Vec<u8> {
    let mut out = Vec::new();
    line::to_line(&Event { at, body }, &mut out);
    out
}

/// A reader that returns at most this many bytes at a time.
pub struct Portions(pub Vec<u8>, pub usize);

impl Read for Portions {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.1.min(into.len()).min(self.0.len());
        into[..count].copy_from_slice(&self.0[..count]);
        self.0.drain(..count);
        Ok(count)
    }
}
