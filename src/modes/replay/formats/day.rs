//! One day of a channel as public archives keep it. The date is in the file's name; notices have no time:
//!
//! ```text
//! [22:51] <marrow> good evening
//! [22:53]  * marrow turns to page 112
//! === bob [b@shed.example]  has joined #books
//! ```

use super::mirc;
use super::syntax::{
    LineContent, LineTime, ParsedLine, clock, nick_and_action, nick_and_text, program_words,
};

/// Parses one line.
pub(super) fn parse(line: &str) -> Option<ParsedLine<'_>> {
    if let Some(words) = line.strip_prefix("=== ") {
        return Some(ParsedLine::new(LineTime::default(), program_words(words)));
    }
    let (clock, rest) = clock(line.strip_prefix('[')?)?;
    let rest = rest.strip_prefix(']')?;
    Some(ParsedLine::new(LineTime::clock(clock), speech(rest)))
}

/// The content after the time's bracket: ` <nick> text` or `  * nick does something`.
pub(super) fn speech(rest: &str) -> LineContent<'_> {
    let rest = rest.trim_start_matches(' ');
    if let Some((nick, text)) = nick_and_text(rest) {
        return LineContent::Said { nick, text };
    }
    if let Some(action) = rest.strip_prefix("* ") {
        // mIRC's words for events that are nobody's action.
        if mirc::is_told(action) {
            return LineContent::Other(action);
        }
        let (nick, text) = nick_and_action(action.trim_start_matches(' '));
        return LineContent::Did { nick, text };
    }
    match rest.trim() {
        "" => LineContent::Dated,
        _ => LineContent::Other(rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        let said = |nick, text| Some(LineContent::Said { nick, text });
        for (line, wanted) in [
            (
                "[22:51] <marrow> good evening ",
                said("marrow", "good evening "),
            ),
            ("[22:51] <[away]bob> hi", said("[away]bob", "hi")),
            ("[22:51:07] <@a> not a rank", said("@a", "not a rank")),
            ("[22:51] <_>", said("_", "")),
            (
                "[22:51]  * bob is back",
                Some(LineContent::Did {
                    nick: "bob",
                    text: "is back",
                }),
            ),
            (
                "=== bob [b@x]  has joined #books",
                Some(LineContent::Joined("bob")),
            ),
            ("=== Topic: jam", Some(LineContent::Told("Topic: jam"))),
            (
                "[22:51] what is this",
                Some(LineContent::Other("what is this")),
            ),
            (
                "[22:51] * Now talking in #books",
                Some(LineContent::Other("Now talking in #books")),
            ),
            ("22:51 <bob> hi", None),
            ("[25:51] <bob> hi", None),
            ("[22:51 <bob> hi", None),
            ("=======", None),
            ("", None),
        ] {
            assert_eq!(parse(line).map(|parsed| parsed.content), wanted, "{line}");
        }
    }
}
