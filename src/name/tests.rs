//! The rules for names, with names that people have and names that pretend.

use super::*;

fn name(raw: &str) -> Name {
    Name::new(raw, 8).unwrap_or_else(|e| panic!("{raw:?}: {e}"))
}

#[test]
fn names_of_every_script_get_in() {
    for raw in [
        "uthira",
        "8letters",
        "Zoë",
        "Ольга",
        "李小龙",
        "שרה",
        "علي",
        "नमस्ते",
        "a b",
        "x",
        "o'neil",
        "R2-D2",
        "🦀",
        "👩‍👩‍👧‍👦",
        "🏳️‍🌈",
        "👍🏽",
        "❤️",
        "🏴󠁧󠁢󠁳󠁣󠁴󠁿",
        "🇮🇳🇮🇳",
        "|Quad-",
        "क्‍ष",
    ] {
        assert!(!name(raw).as_str().is_empty(), "{raw}");
    }
}

#[test]
fn length_is_counted_as_a_reader_counts() {
    let limit = |raw: &str| Name::new(raw, 8).err();
    assert_eq!(
        limit("👩‍👩‍👧12345678"),
        Some(NameError::TooLong {
            characters: 9,
            limit: 8
        })
    );
    assert_eq!(
        limit("e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}"),
        None
    );
    assert_eq!(
        limit("longestname"),
        Some(NameError::TooLong {
            characters: 11,
            limit: 8
        })
    );
    assert_eq!(
        limit("thirteenchars").expect("too long").to_string(),
        "A name has at most 8 characters; this one has 13. Choose a shorter one."
    );
    assert!(matches!(
        limit(&"👩‍👩‍👧‍👦".repeat(4)),
        Some(NameError::TooManyBytes(_))
    ));
    assert!(matches!(
        limit(&"x".repeat(1 << 20)),
        Some(NameError::TooLong { .. })
    ));
}

#[test]
fn a_name_is_trimmed_and_composed() {
    assert_eq!(name("  bob  ").as_str(), "bob");
    assert_eq!(name("a \u{3000} b").as_str(), "a b");
    assert_eq!(name("ｂｏｂ").as_str(), "bob");
    assert_eq!(Name::new(" \u{a0} ", 8), Err(NameError::Empty));
}

#[test]
fn what_would_forge_or_hide_is_refused() {
    for raw in [
        "a:b",
        "a[b",
        "b]",
        "(c",
        "d)",
        "a\nb",
        "a\u{0}",
        "a\u{202e}b",
        "a\u{200b}b",
        "\u{301}a",
        "a\u{ad}b",
        "a\u{200d}b",
        "ab\u{200d}",
        "🦀\u{200d}",
        "a\u{fe0f}",
        "\u{feff}x",
        "\u{3164}",
        "\u{2800}",
        "a\u{e0041}",
        "：x",
    ] {
        assert!(
            matches!(Name::new(raw, 8), Err(NameError::Forbidden(_))),
            "{raw:?} got in"
        );
    }
    assert_eq!(
        Name::new("a\u{301}\u{302}\u{303}\u{304}\u{305}", 8),
        Err(NameError::TooManyMarks)
    );
    for raw in ["server", "SERVER", "Admin", "ѕystem", "r00t", " here "] {
        assert_eq!(
            Name::new(raw, 8),
            Err(NameError::Reserved),
            "{raw:?} got in"
        );
    }
}

#[test]
fn sameness_and_likeness() {
    assert!(name("Bob").is_same(&name("bob")));
    assert!(name("STRASSE").is_same(&name("strasse")));
    assert!(!name("bob").is_same(&name("bop")));
    for (one, other) in [
        ("bob", "b0b"),
        ("paul", "раul"),
        ("Mill", "MiII"),
        ("corn", "com"),
    ] {
        assert!(name(one).is_confusable_with(&name(other)), "{one} {other}");
        assert!(!name(one).is_same(&name(other)), "{one} {other}");
    }
    assert!(!name("eve").is_confusable_with(&name("eva")));
}

/// The names of the list, each with its script.
fn ordinary_names() -> Vec<(&'static str, &'static str)> {
    let mut script = "";
    let mut names = Vec::new();
    for line in include_str!("../../tests/it/data/names.txt").lines() {
        match line.strip_prefix("# ") {
            Some(title) => script = title,
            None if line.is_empty() => (),
            None => names.push((script, line)),
        }
    }
    names
}

