//! The forms of a text: code, quotes, links and names. Pure.
//!
//! A text stays plain text in the room and in the log; this says what window, page and HTML show of it, and
//! nothing else in it is interpreted. The page's twin is src/modes/server/page/forms.js; both are held to the cases
//! of tests/pages/data/golden.json.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::ops::Range;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::decompose_compatible;
use unicode_segmentation::UnicodeSegmentation;

use crate::urls::{is_unspaced, urls};

/// The forms of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlockForm {
    /// Words.
    Text,
    /// Lines after `> `.
    Quote,
    /// Lines between fences of three or more backticks.
    Code,
}

/// Consecutive lines of a text in one form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FormBlock<'a> {
    /// Its form.
    pub form: BlockForm,
    /// Its lines without fences and without `> `.
    pub text: Cow<'a, str>,
    /// Its lines as they stand in the text, in bytes.
    pub range: Range<usize>,
}

/// The forms of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SpanForm {
    /// Code between backticks.
    Code,
    /// A link; [`target`](crate::urls::target) says what it opens.
    Link,
    /// A name, with the `@` before it.
    Name,
}

/// A part of a block that is more than words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FormSpan {
    /// Its form.
    pub form: SpanForm,
    /// Its place, in bytes.
    pub range: Range<usize>,
    /// The bytes that are shown: code without its backticks.
    pub shown: Range<usize>,
}

/// Returns the blocks of a text, in order.
///
/// A fence is a line that begins with three or more backticks and has no other; the block ends at the next line
/// that consists of as many or more. A fence that nothing closes is text.
pub(crate) fn blocks(text: &str) -> Vec<FormBlock<'_>> {
    let mut found: Vec<FormBlock<'_>> = Vec::new();
    let is_plain = !text.contains("```") && !text.starts_with("> ") && !text.contains("\n> ");
    if is_plain {
        let (form, range) = (BlockForm::Text, 0..text.len());
        let text = Cow::Borrowed(text);
        return vec![FormBlock { form, text, range }];
    }
    let mut at = 0;
    let lines: Vec<Range<usize>> = text
        .split('\n')
        .map(|line| {
            let range = at..at + line.len();
            at = range.end + 1;
            range
        })
        .collect();
    // The fewest backticks that no later line closes.
    let mut unclosed = usize::MAX;
    let mut n = 0;
    while let Some(range) = lines.get(n).cloned() {
        let line = &text[range.clone()];
        if let Some(ticks) = fence(line).filter(|ticks| *ticks < unclosed) {
            let inside = &lines[n + 1..];
            let closes = |range: &Range<usize>| {
                step();
                closes(&text[range.clone()], ticks)
            };
            if let Some(count) = inside.iter().position(closes) {
                let code = match &inside[..count] {
                    [] => "",
                    [first, ..] => &text[first.start..inside[count - 1].end],
                };
                found.push(FormBlock {
                    form: BlockForm::Code,
                    text: Cow::Borrowed(code),
                    range: range.start..inside[count].end,
                });
                n += count + 2;
                continue;
            }
            unclosed = ticks;
        }
        n += 1;
        let last = found.last_mut();
        let in_quote = last
            .as_ref()
            .is_some_and(|last| last.form == BlockForm::Quote);
        let quoted = match line.strip_prefix("> ") {
            None if in_quote && line.trim_end() == ">" => Some(""),
            quoted => quoted,
        };
        let form = match quoted {
            Some(_) => BlockForm::Quote,
            None => BlockForm::Text,
        };
        match last.filter(|last| last.form == form) {
            Some(last) => {
                last.range.end = range.end;
                match quoted {
                    Some(quoted) => {
                        let text = last.text.to_mut();
                        text.push('\n');
                        text.push_str(quoted);
                    }
                    None => last.text = Cow::Borrowed(&text[last.range.clone()]),
                }
            }
            None => found.push(FormBlock {
                form,
                text: Cow::Borrowed(quoted.unwrap_or(line)),
                range,
            }),
        }
    }
    found
}

