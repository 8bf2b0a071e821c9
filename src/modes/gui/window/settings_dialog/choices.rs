//! The entries of the dialog's menus, escaped so that FLTK shows them as they are.

use std::collections::HashSet;

/// A label and its value; `None` follows the system.
pub type Labelled<T> = (String, Option<T>);

const SCALES: [(&str, Option<f64>); 6] = [
    ("Automatic", None),
    ("100 %", Some(1.0)),
    ("125 %", Some(1.25)),
    ("150 %", Some(1.5)),
    ("200 %", Some(2.0)),
    ("300 %", Some(3.0)),
];

/// Escapes a label for FLTK, which takes `&` and `@` for commands.
fn literal(text: &str) -> String {
    text.replace('&', "&&").replace('@', "@@")
}

/// Escapes a label for a menu, which has more of them.
pub fn item(text: &str) -> String {
    let text = literal(text).replace('|', "¦");
    text.replace('\\', "\\\\").replace('/', "\\/")
}

/// The choice of fonts: the system's sans-serif, every family once, and the chosen one even if it
/// is not installed. `faces` has several of a family, each by its full name, with a space before
/// the name if it came from [`appearance::set`](super::appearance::set).
pub fn fonts(faces: Vec<String>, chosen: Option<&str>) -> Vec<Labelled<String>> {
    // The suffixes that FLTK adds for slant and weight, and those of plain faces.
    const STYLES: [&str; 5] = [
        " Bold Italic",
        " Bold Oblique",
        " Bold",
        " Italic",
        " Oblique",
    ];
    const PLAIN: [&str; 2] = [" Book", " Roman"];
    let known: HashSet<&str> = faces.iter().map(|face| face.trim()).collect();
    let has = |base: &str, style: &str| known.contains(format!("{base}{style}").as_str());
    // A suffix is a style only beside a face without it: "Noto Sans Old Italic" and "Nimbus Roman"
    // are families.
    let family = |face: &str| {
        let base = |styles: &[&str]| styles.iter().find_map(|style| face.strip_suffix(style));
        let styled = base(&STYLES)
            .filter(|base| known.contains(base) || PLAIN.iter().any(|plain| has(base, plain)));
        let plain = base(&PLAIN).filter(|base| STYLES.iter().any(|style| has(base, style)));
        styled.or(plain).unwrap_or(face).to_string()
    };
    let mut families: Vec<String> = known.iter().map(|face| family(face)).collect();
    families.retain(|name| !name.is_empty() && name != "Sans");
    families.sort_by_cached_key(|name| (name.to_lowercase(), name.clone()));
    families.dedup();
    let mut all = vec![("The system's sans-serif".to_string(), None)];
    if let Some(chosen) = chosen
        && !families.iter().any(|name| name == chosen)
    {
        let name = format!("{chosen} (not installed)");
        all.push((name, Some(chosen.to_string())));
    }
    all.extend(families.into_iter().map(|name| (name.clone(), Some(name))));
    all
}

/// The choice of scales, with the one in the file if that is another.
pub fn scales(chosen: Option<f64>) -> Vec<Labelled<f64>> {
    let mut all: Vec<Labelled<f64>> = SCALES
        .iter()
        .map(|(name, scale)| (name.to_string(), *scale))
        .collect();
    if let Some(scale) = chosen
        && !all.iter().any(|(_, known)| *known == chosen)
    {
        let index = all.iter().take_while(|(_, known)| *known < chosen).count();
        all.insert(index, (format!("{} %", (scale * 100.0).round()), chosen));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_family_is_offered_once() {
        let faces = [
            "Sans",
            "Sans Bold",
            "Serif",
            "Serif Bold Italic",
            "Noto Sans Old Italic Bold",
            "Noto Sans Old Italic",
            "Noto Sans Old Italic Italic",
            "C059 Roman",
            "C059 Bold",
            "Nimbus Roman",
            "Nimbus Roman Bold",
            "DejaVu Sans Book",
            "DejaVu Sans Bold Oblique",
            "apl",
            "apl",
            " apl",
            " DejaVu Sans",
            "Serif ",
            "Serif",
        ];
        let offered = |chosen: Option<&str>| {
            let all = fonts(faces.map(str::to_string).to_vec(), chosen);
            let names: Vec<String> = all.iter().map(|(name, _)| name.clone()).collect();
            (names, all)
        };
        let families = [
            "apl",
            "C059",
            "DejaVu Sans",
            "Nimbus Roman",
            "Noto Sans Old Italic",
            "Serif",
        ];
        let (names, all) = offered(Some("Serif"));
        assert_eq!(names[0], "The system's sans-serif");
        assert_eq!(names[1..], families);
        assert_eq!(all[0].1, None);
        assert_eq!(all[6].1.as_deref(), Some("Serif"));
        let (names, all) = offered(Some("Gone"));
        assert_eq!(names[1], "Gone (not installed)");
        assert_eq!(all[1].1.as_deref(), Some("Gone"));
    }

    #[test]
    fn a_scale_from_the_file_is_offered_in_its_place() {
        assert_eq!(scales(None).len(), SCALES.len());
        assert_eq!(scales(Some(1.5)).len(), SCALES.len());
        let all = scales(Some(1.75));
        assert_eq!(all[4], ("175 %".to_string(), Some(1.75)));
        assert_eq!(scales(Some(4.0)).last(), Some(&("400 %".into(), Some(4.0))));
    }

    #[test]
    fn a_label_is_shown_as_it_is() {
        assert_eq!(literal("a&b@c/d"), "a&&b@@c/d");
        assert_eq!(item("a/b|c\\"), "a\\/b¦c\\\\");
    }
}
