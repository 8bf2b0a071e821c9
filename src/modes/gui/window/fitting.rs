//! Texts shortened to the room that they have.

use fltk::draw;
use unicode_segmentation::UnicodeSegmentation;

use super::appearance;

/// Returns the first text that fits into `room` pixels, or the last one shortened.
pub fn fitting(texts: &[impl AsRef<str>], room: f64) -> String {
    appearance::use_font();
    let mut texts = texts.iter().map(AsRef::as_ref).peekable();
    while let Some(text) = texts.next() {
        if texts.peek().is_none() || draw::width(text) <= room {
            return shortened(text.to_string(), room);
        }
    }
    String::new()
}

/// Returns as much of a text as fits into `room` pixels, with `…` if something is missing.
pub fn shortened(text: String, room: f64) -> String {
    if draw::width(&text) <= room {
        return text;
    }
    let starts = text.grapheme_indices(true).rev();
    let mut shorter = starts.map(|(at, _)| format!("{}…", &text[..at]));
    shorter
        .find(|short| draw::width(short) <= room)
        .unwrap_or_default()
}
