//! The spans of a text that are more than text: links, and our own name. Pure.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::decompose_compatible;
use unicode_segmentation::UnicodeSegmentation;

use crate::urls::{is_unspaced, urls};
pub use crate::urls::{opens, target};

/// The kinds of spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// A link; see [`target`].
    Link,
    /// Our own name.
    Mention,
}

/// Finds the links and the mentions of `me`, in order, not overlapping. A name within a link is no
/// mention.
pub fn spans(text: &str, me: Option<&str>) -> Vec<(Range<usize>, Span)> {
    let mut found: Vec<_> = urls(text)
        .into_iter()
        .map(|link| (link, Span::Link))
        .collect();
    if let Some(me) = me {
        let links = found.len();
        for name in names(text, me) {
            let before = |link: &Range<usize>| link.end <= name.start;
            let next = found[..links].partition_point(|(link, _)| before(link));
            let in_link = found[..links]
                .get(next)
                .is_some_and(|(link, _)| link.start < name.end);
            if !in_link {
                found.push((name, Span::Mention));
            }
        }
        found.sort_by_key(|(range, _)| range.start);
    }
    found
}

/// Returns whether the text mentions `me`.
pub fn mentions(text: &str, me: &str) -> bool {
    // Most texts have none.
    !names(text, me).is_empty()
        && spans(text, Some(me))
            .iter()
            .any(|(_, span)| *span == Span::Mention)
}

/// Finds `needle`, which is in lower case, as ranges of the text's bytes. The text is compared in
/// lower case, whose letters may be shorter, longer or more than those of the text.
pub fn found(text: &str, needle: &str) -> Vec<Range<usize>> {
    let lower = text.to_lowercase();
    if needle.is_empty() || !lower.contains(needle) {
        return Vec::new();
    }
    // The end of each letter in lower case, and its range in the text. The only letter whose lower
    // case depends on its place, the Greek s, has the same length in both forms.
    let mut end = 0;
    let letters = text.char_indices().map(|(at, c)| {
        end += c.to_lowercase().map(char::len_utf8).sum::<usize>();
        (end, at..at + c.len_utf8())
    });
    let mut letters = letters.peekable();
    let mut found = Vec::new();
    for (from, _) in lower.match_indices(needle) {
        while letters.next_if(|(end, _)| *end <= from).is_some() {}
        let Some((_, first)) = letters.peek().cloned() else {
            break;
        };
        let mut range = first;
        while let Some((end, letter)) = letters.peek() {
            range.end = letter.end;
            if *end >= from + needle.len() {
                break; // A letter of several may be the beginning of the next match too.
            }
            letters.next();
        }
        found.push(range);
    }
    found
}

/// Finds a name as a whole word, with the `@` before it, whatever the case of its letters and the
/// encoding of its marks.
///
/// The name ends where no letter or digit follows: "uthira's" has it, "uthirav" has not. In scripts
/// without spaces, and in Korean with its particles, it may end anywhere.
///
/// A name of one or two letters is a word as well ("ok", "it", "я"): it is meant after an `@`, and
/// at the beginning of a line before a `:`, as Tab writes it.
fn names(text: &str, me: &str) -> Vec<Range<usize>> {
    let mut wanted = Vec::new();
    me.trim().chars().for_each(|c| fold(c, |c| wanted.push(c)));
    let mut found = Vec::new();
    if wanted.is_empty() {
        return found;
    }
    let short = is_short(me);
    let mut clusters = text.grapheme_indices(true).peekable();
    while let Some((start, cluster)) = clusters.next() {
        step();
        let Some(end) = matching(&text[start..], &wanted).map(|len| start + len) else {
            continue;
        };
        let mut behind = clusters.clone();
        let mut edge = start + cluster.len();
        while edge < end {
            step();
            match behind.next() {
                Some((at, cluster)) => edge = at + cluster.len(),
                None => break,
            }
        }
        let alone = edge == end && is_edge(text, start) && is_edge(text, end);
        if alone && (!short || is_called(text, start, end)) {
            let at = usize::from(text[..start].ends_with('@'));
            found.push(start - at..end);
            clusters = behind;
        }
    }
    found
}

/// The number of bytes at the beginning of the text that match the wanted characters.
fn matching(text: &str, wanted: &[char]) -> Option<usize> {
    let mut left = wanted;
    for (at, c) in text.char_indices() {
        step();
        let mut same = true;
        fold(c, |c| match left.split_first() {
            Some((first, rest)) if *first == c => left = rest,
            _ => same = false,
        });
        if !same {
            return None;
        }
        if left.is_empty() {
            return Some(at + c.len_utf8());
        }
    }
    None
}

