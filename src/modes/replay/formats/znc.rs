//! The log of ZNC's module `log` and of soju: one file a day, with the date in its name. Times are of the
//! clock of the machine that wrote it:
//!
//! ```text
//! [22:34:57] *** Joins: uthira (~u@host.example)
//! [22:35:01] <uthira> hello
//! [22:35:09] * uthira waves
//! [22:35:30] -eve- a notice
//! [22:36:00] *** bob was kicked by eve (rude)
//! [22:36:10] *** Parts: bob (~b@host.example) (bye)
//! [22:36:20] *** Quits: eve (~e@host.example) (Ping timeout)
//! ```

use super::syntax::{
    LineContent, LineTime, ParsedLine, clock, nick_and_action, nick_and_text, notice_or_other,
    program_words,
};

/// Parses one line.
pub(super) fn parse(line: &str) -> Option<ParsedLine<'_>> {
    let (clock, rest) = clock(line.strip_prefix('[')?)?;
    clock.micros?;
    let rest = rest.strip_prefix("] ")?;
    Some(ParsedLine::new(LineTime::clock(clock), content(rest)))
}

fn content(rest: &str) -> LineContent<'_> {
    if let Some((nick, text)) = nick_and_text(rest) {
        return LineContent::Said { nick, text };
    }
    if let Some(words) = rest.strip_prefix("*** ") {
        return came_or_went(words).unwrap_or_else(|| program_words(words));
    }
    if let Some(action) = rest.strip_prefix("* ") {
        let (nick, text) = nick_and_action(action);
        return LineContent::Did { nick, text };
    }
    notice_or_other(rest)
}

/// An arrival, `Joins: nick (address)`, or a departure of the same form with a reason in brackets.
fn came_or_went(words: &str) -> Option<LineContent<'_>> {
    let (verb, who) = words.split_once(": ")?;
    let (nick, more) = who.split_once(' ').unwrap_or((who, ""));
    let reason = more
        .split_once(") ")
        .map_or("", |(_address, reason)| reason);
    Some(match verb {
        "Joins" => LineContent::Joined(nick),
        "Parts" | "Quits" => {
            let said = !matches!(reason.trim(), "" | "()" | "(\"\")");
            let words = said.then_some(words);
            LineContent::Left { nick, words }
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        let said = |nick, text| Some(LineContent::Said { nick, text });
        let told = |words| Some(LineContent::Told(words));
        let left = |nick, words| Some(LineContent::Left { nick, words });
        for (rest, wanted) in [
            (
                "<ada> *** Joins: ben (x@y)",
                said("ada", "*** Joins: ben (x@y)"),
            ),
            ("<@ada> not a rank ", said("@ada", "not a rank ")),
            ("<ada>", said("ada", "")),
            (
                "* ben Quits: tea",
                Some(LineContent::Did {
                    nick: "ben",
                    text: "Quits: tea",
                }),
            ),
            ("*** Joins: ben (~b@x)", Some(LineContent::Joined("ben"))),
            ("*** Joins: ben", Some(LineContent::Joined("ben"))),
            ("*** Parts: ben (~b@x) ()", left("ben", None)),
            ("*** Parts: ben (~b@x)", left("ben", None)),
            (
                "*** Parts: ben (~b@x) (\"bye\")",
                left("ben", Some("Parts: ben (~b@x) (\"bye\")")),
            ),
            (
                "*** Quits: ben (~b@x) (a) b)",
                left("ben", Some("Quits: ben (~b@x) (a) b)")),
            ),
            (
                "*** ben was kicked by ada (x)",
                left("ben", Some("ben was kicked by ada (x)")),
            ),
            (
                "*** ben is now known as benny",
                Some(LineContent::Renamed {
                    old: "ben",
                    new: "benny",
                    words: "ben is now known as benny",
                }),
            ),
            ("*** ada sets mode: +o ben", told("ada sets mode: +o ben")),
            (
                "*** ada changes topic to 'Joins: x'",
                told("ada changes topic to 'Joins: x'"),
            ),
            ("-ada- a notice", told("-ada- a notice")),
            ("what is this", Some(LineContent::Other("what is this"))),
        ] {
            let line = format!("[22:34:57] {rest}");
            assert_eq!(parse(&line).map(|parsed| parsed.content), wanted, "{line}");
        }
        for wrong in [
            "[22:34] <ada> no seconds",
            "22:34:57 <ada> hi",
            "[22:34:57]<ada> hi",
            "",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
