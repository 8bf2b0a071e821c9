//! The log as the checker reads it: every line with the offset and the id that it works out itself.

use std::collections::HashMap;

use chatroom::event::{Body, Event, Id, LogId, Recorded};
use chatroom::line::{self, Damage};
use chatroom::wire::Wire;

/// One line.
#[derive(Debug)]
pub struct Line {
    /// Its id.
    pub id: Id,
    /// The event, or what is wrong with it.
    pub event: Result<Event, Damage>,
    /// The line for a plain listener; `None` if it is damaged.
    pub plain: Option<String>,
}

/// All of them.
#[derive(Debug, Default)]
pub struct LineUp {
    /// In order.
    pub lines: Vec<Line>,
    /// The bytes after the last `\n`.
    pub unterminated: usize,
    by_offset: HashMap<u64, usize>,
    by_text: HashMap<(String, String), Vec<usize>>,
    by_plain: HashMap<String, Vec<usize>>,
}

/// The id of the line at `offset` in this log, not computed by the server's own function.
pub fn id_of(log: LogId, offset: u64, text: &[u8]) -> Id {
    let field = line::split(text).map(|parts| parts.checksum);
    let check = (field.unwrap_or_else(|_| crc32c::crc32c(text)) >> 16) as u16;
    Id { log, offset, check }
}

impl LineUp {
    /// Reads a log.
    pub fn read(log: &[u8]) -> LineUp {
        let mut all = LineUp::default();
        let (mut offset, mut name) = (0, None);
        for piece in log.split_inclusive(|byte| *byte == b'\n') {
            let Some(text) = piece.strip_suffix(b"\n") else {
                all.unterminated = piece.len();
                break;
            };
            let log =
                *name.get_or_insert_with(|| LogId(line::checksum_field(text).unwrap_or_default()));
            all.take(id_of(log, offset, text), text);
            offset += piece.len() as u64;
        }
        all
    }

    fn take(&mut self, id: Id, text: &[u8]) {
        let parts = line::split(text);
        let event = parts.and_then(|parts| parts.event());
        let plain = match (&event, &parts) {
            (Ok(_), Ok(parts)) => Some(parts.body.to_string()),
            _ => None,
        };
        let index = self.lines.len();
        self.by_offset.insert(id.offset, index);
        if let Ok(Event {
            body: Body::Message { from, text, .. },
            ..
        }) = &event
        {
            let name = (from.clone(), text.clone());
            self.by_text.entry(name).or_default().push(index);
        }
        if let Some(plain) = &plain {
            self.by_plain.entry(plain.clone()).or_default().push(index);
        }
        self.lines.push(Line { id, event, plain });
    }

    /// The index of the line with this id.
    pub fn index(&self, id: Id) -> Option<usize> {
        let index = *self.by_offset.get(&id.offset)?;
        (self.lines[index].id == id).then_some(index)
    }

    /// The index of the line that starts at this byte.
    pub fn at(&self, offset: u64) -> Option<usize> {
        self.by_offset.get(&offset).copied()
    }

    /// The indexes of the messages with this sender and text.
    pub fn said(&self, from: &str, text: &str) -> &[usize] {
        let found = self.by_text.get(&(from.to_string(), text.to_string()));
        found.map_or(&[], Vec::as_slice)
    }

    /// The index of a plain listener's line.
    pub fn plain(&self, line: &str) -> &[usize] {
        self.by_plain.get(line).map_or(&[], Vec::as_slice)
    }

    /// The key of the message at this index.
    pub fn key(&self, index: usize) -> Option<&str> {
        match &self.lines[index].event {
            Ok(Event {
                body: Body::Message { key, .. },
                ..
            }) => key.as_ref().map(|key| key.as_str()),
            _ => None,
        }
    }

    /// Returns whether a structured listener receives this object for a line, except for the words about damage.
    pub fn is_sent_as(&self, index: usize, wire: &Wire) -> bool {
        let line = &self.lines[index];
        match (&line.event, wire) {
            (Ok(event), wire) => Wire::of(Recorded::new(line.id, event.clone())) == *wire,
            (Err(_), Wire::Damaged { id, .. }) => *id == line.id,
            (Err(_), _) => false,
        }
    }

    /// The messages: index, sender, text and key.
    pub fn messages(&self) -> impl Iterator<Item = (usize, &str, &str, Option<&str>)> {
        let lines = self.lines.iter().enumerate();
        lines.filter_map(|(index, line)| match &line.event {
            Ok(Event {
                body: Body::Message {
                    from, text, key, ..
                },
                ..
            }) => Some((index, &**from, &**text, key.as_ref().map(|k| k.as_str()))),
            _ => None,
        })
    }
}
