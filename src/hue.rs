//! The colour of a name, shared by the window and the terminal, so that a member has the same hue in
//! both. Pure.

use std::sync::LazyLock;

/// FNV-1a with the finaliser of SplitMix64: spreads short names well and never changes.
pub fn hash(name: &str) -> u64 {
    let fnv = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mixed = (fnv ^ fnv >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

/// The hue for a name with that hash, in degrees: 0 to 360.
pub fn hue_of(hash: u64) -> f64 {
    (hash & 0xffff) as f64 / 65_536.0 * 360.0
}

/// The colour's saturation: 0.45 to 1.
#[cfg(any(test, feature = "gui"))]
pub fn saturation_of(hash: u64) -> f64 {
    0.45 + 0.55 * (hash >> 16 & 0xff) as f64 / 255.0
}

/// The colour's contrast above the required minimum, as a share: 0 to 1.
#[cfg(any(test, feature = "gui"))]
pub fn spread_of(hash: u64) -> f64 {
    (hash >> 24 & 0xff) as f64 / 255.0
}

/// The colour `0xRRGGBB` of a hue in degrees (CSS Color 4, section 7.1).
pub fn from_hsl(hue: f64, saturation: f64, lightness: f64) -> u32 {
    let a = saturation * lightness.min(1.0 - lightness);
    let part = |n: f64| {
        let k = (n + hue / 30.0) % 12.0;
        let value = lightness - a * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0);
        (value * 255.0).round() as u32
    };
    part(0.0) << 16 | part(8.0) << 8 | part(4.0)
}

/// The relative luminance, 0 to 1 (WCAG 2.2).
pub fn luminance(colour: u32) -> f64 {
    static LINEAR: LazyLock<[f64; 256]> = LazyLock::new(|| {
        std::array::from_fn(|value| {
            let value = value as f64 / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        })
    });
    let part = |shift: u32| LINEAR[(colour >> shift & 255) as usize];
    0.2126 * part(16) + 0.7152 * part(8) + 0.0722 * part(0)
}

/// The contrast ratio, 1 to 21 (WCAG 2.2).
pub fn contrast(a: u32, b: u32) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// The index among the 256 colours of a terminal (xterm's) for a name: of those that can be read on
/// black and on white one whose hue is the name's.
pub fn on_terminal(name: &str) -> u8 {
    let hash = hash(name);
    let wanted = hue_of(hash);
    let apart = |hue: f64| {
        let apart = (hue - wanted).rem_euclid(360.0);
        apart.min(360.0 - apart)
    };
    let nearest = READABLE.iter().map(|(hue, _)| apart(*hue));
    let nearest = nearest.fold(f64::MAX, f64::min);
    // Several shades have the same hue: the rest of the hash chooses.
    let shades = READABLE
        .iter()
        .filter(|(hue, _)| apart(*hue) <= nearest + 1.0);
    let shades: Vec<u8> = shades.map(|(_, index)| *index).collect();
    shades[(hash >> 16 & 0xff) as usize % shades.len()]
}

/// The contrast that the letters of a name have on black and on white.
const LEAST_ON_BOTH: f64 = 3.0;

/// Hue and index of the colours that can be read on black and on white.
static READABLE: LazyLock<Vec<(f64, u8)>> = LazyLock::new(|| {
    let readable = |index: &u8| {
        let colour = xterm(*index);
        contrast(colour, 0).min(contrast(colour, 0xff_ffff)) >= LEAST_ON_BOTH
    };
    let with_hue = |index: u8| {
        let (hue, chroma) = hue(xterm(index));
        (chroma >= 0.3).then_some((hue, index))
    };
    (16..=231).filter(readable).filter_map(with_hue).collect()
});

/// The colour `0xRRGGBB` that xterm shows for one of its colours 16 to 231, a cube of six steps a side.
fn xterm(index: u8) -> u32 {
    const STEPS: [u32; 6] = [0, 95, 135, 175, 215, 255];
    let n = usize::from(index - 16);
    STEPS[n / 36] << 16 | STEPS[n / 6 % 6] << 8 | STEPS[n % 6]
}

/// The hue in degrees, and the saturation, 0 to 1.
pub(crate) fn hue(colour: u32) -> (f64, f64) {
    let [r, g, b] = [16, 8, 0].map(|shift| f64::from(colour >> shift & 255) / 255.0);
    let (max, min) = (r.max(g).max(b), r.min(g).min(b));
    let chroma = max - min;
    let sixth = match max {
        _ if chroma == 0.0 => 0.0,
        max if max == r => ((g - b) / chroma).rem_euclid(6.0),
        max if max == g => (b - r) / chroma + 2.0,
        _ => (r - g) / chroma + 4.0,
    };
    (sixth * 60.0, chroma)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_name_has_on_a_terminal_the_hue_that_it_has_in_the_window() {
        let mut seen = HashSet::new();
        for n in 0..2_000 {
            let name = format!("name {n}");
            let index = on_terminal(&name);
            assert_eq!(index, on_terminal(&name));
            let colour = xterm(index);
            for behind in [0, 0xff_ffff] {
                assert!(contrast(colour, behind) >= LEAST_ON_BOTH, "{name}: {index}");
            }
            let apart = (hue(colour).0 - hue_of(hash(&name)) + 540.0).rem_euclid(360.0) - 180.0;
            assert!(
                apart.abs() <= 24.0,
                "{name}: {index} is {apart} degrees off"
            );
            seen.insert(index);
        }
        assert!(seen.len() >= 40, "only {} colours", seen.len());
    }
}