#[test]
fn of_a_thousand_ordinary_names_two_may_be_refused() {
    let names = ordinary_names();
    let scripts: std::collections::HashSet<_> = names
        .iter()
        .map(|(script, _)| script.split(',').next())
        .collect();
    assert!(names.len() >= 1_000 && scripts.len() >= 25, "{scripts:?}");
    let refused: Vec<String> = names
        .iter()
        .filter_map(|(script, raw)| {
            let error = Name::new(raw, 64).err()?;
            Some(format!("{script}: {raw}: {error}"))
        })
        .collect();
    assert!(refused.len() * 500 <= names.len(), "{refused:#?}");
}

#[test]
fn an_ordinary_name_is_shown_as_it_was_typed() {
    // NFC, too, takes apart the compositions that Unicode excludes, and NFKC a ligature of a whole word.
    let composed = |raw: &str| raw.replace('ﷲ', "الله").nfc().collect::<String>();
    for (script, raw) in ordinary_names() {
        let name = Name::new(raw, 64).unwrap_or_else(|error| panic!("{raw}: {error}"));
        assert_eq!(name.as_str(), composed(raw), "{script}");
    }
}

#[test]
fn burmese_vowels_and_visarga_are_no_invisible_characters() {
    for raw in ["မောင်", "ကျော်", "ဝါဝါ", "ဖြူး", "ညွှန့်း"]
    {
        assert_eq!(Name::new(raw, 64).map(|name| name.shown), Ok(raw.into()));
    }
    for raw in ["\u{102c}က", "aာ", "က \u{102c}", "\u{1038}", "កား"] {
        assert!(Name::new(raw, 64).is_err(), "{raw:?} got in");
    }
}

#[test]
fn zwnj_is_where_letters_would_join_without_it() {
    // RFC 5892, appendix A.1: after a virama, or between letters that join there, marks or not.
    for raw in [
        "علی‌رضا",
        "مه\u{64e}\u{200c}ناز",
        "گل\u{200c}\u{64f}نار",
        "രാജന്\u{200c}",
        "क्\u{200c}ष",
    ] {
        assert!(Name::new(raw, 64).is_ok(), "{raw:?} was refused");
    }
    for raw in [
        "محمد\u{200c}رضا",
        "علی\u{200c}",
        "\u{200c}علی",
        "علی\u{200c}\u{200c}رضا",
        "علی\u{200c} رضا",
        "علی\u{200c}ء",
        "علی\u{200d}رضا",
        "a\u{200c}b",
        "علی\u{200c}b",
        "כ\u{200c}ן",
    ] {
        let refused = Name::new(raw, 64);
        assert!(
            matches!(refused, Err(NameError::Forbidden(_))),
            "{raw:?}: {refused:?}"
        );
    }
    let name = |raw: &str| Name::new(raw, 64).expect("a name");
    assert!(name("علی‌رضا").is_confusable_with(&name("علیرضا")));
}

#[test]
fn letters_that_nfkc_takes_apart_stay_whole_and_the_same() {
    let name = |raw: &str| Name::new(raw, 64).expect("a name");
    for (raw, pieces) in [
        ("น้ำ", ["น้\u{e4d}า", "น\u{e4d}้า"]),
        ("ນ້ຳ", ["ນ້\u{ecd}າ", "ນ\u{ecd}້າ"]),
    ] {
        assert_eq!(name(raw).as_str(), raw);
        assert_eq!(extent(raw), (1, raw.len()));
        for other in pieces {
            assert_eq!(name(other).as_str(), raw);
            assert!(name(other).is_same(&name(raw)));
        }
    }
    assert_eq!(name("Տաթևիկ").as_str(), "Տաթևիկ");
    assert!(name("Տաթևիկ").is_same(&name("Տաթեւիկ")));
    assert_eq!(name("ໝອນ").as_str(), "ໝອນ");
    // The ring above without sara aa is a different letter.
    assert_eq!(name("ก\u{e4d}น").as_str(), "ก\u{e4d}น");
}

#[test]
fn a_mark_on_nothing_is_refused_as_it_was_typed() {
    for (raw, c) in [
        ("\u{37a}", '\u{37a}'),
        ("a\u{37a}b", '\u{37a}'),
        ("o\u{b4}neil", '\u{b4}'),
        ("a\u{309b}", '\u{309b}'),
        ("a \u{301}b", '\u{301}'),
        ("a\u{a0}\u{301}", '\u{301}'),
    ] {
        assert_eq!(
            Name::new(raw, 64).err(),
            Some(NameError::Forbidden(c)),
            "{raw:?}"
        );
    }
}
