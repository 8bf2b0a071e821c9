//! The escapes that keep a log safe to `cat`, and reversible.
//!
//! Everything here goes from one character that matters to the next; what lies between them is
//! passed over in large steps, since it is nearly everything.

use crate::event::lower_hex;

/// Whether a character is never written as itself: what moves the cursor, reorders its
/// neighbours or breaks the line (C0, DEL, C1, bidi controls, U+2028, U+2029, U+FEFF).
pub(super) fn is_unsafe(c: char) -> bool {
    matches!(c,
        '\0'..='\x1f' | '\x7f'..='\u{9f}'
        | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        | '\u{2028}' | '\u{2029}' | '\u{feff}')
}

/// Whether a character that starts with this byte may be one that is not written as itself.
const fn may_matter(byte: u8, in_name: bool) -> bool {
    match byte {
        0..=0x1f | 0x7f | b'\\' => true,
        // What starts the unsafe characters beyond ASCII: C1, U+061C, U+20xx, U+FEFF.
        0xc2 | 0xd8 | 0xe2 | 0xef => true,
        b']' | b')' => in_name,
        _ => false,
    }
}

/// Whether the bytes are ASCII that is written as itself in every text.
pub(super) fn is_plain(bytes: &[u8]) -> bool {
    // Without a way out in the middle, so that it becomes a few vector instructions.
    fn all(bytes: &[u8]) -> bool {
        bytes.iter().fold(true, |plain, b| {
            plain & (b.wrapping_sub(0x20) < 0x5f) & (*b != b'\\')
        })
    }
    let mut steps = bytes.chunks_exact(STEP);
    let mut plain = true;
    for step in &mut steps {
        plain &= all(step);
    }
    // The last step may look at bytes again rather than at each by itself.
    plain && all(bytes.last_chunk::<STEP>().map_or(bytes, |last| &last[..]))
}

/// So many bytes are passed over at once.
const STEP: usize = 32;

/// Where the first character stands that is not written as itself, or that begins an escape.
fn first_special(text: &str, in_name: bool) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if let Some(step) = bytes[at..].first_chunk::<STEP>() {
            // Without a way out in the middle, so that it becomes a few vector instructions.
            let plain = step.iter().fold(true, |plain, b| {
                plain & (*b >= 0x20) & (*b < 0x7f) & (*b != b'\\') & (*b != b']') & (*b != b')')
            });
            if plain {
                at += STEP;
                continue;
            }
        }
        let end = (at + STEP).min(bytes.len());
        while at < end {
            if may_matter(bytes[at], in_name) {
                // A byte that may matter is never inside a character, so this is a boundary.
                let c = text[at..].chars().next()?;
                if c == '\\' || c == ']' || c == ')' || is_unsafe(c) {
                    return Some(at);
                }
                at += c.len_utf8();
            } else {
                at += 1;
            }
        }
    }
    None
}

/// Appends `text` in the escaped form that is safe to show on a terminal: the log's own.
pub fn escape(text: &str, in_name: bool, out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(at) = first_special(rest, in_name) {
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

/// `text` in the escaped form that is safe to show on a terminal.
pub fn escaped(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    escape(text, false, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// At most how many bytes `text` has in the escaped form.
pub fn escaped_size(text: &str) -> usize {
    let size = |c| match c {
        '\\' | '\n' | '\r' | '\t' => 2,
        c if is_unsafe(c) => "\\u{feff}".len(),
        c => c.len_utf8(),
    };
    text.chars().map(size).sum()
}

/// The text that [`escape`] wrote; `None` for anything that it would have written otherwise.
pub(super) fn unescape(text: &str, in_name: bool) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = first_special(rest, in_name) {
        out.push_str(&rest[..at]);
        let (c, after) = read_escape(&rest[at..], in_name)?;
        out.push(c);
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

/// Whether [`unescape`] would read the text.
pub(super) fn is_canonical(text: &str, in_name: bool) -> bool {
    let mut rest = text;
    while let Some(at) = first_special(rest, in_name) {
        match read_escape(&rest[at..], in_name) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    true
}

/// The character that the escape at the start of `text` stands for, and what follows it.
fn read_escape(text: &str, in_name: bool) -> Option<(char, &str)> {
    let mut letters = text.strip_prefix('\\')?.chars();
    let c = match letters.next()? {
        '\\' => '\\',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        ']' if in_name => ']',
        ')' if in_name => ')',
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
