//! The reversible escapes that make a log safe to `cat`.
//!
//! The functions step from one character that matters to the next and skip what lies between in large
//! steps, since that is nearly everything.

use std::borrow::Cow;
use std::str::from_utf8;

use crate::event::{all, hex, lower_hex};

/// Tells whether a character is never written as itself: it moves the cursor, reorders its neighbours
/// or breaks the line (C0, DEL, C1, bidi controls, U+2028, U+2029, U+FEFF).
pub fn is_unsafe(c: char) -> bool {
    matches!(c,
        '\0'..='\x1f' | '\x7f'..='\u{9f}'
        | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        | '\u{2028}' | '\u{2029}' | '\u{feff}')
}

/// Further bytes at which a scan stops, besides those that always stop it.
type Stops = [u8; 3];
const IN_TEXT: Stops = [b'\\'; 3];
const IN_NAME: Stops = [b']', b')', b'\\'];
const IN_TEXT_FOR_JSON: Stops = [b'"', b'\\', b'\\'];
const IN_NAME_FOR_JSON: Stops = [b']', b')', b'"'];

/// The part of a line that a text becomes. The bracket that ends a name is escaped in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    Text,
    Name,
}

impl Spelling {
    const fn stops(self) -> Stops {
        match self {
            Spelling::Text => IN_TEXT,
            Spelling::Name => IN_NAME,
        }
    }

    const fn stops_for_json(self) -> Stops {
        match self {
            Spelling::Text => IN_TEXT_FOR_JSON,
            Spelling::Name => IN_NAME_FOR_JSON,
        }
    }
}

/// Tells whether a character that starts with this byte may need an escape. One expression without a
/// branch, so that the compiler evaluates it for many bytes at once.
const fn may_matter(byte: u8, stops: Stops) -> bool {
    (byte < 0x20)
        | (byte == 0x7f)
        | (byte == b'\\')
        // The first bytes of the unsafe characters beyond ASCII: C1, U+061C, U+20xx, U+FEFF.
        | (byte == 0xc2)
        | (byte == 0xd8)
        | (byte == 0xe2)
        | (byte == 0xef)
        | (byte == stops[0])
        | (byte == stops[1])
        | (byte == stops[2])
}

/// Tells whether the bytes are ASCII that is written as itself in every text.
pub(super) fn is_plain(bytes: &[u8]) -> bool {
    all::<32>(bytes, is_plain_byte)
}

/// [`is_plain`] for one byte.
#[inline(always)]
pub(super) fn is_plain_byte(byte: u8) -> bool {
    (byte.wrapping_sub(0x20) < 0x5f) & (byte != b'\\')
}

/// The number of bytes that one step of a scan tests at once.
const STEP: usize = 16;

/// The position of the first character that is not written as itself, that begins an escape, or that
/// is one of `stops`.
fn first_special(text: &str, stops: Stops) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut from = 0;
    while from < bytes.len() {
        let Some(found) = first_candidate(&bytes[from..], stops) else {
            break;
        };
        let at = from + found;
        if bytes[at].is_ascii() {
            return Some(at);
        }
        // A byte that may matter is never inside a character, so `at` is a boundary.
        let c = text[at..].chars().next()?;
        if is_unsafe(c) {
            return Some(at);
        }
        from = at + c.len_utf8();
    }
    None
}

fn first_candidate(bytes: &[u8], stops: Stops) -> Option<usize> {
    let (steps, rest) = bytes.as_chunks::<STEP>();
    for (count, step) in steps.iter().enumerate() {
        if let Some(found) = candidate_in(step, stops) {
            return Some(count * STEP + found);
        }
    }
    match bytes.last_chunk() {
        _ if rest.is_empty() => None,
        // The bytes that were scanned before have no candidate.
        Some(last) => candidate_in(last, stops).map(|found| bytes.len() - STEP + found),
        None => {
            let mut padded = [b' '; STEP];
            padded[..bytes.len()].copy_from_slice(bytes);
            candidate_in(&padded, stops)
        }
    }
}

/// The position of the first byte in the step that may matter.
fn candidate_in(step: &[u8; STEP], stops: Stops) -> Option<usize> {
    let marks = step.map(|byte| u8::from(may_matter(byte, stops)));
    // All marks as one number: the first mark is its lowest byte.
    let marks = u128::from_le_bytes(marks);
    (marks != 0).then(|| marks.trailing_zeros() as usize / 8)
}

/// Appends a text in the log's escaped form, which is safe to show on a terminal.
pub fn escape(text: &str, out: &mut Vec<u8>) {
    escape_as(Spelling::Text, text, out);
}

/// Appends a name in the log's escaped form, as it stands in brackets.
pub fn escape_name(name: &str, out: &mut Vec<u8>) {
    escape_as(Spelling::Name, name, out);
}

fn escape_as(spelling: Spelling, text: &str, out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(at) = first_special(rest, spelling.stops()) {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        let mut letters = rest[at..].chars();
        match letters.next() {
            Some('\n') => out.extend_from_slice(b"\\n"),
            Some('\r') => out.extend_from_slice(b"\\r"),
            Some('\t') => out.extend_from_slice(b"\\t"),
            Some(c @ ('\\' | ']' | ')')) => out.extend_from_slice(&[b'\\', c as u8]),
            Some(c) => out.extend_from_slice(format!("\\u{{{:x}}}", u32::from(c)).as_bytes()),
            None => (),
        }
        rest = letters.as_str();
    }
    out.extend_from_slice(rest.as_bytes());
}

