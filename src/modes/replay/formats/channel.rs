//! Several days of one or more channels, with date, time and channel in every line:
//!
//! ```text
//! books 2013-01-26 [15:04:04] <marrow> good evening
//! books 2013-01-26 [18:14:41] * marrow turns to page 112
//! ```

use super::day::speech;
use super::syntax::{LineDate, LineTime, ParsedLine, clock, iso_date};

/// Parses one line.
pub(super) fn parse(line: &str) -> Option<ParsedLine<'_>> {
    let (channel, rest) = line.split_once(' ')?;
    let (date, rest) = iso_date(rest)?;
    let (clock, rest) = clock(rest.strip_prefix(" [")?)?;
    let content = speech(rest.strip_prefix(']')?);
    let time = LineTime {
        date: Some(LineDate::Full(date)),
        clock: Some(clock),
        east: None,
    };
    let channel = Some(channel);
    Some(ParsedLine {
        time,
        channel,
        content,
    })
}

#[cfg(test)]
mod tests {
    use super::super::syntax::LineContent;
    use super::*;

    #[test]
    fn every_form_is_read() {
        let said = |nick, text| Some((Some("books"), LineContent::Said { nick, text }));
        for (line, wanted) in [
            (
                "books 2013-01-26 [15:04:04] <bob>\t tea ",
                said("bob", " tea "),
            ),
            (
                "books 2013-01-26 [15:04:04] * bob  waves",
                Some((
                    Some("books"),
                    LineContent::Did {
                        nick: "bob",
                        text: " waves",
                    },
                )),
            ),
            ("books 2013-01-26 [15:04] <bob> hi", said("bob", "hi")),
            ("books 2013-02-30 [15:04:04] <bob> hi", None),
            ("2013-01-26 [15:04:04] <bob> hi", None),
            ("books 2013-01-26 15:04:04 <bob> hi", None),
            ("", None),
        ] {
            let found = parse(line).map(|parsed| (parsed.channel, parsed.content));
            assert_eq!(found, wanted, "{line}");
        }
    }
}
