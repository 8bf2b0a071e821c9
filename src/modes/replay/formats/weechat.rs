//! WeeChat's log (plugin logger): time, prefix and message, separated by TABs. The time is `%Y-%m-%d
//! %H:%M:%S`, or since version 4.4 also `%@%F %T.%fZ`, which is UTC:
//!
//! ```text
//! 2026-11-23 22:34:57<TAB>@uthira<TAB>hello
//! 2026-11-23 22:35:02<TAB> *<TAB>uthira waves
//! 2026-11-23 22:35:10<TAB>--><TAB>bob (b@host.example) has joined #books
//! 2026-11-23 22:36:10<TAB><--<TAB>bob (b@host.example) has quit (Ping timeout)
//! 2026-11-23 22:37:10<TAB>--<TAB>Mode #books [+o eve] by uthira
//! ```

use super::syntax::{
    LineContent, LineDate, LineTime, ParsedLine, clock, east, iso_date, nick_and_action,
    program_words, unranked,
};

/// Parses one line.
pub(super) fn parse(line: &str) -> Option<ParsedLine<'_>> {
    let (date, rest) = iso_date(line)?;
    let (clock, rest) = clock(rest.strip_prefix([' ', 'T'])?)?;
    clock.micros?;
    let (east, rest) = match east(rest) {
        Some((east, rest)) => (Some(east), rest),
        None => (None, rest),
    };
    let (prefix, message) = rest.strip_prefix('\t')?.split_once('\t')?;
    let time = LineTime {
        date: Some(LineDate::Full(date)),
        clock: Some(clock),
        east,
    };
    Some(ParsedLine::new(time, content(prefix, message)))
}

fn content<'a>(prefix: &'a str, message: &'a str) -> LineContent<'a> {
    match prefix.trim_matches(' ') {
        "-->" | "<--" | "--" => program_words(message),
        "*" => {
            let (nick, text) = nick_and_action(message);
            let nick = unranked(nick);
            LineContent::Did { nick, text }
        }
        "" => match message.trim_matches([' ', '\t', '*']) {
            "Beginning of log" => LineContent::Opened,
            "End of log" => LineContent::Closed,
            "" => LineContent::Dated,
            _ => LineContent::Told(message),
        },
        "=!=" => LineContent::Told(message),
        // weechat.look.nick_prefix and nick_suffix may add brackets.
        nick => {
            let inside = nick
                .strip_prefix('<')
                .and_then(|rest| rest.strip_suffix('>'));
            LineContent::Said {
                nick: unranked(inside.unwrap_or(nick)),
                text: message,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        let said = |nick, text| Some(LineContent::Said { nick, text });
        for (rest, wanted) in [
            ("\t@uthira\thello", said("uthira", "hello")),
            ("\tbob\ttabs\tin\tit ", said("bob", "tabs\tin\tit ")),
            ("\t<+bob>\t<eve> lies", said("bob", "<eve> lies")),
            ("\tbob\t", said("bob", "")),
            (".123456Z\tbob\thi", said("bob", "hi")),
            (
                "\t *\tbob waves",
                Some(LineContent::Did {
                    nick: "bob",
                    text: "waves",
                }),
            ),
            (
                "\t-->\tbob (b@x) has joined #books",
                Some(LineContent::Joined("bob")),
            ),
            (
                "\t<--\teve has kicked bob (jam)",
                Some(LineContent::Left {
                    nick: "bob",
                    words: Some("eve has kicked bob (jam)"),
                }),
            ),
            (
                "\t--\tYou are now known as rob",
                Some(LineContent::Told("You are now known as rob")),
            ),
            (
                "\t=!=\tno such nick",
                Some(LineContent::Told("no such nick")),
            ),
            (
                "\t\t****  Beginning of log  ****",
                Some(LineContent::Opened),
            ),
            ("\t\t****  End of log  ****", Some(LineContent::Closed)),
            ("\t\tsome words", Some(LineContent::Told("some words"))),
            ("\tbob", None),
            (" bob\thi", None),
        ] {
            let line = format!("2026-11-23 22:34:57{rest}");
            let parsed = parse(&line);
            assert_eq!(parsed.map(|parsed| parsed.content), wanted, "{line}");
        }
        let utc = parse("2026-11-23 22:34:57.5Z\tbob\thi")
            .expect("a line")
            .time;
        assert_eq!(utc.east, Some(0));
        assert_eq!(utc.clock.and_then(|clock| clock.micros), Some(57_500_000));
        for wrong in [
            "2026-11-23 22:34\tbob\thi",
            "2026-13-23 22:34:57\tbob\thi",
            "",
            "\t\t",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
