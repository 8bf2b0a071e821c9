//! mIRC's log with its own theme, and with times (`[09:00]` or `[09:00:05]`). Days are in lines of their own.
//! Actions and events both begin with a star, so only the words tell them apart:
//!
//! ```text
//! Session Start: Mon Nov 23 22:34:00 2026
//! Session Ident: #books
//! [22:34] * Now talking in #books
//! [22:34] <@uthira> hello
//! [22:35] * uthira waves
//! [22:36] * bob (~b@host.example) has joined #books
//! [22:37] * bob (~b@host.example) Quit (Ping timeout)
//! Session Time: Tue Nov 24 00:00:00 2026
//! Session Close: Tue Nov 24 00:10:00 2026
//! ```

use super::syntax::{
    LineContent, LineTime, ParsedLine, clock, ctime, nick_and_action, nick_and_text,
    notice_or_other, presence, unranked,
};

/// Parses one line.
pub(super) fn parse(line: &str) -> Option<ParsedLine<'_>> {
    if let Some(mark) = line.strip_prefix("Session ") {
        let (kind, rest) = mark.split_once(": ")?;
        let content = match kind {
            "Start" => LineContent::Opened,
            "Close" => LineContent::Closed,
            "Time" => LineContent::Dated,
            "Ident" => {
                return Some(ParsedLine::new(
                    LineTime::default(),
                    LineContent::Told(line),
                ));
            }
            _ => return None,
        };
        return Some(ParsedLine::new(ctime(rest)?, content));
    }
    let (clock, rest) = clock(line.strip_prefix('[')?)?;
    let rest = rest.strip_prefix("] ")?;
    Some(ParsedLine::new(LineTime::clock(clock), content(rest)))
}

fn content(rest: &str) -> LineContent<'_> {
    if let Some((nick, text)) = nick_and_text(rest) {
        let nick = unranked(nick);
        return LineContent::Said { nick, text };
    }
    if let Some(words) = rest.strip_prefix("* ") {
        return happened(words).unwrap_or_else(|| {
            let (nick, text) = nick_and_action(words);
            let nick = unranked(nick);
            LineContent::Did { nick, text }
        });
    }
    notice_or_other(rest)
}

/// An event in mIRC's own words after a star; `None` if they are somebody's action.
pub(super) fn happened(words: &str) -> Option<LineContent<'_>> {
    let (nick, rest) = words.split_once(' ')?;
    let nick = unranked(nick);
    if let Some((address, rest)) = rest
        .strip_prefix('(')
        .and_then(|rest| rest.split_once(") "))
    {
        let is_address = address.contains('@') && !address.contains(' ');
        let quit = rest
            .strip_prefix("Quit (")
            .and_then(|rest| rest.strip_suffix(')'));
        return match (is_address, quit) {
            (false, _) => None,
            (true, Some(reason)) => {
                let words = (!reason.is_empty()).then_some(words);
                Some(LineContent::Left { nick, words })
            }
            (true, None) => presence(words),
        };
    }
    let is_told = is_told(words)
        || rest.starts_with("sets mode: ")
        || rest.starts_with("changes topic to '")
        || rest.starts_with("sets mode ");
    if is_told {
        return Some(LineContent::Told(words));
    }
    let kicked = rest.strip_prefix("was kicked by ");
    if rest.starts_with("is now known as ") || kicked.is_some_and(|by| by.ends_with(')')) {
        presence(words).filter(|content| !matches!(content, LineContent::Told(_)))
    } else {
        None
    }
}

/// Returns whether these are the program's words about the channel, of which the first is not a nick.
pub(super) fn is_told(words: &str) -> bool {
    const BEGINNINGS: [&str; 12] = [
        "Now talking in #",
        "Now talking in &",
        "Topic is '",
        "Set by ",
        "Retrieving #",
        "Retrieved #",
        "Attempting to rejoin ",
        "Rejoined channel ",
        "You were kicked ",
        "You are now known as ",
        "Disconnected",
        "Session ",
    ];
    BEGINNINGS.iter().any(|text| words.starts_with(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_its_own_theme_is_read() {
        let did = |text| Some(LineContent::Did { nick: "bob", text });
        let told = |words| Some(LineContent::Told(words));
        let left = |words| Some(LineContent::Left { nick: "bob", words });
        for (rest, wanted) in [
            (
                "<@ada> hello",
                Some(LineContent::Said {
                    nick: "ada",
                    text: "hello",
                }),
            ),
            ("* bob waves", did("waves")),
            ("* bob has joined #books", did("has joined #books")),
            ("* bob Quit (smoking)", did("Quit (smoking)")),
            (
                "* bob (tired) has left the room",
                did("(tired) has left the room"),
            ),
            ("* bob was kicked by a horse", did("was kicked by a horse")),
            (
                "* bob (~b@x) has joined #books",
                Some(LineContent::Joined("bob")),
            ),
            ("* @bob (~b@x) has left #books", left(None)),
            (
                "* bob (~b@x) has left #books (tea)",
                left(Some("bob (~b@x) has left #books (tea)")),
            ),
            ("* bob (~b@x) Quit ()", left(None)),
            (
                "* bob (~b@x) Quit (Ping (a) timeout)",
                left(Some("bob (~b@x) Quit (Ping (a) timeout)")),
            ),
            (
                "* bob was kicked by eve (x)",
                left(Some("bob was kicked by eve (x)")),
            ),
            (
                "* bob is now known as rob",
                Some(LineContent::Renamed {
                    old: "bob",
                    new: "rob",
                    words: "bob is now known as rob",
                }),
            ),
            ("* Now talking in #books", told("Now talking in #books")),
            ("* Topic is 'tea'", told("Topic is 'tea'")),
            (
                "* Set by eve on Mon Nov 23",
                told("Set by eve on Mon Nov 23"),
            ),
            ("* eve sets mode: +v bob", told("eve sets mode: +v bob")),
            (
                "* eve changes topic to 'jam'",
                told("eve changes topic to 'jam'"),
            ),
            ("-eve- tea", told("-eve- tea")),
            ("what is this", Some(LineContent::Other("what is this"))),
        ] {
            for time in ["[22:34]", "[22:34:57]"] {
                let line = format!("{time} {rest}");
                assert_eq!(parse(&line).map(|parsed| parsed.content), wanted, "{line}");
            }
        }
        for (line, wanted) in [
            (
                "Session Start: Mon Nov 23 22:34:57 2026",
                Some(LineContent::Opened),
            ),
            (
                "Session Close: Mon Nov 23 22:34:57 2026",
                Some(LineContent::Closed),
            ),
            (
                "Session Time: Tue Nov 24 00:00:00 2026",
                Some(LineContent::Dated),
            ),
            ("Session Ident: #books", told("Session Ident: #books")),
            ("Session Start: whenever", None),
            ("Session 5: tea", None),
            ("22:34 <bob> hi", None),
            ("", None),
        ] {
            assert_eq!(parse(line).map(|parsed| parsed.content), wanted, "{line}");
        }
    }
}
