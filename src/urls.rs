//! The URLs in a text that become clickable: those of the web, and no others.

use std::ops::Range;

use linkify::{LinkFinder, LinkKind};
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

/// The byte ranges of the links in a text (http, https, and what begins with `www.`), in order, not overlapping.
/// Links to bare IPv6 addresses are not recognised. [`target`] says what a link opens.
///
/// A link ends where a reader sees its end: at quotation marks and at the punctuation of Chinese and
/// Japanese, and where a script without spaces goes on directly after a letter or a digit. Where such
/// a script begins a part of an address (`/wiki/日本`), it belongs to it.
pub fn urls(text: &str) -> Vec<Range<usize>> {
    // Most texts have none, and a colon alone makes the finder look for the beginning of a scheme.
    if !text.contains("://") && !has_www(text) {
        return Vec::new();
    }
    let mut finder = LinkFinder::new();
    finder.kinds(&[LinkKind::Url]);
    // So that it looks for `www.` too; whatever else it finds then is dropped.
    finder.url_must_have_scheme(false);
    let mut found = Vec::new();
    for part in parts(text) {
        let from = part.start;
        for link in finder.links(&text[part]) {
            let range = from + link.start()..from + link.end();
            let before = text[..range.start].chars().next_back();
            if opens(link.as_str()) || is_www(link.as_str()) && before.is_none_or(may_stand_before)
            {
                found.push(range);
            }
        }
    }
    found
}

/// The URL that a link opens: the link itself, with a scheme where it has none.
pub fn target(link: &str) -> String {
    if opens(link) {
        link.to_string()
    } else {
        format!("http://{link}")
    }
}

/// Tells whether a link may be given to a browser: http and https only.
pub fn opens(link: &str) -> bool {
    link.split_once("://").is_some_and(|(scheme, _)| {
        scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
    })
}

fn has_www(text: &str) -> bool {
    let dots = memchr::memchr_iter(b'.', text.as_bytes());
    dots.into_iter().any(|dot| {
        let before = text.as_bytes()[..dot].last_chunk::<3>();
        before.is_some_and(|before| before.eq_ignore_ascii_case(b"www"))
    })
}

/// Tells whether `link` begins with the name of a web server, as people write it without a scheme.
fn is_www(link: &str) -> bool {
    let (head, rest) = link.split_at_checked(4).unwrap_or_default();
    let host = rest.split(['/', '?', '#', ':']).next().unwrap_or_default();
    head.eq_ignore_ascii_case("www.") && host.contains('.') && !link.contains('@')
}

/// Tells whether `www.` may begin after this character: not within a word, a path or a mail address.
fn may_stand_before(c: char) -> bool {
    !c.is_alphanumeric() && !matches!(c, '/' | '.' | '@' | '-' | '_' | '\\') || is_unspaced(c)
}

/// The parts of a text that a link never extends beyond.
fn parts(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    let ends = ends(text).chain([text.len()]);
    ends.map(move |end| std::mem::replace(&mut start, end)..end)
}

/// The offsets at which no link continues.
fn ends(text: &str) -> impl Iterator<Item = usize> {
    let mut before = ' ';
    // The last three slashes: two of a scheme, and the first one after the host.
    let mut slashes = [None; 3];
    text.char_indices().filter_map(move |(at, c)| {
        let last = std::mem::replace(&mut before, c);
        if c == '/' {
            slashes = [slashes[1], slashes[2], Some(at)];
        }
        let after_host = || match slashes {
            [Some(a), Some(b), Some(c)] => a + 1 == b && c + 1 == at,
            _ => false,
        };
        let unspaced = is_unspaced(c) && (last.is_ascii_alphanumeric() || after_host());
        let www = || {
            text[at..]
                .get(..4)
                .is_some_and(|it| it.eq_ignore_ascii_case("www."))
        };
        let ends = is_end(c) || unspaced || !last.is_ascii() && may_stand_before(last) && www();
        ends.then_some(at)
    })
}

