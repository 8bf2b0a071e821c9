//! The escapes that keep a log safe to `cat`, and reversible.

use crate::event::lower_hex;

/// Whether a character is never written as itself: what moves the cursor, reorders its
/// neighbours or breaks the line (C0, DEL, C1, bidi controls, U+2028, U+2029, U+FEFF).
pub(super) fn is_unsafe(c: char) -> bool {
    matches!(c,
        '\0'..='\x1f' | '\x7f'..='\u{9f}'
        | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        | '\u{2028}' | '\u{2029}' | '\u{feff}')
}

/// Appends `text` in the escaped form that is safe to show on a terminal: the log's own.
pub fn escape(text: &str, in_name: bool, out: &mut Vec<u8>) {
    let mut bytes = [0; 4];
    for c in text.chars() {
        match c {
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            ']' if in_name => out.extend_from_slice(b"\\]"),
            ')' if in_name => out.extend_from_slice(b"\\)"),
            c if is_unsafe(c) => {
                out.extend_from_slice(format!("\\u{{{:x}}}", u32::from(c)).as_bytes())
            }
            c => out.extend_from_slice(c.encode_utf8(&mut bytes).as_bytes()),
        }
    }
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
    while let Some(at) =
        rest.find(|c| c == '\\' || is_unsafe(c) || (in_name && (c == ']' || c == ')')))
    {
        out.push_str(&rest[..at]);
        let mut letters = rest[at..].strip_prefix('\\')?.chars();
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
        out.push(c);
        rest = letters.as_str();
    }
    out.push_str(rest);
    Some(out)
}
