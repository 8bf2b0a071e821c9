//! The appearance in force: colours, font, size. One for all windows of the process.
//!
//! Our own widgets read it whenever they draw, so that a redraw suffices after a change. Widgets
//! that FLTK draws keep their colours and sizes and have to be told again; see `style::restyle`.

use std::cell::{Cell, RefCell};

use fltk::app;
use fltk::draw;
use fltk::enums::Font;
use fltk::misc::Tooltip;

use super::rgb;
use crate::failure::Failure;
use crate::modes::gui::keep::settings::{MAX_SIZE, MIN_SIZE, USUAL_SIZE};
use crate::modes::gui::theme::Palette;
use crate::modes::gui::transcript::layout::Widths;

#[derive(Clone, Copy)]
struct Appearance {
    palette: Palette,
    font: Font,
    size: i32,
}

thread_local! {
    static APPEARANCE: Cell<Appearance> = const {
        Cell::new(Appearance {
            palette: Palette::LIGHT,
            font: Font::Helvetica,
            size: USUAL_SIZE,
        })
    };
    static WIDTHS: RefCell<Widths> = RefCell::default();
    /// The families that have a font slot of FLTK.
    static FACES: RefCell<Vec<String>> = RefCell::default();
}

/// Changes the appearance. `font` is the name of a family, `None` the system's sans-serif; `size`
/// is in pixels and kept within its bounds. Everything on the screen then has to be restyled, laid
/// out and redrawn.
pub fn set(palette: Palette, font: Option<&str>, size: i32) {
    let size = size.clamp(MIN_SIZE, MAX_SIZE);
    let font = font.map_or(Font::Helvetica, face);
    APPEARANCE.set(Appearance {
        palette,
        font,
        size,
    });
    WIDTHS.take();
    let parts = |colour: u32| {
        let [_, r, g, b] = colour.to_be_bytes();
        (r, g, b)
    };
    let (r, g, b) = parts(palette.window);
    app::background(r, g, b);
    let (r, g, b) = parts(palette.field);
    app::background2(r, g, b);
    let (r, g, b) = parts(palette.text);
    app::foreground(r, g, b);
    let (r, g, b) = parts(palette.selection);
    app::set_selection_color(r, g, b);
    let (r, g, b) = parts(palette.off_text);
    app::set_inactive_color(r, g, b);
    app::set_font_size(size);
    app::set_scrollbar_size(bar_width());
    Tooltip::set_color(rgb(palette.surface));
    Tooltip::set_text_color(rgb(palette.text));
    Tooltip::set_font(font);
    Tooltip::set_font_size(size);
}

/// The colours.
pub fn palette() -> Palette {
    APPEARANCE.get().palette
}

/// The font.
pub fn font() -> Font {
    APPEARANCE.get().font
}

/// The font size, in pixels.
pub fn size() -> i32 {
    APPEARANCE.get().size
}

/// Selects the font for what is drawn or measured next.
pub fn use_font() {
    let appearance = APPEARANCE.get();
    draw::set_font(appearance.font, appearance.size);
}

/// Checks that there is a font: without one, letters have no height.
///
/// # Errors
/// The sentence that the run ends with.
pub fn check() -> Result<(), Failure> {
    use_font();
    if draw::height() > 0 {
        Ok(())
    } else {
        Err(Failure::new(
            "There are no fonts on this machine, so the window cannot show text. Install some (on \
             Debian: apt install fonts-dejavu-core), or join without a window: curl -N \
             http://ADDR:1337/events",
        ))
    }
}

/// The height of a row of text, in pixels. Selects the font.
pub fn row_height() -> i32 {
    use_font();
    (f64::from(draw::height()) * 1.3).ceil() as i32
}

/// The baseline in a row of that height. The font must be selected.
pub fn baseline(row: i32) -> i32 {
    // A little above the middle: fallback fonts reach further down.
    (row - draw::height()) / 2 + draw::height() - draw::descent() - 1
}

/// The height of a field or a button, in pixels.
pub fn field_height() -> i32 {
    row_height().max(26) + 4
}

/// The width of a scrollbar, in pixels.
pub fn bar_width() -> i32 {
    size().max(USUAL_SIZE)
}

/// Clips drawing to a rectangle while it lives. FLTK's stack of clips would stay as it is, and the
/// rest of the window invisible, if a drawing ended before its last line.
#[must_use]
pub struct Clip {
    _private: (),
}

impl Clip {
    /// Clips to a rectangle until dropped.
    pub fn to(x: i32, y: i32, w: i32, h: i32) -> Clip {
        draw::push_clip(x, y, w, h);
        Clip { _private: () }
    }
}

impl Drop for Clip {
    fn drop(&mut self) {
        draw::pop_clip();
    }
}

/// Lends the remembered widths of the font.
pub fn with_widths<T>(lend: impl FnOnce(&mut Widths) -> T) -> T {
    WIDTHS.with_borrow_mut(lend)
}

/// Returns a font for a family. FLTK's own fonts are the slots: pango keeps what a slot was at
/// first, so each is given away once, and listing the system's fonts takes longer than opening a
/// window.
fn face(family: &str) -> Font {
    const SLOTS: [Font; 8] = [
        Font::Times,
        Font::TimesBold,
        Font::TimesItalic,
        Font::TimesBoldItalic,
        Font::Symbol,
        Font::Screen,
        Font::ScreenBold,
        Font::Zapfdingbats,
    ];
    FACES.with_borrow_mut(|given| {
        let known = given.iter().position(|name| name == family);
        let slot = known.unwrap_or(given.len());
        match SLOTS.get(slot) {
            Some(font) if known.is_some() => *font,
            Some(font) => {
                given.push(family.to_string());
                // The space before the name means neither bold nor slanted.
                Font::set_font(*font, &format!(" {family}"));
                *font
            }
            None => {
                let names = app::get_font_names();
                let found = names.iter().find(|name| name.trim() == family);
                found.map_or(Font::Helvetica, |name| Font::by_name(name))
            }
        }
    })
}
