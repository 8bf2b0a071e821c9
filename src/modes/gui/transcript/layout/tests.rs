use std::cell::Cell;

use proptest::prelude::*;

use super::*;

/// Pixels of a character in the font of these tests.
const CELL: f64 = 10.0;

fn cells(piece: &str) -> f64 {
    piece.graphemes(true).count() as f64 * CELL
}

fn pixels(columns: usize) -> f64 {
    columns as f64 * CELL + SLACK
}

/// Rows of so many characters, all but the first one shorter by one.
fn rows(text: &str, columns: usize) -> Vec<&str> {
    let rows = Widths::default().wrap(text, pixels(columns), CELL, &cells);
    rows.into_iter().map(|row| &text[row]).collect()
}

fn in_pieces(text: &str, columns: usize, budgets: &[usize]) -> Vec<Range<usize>> {
    let mut widths = Widths::default();
    let mut wrapping = Wrapping::new(0.0, pixels(columns), CELL);
    for budget in budgets.iter().cycle() {
        let before = wrapping.rows().len();
        let done = wrapping.go_on(text, &mut widths, &cells, *budget);
        assert!(wrapping.rows().len() - before <= *budget);
        assert!(done || wrapping.rows().len() > before, "it goes on");
        assert_eq!(done, wrapping.is_done());
        if done {
            break;
        }
    }
    wrapping.rows
}

#[test]
fn words_stay_whole_and_rows_fit() {
    assert_eq!(rows("one two three", 20), ["one two three"]);
    assert_eq!(rows("one two three", 7), ["one two", "three"]);
    assert_eq!(rows("one two three", 6), ["one", "two", "three"]);
    assert_eq!(rows("one  two", 4), ["one", "two"]);
    assert_eq!(rows("one   ", 3), ["one"], "spaces at the end take no row");
    assert_eq!(rows("", 5), [""]);
    assert_eq!(rows("a\n\nb\n", 5), ["a", "", "b", ""]);
    assert_eq!(
        rows("  a\n b", 5),
        ["  a", " b"],
        "spaces at the start are kept"
    );
}

#[test]
fn what_is_wider_than_a_row_is_broken_between_characters() {
    assert_eq!(rows("abcdefgh", 4), ["abcd", "efg", "h"]);
    assert_eq!(rows("x abcdefgh", 4), ["x ab", "cde", "fgh"]);
    let family = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}";
    let families = family.repeat(3);
    assert_eq!(rows(&families, 2), [&families[..2 * family.len()], family]);
    assert_eq!(rows("漢字かな交じり文", 4), ["漢字かな", "交じり", "文"]);
    assert_eq!(rows("ab", 0), ["a", "b"], "a narrow window hides nothing");
    let accents = "e\u{301}".repeat(4);
    assert_eq!(rows(&accents, 3), ["e\u{301}".repeat(3), "e\u{301}".into()]);
}

#[test]
fn the_first_row_leaves_room_for_who_spoke() {
    let wrap = |text: &str, indent: usize| {
        let mut wrapping = Wrapping::new(indent as f64 * CELL, pixels(8), CELL);
        assert!(wrapping.go_on(text, &mut Widths::default(), &cells, 100));
        wrapping.rows
    };
    assert_eq!(wrap("one two three", 1), [0..7, 8..13]);
    assert_eq!(wrap("one two three", 5), [0..3, 4..7, 8..13]);
    assert_eq!(
        wrap("one two", 6),
        [0..0, 0..7],
        "a word that fits is not broken"
    );
    assert_eq!(
        wrap("abcdefghij", 6),
        [0..2, 2..9, 9..10],
        "a longer one begins"
    );
}

#[test]
fn full_stops_do_not_begin_a_row() {
    assert_eq!(rows("漢字かな。交", 4), ["漢字か", "な。交"]);
}

#[test]
fn a_row_is_never_too_long_to_draw() {
    let dust = "\u{200d}".repeat(50_000);
    let marks = format!("a{}", "\u{301}".repeat(50_000));
    let spaces = format!("a{}b", " ".repeat(100_000));
    let nothing = |_: &str| 0.0;
    for text in [&dust, &marks, &spaces] {
        let rows = Widths::default().wrap(text, pixels(80), 0.0, &nothing);
        let longest = rows.iter().map(|row| text[row.clone()].trim().len()).max();
        assert!(longest <= Some(2048), "{longest:?}");
    }
}