/// Returns the number of backticks of a fence that opens a block.
fn fence(line: &str) -> Option<usize> {
    let info = line.trim_start_matches('`');
    let ticks = line.len() - info.len();
    (ticks >= 3 && !info.contains('`')).then_some(ticks)
}

/// Returns whether a line closes a block that so many backticks opened.
fn closes(line: &str, ticks: usize) -> bool {
    let line = line.trim_end();
    line.len() >= ticks && line.bytes().all(|byte| byte == b'`')
}

/// Returns the spans of a block that is not code, in order, not overlapping. `names` are those that count.
/// Code has no spans in it, and a link no names.
pub(crate) fn spans(text: &str, names: &[&str]) -> Vec<FormSpan> {
    let mut all = inline_code(text);
    let plain = |form| {
        move |range: Range<usize>| FormSpan {
            form,
            shown: range.clone(),
            range,
        }
    };
    all.extend(urls(text).into_iter().map(plain(SpanForm::Link)));
    for name in names {
        all.extend(named(text, name).into_iter().map(plain(SpanForm::Name)));
    }
    all.sort_by_key(|span| (span.range.start, Reverse(span.range.end)));
    let mut end = 0;
    all.retain(|span| {
        let is_free = span.range.start >= end;
        if is_free {
            end = span.range.end;
        }
        is_free
    });
    all
}

/// Returns whether a text calls somebody: the name stands in it, and not in code or in a link.
#[cfg(any(test, feature = "gui"))]
pub(crate) fn calls(text: &str, name: &str) -> bool {
    // Most texts do not have it at all.
    !named(text, name).is_empty()
        && blocks(text).iter().any(|block| {
            let mut spans = match block.form {
                BlockForm::Code => Vec::new(),
                _ => spans(&block.text, &[name]),
            }
            .into_iter();
            spans.any(|span| span.form == SpanForm::Name)
        })
}

/// Returns the code between runs of equally many backticks, each within one line.
fn inline_code(text: &str) -> Vec<FormSpan> {
    let mut found = Vec::new();
    let mut from = 0;
    for line in text.split('\n') {
        let runs = ticks(line);
        let mut n = 0;
        while let Some(opening) = runs.get(n) {
            n += 1;
            let Some(more) = runs[n..].iter().position(|run| {
                step();
                run.len() == opening.len()
            }) else {
                continue;
            };
            let closing = &runs[n + more];
            found.push(FormSpan {
                form: SpanForm::Code,
                range: from + opening.start..from + closing.end,
                shown: from + opening.end..from + closing.start,
            });
            n += more + 1;
        }
        from += line.len() + 1;
    }
    found
}

/// Returns the runs of backticks in a line.
fn ticks(line: &str) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for at in memchr::memchr_iter(b'`', line.as_bytes()) {
        match runs.last_mut() {
            Some(run) if run.end == at => run.end += 1,
            _ => runs.push(at..at + 1),
        }
    }
    runs
}

