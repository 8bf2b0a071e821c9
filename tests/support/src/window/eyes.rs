//! Reading a window as a person does: from pictures of it, and from text selected with the mouse.
//!
//! This works for windows of the default size, in the light theme, with letters of the default size.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::picture::{Area, Colour, Ink, Picture, Shape};
use crate::waiting::wait_for;
use crate::window::Window;

/// The transcript, without its frame.
pub const TRANSCRIPT: Area = (12, 50, 610, 422);
/// The status line.
pub const STATUS: Area = (10, 510, 690, 48);
/// The background of transcripts and fields.
const SURFACE: Colour = [0xFF; 3];
/// The background of everything else.
const WINDOW: Colour = [0xF3, 0xF4, 0xF6];
/// Dark letters.
pub const TEXT: Colour = [0x1B, 0x1E, 0x23];
const QUIET: Colour = [0x5C, 0x62, 0x6C];
/// Messages.
pub const SAID: Ink = on(SURFACE, TEXT);
/// The transcript's other lines.
pub const BESIDE: Ink = on(SURFACE, QUIET);
/// The words on a mark.
pub const MARK: Ink = on([0x2A, 0x62, 0xC9], [0xFF; 3]);
/// The words of the status line.
pub const STATE: Ink = on(WINDOW, TEXT);
/// The hint next to a field, and the box with the exact time, in letters as in the status line.
pub const ASIDE: Ink = on(WINDOW, QUIET);
/// The hint about a wrong field.
pub const WRONG: Ink = on(WINDOW, [0xA8, 0x20, 0x1A]);
/// The line above what is new.
pub const UNREAD: Colour = [0xB0, 0x39, 0x2B];
/// The line below what a click opens.
pub const LINK: Colour = [0x0B, 0x57, 0xB7];
/// The background of a message that mentions us.
pub const MENTION: Colour = [0xFF, 0xF0, 0xE3];
/// The inside of the field for messages.
const FIELD: Area = (15, 486, 638, 25);

const fn on(ground: Colour, letters: Colour) -> Ink {
    Ink { letters, ground }
}

/// Reads a window.
pub struct Eyes<'a> {
    window: &'a Window,
    known: RefCell<HashMap<String, Rc<Shape>>>,
}

impl Eyes<'_> {
    /// Eyes for a window.
    pub fn on(window: &Window) -> Eyes<'_> {
        let known = RefCell::default();
        Eyes { window, known }
    }

    /// The shape of words, learned from the field for messages: they are typed there once and taken away
    /// again. They must fit into one row.
    fn shape_of(&self, words: &str) -> Rc<Shape> {
        if let Some(shape) = self.known.borrow().get(words) {
            return Rc::clone(shape);
        }
        let window = self.window;
        window.click(120, -62);
        window.keys(&["ctrl+a", "BackSpace"]);
        // The hint in an empty field is in a quiet colour.
        let is_empty =
            |picture: &Picture| picture.count_in(FIELD, TEXT) <= picture.count_in(FIELD, QUIET);
        // The previous text is not mistaken for these words.
        wait_for("an empty field", || {
            is_empty(&window.picture()).then_some(())
        });
        window.paste(words);
        // The cursor is no longer in the field.
        window.click(60, 160);
        let mut before = None;
        let picture = wait_for(&format!("{words:?} in the field"), || {
            let picture = window.picture();
            let field: Vec<Colour> = picture.pixels(FIELD).collect();
            let is_at_rest = before.as_ref() == Some(&field) && !is_empty(&picture);
            before = Some(field);
            is_at_rest.then_some(picture)
        });
        window.click(120, -62);
        window.keys(&["ctrl+a", "BackSpace"]);
        let shape = Rc::new(picture.shape(FIELD, SAID));
        let mut known = self.known.borrow_mut();
        known.insert(words.to_string(), Rc::clone(&shape));
        shape
    }

    /// The position of these words in an area, in this ink. They are found if they are drawn as
    /// one piece: from the beginning of their line or colour on.
    pub fn find(&self, words: &str, area: Area, ink: Ink) -> Option<(usize, usize)> {
        let shape = self.shape_of(words);
        self.window.picture().find(&shape, area, ink)
    }

    /// Learns the shape of words now, for when the field is needed for something else.
    pub fn learn(&self, words: &str) {
        self.shape_of(words);
    }

    /// Tells whether a picture shows these words there.
    pub fn was_there(&self, picture: &Picture, words: &str, area: Area, ink: Ink) -> bool {
        picture.find(&self.shape_of(words), area, ink).is_some()
    }

    /// Waits until these words stand there while the pointer is at a place.
    #[track_caller]
    pub fn wait_for_at(&self, words: &str, area: Area, ink: Ink, at: (i32, i32)) {
        let shape = self.shape_of(words);
        wait_for(&format!("the words {words:?} in the window"), || {
            self.window.point(at, &[]);
            self.window.picture().find(&shape, area, ink)
        });
    }

    /// Waits until these words stand there.
    #[track_caller]
    pub fn wait_for(&self, words: &str, area: Area, ink: Ink) -> (usize, usize) {
        let shape = self.shape_of(words);
        wait_for(&format!("the words {words:?} in the window"), || {
            self.window.picture().find(&shape, area, ink)
        })
    }
}

/// The visible part of the transcript, selected with the mouse from the upper edge to the lower one.
#[track_caller]
pub fn in_sight(window: &Window) -> String {
    in_sight_below(window, 54)
}

/// The visible part of the transcript below a row of pixels, selected with the mouse.
#[track_caller]
pub fn in_sight_below(window: &Window, top: i32) -> String {
    let display = window.display();
    let mut patience = Duration::from_millis(500);
    wait_for("the marked text", || {
        patience *= 2;
        display.set_selection("primary", "");
        window.drag((30, top), (30, 470));
        // A selection is handed over when the button goes up; an event in between may undo it.
        let until = Instant::now() + patience;
        loop {
            let text = display.selection("primary");
            if !text.is_empty() || Instant::now() > until {
                return Some(text).filter(|text| !text.is_empty());
            }
        }
    })
}

/// Waits until a part of what is in sight is `text`; gives all of it.
#[track_caller]
pub fn wait_for_sight(window: &Window, text: &str) -> String {
    wait_for(&format!("{text:?} in sight"), || {
        Some(in_sight(window)).filter(|seen| seen.contains(text))
    })
}

/// Waits for a title.
#[track_caller]
pub fn wait_for_title(window: &Window, start: &str) {
    wait_for(&format!("a title that begins with {start:?}"), || {
        window.title().starts_with(start).then_some(())
    });
}
