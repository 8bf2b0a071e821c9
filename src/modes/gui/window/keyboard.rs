//! The keys that FLTK does not know: commands on keyboards of any script, and editing of grapheme
//! clusters.
//!
//! FLTK names a key by the first of the keyboard's layouts, so that with a Russian one Ctrl+V is
//! Ctrl+М. Meant is the Latin letter that the key has in another layout, or at its place on a Latin
//! keyboard.

mod layouts;

use fltk::app;
use fltk::enums::{Event, Key};
use fltk::prelude::*;
use unicode_properties::UnicodeEmoji as _;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::system::x11::keymap;

/// Returns the key that was pressed, or with Ctrl the Latin one at its place.
pub fn key() -> Key {
    let key = app::event_key();
    if foreign(key) {
        latin(key).map_or(key, Key::from_char)
    } else {
        key
    }
}

/// Returns whether it is a command with a key that Latin keyboards do not have.
fn foreign(key: Key) -> bool {
    // Keys without a letter are from 0xfd00 on, and the same on all keyboards.
    let letter = !matches!(key.bits(), 0..0x7f | 0xef00..=0xefff | 0xfd00..=0xffff | 0x1008_0000..=0x1008_ffff);
    letter && app::is_event_ctrl() && !app::is_event_alt()
}

fn latin(key: Key) -> Option<char> {
    // If a Latin layout is the second one and in use, X has made a control character of Ctrl and
    // the letter.
    match app::event_text().as_bytes() {
        [control @ 1..=26] => return Some(char::from(control + 0x60)),
        [sign @ 0x21..0x7f] => return Some(char::from(*sign).to_ascii_lowercase()),
        _ => {}
    }
    let number = u32::try_from(key.bits()).ok()?;
    layouts::latin(&keymap()?, number)
}

/// The state that a field needs for the keys that FLTK does not know.
#[derive(Default)]
pub struct Editing {
    /// The changes that were undone and can be redone, the last one at the end. FLTK's own redo
    /// overwrites what was typed since, and needs a Latin z.
    undone: Vec<Undone>,
}

/// A change that was undone.
struct Undone {
    /// The text after the undoing.
    left: String,
    /// The text before it.
    text: String,
    /// The cursor before it.
    at: i32,
}

impl Editing {
    /// Handles what FLTK does not: commands on keyboards that are not Latin, and steps and
    /// deletions over whole grapheme clusters. `true` if there is nothing left to do.
    pub fn edit(&mut self, input: &mut (impl InputExt + WidgetBase), event: Event) -> bool {
        if event != Event::KeyDown {
            return false;
        }
        let pressed = app::event_key();
        let is_undo =
            pressed == Key::from_char('z') && app::is_event_ctrl() && !app::is_event_alt();
        let letter = match foreign(pressed) {
            true => latin(pressed),
            false if is_undo => Some('z'),
            false => return step(input, pressed),
        };
        // Refused only if there is nothing to copy or cut.
        match letter {
            Some('a') => {
                let _ = input.set_position(0);
                let _ = input.set_mark(input.value().len() as i32);
            }
            Some('c') => drop(input.copy()),
            Some('x') => {
                let _ = input.copy();
                let (from, to) = ends(input);
                if from < to {
                    cut(input, from as usize, to as usize);
                }
            }
            Some('v') => app::paste_text(input),
            Some('z') if app::is_event_shift() => self.redo(input),
            Some('z') => self.undo(input),
            // A command of the window, which a field would take for a letter.
            _ => {
                if let Some(mut window) = input.window() {
                    window.handle_event(Event::Shortcut);
                }
            }
        }
        true
    }

    fn undo(&mut self, input: &mut impl InputExt) {
        let (text, at) = (input.value(), input.position());
        if self.undone.last().is_some_and(|last| last.left != text) {
            // The text was changed since.
            self.undone.clear();
        }
        // Refused if nothing is left to undo.
        let _ = input.undo();
        let left = input.value();
        if left != text {
            self.undone.push(Undone { left, text, at });
        }
    }

    fn redo(&mut self, input: &mut impl InputExt) {
        let Some(last) = self.undone.pop() else {
            return;
        };
        let now = input.value();
        if now != last.left {
            self.undone.clear();
            return;
        }
        // As a whole, since FLTK merges an adjoining change with the one before.
        let _ = input.replace(0, now.len() as i32, &last.text);
        let _ = input.set_position(last.at);
        input.do_callback();
    }
}

/// Steps over, or deletes, a cluster of several characters. `false` leaves the key to FLTK.
fn step(input: &mut impl InputExt, key: Key) -> bool {
    let marked = input.position() != input.mark();
    let (shift, ctrl) = (app::is_event_shift(), app::is_event_ctrl());
    if ctrl || app::is_event_alt() {
        return false;
    }
    let text = input.value();
    let at = usize::try_from(input.position()).unwrap_or_default();
    let Some((before, after)) = text.split_at_checked(at) else {
        return false;
    };
    let last = before.graphemes(true).next_back().unwrap_or_default();
    let next = after.graphemes(true).next().unwrap_or_default();
    let several = |letter: &str| letter.chars().nth(1).is_some();
    let (from, to) = (at - last.len(), at + next.len());
    match key {
        Key::Left if several(last) => go(input, from, shift),
        Key::Right if several(next) => go(input, to, shift),
        // Of combining marks only the last typed is deleted; an emoji is deleted whole.
        Key::BackSpace if !marked && several(last) && is_picture(last) => cut(input, from, at),
        Key::Delete if !marked && !shift && several(next) => cut(input, at, to),
        _ => return false,
    }
    true
}

fn go(input: &mut impl InputExt, to: usize, shift: bool) {
    let mark = input.mark();
    // These fail if nothing changes.
    let _ = input.set_position(to as i32);
    if shift {
        let _ = input.set_mark(mark);
    }
}

fn cut(input: &mut impl InputExt, from: usize, to: usize) {
    // Refused only for positions outside of the text.
    let _ = input.replace(from as i32, to as i32, "");
    input.do_callback();
}

/// Returns whether the cluster is drawn as one emoji: a flag, a family, a hand with its colour.
fn is_picture(letter: &str) -> bool {
    letter.chars().any(|c| {
        let is_base = !c.is_ascii() && c.is_emoji_char();
        is_base || matches!(c, '\u{20e3}' | '\u{fe0f}')
    })
}

/// The selection in a field, from its beginning to its end.
fn ends(input: &impl InputExt) -> (i32, i32) {
    let (a, b) = (input.position(), input.mark());
    (a.min(b), a.max(b))
}

/// The typed text, unless the key was a command.
pub fn typed() -> Option<String> {
    let text = app::event_text();
    let command = app::is_event_ctrl() || app::is_event_alt();
    let is_text = !command && !text.is_empty() && !text.chars().any(char::is_control);
    is_text.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::is_picture;

    #[test]
    fn emoji_are_one_picture_and_marks_are_none() {
        for picture in ["🇩🇪", "👨‍👩‍👧", "👍🏽", "1\u{fe0f}\u{20e3}", "❤\u{fe0f}", "🏴󠁧󠁢󠁳󠁣󠁴󠁿"]
        {
            assert!(is_picture(picture), "{picture}");
        }
        for letter in ["e\u{301}", "שָׁ", "नि", "각", "ที่"] {
            assert!(!is_picture(letter), "{letter}");
        }
    }
}