/// Finds a name as a whole word, with the `@` before it, whatever the case of its letters and the
/// encoding of its marks.
///
/// The name ends where no letter or digit follows: "uthira's" has it, "uthirav" has not. In scripts
/// without spaces, and in Korean with its particles, it may end anywhere. A mail address is no name.
///
/// A name of one or two letters is a word as well ("ok", "it", "я"): it is meant after an `@`, and
/// at the beginning of a line before a `:`, as Tab writes it.
fn named(text: &str, me: &str) -> Vec<Range<usize>> {
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
        let from = start - usize::from(text[..start].ends_with('@'));
        let in_address = from < start && text[..from].chars().next_back().is_some_and(goes_on);
        let alone = edge == end && is_edge(text, start) && is_edge(text, end) && !in_address;
        if alone && (!short || is_called(text, start, end)) {
            found.push(from..end);
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
    !(goes_on(before) && goes_on(after))
}

/// Returns whether a word goes on from or to this character.
fn goes_on(c: char) -> bool {
    (c.is_alphanumeric() || c == '_') && !is_unspaced(c)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::golden::cases;

    fn links_in(text: &str) -> Vec<&str> {
        let found = spans(text, &[]).into_iter();
        found.map(|span| &text[span.range]).collect()
    }

    fn names_in<'a>(text: &'a str, me: &str) -> Vec<&'a str> {
        let named = spans(text, &[me])
            .into_iter()
            .filter(|span| span.form == SpanForm::Name)
            .map(|span| &text[span.range])
            .collect::<Vec<_>>();
        assert_eq!(calls(text, me), !named.is_empty(), "{text}");
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
            "post@uthira.example",
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
    fn a_link_is_no_mention() {
        let text = "uthira http://uthira.test/uthira uthira";
        let found: Vec<_> = spans(text, &["uthira"])
            .into_iter()
            .map(|span| (&text[span.range], span.form))
            .collect();
        assert_eq!(
            found,
            [
                ("uthira", SpanForm::Name),
                ("http://uthira.test/uthira", SpanForm::Link),
                ("uthira", SpanForm::Name)
            ]
        );
        assert!(!calls("http://uthira.test", "uthira"));
        assert!(!calls("http://x.test/@uthira", "uthira"));
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
            "`",
            "`a",
            "```a\n",
            "> ",
            "`` ` ",
        ];
        let texts = parts.map(|part| part.repeat(100_000 / part.len()));
        // No two runs of backticks are equally long.
        let unequal = |end: &str| {
            (3..440)
                .rev()
                .map(|n| "`".repeat(n) + end)
                .collect::<String>()
        };
        for text in texts.into_iter().chain([unequal(" "), unequal("a\n")]) {
            for me in ["uthira", "🇩🇪", "uthir", "ok"] {
                STEPS.set(0);
                spans(&text, &[me]);
                blocks(&text);
                let steps = STEPS.get();
                assert!(
                    steps <= 8 * text.len(),
                    "{steps} steps for {me:?} in {} bytes of {:?}",
                    text.len(),
                    text.chars().take(20).collect::<String>()
                );
            }
        }
    }

    #[test]
    fn a_text_has_the_forms_that_the_page_gives_it() {
        let text_of = |value: &Value| value.as_str().expect("a text").to_string();
        for case in cases("forms") {
            let text = text_of(&case["text"]);
            let names: Vec<String> = case["names"]
                .as_array()
                .into_iter()
                .flatten()
                .map(text_of)
                .collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let found: Vec<Value> = blocks(&text)
                .iter()
                .map(|block| shown(block, &names))
                .collect();
            assert_eq!(Value::from(found), case["blocks"], "{text:?}");
            if let Some(name) = names.first() {
                assert_eq!(calls(&text, name), case["calls"] == true, "{text:?}");
            }
        }
    }

    /// A block as the cases have it: words are texts, anything else is named.
    fn shown(block: &FormBlock<'_>, names: &[&str]) -> Value {
        if block.form == BlockForm::Code {
            return json!({ "code": block.text });
        }
        let (mut parts, mut rest) = (Vec::new(), 0);
        for span in spans(&block.text, names) {
            if rest < span.range.start {
                parts.push(json!(block.text[rest..span.range.start]));
            }
            rest = span.range.end;
            let shown = &block.text[span.shown];
            parts.push(match span.form {
                SpanForm::Code => json!({ "code": shown }),
                SpanForm::Link => json!({ "link": shown }),
                SpanForm::Name => json!({ "name": shown }),
            });
        }
        if rest < block.text.len() {
            parts.push(json!(block.text[rest..]));
        }
        match block.form {
            BlockForm::Quote => json!({ "quote": parts }),
            _ => json!({ "text": parts }),
        }
    }

    #[test]
    fn the_lines_of_a_text_are_in_its_blocks_each_once() {
        for case in cases("forms") {
            let text = case["text"].as_str().expect("a text");
            let lines: Vec<&str> = blocks(text)
                .into_iter()
                .map(|block| &text[block.range])
                .collect();
            assert_eq!(lines.join("\n"), text);
        }
    }
}
