//! The window's colours: three palettes, and a colour for every name. Pure.
//!
//! What always holds (tested): text is readable on every background that it is drawn on, with a
//! contrast of at least 4.5:1 (WCAG 2.2, 1.4.3), in high contrast 7:1 (1.4.6); borders, focus,
//! sliders and dots stand out by at least 3:1 (1.4.11).

mod palettes;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::hue::{from_hsl, hash, hue_of, luminance, saturation_of, spread_of};

/// The colours of everything, each `0xRRGGBB`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Palette {
    /// Background of the window.
    pub window: u32,
    /// Background of the transcript and of lists.
    pub surface: u32,
    /// Background of an input field.
    pub field: u32,
    /// Messages and captions.
    pub text: u32,
    /// Times, joins and leaves, descriptions.
    pub quiet: u32,
    /// Messages that are not in the room yet.
    pub waiting: u32,
    /// Errors.
    pub wrong: u32,
    /// Background of a refused field.
    pub wrong_field: u32,
    /// Face of the primary button.
    pub accent: u32,
    /// Face of the primary button while it is pressed.
    pub accent_pressed: u32,
    /// Letters on `accent` and `accent_pressed`.
    pub accent_text: u32,
    /// Face of every other button.
    pub button: u32,
    /// Face of every other button while it is pressed.
    pub button_pressed: u32,
    /// Face of a disabled button, and background of a disabled field.
    pub off: u32,
    /// Letters on `off`.
    pub off_text: u32,
    /// Our own name.
    pub own: u32,
    /// Border of fields and buttons.
    pub border: u32,
    /// Thin line between parts; nothing depends on seeing it.
    pub line: u32,
    /// Border of the focused widget.
    pub focus: u32,
    /// Background of selected text.
    pub selection: u32,
    /// Background of a message that mentions us.
    pub mention: u32,
    /// Background of a match.
    pub found: u32,
    /// Background of the current match.
    pub found_current: u32,
    /// The "new messages" line and its words.
    pub unread: u32,
    /// A link.
    pub link: u32,
    /// Groove of a scrollbar.
    pub bar: u32,
    /// Slider of a scrollbar.
    pub slider: u32,
    /// Dot of an open connection.
    pub good: u32,
    /// Dot of a connection that is being made.
    pub warn: u32,
    /// Dot without a connection.
    pub idle: u32,
    /// The least contrast of text, in tenths: 45 or 70.
    pub least_contrast: u32,
}

impl Palette {
    /// The backgrounds that names and text of the transcript may stand on.
    fn text_backgrounds(&self) -> [u32; 5] {
        [
            self.surface,
            self.mention,
            self.selection,
            self.found,
            self.found_current,
        ]
    }

    /// Returns whether text is brighter than its background.
    pub fn is_dark(&self) -> bool {
        luminance(self.text) > luminance(self.surface)
    }

    /// Returns the colour of a name: always the same hue, readable wherever names stand.
    pub fn name(&self, name: &str) -> u32 {
        let hash = hash(name);
        let (hue, saturation, spread) = (hue_of(hash), saturation_of(hash), spread_of(hash));
        let least = f64::from(self.least_contrast) / 10.0;
        let backgrounds = self.text_backgrounds().map(luminance);
        let at = |lightness: u32| from_hsl(hue, saturation, f64::from(lightness) / STEPS_F);
        // The luminance grows with the lightness, so bisection finds the edge.
        let first = |is_past: &dyn Fn(f64) -> bool| {
            let (mut low, mut high) = (0, STEPS);
            while low < high {
                let middle = (low + high) / 2;
                if is_past(luminance(at(middle))) {
                    high = middle
                } else {
                    low = middle + 1
                }
            }
            low
        };
        if self.is_dark() {
            let brightest = backgrounds.into_iter().fold(0.0, f64::max);
            let wanted = (brightest + 0.05) * least - 0.05;
            let wanted = wanted + (1.0 - wanted) * spread * 0.4;
            at(first(&|luminance| luminance >= wanted))
        } else {
            let darkest = backgrounds.into_iter().fold(1.0, f64::min);
            let wanted = (darkest + 0.05) / least - 0.05;
            let wanted = wanted * (1.0 - spread * 0.4);
            at(first(&|luminance| luminance > wanted).saturating_sub(1))
        }
    }
}

/// The number of steps of lightness in which a name's is searched.
const STEPS: u32 = 1024;
const STEPS_F: f64 = STEPS as f64;

/// The user's choice of a palette.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Theme {
    /// Dark text on white.
    Light,
    /// Bright text on near black.
    Dark,
    /// White on black, every text at least 7:1.
    HighContrast,
    /// Light or dark, as the desktop is.
    #[default]
    System,
}

impl Theme {
    /// All themes, in the order in which they are offered.
    pub const ALL: [Theme; 4] = [
        Theme::System,
        Theme::Light,
        Theme::Dark,
        Theme::HighContrast,
    ];

    /// Returns the colours, given whether the desktop is dark.
    pub fn palette(self, system_is_dark: bool) -> Palette {
        match self {
            Theme::Light => Palette::LIGHT,
            Theme::Dark => Palette::DARK,
            Theme::HighContrast => Palette::HIGH_CONTRAST,
            Theme::System if system_is_dark => Palette::DARK,
            Theme::System => Palette::LIGHT,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Theme::Light => "light",
            Theme::Dark => "dark",
            Theme::HighContrast => "high-contrast",
            Theme::System => "system",
        }
    }
}

impl fmt::Display for Theme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Theme {
    type Err = String;

    fn from_str(word: &str) -> Result<Theme, String> {
        let named = Theme::ALL.into_iter().find(|theme| theme.word() == word);
        named.ok_or_else(|| {
            format!(
                "There is no theme \"{word}\"; choose light, dark, high-contrast or system instead."
            )
        })
    }
}

#[cfg(test)]
mod tests;