/// Folds a character for comparing names: without case (both ways, because of `ß` and `ς`), with
/// marks apart from letters, wide and narrow forms alike.
fn fold(c: char, mut put: impl FnMut(char)) {
    if c.is_ascii() {
        return put(c.to_ascii_lowercase());
    }
    for c in c.to_uppercase().flat_map(char::to_lowercase) {
        decompose_compatible(c, &mut put);
    }
}

/// Returns whether a name has at most two letters, all of a script whose words have more. Signs,
/// emoji, and scripts that write words in one or two characters do not count.
fn is_short(name: &str) -> bool {
    let spaced = |c: char| c.is_alphanumeric() && !is_unspaced(c);
    let mut letters = name.trim().nfc();
    letters.by_ref().take(2).all(spaced) && letters.next().is_none()
}

/// Returns whether a name in the text is called: `@name`, or `name:` at the beginning of a line.
fn is_called(text: &str, start: usize, end: usize) -> bool {
    if text[..start].ends_with('@') {
        return true;
    }
    // Only up to the first character that is not blank: a line may be one long text.
    let blank = |c: &char| {
        step();
        c.is_whitespace()
    };
    let mut before = text[..start].chars().rev().take_while(|c| *c != '\n');
    before.all(|c| blank(&c)) && matches!(text[end..].chars().find(|c| !blank(c)), Some(':' | '：'))
}

/// Counts a step of this module's loops, in its tests.
fn step() {
    #[cfg(test)]
    tests::STEPS.with(|steps| steps.set(steps.get() + 1));
}

