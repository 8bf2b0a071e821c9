//! The look that is in force: colours, font, size. One for all windows of the process.
//!
//! Own widgets ask for it whenever they draw, so that a redraw is all that a change needs. What
//! FLTK draws keeps its colours and sizes and is told again; see `style::restyle`.

use std::cell::{Cell, RefCell};

use fltk::app;
use fltk::draw;
use fltk::enums::Font;
use fltk::misc::Tooltip;

use super::rgb;
use crate::failure::Failure;
use crate::modes::gui::theme::Palette;
use crate::modes::gui::transcript::layout::Widths;

/// The smallest letters, in pixels.
pub const SMALLEST: i32 = 9;
/// The largest letters, in pixels.
pub const LARGEST: i32 = 32;
/// The size of letters that were not chosen, in pixels.
pub const SIZE: i32 = 14;

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
            size: SIZE,
        })
    };
    static WIDTHS: RefCell<Widths> = RefCell::default();
    /// Fonts that have a face of FLTK.
    static FACES: RefCell<Vec<String>> = RefCell::default();
}

/// Changes the look. `font` is the name of a family, `None` the system's sans; `size` is in
/// pixels and kept between [`SMALLEST`] and [`LARGEST`]. What is on the screen is to be restyled,
/// laid out and drawn again.
pub fn set(palette: Palette, font: Option<&str>, size: i32) {
    let size = size.clamp(SMALLEST, LARGEST);
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

/// The size of letters, in pixels.
pub fn size() -> i32 {
    APPEARANCE.get().size
}

/// Has what is drawn or measured next be in the font.
pub fn use_font() {
    let look = APPEARANCE.get();
    draw::set_font(look.font, look.size);
}

/// Checks that there is a font: without one, letters have no height.
///
/// # Errors
/// The sentence that the run ends with.
pub fn check() -> Result<(), Failure> {
    use_font();
    match draw::height() > 0 {
        true => Ok(()),
        false => Err(Failure::new(
            "There are no fonts on this machine, so the window cannot show text. Install some (on \
             Debian: apt install fonts-dejavu-core), or join without a window: curl -N \
             http://ADDR:1337/events",
        )),
    }
}

/// The height of a row, in pixels. Has what is measured next be in the font.
pub fn row_height() -> i32 {
    use_font();
    (f64::from(draw::height()) * 1.3).ceil() as i32
}

/// Where the letters stand in a row of that height. The font must be in use.
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
    size().max(SIZE)
}

/// Drawing goes no further than a rectangle as long as this lives. FLTK's stack of clips would stay
/// as it is, and nothing more be seen of the window, if a drawing ended before its last line.
#[must_use]
pub struct Clip {
    _private: (),
}

impl Clip {
    /// To be held until what belongs into the rectangle is drawn.
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

/// A face for a family. FLTK's own are the slots: pango keeps what a face was at first, so each
/// is given away once, and asking the system for all its fonts takes longer than opening a window.
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
                // A space before the name: neither bold nor slanted.
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
