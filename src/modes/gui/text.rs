//! Text that others wrote, made fit to be shown. Pure.

/// Returns the text as it is drawn: tabs become spaces, and characters that would move or reorder
/// their neighbours become the escapes that the log has for them.
pub fn drawable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' | '\u{2028}' | '\u{2029}' => out.push('\n'),
            '\r' => {
                if chars.peek() != Some(&'\n') {
                    out.push('\n');
                }
            }
            '\t' => out.push_str("    "),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => {
                out.push_str(&format!("\\u{{{:x}}}", u32::from(c)));
            }
            c if c.is_control() => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

/// Returns the text as one line of at most 300 characters, without anything that moves a cursor or
/// changes the direction of what follows. For sentences and names that came from a server.
pub fn presentable(text: &str) -> String {
    let moves = |c: char| {
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        c.is_control() || turns || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
    };
    let mut shown: String = text
        .chars()
        .map(|c| if moves(c) { ' ' } else { c })
        .take(300)
        .collect();
    if text.chars().nth(300).is_some() {
        shown.push('…');
    }
    shown
}

/// Returns the text without the line breaks and empty lines at its end, which pasted texts often
/// have.
pub fn without_empty_end(text: &str) -> &str {
    let text = text.trim_end_matches(['\n', '\r']);
    let rows = || text.rsplit('\n').take_while(|row| row.trim().is_empty());
    let empty: usize = rows().map(|row| row.len() + 1).sum();
    text[..text.len().saturating_sub(empty)].trim_end_matches('\r')
}

#[cfg(test)]
mod tests {
    use super::{drawable, without_empty_end};

    #[test]
    fn what_would_disturb_the_drawing_is_shown_as_its_escape() {
        assert_eq!(drawable("a\tb\r\nc\rd"), "a    b\nc\nd");
        assert_eq!(drawable("\u{1b}[31m\u{202e}"), "\\u{1b}[31m\\u{202e}");
        assert_eq!(drawable("@ & \\n"), "@ & \\n");
    }

    #[test]
    fn a_text_of_empty_lines_is_empty() {
        assert_eq!(without_empty_end("\n \n"), "");
    }
}