/// Returns whether a link ends before this character: spaces of any width, quotation marks, and the punctuation of
/// other scripts, but for the dots within titles; and what turns the direction of what follows.
fn is_end(c: char) -> bool {
    use GeneralCategory::{
        ClosePunctuation, FinalPunctuation, InitialPunctuation, OpenPunctuation, OtherPunctuation,
    };
    if c.is_ascii() {
        return c.is_ascii_whitespace();
    }
    let is_mark = || {
        let category = c.general_category();
        matches!(
            category,
            ClosePunctuation
                | FinalPunctuation
                | InitialPunctuation
                | OpenPunctuation
                | OtherPunctuation
        )
    };
    let is_dot = matches!(c, '·' | '・');
    let turns_or_points = matches!(c, '〜' | '＜' | '＞' | '\u{202a}'..='\u{202e}');
    c.is_whitespace() || turns_or_points || !is_dot && is_mark()
}

/// Kana, ideographs, Korean syllables (whose particles follow without a space), Thai, Lao, Khmer,
/// Burmese: words in these do not end with a space.
pub fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{3041}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links_in(text: &str) -> Vec<&str> {
        let found = urls(text).into_iter();
        found.map(|range| &text[range]).collect()
    }

    #[test]
    fn a_link_ends_where_another_script_ends_its_sentence() {
        for (before, after) in [
            ("", "。"),
            ("见", "，好"),
            ("", "：これ"),
            ("", "を見て"),
            ("", "에서 봐"),
            ("", "看这个。"),
            ("", "ที่นี่"),
            ("„", "“ ist es"),
            ("“", "”"),
            ("«", "»"),
            ("»", "«"),
            ("‘", "’s page"),
            ("「", "」です"),
            ("（", "）"),
            ("", "！"),
            ("", "؟"),
            ("", "… and more"),
            ("", "\u{a0}!"),
            ("", "\u{2003}x"),
        ] {
            for link in [
                "https://example.org/a",
                "http://example.org",
                "http://example.org/",
                "https://example.org/a?b=c1",
                "www.example.org/a",
            ] {
                let text = format!("{before}{link}{after}");
                assert_eq!(links_in(&text), [link], "{text}");
            }
        }
        // Two of them without a space between.
        assert_eq!(
            links_in("http://a.test/b、http://c.test。www.d.test"),
            ["http://a.test/b", "http://c.test", "www.d.test"]
        );
    }

    #[test]
    fn a_script_without_spaces_may_be_a_part_of_an_address() {
        for link in [
            "https://ja.wikipedia.org/wiki/日本",
            "https://ko.wikipedia.org/wiki/한국어",
            "https://example.org/?q=東京&b=1",
            "http://例え.jp/",
            "https://en.wikipedia.org/wiki/Michelson–Morley_experiment",
            "https://ru.wikipedia.org/wiki/Россия",
            "https://de.wikipedia.org/wiki/Übung",
            "https://ja.wikipedia.org/wiki/レオナルド・ダ・ヴィンチ",
            "https://ca.wikipedia.org/wiki/Col·lecció",
        ] {
            assert_eq!(links_in(&format!("see {link} there")), [link]);
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
    fn a_web_server_is_a_link_without_a_scheme() {
        assert_eq!(
            links_in("see www.example.org, (WWW.Example.org/a?b) or www.example.org:8080/x."),
            [
                "www.example.org",
                "WWW.Example.org/a?b",
                "www.example.org:8080/x"
            ]
        );
        for text in [
            "www.",
            "www.example",
            "wwww.example.org",
            "awww.example.org",
            "a@www.example.org",
            "www.a.test@example.org",
            "ftp://www.example.org",
            "file:///www.example.org/x",
            "sub.www.example.org",
            "example.org",
        ] {
            assert!(links_in(text).is_empty(), "{text}: {:?}", links_in(text));
        }
        assert_eq!(target("www.example.org/a"), "http://www.example.org/a");
        assert_eq!(target("HTTPS://example.org"), "HTTPS://example.org");
        assert!(
            !opens("www.example.org"),
            "only what has a scheme is given away"
        );
    }
}
