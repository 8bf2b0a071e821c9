//! The fields after a line's checksum and key: further facts about the event, for programs.
//!
//! A field is `name:value`, the name `[a-z]+`, the value visible ASCII; one space separates two
//! fields. What always holds: fields that this version does not know are kept and mean nothing to it.

use memchr::memchr;

/// The placeholder for the key in a line that has fields but no key.
pub const NO_KEY: &str = "-";

/// The fields of a line, as they stand in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(String);

impl Fields {
    /// One field; `None` if name or value is not allowed.
    pub fn of(name: &str, value: &str) -> Option<Fields> {
        Fields::read(&format!("{name}:{value}"))
    }

    /// Parses the fields of a line, given without the space before them; `None` if they are not well-formed.
    pub fn read(text: &str) -> Option<Fields> {
        are_good(text.as_bytes()).then(|| Fields(text.to_string()))
    }

    /// The fields as they stand in a line; empty if there are none.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Splits the bytes after the checksum and its space into the key and the fields.
#[inline(always)]
pub(super) fn after_key(rest: &[u8]) -> (Option<&[u8]>, Option<&[u8]>) {
    match memchr(b' ', rest) {
        None => (Some(rest), None),
        Some(at) => {
            let key = &rest[..at];
            let no_key = key == NO_KEY.as_bytes();
            ((!no_key).then_some(key), Some(&rest[at + 1..]))
        }
    }
}

/// Tells whether the fields are spelt as the room writes them.
pub(super) fn are_good(fields: &[u8]) -> bool {
    let good = |field: &[u8]| {
        let name = field.iter().take_while(|b| b.is_ascii_lowercase()).count();
        let value = field.get(name + 1..).unwrap_or_default();
        name > 0
            && field.get(name) == Some(&b':')
            && !value.is_empty()
            && value.iter().all(u8::is_ascii_graphic)
    };
    fields.split(|b| *b == b' ').all(good)
}

/// The value of the first field of this name.
pub(super) fn value<'a>(fields: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let of_it = |field: &'a [u8]| field.strip_prefix(name.as_bytes())?.strip_prefix(b":");
    fields.split(|b| *b == b' ').find_map(of_it)
}
