//! HexChat's and XChat's log, with the default text events and `stamp_log_format` (`%b %d %H:%M:%S`), or with
//! RFC 3339 times. The year is in the line that begins a session:
//!
//! ```text
//! **** BEGIN LOGGING AT Mon Nov 23 22:34:57 2026
//!
//! Nov 23 22:34:57 *<TAB>Now talking on #books
//! Nov 23 22:35:01 <uthira><TAB>hello
//! Nov 23 22:35:09 *<TAB>uthira waves
//! Nov 23 22:36:00 *<TAB>bob (b@host.example) has joined
//! Nov 23 22:37:00 *<TAB>bob has quit (Ping timeout)
//! **** ENDING LOGGING AT Mon Nov 23 22:40:00 2026
//! ```

use super::syntax::{
    LineContent, LineDate, LineTime, ParsedLine, clock, dated_mark, east, iso_date, month_and_day,
    nick_and_action, nick_and_text, presence, program_words, unranked,
};

/// Parses one line.
pub(super) fn parse(line: &str) -> Option<ParsedLine<'_>> {
    if let Some(mark) = line.strip_prefix("**** ") {
        let marks = [
            ("BEGIN LOGGING AT ", LineContent::Opened),
            ("ENDING LOGGING AT ", LineContent::Closed),
        ];
        return dated_mark(mark, &marks);
    }
    let (time, rest) = time(line)?;
    Some(ParsedLine::new(time, content(rest)))
}

fn time(line: &str) -> Option<(LineTime, &str)> {
    let (date, rest) = match iso_date(line) {
        Some((date, rest)) => (LineDate::Full(date), rest.strip_prefix([' ', 'T'])?),
        None => {
            let ((month, day), rest) = month_and_day(line)?;
            (LineDate::Yearless(month, day), rest.strip_prefix(' ')?)
        }
    };
    let (clock, rest) = clock(rest)?;
    clock.micros?;
    let (east, rest) = match east(rest) {
        Some((east, rest)) => (Some(east), rest),
        None => (None, rest),
    };
    let rest = if rest.is_empty() {
        rest
    } else {
        rest.strip_prefix(' ')?
    };
    let (date, clock) = (Some(date), Some(clock));
    Some((LineTime { date, clock, east }, rest))
}

fn content(rest: &str) -> LineContent<'_> {
    // The mark of a departure begins like a nick.
    if !rest.starts_with("<--")
        && let Some((nick, text)) = nick_and_text(rest)
    {
        let nick = unranked(nick);
        return LineContent::Said { nick, text };
    }
    let Some((mark, words)) = rest.split_once('\t').or_else(|| rest.split_once(' ')) else {
        return match rest.trim() {
            "" => LineContent::Dated,
            _ => LineContent::Other(rest),
        };
    };
    match mark {
        "---" | "-->" | "<--" => program_words(words),
        // Actions and events share this mark: only the words tell them apart.
        "*" => match happened_here(words) {
            Some(content) => content,
            None if is_told(words) => LineContent::Told(words),
            None => {
                let (nick, text) = nick_and_action(words);
                let nick = unranked(nick);
                LineContent::Did { nick, text }
            }
        },
        // A notice, -nick- or -nick/#channel-, or a private message, *nick*.
        _ if mark.len() > 2 && mark.starts_with('-') && mark.ends_with('-') => {
            LineContent::Told(rest)
        }
        _ if mark.len() > 2 && mark.starts_with('*') && mark.ends_with('*') => {
            let nick = &mark[1..mark.len() - 1];
            LineContent::Said { nick, text: words }
        }
        _ => LineContent::Other(rest),
    }
}

/// An arrival, departure or change of name in HexChat's own words, which have more than people write: an
/// address after the nick of arrivals and departures, a reason in brackets after quits, the channel of kicks.
fn happened_here(words: &str) -> Option<LineContent<'_>> {
    let (_nick, rest) = words.split_once(' ')?;
    let has_address = rest.strip_prefix('(').is_some_and(|rest| {
        let address = rest.split([')', ' ']).next().unwrap_or_default();
        address.contains('@')
    });
    let in_brackets = |verb: &str| {
        let reason = rest.strip_prefix(verb)?.trim_end();
        Some(reason.starts_with('(') && reason.ends_with(')'))
    };
    let is_kick = rest.strip_prefix("has kicked ").is_some_and(|kicked| {
        let mut words = kicked.splitn(4, ' ').skip(1);
        words.next() == Some("from")
            && words
                .next()
                .is_some_and(|channel| channel.starts_with(['#', '&', '+', '!']))
            && words.next().is_some_and(|reason| reason.starts_with('('))
    });
    let ours = has_address
        || in_brackets("has quit ") == Some(true)
        || is_kick
        || rest.starts_with("is now known as ");
    presence(words).filter(|_| ours)
}

