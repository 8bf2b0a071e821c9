//! A colour for every name, the same wherever the name is shown, and whether it can be read there.
//!
//! What always holds: a name's hue never changes. How bright it is depends on what it stands on.

use std::sync::LazyLock;

/// What is a name's own: hue and saturation, and how far beyond what is needed it stands out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hue {
    /// Degrees, 0 to 360.
    pub hue: f64,
    /// 0.45 to 1.
    pub saturation: f64,
    /// 0 to 1: how far beyond the least contrast.
    pub spread: f64,
}

impl Hue {
    /// The one of this name.
    pub fn of(name: &str) -> Hue {
        let hash = hash(name);
        Hue {
            hue: (hash & 0xffff) as f64 / 65_536.0 * 360.0,
            saturation: 0.45 + 0.55 * (hash >> 16 & 0xff) as f64 / 255.0,
            spread: (hash >> 24 & 0xff) as f64 / 255.0,
        }
    }

    /// The colour, `0xRRGGBB`, in which this can be read on each of the backgrounds with at least
    /// that contrast; `is_dark` says that the letters are the brighter.
    pub fn readable(self, behind: &[u32], least: f64, is_dark: bool) -> u32 {
        let behind = behind.iter().map(|colour| luminance(*colour));
        let at =
            |lightness: u32| from_hsl(self.hue, self.saturation, f64::from(lightness) / STEPS_F);
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
        if is_dark {
            let brightest = behind.fold(0.0, f64::max);
            let wanted = (brightest + 0.05) * least - 0.05;
            let wanted = wanted + (1.0 - wanted) * self.spread * 0.4;
            at(first(&|luminance| luminance >= wanted))
        } else {
            let darkest = behind.fold(1.0, f64::min);
            let wanted = (darkest + 0.05) / least - 0.05;
            let wanted = wanted * (1.0 - self.spread * 0.4);
            at(first(&|luminance| luminance > wanted).saturating_sub(1))
        }
    }
}

/// How finely the lightness of a name is sought.
const STEPS: u32 = 1024;
const STEPS_F: f64 = STEPS as f64;

/// FNV-1a with the finaliser of SplitMix64: spreads short names well and never changes.
fn hash(name: &str) -> u64 {
    let fnv = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mixed = (fnv ^ fnv >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

/// CSS Color 4, section 7.1.
fn from_hsl(hue: f64, saturation: f64, lightness: f64) -> u32 {
    let a = saturation * lightness.min(1.0 - lightness);
    let part = |n: f64| {
        let k = (n + hue / 30.0) % 12.0;
        let value = lightness - a * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0);
        (value * 255.0).round() as u32
    };
    part(0.0) << 16 | part(8.0) << 8 | part(4.0)
}

/// WCAG 2.2, "relative luminance": 0 to 1.
pub fn luminance(colour: u32) -> f64 {
    static LINEAR: LazyLock<[f64; 256]> = LazyLock::new(|| {
        std::array::from_fn(|value| {
            let value = value as f64 / 255.0;
            match value <= 0.04045 {
                true => value / 12.92,
                false => ((value + 0.055) / 1.055).powf(2.4),
            }
        })
    });
    let part = |shift: u32| LINEAR[(colour >> shift & 255) as usize];
    0.2126 * part(16) + 0.7152 * part(8) + 0.0722 * part(0)
}

/// WCAG 2.2, "contrast ratio": 1 to 21.
pub fn contrast(a: u32, b: u32) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}
