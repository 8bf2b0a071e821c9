//! The prefilter finds the same lines as a check of each.

use proptest::prelude::*;

use super::*;
use crate::event::testing::every_kind;
use crate::event::{Body, Event, Key, Stamp};
use crate::line;
use crate::modes::replay::read::defects::judge;

/// Words of patterns and texts: few enough to meet often, and some that are escaped in a line or occur in its
/// other parts.
const WORDS: [&str; 16] = [
    "a", "b", "ab", "n", "t", "\\", "\n", "\t", "0:00", "2026", "[", "]: ", "é", "Client (", "u",
    "\u{202e}",
];
const NAMES: [&str; 5] = ["a", "ab", "a]b", "é\\", "0:00"];

fn text() -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(&WORDS[..]), 1..6).prop_map(|w| w.concat())
}

/// Patterns of all kinds, most of which match something.
fn pattern() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        8 => proptest::sample::select(&WORDS[..]).prop_map(regex::escape),
        1 => proptest::sample::select(
            &[".", r"\s", r"\w", "[^a]", "[a-z]", r"(?s:.)", r"(?i:AB)", "^", "$", r"\b", r"(?-u:\xC3)", r"(?-u:[^a])"][..]
        ).prop_map(str::to_string),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            4 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}{b}")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("(?:{a}|{b})")),
            1 => inner.clone().prop_map(|a| format!("({a})*")),
            1 => inner.clone().prop_map(|a| format!("(?:{a})+?")),
            1 => inner.prop_map(|a| format!("(?:{a}){{2}}")),
        ]
    })
}

fn event() -> impl Strategy<Value = Body> {
    let name = || proptest::sample::select(&NAMES[..]).prop_map(str::to_string);
    prop_oneof![
        8 => (name(), text(), any::<bool>()).prop_map(|(from, text, keyed)| Body::message(from, text).elapsed(17).keyed(keyed.then(|| Key::new("ab\\n")).flatten())),
        1 => name().prop_map(|name| Body::Join { name }),
        1 => name().prop_map(|name| Body::Leave { name }),
        1 => text().prop_map(|text| Body::Notice { text }),
        1 => proptest::sample::select(every_kind()),
    ]
}

/// Lines, some of them damaged in one bit.
fn log() -> impl Strategy<Value = Vec<u8>> {
    let lines = proptest::collection::vec((event(), 0u8..12, any::<u16>()), 0..30);
    (lines, any::<bool>()).prop_map(|(lines, torn)| {
        let mut out = Vec::new();
        for (body, damage, place) in lines {
            let start = out.len();
            let at = Stamp::from_micros(1_795_473_297_180_845);
            line::to_line(&Event { at, body }, &mut out);
            if damage < 3 {
                let length = out.len() - start;
                out[start + usize::from(place) % length] ^= 1 << damage;
            }
        }
        if torn {
            out.pop();
        }
        out
    })
}

fn filter() -> impl Strategy<Value = Filter> {
    let kind = prop_oneof![
        3 => Just(None),
        1 => Just(Some(Kind::Messages)),
        1 => Just(Some(Kind::Joins)),
    ];
    let names = proptest::collection::vec(proptest::sample::select(&NAMES[..]), 0..3);
    (proptest::option::weighted(0.7, pattern()), names, kind).prop_map(|(grep, names, only)| {
        let spelt = |name: &&str| line::escaped_name(name).into_bytes();
        Filter {
            grep: grep.map(|pattern| Regex::new(&pattern).expect("a pattern")),
            names: names.iter().map(spelt).collect(),
            only,
            ..Filter::default()
        }
    })
}

fn wanted<'a>(
    lines: impl Iterator<Item = (u64, &'a [u8])>,
    filter: &Filter,
) -> Vec<(u64, &'a [u8])> {
    let good = |line: &[u8]| judge(line).is_ok_and(|(_, raw)| filter.accepts(&raw));
    lines.filter(|(_, line)| good(line)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn what_is_found_fast_is_what_is_found_line_by_line(log in log(), filter in filter()) {
        let prefilter = Prefilter::of(&filter);
        let fast = wanted(prefilter.lines(100, &log), &filter);
        let slow = wanted(line::lines(100, &log), &filter);
        prop_assert_eq!(fast, slow, "{:?}", filter);
    }
}

#[test]
fn only_lines_that_may_be_wanted_are_looked_at() {
    let mut log = Vec::new();
    for n in 0..1_000 {
        let body = Body::message(
            if n == 500 { "eve" } else { "bob" }.to_string(),
            if n == 700 { "here it is" } else { "nothing" }.to_string(),
        )
        .elapsed(17);
        let at = Stamp::from_micros(n);
        line::to_line(&Event { at, body }, &mut log);
    }
    let count = |filter: Filter| Prefilter::of(&filter).lines(0, &log).count();
    let grep = |pattern| Filter {
        grep: Regex::new(pattern).ok(),
        ..Filter::default()
    };
    assert_eq!(count(Filter::default()), 1_000);
    assert_eq!(count(grep("here it")), 1);
    assert_eq!(count(grep("(?i)HERE.*is|bobby")), 1);
    assert_eq!(count(grep(r"e\sit")), 1);
    // The end of a line is not skipped.
    assert_eq!(count(grep(r"here[\s\S]*")), 1);
    assert_eq!(count(grep(r"\bhere")), 1_000);
    assert_eq!(count(grep("x*")), 1_000);
    let eve = Filter {
        names: vec![b"eve".to_vec()],
        ..Filter::default()
    };
    assert_eq!(count(eve), 1);
    let joins = Filter {
        only: Some(Kind::Joins),
        ..Filter::default()
    };
    assert_eq!(count(joins), 0);
}
