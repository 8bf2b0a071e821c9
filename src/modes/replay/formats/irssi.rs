//! irssi's log in its default theme (`log_timestamp` from `%H:%M` to `%Y-%m-%d %H:%M:%S`, with or without
//! brackets):
//!
//! ```text
//! --- Log opened Mon Nov 23 22:34:00 2026
//! 22:34 -!- uthira [u@host.example] has joined #books
//! 22:34 <@uthira> hello
//! 22:35  * uthira waves
//! 22:36 -!- mode/#books [+o bob] by uthira
//! --- Day changed Tue Nov 24 2026
//! --- Log closed Tue Nov 24 00:10:12 2026
//! ```

use super::syntax::{
    LineContent, LineDate, LineTime, ParsedLine, clock, dated_mark, iso_date, nick_and_action,
    nick_and_text, program_words, unranked,
};

/// Parses one line.
pub(super) fn parse(line: &str) -> Option<ParsedLine<'_>> {
    if let Some(mark) = line.strip_prefix("--- ") {
        let marks = [
            ("Log opened ", LineContent::Opened),
            ("Log closed ", LineContent::Closed),
            ("Day changed ", LineContent::Dated),
        ];
        return dated_mark(mark, &marks);
    }
    let (time, rest) = time(line)?;
    Some(ParsedLine::new(time, content(rest)))
}

fn time(line: &str) -> Option<(LineTime, &str)> {
    let (close, rest) = match line.as_bytes().first()? {
        b'[' => (Some(']'), &line[1..]),
        b'(' => (Some(')'), &line[1..]),
        _ => (None, line),
    };
    let (date, rest) = match iso_date(rest) {
        Some((date, rest)) => (Some(LineDate::Full(date)), rest.strip_prefix([' ', 'T'])?),
        None => (None, rest),
    };
    let (clock, rest) = clock(rest)?;
    let rest = match close {
        Some(close) => rest.strip_prefix(close)?,
        None => rest,
    };
    // `log_timestamp` may end without the space; then the text must begin like one of the forms.
    let rest = match rest.strip_prefix(' ') {
        Some(rest) => rest,
        None if rest.is_empty() || rest.starts_with(['<', '-', '[']) => rest,
        None => return None,
    };
    let clock = Some(clock);
    let east = None;
    Some((LineTime { date, clock, east }, rest))
}

fn content(rest: &str) -> LineContent<'_> {
    if let Some((nick, text)) = nick_and_text(rest) {
        let nick = unranked(nick);
        return LineContent::Said { nick, text };
    }
    if let Some(action) = rest.trim_start_matches(' ').strip_prefix("* ") {
        let (nick, text) = nick_and_action(action);
        return LineContent::Did { nick, text };
    }
    if let Some(words) = rest.strip_prefix("-!- ") {
        return program_words(words);
    }
    // A private message outside a window of its own: [nick(user@host)] text
    if let Some((from, text)) = rest
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(")] "))
        && let Some((nick, address)) = from.split_once('(')
        && address.contains('@')
        && !nick.contains(' ')
    {
        return LineContent::Said { nick, text };
    }
    let is_notice = |rest: &str| {
        let from = rest.strip_prefix('-')?.split_once("- ")?.0;
        Some(!from.is_empty() && !from.contains(' '))
    };
    match rest.trim() {
        "" => LineContent::Dated,
        _ if is_notice(rest) == Some(true) => LineContent::Told(rest),
        _ => LineContent::Other(rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what_of(line: &str) -> Option<LineContent<'_>> {
        parse(line).map(|parsed| parsed.content)
    }

    #[test]
    fn every_form_of_the_default_theme_is_read() {
        let said = |nick, text| Some(LineContent::Said { nick, text });
        let left = |nick, words| Some(LineContent::Left { nick, words });
        for (line, wanted) in [
            (
                "--- Log opened Mon Nov 23 22:34:00 2026",
                Some(LineContent::Opened),
            ),
            (
                "--- Log closed Mon Nov 23 22:34:00 2026",
                Some(LineContent::Closed),
            ),
            ("--- Day changed Mon Nov 23 2026", Some(LineContent::Dated)),
            ("22:34 <@uthira> hello", said("uthira", "hello")),
            ("22:34 < bob> <eve> lies", said("bob", "<eve> lies")),
            ("22:34:57 <+bob> hi ", said("bob", "hi ")),
            ("[22:34] <bob> hi", said("bob", "hi")),
            ("(22:34) <bob> hi", said("bob", "hi")),
            ("22:34<bob> hi", said("bob", "hi")),
            ("2026-11-23 22:34:57 <bob> hi", said("bob", "hi")),
            ("22:34 <bob>", said("bob", "")),
            ("22:34 [bob(b@x)] psst", said("bob", "psst")),
            (
                "22:34  * bob waves ",
                Some(LineContent::Did {
                    nick: "bob",
                    text: "waves ",
                }),
            ),
            (
                "22:34 -!- bob [b@x] has joined #books",
                Some(LineContent::Joined("bob")),
            ),
            ("22:34 -!- bob [b@x] has left #books []", left("bob", None)),
            (
                "22:34 -!- bob [b@x] has quit [Ping timeout: 240 seconds]",
                left(
                    "bob",
                    Some("bob [b@x] has quit [Ping timeout: 240 seconds]"),
                ),
            ),
            (
                "22:34 -!- You're now known as rob",
                Some(LineContent::Told("You're now known as rob")),
            ),
            (
                "22:34 -!- eve changed the topic of #books to: jam",
                Some(LineContent::Told("eve changed the topic of #books to: jam")),
            ),
            (
                "22:34 -eve:#books- tea",
                Some(LineContent::Told("-eve:#books- tea")),
            ),
            (
                "22:34 [Users #books]",
                Some(LineContent::Other("[Users #books]")),
            ),
            ("22:34 ", Some(LineContent::Dated)),
            ("--- Log opened whenever", None),
            ("<bob> no time", None),
            ("12:30pm was too late", None),
            ("25:00 <bob> hi", None),
            ("", None),
        ] {
            assert_eq!(what_of(line), wanted, "{line}");
        }
    }
}
