//! Test helpers of the player.

use std::io::{self, Read};

use crate::event::{Body, Event, Stamp};
use crate::line;

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
