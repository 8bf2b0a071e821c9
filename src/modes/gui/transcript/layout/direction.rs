//! Which way a text runs.

use unicode_bidi::{BidiClass, bidi_class};

/// Whether the text runs from right to left somewhere, so that places in it cannot be told by
/// measuring what stands before them.
pub fn is_bidi(text: &str) -> bool {
    text.chars().any(|c| {
        use BidiClass::{AL, AN, R, RLE, RLI, RLO};
        !is_always_left(c) && matches!(bidi_class(c), R | AL | AN | RLE | RLI | RLO)
    })
}

/// Whether the text begins at the right: so says its first strong character (UAX #9, P2 and P3).
pub fn is_rtl(text: &str) -> bool {
    // What stands in an isolate does not count.
    let mut isolates = 0_usize;
    for c in text.chars() {
        if c.is_ascii_alphabetic() && isolates == 0 {
            return false;
        }
        use BidiClass::{AL, B, FSI, L, LRI, PDI, R, RLI};
        match bidi_class(c) {
            L if isolates == 0 => return false,
            R | AL if isolates == 0 => return true,
            LRI | RLI | FSI => isolates += 1,
            PDI => isolates = isolates.saturating_sub(1),
            B => isolates = 0,
            _ => {}
        }
    }
    false
}

/// No character before the Hebrew ones, and none between the marks of direction and the Hebrew
/// presentation forms, runs from right to left; the table need not be asked.
fn is_always_left(c: char) -> bool {
    matches!(c, '\0'..='\u{58f}' | '\u{2070}'..='\u{fb1c}')
}
