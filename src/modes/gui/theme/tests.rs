use std::collections::HashSet;

use super::*;
use crate::hue::{contrast, hue};

const PALETTES: [(&str, Palette); 3] = [
    ("light", Palette::LIGHT),
    ("dark", Palette::DARK),
    ("high contrast", Palette::HIGH_CONTRAST),
];

fn names() -> impl Iterator<Item = String> {
    (0..500).map(|n| match n % 4 {
        0 => format!("{n}"),
        1 => format!("user{n}"),
        2 => char::from_u32(0x4e00 + n).into_iter().collect(),
        _ => format!("Zoë {n}"),
    })
}

#[test]
fn every_text_can_be_read_wherever_it_stands() {
    for (title, p) in PALETTES {
        let least = f64::from(p.least_contrast) / 10.0;
        let of_transcript = [p.text, p.quiet, p.waiting, p.wrong, p.own, p.link];
        let mut pairs: Vec<(u32, u32)> = Vec::new();
        for text in of_transcript {
            pairs.extend(p.text_backgrounds().map(|ground| (text, ground)));
            pairs.push((text, p.window));
        }
        pairs.push((p.unread, p.surface));
        for field in [p.field, p.wrong_field, p.selection] {
            pairs.push((p.text, field));
        }
        pairs.push((p.quiet, p.field));
        for face in [p.accent, p.accent_pressed] {
            pairs.push((p.accent_text, face));
        }
        for face in [p.button, p.button_pressed] {
            pairs.push((p.text, face));
        }
        for (text, ground) in pairs {
            let found = contrast(text, ground);
            assert!(
                found >= least,
                "{title}: {text:06x} on {ground:06x} is {found:.2}"
            );
        }
    }
}

#[test]
fn what_must_be_seen_stands_out() {
    for (title, p) in PALETTES {
        let surroundings = [p.window, p.surface, p.field];
        let seen = [
            (p.border, &surroundings[..]),
            (p.focus, &surroundings[..]),
            (p.slider, &[p.bar]),
            (p.good, &[p.window]),
            (p.warn, &[p.window]),
            (p.idle, &[p.window]),
            (p.off_text, &[p.off]),
            (p.accent, &[p.window]),
        ];
        for (colour, grounds) in seen {
            for ground in grounds {
                let found = contrast(colour, *ground);
                assert!(
                    found >= 3.0,
                    "{title}: {colour:06x} on {ground:06x} is {found:.2}"
                );
            }
        }
    }
}

#[test]
fn every_name_can_be_read_and_most_differ() {
    for (title, p) in PALETTES {
        let least = f64::from(p.least_contrast) / 10.0;
        let mut seen = HashSet::new();
        for name in names() {
            let colour = p.name(&name);
            seen.insert(colour);
            for ground in p.text_backgrounds() {
                let found = contrast(colour, ground);
                assert!(
                    found >= least,
                    "{title}: {name} as {colour:06x} on {ground:06x} is {found:.2}"
                );
            }
        }
        assert!(seen.len() > 450, "{title}: only {} colours", seen.len());
    }
}

#[test]
fn a_name_keeps_its_hue_in_every_theme() {
    for name in names() {
        let wanted = hue_of(hash(&name));
        for (title, p) in PALETTES {
            let (found, chroma) = hue(p.name(&name));
            // Rounding to 256 steps moves a hue the more, the less of it there is.
            let apart = (found - wanted + 540.0).rem_euclid(360.0) - 180.0;
            let allowed = 1.0 / chroma.max(0.02);
            assert!(apart.abs() <= allowed, "{title}: {name}: {found} {wanted}");
        }
        assert_eq!(Palette::LIGHT.name(&name), Palette::LIGHT.name(&name));
    }
}

#[test]
fn a_theme_is_a_word() {
    for theme in Theme::ALL {
        assert_eq!(theme.to_string().parse(), Ok(theme));
    }
    assert_eq!(Theme::default(), Theme::System);
    let wrong = "blue".parse::<Theme>().expect_err("no theme");
    assert!(wrong.contains("\"blue\"") && wrong.contains("high-contrast"));
    assert_eq!(Theme::System.palette(true), Palette::DARK);
    assert_eq!(Theme::System.palette(false), Palette::LIGHT);
    assert!(Palette::DARK.is_dark() && !Palette::LIGHT.is_dark());
}