/// Returns whether these are the program's words about the channel rather than somebody's action.
fn is_told(words: &str) -> bool {
    const BEGINNINGS: [&str; 9] = [
        "Now talking on ",
        "You are now ",
        "You have ",
        "Topic for ",
        "Channel ",
        "Disconnected (",
        "Users on ",
        "Cannot join ",
        "Connected",
    ];
    /// Followed by one word.
    const OF_SOMEBODY: [&str; 10] = [
        "gives channel operator status to ",
        "gives channel half-operator status to ",
        "gives voice to ",
        "removes channel operator status from ",
        "removes channel half-operator status from ",
        "removes voice from ",
        "sets ban on ",
        "removes ban on ",
        "sets exempt on ",
        "removes exempt on ",
    ];
    const OF_THE_CHANNEL: [&str; 4] = [
        "has changed the topic to: ",
        "has set the topic to: ",
        "sets mode ",
        "sets modes ",
    ];
    let rest = words.split_once(' ').map_or("", |(_nick, rest)| rest);
    let is_word = |text: &str| !text.is_empty() && !text.contains(' ');
    let of_somebody = |text: &&str| {
        rest.strip_prefix(*text)
            .map(str::trim_end)
            .is_some_and(is_word)
    };
    let of_the_channel = |text: &&str| {
        let more = rest.strip_prefix(*text);
        more.is_some_and(|more| !text.starts_with("sets") || more.starts_with(['+', '-']))
    };
    BEGINNINGS.iter().any(|text| words.starts_with(text))
        || OF_SOMEBODY.iter().any(of_somebody)
        || OF_THE_CHANNEL.iter().any(of_the_channel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_the_default_text_events_is_read() {
        let said = |nick, text| Some(LineContent::Said { nick, text });
        let told = |words| Some(LineContent::Told(words));
        let did = |text| Some(LineContent::Did { nick: "bob", text });
        let left = |words| Some(LineContent::Left { nick: "bob", words });
        for (rest, wanted) in [
            ("<uthira>\thello", said("uthira", "hello")),
            ("<@uthira>\thello ", said("uthira", "hello ")),
            ("<uthira> hello", said("uthira", "hello")),
            ("<a>b>\t<eve>\tlies", said("a>b", "<eve>\tlies")),
            ("*bob*\tpsst", said("bob", "psst")),
            (
                "*\tbob waves",
                Some(LineContent::Did {
                    nick: "bob",
                    text: "waves",
                }),
            ),
            (
                "* bob waves",
                Some(LineContent::Did {
                    nick: "bob",
                    text: "waves",
                }),
            ),
            ("*\tbob (b@x) has joined", Some(LineContent::Joined("bob"))),
            (
                "-->\tbob (b@x) has joined #books",
                Some(LineContent::Joined("bob")),
            ),
            ("*\tbob (b@x) has left", left(None)),
            ("*\tbob has quit ()", left(None)),
            ("*\tbob has quit smoking", did("has quit smoking")),
            ("*\tbob has quit", did("has quit")),
            ("*\tbob has left the building", did("has left the building")),
            ("*\tbob has joined", did("has joined")),
            ("*\tbob (tired) has left", did("(tired) has left")),
            (
                "*\tbob has kicked eve under the table",
                did("has kicked eve under the table"),
            ),
            (
                "*\tbob has kicked eve from behind (x)",
                did("has kicked eve from behind (x)"),
            ),
            ("*\tbob was kicked by a horse", did("was kicked by a horse")),
            (
                "*\tbob gives voice to the poor",
                did("gives voice to the poor"),
            ),
            ("*\tbob sets mode to quiet", did("sets mode to quiet")),
            ("*\tbob gives voice to eve", told("bob gives voice to eve")),
            (
                "<--\tbob has quit (a > b)",
                left(Some("bob has quit (a > b)")),
            ),
            (
                "*\teve has kicked bob from #books (x)",
                left(Some("eve has kicked bob from #books (x)")),
            ),
            ("*\tNow talking on #books", told("Now talking on #books")),
            ("*\teve sets mode +b *!*@x", told("eve sets mode +b *!*@x")),
            (
                "---\teve has changed the topic to: jam",
                told("eve has changed the topic to: jam"),
            ),
            ("-eve/#books-\ttea", told("-eve/#books-\ttea")),
            (
                "kernel: eth0 is up",
                Some(LineContent::Other("kernel: eth0 is up")),
            ),
        ] {
            for time in [
                "Nov 23 22:34:57",
                "Nov  3 22:34:57",
                "2026-11-23T22:34:57+0100",
            ] {
                let line = format!("{time} {rest}");
                assert_eq!(parse(&line).map(|parsed| parsed.content), wanted, "{line}");
            }
        }
        let begins = parse("**** BEGIN LOGGING AT Mon Nov 23 22:34:57 2026");
        assert_eq!(
            begins.map(|parsed| parsed.content),
            Some(LineContent::Opened)
        );
        for wrong in [
            "",
            "**** BEGIN LOGGING AT noon",
            "Nov 32 22:34:57 <a>\tb",
            "<a>\tb",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
