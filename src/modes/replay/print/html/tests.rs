use super::document::{DARK, LEAST, LIGHT, STYLE, style};
use super::text::{HUES, put};
use crate::hue::contrast;

/// The colours of a theme in the style, by name.
fn colours(theme: &str) -> Vec<(&str, u32)> {
    let found = theme.split(';').filter_map(|rule| {
        let (name, value) = rule.trim().split_once(": #")?;
        let value = match value.len() {
            3 => value.chars().flat_map(|c| [c, c]).collect(),
            _ => value.to_string(),
        };
        let name = name.trim_start_matches("--");
        Some((name, u32::from_str_radix(&value, 16).expect("a colour")))
    });
    found.collect()
}

#[test]
fn everything_can_be_read_in_the_light_and_in_the_dark() {
    let mut themes = STYLE.split(":root {").skip(1);
    let whole = style();
    let names: Vec<u32> = whole
        .split("{color:#")
        .skip(1)
        .map(|rest| u32::from_str_radix(&rest[..6], 16).expect("a colour"))
        .collect();
    assert_eq!(names.len(), 2 * HUES);
    for (made_for, names) in [(LIGHT, &names[..HUES]), (DARK, &names[HUES..])] {
        let theme = themes.next().expect("two themes");
        let theme = theme.split_once('}').expect("an end").0;
        let colours = colours(theme);
        let colour = |wanted: &str| {
            let found = colours.iter().find(|(name, _)| *name == wanted);
            found.unwrap_or_else(|| panic!("no {wanted} in {theme}")).1
        };
        let grounds = ["surface", "found", "now", "here"].map(colour);
        assert_eq!(grounds, made_for, "what names are made for");
        let texts = ["text", "quiet", "link", "wrong"].map(colour);
        for text in texts.iter().chain(names) {
            for ground in grounds {
                let found = contrast(*text, ground);
                assert!(found >= LEAST, "{text:06x} on {ground:06x}: {found:.2}");
            }
        }
        for seen in ["border", "focus"].map(colour) {
            assert!(contrast(seen, grounds[0]) >= 3.0, "{seen:06x}");
        }
    }
}

#[test]
fn every_character_is_text() {
    let put = |text: &str| {
        let mut out = Vec::new();
        put(text, &mut out);
        String::from_utf8(out).expect("UTF-8")
    };
    assert_eq!(
        put("<a href=\"x\" b='&'>"),
        "&lt;a href=&quot;x&quot; b=&#39;&amp;&#39;&gt;"
    );
    assert_eq!(put("a\r\nb\rc\td\\"), "a\nb\\rc\td\\");
    assert_eq!(
        put("\0\u{7f}\u{85}\u{202e}\u{2028}\u{feff}"),
        "\\u{0}\\u{7f}\\u{85}\\u{202e}\\u{2028}\\u{feff}"
    );
    assert_eq!(
        put("\u{fffe}\u{fdd0}\u{10ffff}"),
        "\\u{fffe}\\u{fdd0}\\u{10ffff}"
    );
    for kept in [
        "",
        "é 日本 🎉 \u{a0}",
        "\u{5d0}\u{200f}!",
        "\u{fffd}",
        "a\u{301}\u{200d}",
    ] {
        assert_eq!(put(kept), kept);
    }
    for c in '\0'..=char::MAX {
        let shown = put(&c.to_string());
        assert!(
            !shown.contains(['<', '>', '"', '\'', '\0', '\r']),
            "{c:?}: {shown}"
        );
    }
}
