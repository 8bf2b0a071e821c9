//! Names and texts of a log as HTML.
//!
//! Invariant: nothing from the log becomes markup. Characters that could end an attribute or element become
//! character references; a character that would move, hide or reorder its neighbours is escaped (`\u{202e}`)
//! as in the log. The marks that only set the direction of their own neighbours (U+200E, U+200F, U+061C)
//! stay, since every message is a paragraph of its own.

use crate::hue::{hash, hue_of};
use crate::line;
use crate::text_forms::{BlockForm, FormBlock, SpanForm, blocks, spans};
use crate::urls::target;

/// The number of colours of names.
pub(super) const HUES: usize = 128;

/// First bytes of the characters that are not written as themselves.
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

/// Appends a text or name, safe in attributes as well.
pub(super) fn put(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    let mut from = 0;
    let mut at = 0;
    while at < bytes.len() {
        if !STOPS[usize::from(bytes[at])] {
            at += 1;
            continue;
        }
        // Such a byte is never inside a character.
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
            line::escape(&text[at..next], out);
            from = next;
        }
        at = next;
    }
    out.extend_from_slice(&bytes[from..]);
}

/// Returns whether a character must not occur in HTML (13.2.3.5: noncharacters).
fn is_nowhere(c: char) -> bool {
    u32::from(c) & 0xfffe == 0xfffe || matches!(c, '\u{fdd0}'..='\u{fdef}')
}

/// Appends a text as it stands in a line, with its links and the code within its lines.
pub(super) fn said(text: &[u8], out: &mut Vec<u8>) {
    let text = line::text_of(text);
    put_spans(&String::from_utf8_lossy(&text), out);
}

/// Appends the blocks of a text as elements of their own: words, quotes and code.
pub(super) fn put_blocks(blocks: &[FormBlock<'_>], out: &mut Vec<u8>) {
    for block in blocks {
        let (open, close): (&[u8], &[u8]) = match block.form {
            BlockForm::Text => (b"<div dir=\"auto\">", b"</div>\n"),
            BlockForm::Quote => (b"<blockquote dir=\"auto\">", b"</blockquote>\n"),
            BlockForm::Code => (
                b"<pre dir=\"auto\" tabindex=\"0\"><code>",
                b"</code></pre>\n",
            ),
        };
        out.extend_from_slice(open);
        match block.form {
            BlockForm::Code => put(&block.text, out),
            BlockForm::Text | BlockForm::Quote => put_spans(&block.text, out),
        }
        out.extend_from_slice(close);
    }
}

/// Returns the blocks of a text as it stands in a line, if it is more than words.
pub(super) fn blocks_of(text: &str) -> Option<Vec<FormBlock<'_>>> {
    let found = blocks(text);
    let is_plain = matches!(&*found, [block] if block.form == BlockForm::Text);
    (!is_plain).then_some(found)
}

/// Appends words, with their links and the code among them.
pub(super) fn put_spans(text: &str, out: &mut Vec<u8>) {
    let mut from = 0;
    for span in spans(text, &[]) {
        let shown = &text[span.shown];
        // A URL that cannot be shown as it is may not be what it seems.
        let is_hidden =
            || line::escaped_size(shown) != shown.len() || shown.chars().any(is_nowhere);
        if span.form == SpanForm::Link && is_hidden() {
            continue;
        }
        put(&text[from..span.range.start], out);
        from = span.range.end;
        if span.form == SpanForm::Link {
            out.extend_from_slice(b"<a href=\"");
            put(&target(shown), out);
            out.extend_from_slice(b"\" rel=\"noopener noreferrer\" target=\"_blank\">");
            put(shown, out);
            out.extend_from_slice(b"</a>");
        } else {
            out.extend_from_slice(b"<code>");
            put(shown, out);
            out.extend_from_slice(b"</code>");
        }
    }
    put(&text[from..], out);
}

/// Appends a name as spelt in a line, in its colour and direction.
pub(super) fn name(spelt: &[u8], out: &mut Vec<u8>) {
    let name = line::name_of(spelt);
    let name = String::from_utf8_lossy(&name);
    out.extend_from_slice(b"<bdi class=\"");
    out.extend_from_slice(class(&name).as_bytes());
    out.extend_from_slice(b"\">");
    put_name(&name, out);
    out.extend_from_slice(b"</bdi>");
}

/// Appends a name as the heading above its messages.
pub(super) fn heading(spelt: &[u8], out: &mut Vec<u8>) {
    let name = line::name_of(spelt);
    let name = String::from_utf8_lossy(&name);
    out.extend_from_slice(b"<b class=\"n ");
    out.extend_from_slice(class(&name).as_bytes());
    out.extend_from_slice(b"\"><bdi>");
    put_name(&name, out);
    out.extend_from_slice(b"</bdi></b>\n");
}

/// Appends a name in one line.
fn put_name(name: &str, out: &mut Vec<u8>) {
    if name.contains(['\n', '\t']) {
        put(&line::escaped(name), out)
    } else {
        put(name, out)
    }
}

fn class(name: &str) -> String {
    let step = (hue_of(hash(name)) / 360.0 * HUES as f64) as usize;
    format!("c{}", step.min(HUES - 1))
}
