//! The colours of the window: three palettes, and a colour for every name. Pure.
//!
//! What always holds (tested): a text can be read on every background that it is drawn on, with a
//! contrast of at least 4.5:1 (WCAG 2.2, 1.4.3), in high contrast 7:1 (1.4.6); borders, focus,
//! sliders and dots stand out by at least 3:1 (1.4.11).

mod palettes;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::hue::{from_hsl, hash, hue_of, luminance, saturation_of, spread_of};

/// The colours that everything is drawn with, each `0xRRGGBB`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Palette {
    /// Behind everything.
    pub window: u32,
    /// Background of the transcript and of lists.
    pub surface: u32,
    /// Background of a field to type in.
    pub field: u32,
    /// What was said, and captions.
    pub text: u32,
    /// Times, comings and goings, what a field is for.
    pub quiet: u32,
    /// What is not in the room yet.
    pub waiting: u32,
    /// What went wrong.
    pub wrong: u32,
    /// Background of a refused field.
    pub wrong_field: u32,
    /// The face of the button that is meant to be pressed; the button of new messages.
    pub accent: u32,
    /// The same while it is pressed.
    pub accent_pressed: u32,
    /// Letters on `accent` and `accent_pressed`.
    pub accent_text: u32,
    /// The face of every other button.
    pub button: u32,
    /// The same while it is pressed.
    pub button_pressed: u32,
    /// The face of a button that cannot be pressed, and the background of a field that cannot be
    /// typed in.
    pub off: u32,
    /// Letters on `off`.
    pub off_text: u32,
    /// Our own name.
    pub own: u32,
    /// Around fields and buttons.
    pub border: u32,
    /// A thin line between parts; nothing depends on seeing it.
    pub line: u32,
    /// Around what has the keyboard.
    pub focus: u32,
    /// Behind marked text.
    pub selection: u32,
    /// Behind a message that names us.
    pub mention: u32,
    /// Behind what was found.
    pub found: u32,
    /// Behind what was found and is being looked at.
    pub found_current: u32,
    /// The line where the reader left off, and its words.
    pub unread: u32,
    /// A link.
    pub link: u32,
    /// The groove of a scrollbar.
    pub bar: u32,
    /// What is moved in it.
    pub slider: u32,
    /// The dot of a connection that stands.
    pub good: u32,
    /// The dot of one that is being sought.
    pub warn: u32,
    /// The dot of none.
    pub idle: u32,
    /// The contrast that every text has at least, in tenths: 45 or 70.
    pub least_contrast: u32,
}

impl Palette {
    /// What a name or a text of the transcript may stand on.
    fn behind_text(&self) -> [u32; 5] {
        [
            self.surface,
            self.mention,
            self.selection,
            self.found,
            self.found_current,
        ]
    }

    /// Whether the letters are brighter than what they stand on.
    pub fn is_dark(&self) -> bool {
        luminance(self.text) > luminance(self.surface)
    }

    /// The colour of a name: always the same hue, readable wherever names stand.
    pub fn name(&self, name: &str) -> u32 {
        let hash = hash(name);
        let (hue, saturation, spread) = (hue_of(hash), saturation_of(hash), spread_of(hash));
        let least = f64::from(self.least_contrast) / 10.0;
        let behind = self.behind_text().map(luminance);
        let at = |lightness: u32| from_hsl(hue, saturation, f64::from(lightness) / STEPS_F);
        // The luminance grows with the lightness, so the edge is found by halving.
        let first = |is_past: &dyn Fn(f64) -> bool| {
            let (mut low, mut high) = (0, STEPS);
            while low < high {
                let middle = (low + high) / 2;
                match is_past(luminance(at(middle))) {
                    true => high = middle,
                    false => low = middle + 1,
                }
            }
            low
        };
        if self.is_dark() {
            let brightest = behind.into_iter().fold(0.0, f64::max);
            let wanted = (brightest + 0.05) * least - 0.05;
            let wanted = wanted + (1.0 - wanted) * spread * 0.4;
            at(first(&|luminance| luminance >= wanted))
        } else {
            let darkest = behind.into_iter().fold(1.0, f64::min);
            let wanted = (darkest + 0.05) / least - 0.05;
            let wanted = wanted * (1.0 - spread * 0.4);
            at(first(&|luminance| luminance > wanted).saturating_sub(1))
        }
    }
}

/// How finely the lightness of a name is sought.
const STEPS: u32 = 1024;
const STEPS_F: f64 = STEPS as f64;

/// Which palette the user wants.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Theme {
    /// Dark letters on white.
    Light,
    /// Bright letters on near black.
    Dark,
    /// White on black, every text at least 7:1.
    HighContrast,
    /// Light or dark, as the desktop is.
    #[default]
    System,
}

impl Theme {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Theme; 4] = [
        Theme::System,
        Theme::Light,
        Theme::Dark,
        Theme::HighContrast,
    ];

    /// The colours, where it is known whether the desktop is dark.
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