/// Returns a text in the escaped form, which is safe to show on a terminal.
pub fn escaped(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    escape(text, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// Returns a name in the escaped form, as it stands in brackets.
pub fn escaped_name(name: &str) -> String {
    let mut out = Vec::with_capacity(name.len());
    escape_name(name, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// An upper bound for the size of `text` in the escaped form, in bytes.
pub fn escaped_size(text: &str) -> usize {
    let mut size = text.len();
    let mut rest = text;
    while let Some(at) = first_special(rest, IN_TEXT) {
        let mut letters = rest[at..].chars();
        size += match letters.next() {
            Some('\\' | '\n' | '\r' | '\t') => 1,
            Some(c) => "\\u{feff}".len() - c.len_utf8(),
            None => 0,
        };
        rest = letters.as_str();
    }
    size
}

/// Returns the name with this escaped form; `None` if it is not an escaped form.
pub fn unescaped_name(name: &str) -> Option<String> {
    unescape(name, Spelling::Name)
}

/// The text that a text in a line stands for; unchanged if it is no escaped form. Most need no copy.
pub fn text_of(spelt: &[u8]) -> Cow<'_, [u8]> {
    stands_for(Spelling::Text, spelt)
}

/// The name that a name in a line stands for; unchanged if it is no escaped form.
pub fn name_of(spelt: &[u8]) -> Cow<'_, [u8]> {
    stands_for(Spelling::Name, spelt)
}

fn stands_for(spelling: Spelling, spelt: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', spelt).is_none() {
        return Cow::Borrowed(spelt);
    }
    let text = from_utf8(spelt).ok();
    let text = text.and_then(|text| unescape(text, spelling));
    text.map_or(Cow::Borrowed(spelt), |text| Cow::Owned(text.into_bytes()))
}

/// Reverses [`escape`]; `None` for anything that it would have written otherwise.
pub(super) fn unescape(text: &str, spelling: Spelling) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = first_special(rest, spelling.stops()) {
        out.push_str(&rest[..at]);
        let (c, after) = read_escape(&rest[at..], spelling)?;
        out.push(c);
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

/// Tells whether [`unescape`] accepts the text.
pub(super) fn is_canonical(text: &str, spelling: Spelling) -> bool {
    let mut rest = text;
    while let Some(at) = first_special(rest, spelling.stops()) {
        match read_escape(&rest[at..], spelling) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    true
}

/// Tells whether every escape in a text that may contain names is one that [`escape`] writes, in
/// names or in texts.
pub(super) fn is_canonical_anywhere(text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = first_special(rest, IN_TEXT) {
        match read_escape(&rest[at..], Spelling::Name) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    true
}

/// Appends unescaped ASCII as [`to_json`] would; the backslash in a key is doubled, too.
pub(crate) fn plain_to_json(text: &[u8], out: &mut Vec<u8>) {
    let mut from = 0;
    for at in memchr::memchr2_iter(b'"', b'\\', text) {
        out.extend_from_slice(&text[from..at]);
        out.push(b'\\');
        from = at;
    }
    out.extend_from_slice(&text[from..]);
}

/// Spells every unsafe character in a piece of a JSON string as its number. The piece holds nothing
/// that JSON itself escapes.
pub(crate) fn spelt_for_json(text: &str) -> Cow<'_, str> {
    let mut rest = text;
    let mut spelt = Vec::new();
    while let Some(at) = first_special(rest, IN_TEXT) {
        spelt.extend_from_slice(&rest.as_bytes()[..at]);
        let mut letters = rest[at..].chars();
        match letters.next() {
            Some(c) if is_unsafe(c) => by_number(c, &mut spelt),
            Some(c) => spelt.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            None => (),
        }
        rest = letters.as_str();
    }
    if spelt.is_empty() {
        return Cow::Borrowed(rest);
    }
    spelt.extend_from_slice(rest.as_bytes());
    Cow::Owned(String::from_utf8_lossy(&spelt).into_owned())
}

/// Appends an unsafe character as a `\u` escape of JSON. None of them is beyond U+FFFF.
fn by_number(c: char, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\\u");
    out.extend_from_slice(&hex(c.into())[4..]);
}

/// Appends the result of [`unescape`] as the content of a JSON string, spelt as [`crate::json`] does;
/// `None` for anything that [`unescape`] does not accept.
pub(super) fn to_json(text: &str, spelling: Spelling, out: &mut Vec<u8>) -> Option<()> {
    let stops = spelling.stops_for_json();
    let mut rest = text;
    while let Some(at) = first_special(rest, stops) {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        let special = &rest[at..];
        if let Some(after) = special.strip_prefix('"') {
            out.extend_from_slice(b"\\\"");
            rest = after;
            continue;
        }
        let (c, after) = read_escape(special, spelling)?;
        match c {
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            '\u{8}' => out.extend_from_slice(b"\\b"),
            '\u{c}' => out.extend_from_slice(b"\\f"),
            c if is_unsafe(c) => by_number(c, out),
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        rest = after;
    }
    out.extend_from_slice(rest.as_bytes());
    Some(())
}

/// Returns the character that the escape at the start of `text` stands for, and the text after it.
fn read_escape(text: &str, spelling: Spelling) -> Option<(char, &str)> {
    let mut letters = text.strip_prefix('\\')?.chars();
    let c = match letters.next()? {
        '\\' => '\\',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        c @ (']' | ')') if spelling == Spelling::Name => c,
        'u' => {
            let (hex, after) = letters.as_str().strip_prefix('{')?.split_once('}')?;
            if !(1..=6).contains(&hex.len()) || hex.starts_with('0') && hex != "0" {
                return None;
            }
            let c = char::from_u32(lower_hex(hex.as_bytes(), hex.len())?)?;
            let short = matches!(c, '\n' | '\r' | '\t');
            if short || !is_unsafe(c) {
                return None;
            }
            letters = after.chars();
            c
        }
        _ => return None,
    };
    Some((c, letters.as_str()))
}
