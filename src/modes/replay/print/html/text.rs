//! Names and texts of a log as they stand in a page.
//!
//! What always holds: of what is written here nothing is markup but what is written around it. What
//! could end an attribute or an element is written as a character reference; a character that
//! would move, hide or reorder its neighbours is named (`\u{202e}`) as it is in the log. The marks
//! that only say which way their own neighbours run (U+200E, U+200F, U+061C) stay: every message is
//! a paragraph of its own.

use std::borrow::Cow;
use std::str::from_utf8;

use crate::hue::{hash, hue_of};
use crate::line;
use crate::urls::{target, urls};

/// So many colours names are told apart by.
pub const HUES: usize = 128;

/// Bytes that a character may begin with that is not written as itself.
const STOPS: [bool; 256] = {
    let mut stops = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        stops[byte] = match byte as u8 {
            b'\n' | b'\t' => false,
            0..0x20 | 0x7f | b'&' | b'<' | b'>' | b'"' | b'\'' => true,
            // C1, U+061C, U+20xx, U+FDD0 to U+FFFF, and beyond U+FFFF.
            0xc2 | 0xd8 | 0xe2 | 0xef | 0xf0.. => true,
            _ => false,
        };
        byte += 1;
    }
    stops
};

/// Appends a text or name as text, safe in an attribute as well.
pub fn put(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    let mut from = 0;
    let mut at = 0;
    while at < bytes.len() {
        if !STOPS[usize::from(bytes[at])] {
            at += 1;
            continue;
        }
        // A byte that stops is never inside a character.
        let Some(c) = text[at..].chars().next() else {
            break;
        };
        let next = at + c.len_utf8();
        let instead: Option<&[u8]> = match c {
            '&' => Some(b"&amp;"),
            '<' => Some(b"&lt;"),
            '>' => Some(b"&gt;"),
            '"' => Some(b"&quot;"),
            '\'' => Some(b"&#39;"),
            '\r' if bytes.get(next) == Some(&b'\n') => Some(b""),
            _ => None,
        };
        if let Some(instead) = instead {
            out.extend_from_slice(&bytes[from..at]);
            out.extend_from_slice(instead);
            from = next;
        } else if is_nowhere(c) {
            out.extend_from_slice(&bytes[from..at]);
            out.extend_from_slice(format!("\\u{{{:x}}}", u32::from(c)).as_bytes());
            from = next;
        } else if !matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}') {
            out.extend_from_slice(&bytes[from..at]);
            line::escape(&text[at..next], false, out);
            from = next;
        }
        at = next;
    }
    out.extend_from_slice(&bytes[from..]);
}

/// Whether a character must be in no page (HTML, 13.2.3.5: noncharacters).
fn is_nowhere(c: char) -> bool {
    u32::from(c) & 0xfffe == 0xfffe || matches!(c, '\u{fdd0}'..='\u{fdef}')
}

/// Appends a text as it stands in a line, its links to the web as links.
pub fn said(text: &[u8], out: &mut Vec<u8>) {
    let text = plain(text);
    let mut from = 0;
    for link in urls(&text) {
        let address = &text[link.clone()];
        // An address that cannot be shown as it is cannot be trusted to be what it seems.
        if line::escaped_size(address) != address.len() || address.chars().any(is_nowhere) {
            continue;
        }
        put(&text[from..link.start], out);
        out.extend_from_slice(b"<a href=\"");
        put(&target(address), out);
        out.extend_from_slice(b"\" rel=\"noopener noreferrer\" target=\"_blank\">");
        put(address, out);
        out.extend_from_slice(b"</a>");
        from = link.end;
    }
    put(&text[from..], out);
}

/// Appends a name as it stands in a line, in its colour, its direction its own.
pub fn name(spelt: &[u8], out: &mut Vec<u8>) {
    let name = unspelt(spelt);
    out.extend_from_slice(b"<bdi class=\"");
    out.extend_from_slice(class(&name).as_bytes());
    out.extend_from_slice(b"\">");
    put_name(&name, out);
    out.extend_from_slice(b"</bdi>");
}

/// Appends the name that stands above what somebody says.
pub fn heading(spelt: &[u8], out: &mut Vec<u8>) {
    let name = unspelt(spelt);
    out.extend_from_slice(b"<b class=\"n ");
    out.extend_from_slice(class(&name).as_bytes());
    out.extend_from_slice(b"\"><bdi>");
    put_name(&name, out);
    out.extend_from_slice(b"</bdi></b>\n");
}

/// A name is one line, whatever is in it.
fn put_name(name: &str, out: &mut Vec<u8>) {
    match name.contains(['\n', '\t']) {
        true => put(&line::escaped(name), out),
        false => put(name, out),
    }
}

fn class(name: &str) -> String {
    let step = (hue_of(hash(name)) / 360.0 * HUES as f64) as usize;
    format!("c{}", step.min(HUES - 1))
}

/// A text as it was said; most are as they stand in the line.
fn plain(text: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(text);
    if memchr::memchr(b'\\', text.as_bytes()).is_none() {
        return text;
    }
    line::unescaped(&text).map_or(text, Cow::Owned)
}

/// A name as it was given.
fn unspelt(spelt: &[u8]) -> Cow<'_, str> {
    let name = from_utf8(spelt).unwrap_or_default();
    match memchr::memchr(b'\\', spelt) {
        None => Cow::Borrowed(name),
        Some(_) => line::unescaped_name(name).map_or(Cow::Borrowed(name), Cow::Owned),
    }
}