/// Returns whether a name may begin or end here.
fn is_edge(text: &str, at: usize) -> bool {
    let before = text[..at].chars().next_back();
    let after = text[at..].chars().next();
    let (Some(before), Some(after)) = (before, after) else {
        return true;
    };
    let goes_on = |c: char| (c.is_alphanumeric() || c == '_') && !is_unspaced(c);
    !(goes_on(before) && goes_on(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links_in(text: &str) -> Vec<&str> {
        let found = spans(text, None).into_iter();
        found.map(|(range, _)| &text[range]).collect()
    }

    fn names_in<'a>(text: &'a str, me: &str) -> Vec<&'a str> {
        let named = spans(text, Some(me))
            .into_iter()
            .filter(|(_, span)| *span == Span::Mention)
            .map(|(range, _)| &text[range])
            .collect::<Vec<_>>();
        assert_eq!(mentions(text, me), !named.is_empty(), "{text}");
        named
    }

    #[test]
    fn links_end_where_a_reader_thinks() {
        assert_eq!(
            links_in("see https://example.org/a?b=c#d, or (http://x.test/y_(z))."),
            ["https://example.org/a?b=c#d", "http://x.test/y_(z)"]
        );
        assert_eq!(links_in("HTTP://EXAMPLE.ORG!"), ["HTTP://EXAMPLE.ORG"]);
        assert_eq!(
            links_in("<http://192.168.1.20:1337>"),
            ["http://192.168.1.20:1337"]
        );
        assert_eq!(links_in("\"http://a.test/b\""), ["http://a.test/b"]);
    }

    #[test]
    fn nothing_else_is_a_link() {
        for text in [
            "example.org",
            "a@example.org",
            "mailto:a@example.org",
            "file:///etc/passwd",
            "ftp://example.org/x",
            "chatroom://192.168.1.20:1337",
            "javascript:alert(1)",
            "javascript://example.org/%0aalert(1)",
            "http:// x",
            "http://",
            "xhttp://example.org",
            "://",
        ] {
            assert!(links_in(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn only_the_web_is_opened() {
        assert!(opens("http://example.org") && opens("HTTPS://example.org"));
        for other in ["chatroom://x", "file:///x", "httpx://x", "http:x", ""] {
            assert!(!opens(other), "{other}");
        }
    }

    #[test]
    fn a_name_is_found_as_a_whole_word() {
        for text in [
            "uthira",
            "Uthira: hello",
            "uthira:hello",
            "hello UTHIRA!",
            "uthira's",
            "uthira\u{2019}s",
            "(uthira)",
            "so, uthira.",
            "日本uthira日本",
        ] {
            assert_eq!(names_in(text, "uthira").len(), 1, "{text}");
        }
        assert_eq!(
            names_in("hi @uthira, uthira", "Uthira"),
            ["@uthira", "uthira"]
        );
        for text in [
            "uthirav",
            "vuthira",
            "uthira_2",
            "uthira2",
            "uthir",
            "uthira\u{301}",
        ] {
            assert!(names_in(text, "uthira").is_empty(), "{text}");
        }
    }

    #[test]
    fn names_are_in_every_script() {
        assert_eq!(names_in("and a b, ab", "a b"), ["a b"]);
        assert_eq!(names_in("日本語で、日本", "日本"), ["日本", "日本"]);
        assert_eq!(names_in("철수야 안녕", "철수"), ["철수"]);
        assert_eq!(names_in("ok👍👍", "👍"), ["👍", "👍"]);
        assert!(names_in("👍🏽", "👍").is_empty(), "another character");
        assert_eq!(names_in("🇩🇪🇪🇺", "🇪🇺"), ["🇪🇺"]);
        assert!(names_in("🇩🇪🇪🇺", "🇪🇪").is_empty());
        assert_eq!(names_in("ΝΙΚΟΣ!", "Νικος"), ["ΝΙΚΟΣ"]);
        assert_eq!(names_in("STRASSE", "straße"), ["STRASSE"]);
        assert_eq!(
            names_in("zoe\u{308}, Ｚｏë", "Zoë"),
            ["zoe\u{308}", "Ｚｏë"]
        );
        assert_eq!(names_in("!!!", "!!!"), ["!!!"]);
        assert!(names_in("anything", " ").is_empty());
    }

    #[test]
    fn a_name_that_is_a_word_is_meant_only_where_it_is_called() {
        for (name, text) in [
            ("ok", "it is ok."),
            ("ok", "ok, let us go"),
            ("ok", "OK"),
            ("it", "it is late: go"),
            ("я", "я здесь"),
            ("no", "no, no: that is wrong\nno"),
            ("d\u{131}", "d\u{131} ne"),
        ] {
            assert!(names_in(text, name).is_empty(), "{name}: {text}");
        }
        assert_eq!(names_in("is it ok, @ok?", "ok"), ["@ok"]);
        assert_eq!(names_in("ok: it is ok.", "ok"), ["ok"]);
        assert_eq!(names_in("first\nOk : second", "ok"), ["Ok"]);
        assert_eq!(names_in("@Я, да", "я"), ["@Я"]);
        // Three letters are a name.
        assert_eq!(names_in("thanks bob", "bob"), ["bob"]);
        assert_eq!(names_in("see o\u{308}m", "öm"), Vec::<&str>::new());
    }

    #[test]
    fn what_is_looked_for_is_marked_where_it_stands() {
        let marked = |text: &'static str, needle: &str| -> Vec<&str> {
            let ranges = found(text, needle).into_iter();
            ranges.map(|range| &text[range]).collect()
        };
        assert_eq!(marked("aXbxaX", "ax"), ["aX", "aX"]);
        assert_eq!(marked("aaa", "aa"), ["aa"]);
        // Equally long in lower case as a whole, but not letter by letter.
        assert_eq!("ẞxyzİ".to_lowercase().len(), "ẞxyzİ".len());
        assert_eq!(marked("ẞxyzİ", "xyz"), ["xyz"]);
        assert_eq!(marked("ẞxyzİ", "ß"), ["ẞ"]);
        assert_eq!(marked("İİx", "i\u{307}x"), ["İx"]);
        // One letter has two in lower case: it matches either.
        assert_eq!(marked("aİ", "i"), ["İ"]);
        assert_eq!(marked("İİ", "\u{307}i"), ["İİ"]);
        assert_eq!(marked("KÅa", "ka"), Vec::<&str>::new());
        assert_eq!(marked("ΝΙΚΟΣ ΝΙΚΟΣ", "νικος"), ["ΝΙΚΟΣ", "ΝΙΚΟΣ"]);
        assert_eq!(marked("abc", ""), Vec::<&str>::new());
        assert_eq!(marked("abc", "abcd"), Vec::<&str>::new());
    }

    #[test]
    fn a_link_is_no_mention() {
        let text = "uthira http://uthira.test/uthira uthira";
        let found = spans(text, Some("uthira"));
        let found: Vec<_> = found
            .into_iter()
            .map(|(range, span)| (&text[range], span))
            .collect();
        assert_eq!(
            found,
            [
                ("uthira", Span::Mention),
                ("http://uthira.test/uthira", Span::Link),
                ("uthira", Span::Mention)
            ]
        );
        assert!(!mentions("http://uthira.test", "uthira"));
        assert!(!mentions("http://x.test/@uthira", "uthira"));
    }

    thread_local! {
        pub static STEPS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
    }

    #[test]
    fn the_work_grows_as_the_text_does() {
        let parts = [
            "a://",
            "http://a",
            "🇩🇪",
            "@uthira",
            "uthira ",
            "uthir",
            "://",
            "http://a.b/(",
            "\u{301}",
            "http://a。",
            "http://a.b/を",
            "www.a.b ",
            "www.a.b\"",
            "www.",
            "ok ",
            "ok:\n",
            "@ok ",
            "\nok  ",
            " ",
        ];
        for part in parts {
            let text = part.repeat(100_000 / part.len());
            for me in ["uthira", "🇩🇪", "uthir", "ok"] {
                STEPS.set(0);
                spans(&text, Some(me));
                let steps = STEPS.get();
                assert!(
                    steps <= 8 * text.len(),
                    "{steps} steps for {me:?} in {} bytes of {part:?}",
                    text.len()
                );
            }
        }
    }
}
