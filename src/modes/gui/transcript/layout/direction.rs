//! The direction of a text.

use unicode_bidi::{BidiClass, bidi_class};

/// Returns whether some of the text runs from right to left, so that positions cannot be found by
/// measuring what stands before them.
pub fn is_bidi(text: &str) -> bool {
    text.chars().any(|c| {
        use BidiClass::{AL, AN, R, RLE, RLI, RLO};
        !is_always_left(c) && matches!(bidi_class(c), R | AL | AN | RLE | RLI | RLO)
    })
}

/// Returns whether the text begins at the right, by its first strong character (UAX #9, P2 and P3).
pub fn is_rtl(text: &str) -> bool {
    // Isolates do not count.
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

/// Returns whether the character is in a range that never runs from right to left: before Hebrew,
/// and between the direction marks and the Hebrew presentation forms. Saves the lookup.
fn is_always_left(c: char) -> bool {
    matches!(c, '\0'..='\u{58f}' | '\u{2070}'..='\u{fb1c}')
}