#[test]
fn a_long_message_asks_the_font_little_and_is_made_in_portions() {
    let latin: String = (0..20_000).map(|n| format!("w{n} ")).collect();
    let ideographs: String = ('\u{4e00}'..='\u{9fa5}').cycle().take(100_000).collect();
    let arabic: String = (0..20_000)
        .map(|n: u32| {
            let digit = |shift: u32| (n >> shift & 15) as u8;
            let letters = [0, 4, 8, 12].map(|shift| char::from_u32(0x628 + digit(shift) as u32));
            letters
                .into_iter()
                .flatten()
                .chain([' '])
                .collect::<String>()
        })
        .collect();
    let endless = "x".repeat(100_000);
    let thai = "ภาษาไทย".repeat(14_000);
    for text in [latin, ideographs, arabic, endless, thai] {
        let asked = Cell::new(0_u64);
        let measure = |piece: &str| {
            asked.set(asked.get() + 1);
            assert!(piece.len() <= 512, "a long text is never measured whole");
            cells(piece)
        };
        let (mut widths, mut wrapping) = (Widths::default(), Wrapping::new(0.0, 1000.0, 0.0));
        while !wrapping.is_done() {
            let (rows, before) = (wrapping.rows().len(), asked.get());
            wrapping.go_on(&text, &mut widths, &measure, 200);
            assert!(wrapping.rows().len() > rows && wrapping.rows().len() <= rows + 200);
            assert!(asked.get() - before <= 500, "a frame can wait for that");
            assert!(widths.bytes() <= 300_000);
        }
        assert!(wrapping.rows().len() >= 900);
    }
}

#[test]
fn the_first_strong_character_says_where_a_text_begins() {
    for right in ["שלום", "123, سلام hello", "(\u{5d0}", "\u{2066}abc\u{2069}א"] {
        assert!(is_rtl(right), "{right}");
    }
    for left in ["", "12 %", "hello שלום", "日本 سلام", "👍", "\u{2067}א"] {
        assert!(!is_rtl(left), "{left}");
    }
    assert!(is_bidi("hello שלום") && is_bidi("\u{200f}") && is_bidi("٣"));
    assert!(!is_bidi("hello 日本 👍 ภาษา 12 §"));
}

#[test]
fn what_is_taken_for_left_to_right_is() {
    for c in ('\0'..='\u{58f}').chain('\u{2070}'..='\u{fb1c}') {
        use unicode_bidi::BidiClass::{AL, AN, R, RLE, RLI, RLO};
        let class = unicode_bidi::bidi_class(c);
        assert!(!matches!(class, R | AL | AN | RLE | RLI | RLO), "{c:?}");
    }
}

/// Texts of words, spaces and line breaks of many scripts.
fn texts() -> impl Strategy<Value = String> {
    let parts = prop_oneof![
        "[a-z]{1,12}",
        "[ \n]{1,3}",
        "[漢字かな。]{1,6}",
        "[سلامعل]{1,8}",
        "(e\u{301}|👍🏽|👨\u{200d}👩\u{200d}👧|🇩🇪|ภาษา|\u{200d}){1,5}",
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(parts, 0..30).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn pieces_of_any_size_make_the_same_rows(
        text in texts(),
        columns in 0..30_usize,
        budgets in prop::collection::vec(1..5_usize, 1..4),
    ) {
        let whole = Widths::default().wrap(&text, pixels(columns), CELL, &cells);
        prop_assert_eq!(in_pieces(&text, columns, &budgets), whole);
    }

    #[test]
    fn no_character_is_lost_and_every_row_fits(text in texts(), columns in 2..30_usize) {
        let rows = Widths::default().wrap(&text, pixels(columns), CELL, &cells);
        let mut at = 0;
        for (index, row) in rows.iter().enumerate() {
            prop_assert!(row.start >= at);
            let between = &text[at..row.start];
            prop_assert!(between.chars().all(char::is_whitespace), "{between:?}");
            prop_assert!(between.matches('\n').count() <= 1);
            let room = columns - usize::from(index > 0);
            prop_assert!(cells(&text[row.clone()]) <= room as f64 * CELL);
            let clusters = text.grapheme_indices(true).map(|(at, _)| at);
            prop_assert!(row.start == text.len() || clusters.clone().any(|at| at == row.start));
            at = row.end;
        }
        prop_assert!(text[at..].chars().all(char::is_whitespace));
        // Every line has a row of its own.
        prop_assert!(rows.len() > text.matches('\n').count());
    }
}
