//! A drawing surface: rectangles, lines and letters.
//!
//! Invariant: lengths are in points of the sheet, whatever the picture's pixels.

use std::sync::Once;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontDesc, RGBColor, register_font};

/// The font of PNG pictures; its licence is beside it.
const FONT: &[u8] = include_bytes!("../../../../assets/font/NotoSans-subset.ttf");
const FAMILY: &str = "sans-serif";

/// The side of a point on which a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Right,
    Left,
    Centre,
}

/// A letter size in points, and a colour.
#[derive(Clone, Copy, Debug)]
pub(super) struct TextStyle(pub u32, pub RGBColor);

/// A picture under way.
pub(super) struct Canvas<B: DrawingBackend> {
    root: DrawingArea<B, Shift>,
    scale: u32,
}

impl<B: DrawingBackend> Canvas<B> {
    /// An empty picture with so many pixels a point.
    ///
    /// # Errors
    /// The error of plotters.
    pub(super) fn new(root: DrawingArea<B, Shift>, scale: u32) -> Result<Canvas<B>, String> {
        know_the_font();
        root.fill(&WHITE).map_err(|error| error.to_string())?;
        Ok(Canvas { root, scale })
    }

    /// Draws a filled rectangle between two corners.
    pub(super) fn rectangle(
        &self,
        from: (f64, f64),
        to: (f64, f64),
        colour: RGBColor,
    ) -> Result<(), String> {
        let shape = Rectangle::new([self.at(from), self.at(to)], colour.filled());
        self.root.draw(&shape).map_err(|error| error.to_string())
    }

    /// Draws a straight line of that width in points.
    pub(super) fn line(
        &self,
        from: (f64, f64),
        to: (f64, f64),
        width: u32,
        colour: RGBColor,
    ) -> Result<(), String> {
        let style = colour.stroke_width(width * self.scale);
        let shape = PathElement::new([self.at(from), self.at(to)], style);
        self.root.draw(&shape).map_err(|error| error.to_string())
    }

    /// Draws a text, vertically centred on the point.
    pub(super) fn text(
        &self,
        text: &str,
        at: (f64, f64),
        side: Side,
        ink: TextStyle,
    ) -> Result<(), String> {
        let across = match side {
            Side::Right => HPos::Left,
            Side::Left => HPos::Right,
            Side::Centre => HPos::Center,
        };
        let style = font(ink.0 * self.scale).color(&ink.1);
        let style = style.pos(Pos::new(across, VPos::Center));
        let shape = Text::new(text.to_string(), self.at(at), style);
        self.root.draw(&shape).map_err(|error| error.to_string())
    }

    /// Completes the picture.
    ///
    /// # Errors
    /// The error of plotters.
    pub(super) fn finish(&self) -> Result<(), String> {
        self.root.present().map_err(|error| error.to_string())
    }

    fn at(&self, (x, y): (f64, f64)) -> (i32, i32) {
        let pixel = |value: f64| (value * f64::from(self.scale)).round() as i32;
        (pixel(x), pixel(y))
    }
}

/// The width of a text in points.
pub(super) fn width(text: &str, size: u32) -> f64 {
    know_the_font();
    let wide = font(size).box_size(text).map_or(0, |(wide, _)| wide);
    f64::from(wide)
}

/// As much of the text as fits into so many points, with an ellipsis if it is cut.
pub(super) fn cut(text: &str, size: u32, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_string();
    }
    let fits = |end: usize| width(&format!("{}…", &text[..end]), size) <= room;
    let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    let end = ends.partition_point(|end| fits(*end)).saturating_sub(1);
    format!("{}…", &text[..ends.get(end).copied().unwrap_or(0)])
}

fn font(size: u32) -> FontDesc<'static> {
    (FAMILY, size).into_font()
}

fn know_the_font() {
    static KNOWN: Once = Once::new();
    // infallible: the font is part of this program, and its tests draw with it.
    KNOWN.call_once(|| {
        let _ = register_font(FAMILY, FontStyle::Normal, FONT);
    });
}
