//! A parsed line of another program's log, and the syntax that formats share: dates, times, nicks, and the
//! words for arrivals and departures.
//!
//! Invariant: nothing here depends on other lines, and all names and texts are unchanged parts of the line.

use chrono::NaiveDate;

/// A parsed line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ParsedLine<'a> {
    /// As much of the time as the line has.
    pub time: LineTime,
    /// The channel, if every line states it.
    pub channel: Option<&'a str>,
    pub content: LineContent<'a>,
}

impl<'a> ParsedLine<'a> {
    /// A line of a log of one channel.
    pub(super) fn new(time: LineTime, content: LineContent<'a>) -> ParsedLine<'a> {
        let channel = None;
        ParsedLine {
            time,
            channel,
            content,
        }
    }

    /// Returns whether the line is in a form that only this program writes, and not merely words after a time.
    pub(super) fn is_sure(&self) -> bool {
        !matches!(self.content, LineContent::Other(_))
    }
}

/// The content of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineContent<'a> {
    /// A message.
    Said { nick: &'a str, text: &'a str },
    /// An action (`/me`).
    Did { nick: &'a str, text: &'a str },
    /// An arrival.
    Joined(&'a str),
    /// A departure; `words` if there is a reason.
    Left {
        nick: &'a str,
        words: Option<&'a str>,
    },
    /// A change of name.
    Renamed {
        old: &'a str,
        new: &'a str,
        words: &'a str,
    },
    /// Other words of the program: a topic, a mode.
    Told(&'a str),
    /// Words after a time, in no form of the program.
    Other(&'a str),
    /// The beginning of the log or of a session.
    Opened,
    /// The end of the log or of a session.
    Closed,
    /// Nothing but a date or time.
    Dated,
}

/// As much of a time as a line has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LineTime {
    pub date: Option<LineDate>,
    pub clock: Option<TimeOfDay>,
    /// The clock's offset from UTC in seconds, positive to the east, if the line states it.
    pub east: Option<i32>,
}

impl LineTime {
    /// A time of day without a date.
    pub(super) fn clock(clock: TimeOfDay) -> LineTime {
        LineTime {
            clock: Some(clock),
            ..LineTime::default()
        }
    }
}

/// A date as a line states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineDate {
    /// A full date.
    Full(NaiveDate),
    /// A month and a day of it; the year is in another line.
    Yearless(u32, u32),
}

/// A time of day, to the minute or the microsecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TimeOfDay {
    /// The minute of the day, below 1440.
    pub minute: u32,
    /// Microseconds within the minute, if the line has seconds.
    pub micros: Option<u32>,
    /// The line says AM or PM.
    pub states_half: bool,
}

/// A number of exactly `count` digits at the beginning of `text`, with the rest of it.
pub(super) fn digits(text: &str, count: usize) -> Option<(u32, &str)> {
    let (head, rest) = text.split_at_checked(count)?;
    let number = head.bytes().try_fold(0, |sum, b| {
        b.is_ascii_digit().then(|| sum * 10 + u32::from(b - b'0'))
    });
    Some((number?, rest))
}

/// A time of day at the beginning of `text`: `HH:MM`, `HH:MM:SS` or `HH:MM:SS.f` with up to nine digits.
pub(super) fn clock(text: &str) -> Option<(TimeOfDay, &str)> {
    let (hour, rest) = digits(text, 2)?;
    let (minute, micros, rest) = after_hour(rest)?;
    let clock = TimeOfDay {
        minute: hour * 60 + minute,
        micros,
        states_half: false,
    };
    (hour <= 23).then_some((clock, rest))
}

/// A time of day with AM or PM at the beginning of `text`, as [`clock`] otherwise: `9:05 PM`, `09:05:30pm`. The hour is
/// from 1 to 12.
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "no format that is read has such times yet")
)]
pub(super) fn clock_with_half(text: &str) -> Option<(TimeOfDay, &str)> {
    let (hour, rest) = digits(text, 2).or_else(|| digits(text, 1))?;
    let (minute, micros, rest) = after_hour(rest)?;
    let (half, rest) = am_or_pm(rest)?;
    let clock = TimeOfDay {
        minute: (hour % 12 + half) * 60 + minute,
        micros,
        states_half: true,
    };
    (1..=12).contains(&hour).then_some((clock, rest))
}

/// The minute of a time of day and the microseconds within it, at the beginning of the `text` after its hour.
fn after_hour(text: &str) -> Option<(u32, Option<u32>, &str)> {
    let (minute, rest) = digits(text.strip_prefix(':')?, 2)?;
    let (micros, rest) = seconds(rest)?;
    (minute <= 59).then_some((minute, micros, rest))
}

/// The seconds of a time of day at the beginning of `text`, in microseconds, if there are any: `:SS` or `:SS.f`.
fn seconds(text: &str) -> Option<(Option<u32>, &str)> {
    let Some((second, rest)) = text.strip_prefix(':').and_then(|rest| digits(rest, 2)) else {
        return Some((None, text));
    };
    if second > 60 {
        return None;
    }
    // This machine's clocks have no leap seconds.
    let whole = second.min(59) * 1_000_000;
    let Some(decimals) = rest.strip_prefix('.') else {
        return Some((Some(whole), rest));
    };
    let count = decimals.bytes().take_while(u8::is_ascii_digit).count();
    if !(1..=9).contains(&count) {
        return None;
    }
    let (number, rest) = digits(decimals, count)?;
    let fraction = u64::from(number) * 1_000_000 / 10u64.pow(count as u32);
    Some((Some(whole + fraction as u32), rest))
}

/// The hour at which the half of the day begins that is named at the beginning of `text`: AM or PM, as a word.
fn am_or_pm(text: &str) -> Option<(u32, &str)> {
    let text = text.strip_prefix(' ').unwrap_or(text);
    let (word, rest) = text.split_at_checked(2)?;
    if rest.starts_with(char::is_alphanumeric) {
        return None;
    }
    match word {
        "AM" | "am" => Some((0, rest)),
        "PM" | "pm" => Some((12, rest)),
        _ => None,
    }
}

/// A date at the beginning of `text`: `YYYY-MM-DD`.
pub(super) fn iso_date(text: &str) -> Option<(NaiveDate, &str)> {
    let (year, rest) = digits(text, 4)?;
    let (month, rest) = digits(rest.strip_prefix('-')?, 2)?;
    let (day, rest) = digits(rest.strip_prefix('-')?, 2)?;
    Some((NaiveDate::from_ymd_opt(year as i32, month, day)?, rest))
}

/// A date at the beginning of `text`: `MM/DD/YY` or `MM/DD/YYYY`. Years of two digits are from 1969 to 2068.
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "no format that is read has such dates yet")
)]
pub(super) fn us_date(text: &str) -> Option<(NaiveDate, &str)> {
    let (month, rest) = digits(text, 2)?;
    let (day, rest) = digits(rest.strip_prefix('/')?, 2)?;
    let rest = rest.strip_prefix('/')?;
    let (year, rest) = match digits(rest, 4) {
        Some(whole) => whole,
        None => {
            let (year, rest) = digits(rest, 2)?;
            (if year < 69 { 2000 + year } else { 1900 + year }, rest)
        }
    };
    Some((NaiveDate::from_ymd_opt(year as i32, month, day)?, rest))
}

/// An offset from UTC at the beginning of `text`, in seconds: `Z`, `+HHMM` or `+HH:MM`.
pub(super) fn east(text: &str) -> Option<(i32, &str)> {
    if let Some(rest) = text.strip_prefix('Z') {
        return Some((0, rest));
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, rest) = digits(&text[1..], 2)?;
    let (minutes, rest) = digits(rest.strip_prefix(':').unwrap_or(rest), 2)?;
    let seconds = (hours * 3600 + minutes * 60) as i32;
    (hours < 24 && minutes < 60).then_some((sign * seconds, rest))
}

/// A month and day at the beginning of `text`: `Nov 23` or `Nov  3`.
pub(super) fn month_and_day(text: &str) -> Option<((u32, u32), &str)> {
    const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    let (name, rest) = text.split_at_checked(3)?;
    let mut months = MONTHS.chunks_exact(3);
    let month = months.position(|month| month.eq_ignore_ascii_case(name.as_bytes()))? as u32 + 1;
    let rest = rest.strip_prefix(' ')?;
    let (day, rest) = match rest.strip_prefix(' ') {
        Some(rest) => digits(rest, 1)?,
        None => digits(rest, 2)?,
    };
    (1..=31).contains(&day).then_some(((month, day), rest))
}

/// A whole text in the format of C's ctime, `Mon Nov 23 22:34:57 2026`, or without the time of day.
pub(super) fn ctime(text: &str) -> Option<LineTime> {
    let (_weekday, rest) = text.trim_end().split_once(' ')?;
    let ((month, day), rest) = month_and_day(rest)?;
    let rest = rest.strip_prefix(' ')?;
    let (clock, rest) = match clock(rest) {
        Some((clock, rest)) => (Some(clock), rest.strip_prefix(' ')?),
        None => (None, rest),
    };
    let (year, rest) = digits(rest, 4)?;
    let date = NaiveDate::from_ymd_opt(year as i32, month, day)?;
    rest.is_empty().then_some(LineTime {
        date: Some(LineDate::Full(date)),
        clock,
        east: None,
    })
}

/// The line of a log's own mark: one of these words, then a time in the format of [`ctime`].
pub(super) fn dated_mark<'a>(
    mark: &str,
    marks: &[(&str, LineContent<'a>)],
) -> Option<ParsedLine<'a>> {
    marks.iter().find_map(|(words, content)| {
        let time = ctime(mark.strip_prefix(words)?)?;
        Some(ParsedLine::new(time, *content))
    })
}

/// The content of a line that is neither a message nor an action: a notice (`-nick- text`), nothing but a
/// time, or words in no form of the program.
pub(super) fn notice_or_other(rest: &str) -> LineContent<'_> {
    let notice = rest
        .strip_prefix('-')
        .and_then(|rest| rest.split_once("- "));
    match notice.is_some_and(|(nick, _)| !matches!(nick, "" | "!") && !nick.contains(' ')) {
        true => LineContent::Told(rest),
        false if rest.trim().is_empty() => LineContent::Dated,
        false => LineContent::Other(rest),
    }
}

/// The nick and the text of `<nick> text`. A nick may contain a `>` that no space follows; one space or TAB
/// before the text is dropped.
pub(super) fn nick_and_text(rest: &str) -> Option<(&str, &str)> {
    let inside = rest.strip_prefix('<')?;
    let bytes = inside.as_bytes();
    let ends = |at: &usize| matches!(bytes.get(at + 1), None | Some(b' ' | b'\t'));
    let at = memchr::memchr_iter(b'>', bytes)
        .find(ends)
        .or_else(|| memchr::memchr(b'>', bytes))?;
    let text = &inside[at + 1..];
    let text = text.strip_prefix([' ', '\t']).unwrap_or(text);
    Some((&inside[..at], text))
}

/// The nick and the action, after the star.
pub(super) fn nick_and_action(rest: &str) -> (&str, &str) {
    rest.split_once(' ').unwrap_or((rest, ""))
}

/// A nick without the marks of its rank; irssi writes a space for none.
pub(super) fn unranked(nick: &str) -> &str {
    let plain = nick.trim_start_matches([' ', '@', '+', '%', '&', '~', '!']);
    match plain {
        "" => nick,
        plain => plain,
    }
}

/// An arrival, departure or change of name in the words that all these programs use, or other words of the
/// program.
///
/// ```text
/// nick [user@host] has joined #channel
/// nick (user@host) has left #channel (reason)
/// nick [user@host] has quit [reason]
/// nick was kicked from #channel by other [reason]
/// other has kicked nick from #channel (reason)
/// old is now known as new
/// ```
pub(super) fn program_words(words: &str) -> LineContent<'_> {
    presence(words).unwrap_or(match words.trim() {
        "" => LineContent::Dated,
        _ => LineContent::Told(words),
    })
}

/// As [`program_words`], but only arrivals, departures and changes of name.
pub(super) fn presence(words: &str) -> Option<LineContent<'_>> {
    let (nick, rest) = words.split_once(' ')?;
    let nick = unranked(nick);
    let rest = rest.trim_start();
    // The address, and WeeChat's additions to it, which may contain brackets themselves.
    if rest.starts_with(['[', '(']) {
        let mut ends = rest.match_indices([']', ')']).map(|(at, _)| at + 1);
        return ends.find_map(|at| verb(nick, rest[at..].trim_start(), words));
    }
    verb(nick, rest, words)
}

/// The event after somebody's name and address.
fn verb<'a>(nick: &'a str, rest: &'a str, words: &'a str) -> Option<LineContent<'a>> {
    let verb = |verb: &str| {
        let rest = rest.strip_prefix(verb)?;
        if rest.is_empty() {
            Some(rest)
        } else {
            rest.strip_prefix(' ')
        }
    };
    let is_word = |text: &str| !text.is_empty() && !text.contains(' ');
    if let Some(channel) = verb("has joined") {
        let channel = channel.trim_end();
        return (channel.is_empty() || is_word(channel)).then_some(LineContent::Joined(nick));
    }
    if let Some(more) = verb("has left") {
        let (_channel, reason) = more.split_once(' ').unwrap_or((more, ""));
        return Some(left(nick, words, reason));
    }
    if let Some(reason) = verb("has quit") {
        return Some(left(nick, words, reason));
    }
    if let Some(new) = verb("is now known as") {
        let new = unranked(new.trim_end());
        let old = nick;
        return is_word(new).then_some(LineContent::Renamed { old, new, words });
    }
    if rest.starts_with("was kicked ") {
        let words = Some(words);
        return Some(LineContent::Left { nick, words });
    }
    let kicked = verb("has kicked")?;
    let nick = unranked(kicked.split(' ').next().unwrap_or(kicked));
    let words = Some(words);
    (!nick.is_empty()).then_some(LineContent::Left { nick, words })
}

/// A departure, whose words are kept only if they give a reason.
fn left<'a>(nick: &'a str, words: &'a str, reason: &str) -> LineContent<'a> {
    let said = !matches!(reason.trim(), "" | "[]" | "()");
    let words = said.then_some(words);
    LineContent::Left { nick, words }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nick_ends_where_a_text_begins() {
        for (line, wanted) in [
            ("<bob> hi", ("bob", "hi")),
            ("<bob>\thi", ("bob", "hi")),
            ("<bob>  two spaces", ("bob", " two spaces")),
            ("<bob>", ("bob", "")),
            ("<bob> ", ("bob", "")),
            ("<bob>close", ("bob", "close")),
            ("<a>b> hi <eve> there", ("a>b", "hi <eve> there")),
            ("<a]b> hi", ("a]b", "hi")),
            ("<> nobody", ("", "nobody")),
        ] {
            assert_eq!(nick_and_text(line), Some(wanted), "{line}");
        }
        assert_eq!(nick_and_text("bob> hi"), None);
        assert_eq!(nick_and_text("<bob hi"), None);
    }

    #[test]
    fn times_are_read_and_nothing_else_is() {
        let at = |minute, micros| TimeOfDay {
            minute,
            micros,
            states_half: false,
        };
        assert_eq!(clock("22:34 x"), Some((at(1354, None), " x")));
        assert_eq!(clock("00:00:07"), Some((at(0, Some(7_000_000)), "")));
        assert_eq!(clock("00:00:07.25Z"), Some((at(0, Some(7_250_000)), "Z")));
        assert_eq!(clock("23:59:60"), Some((at(1439, Some(59_000_000)), "")));
        for wrong in [
            "24:00",
            "12:60",
            "1:30",
            "",
            "12",
            "12:30:61",
            "12:30:00.",
            "é2:30",
        ] {
            assert_eq!(clock(wrong), None, "{wrong}");
        }
        assert_eq!(east("+05:30 x"), Some((19_800, " x")));
        assert_eq!(east("-0800"), Some((-28_800, "")));
        assert_eq!(east("+2400"), None);
        let day = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).expect("a day");
        let time = ctime("Tue Nov  3 22:34:57 2026").expect("a time");
        assert_eq!(time.date, Some(LineDate::Full(day(2026, 11, 3))));
        assert_eq!(time.clock, Some(at(1354, Some(57_000_000))));
        let time = ctime("Mon Nov 23 2026").expect("a date");
        assert_eq!(
            (time.date, time.clock),
            (Some(LineDate::Full(day(2026, 11, 23))), None)
        );
        for wrong in [
            "Mon Nov 31 2026",
            "Mon Foo 23 2026",
            "Mon Nov 23 2026 x",
            "Mon",
        ] {
            assert_eq!(ctime(wrong), None, "{wrong}");
        }
        assert_eq!(iso_date("2026-02-29 "), None);
    }

    #[test]
    fn a_time_with_am_or_pm_is_of_that_half_of_the_day() {
        let half = |minute, micros| TimeOfDay {
            minute,
            micros,
            states_half: true,
        };
        for (text, wanted) in [
            ("9:05 PM x", (half(1265, None), " x")),
            ("09:05pm] x", (half(1265, None), "] x")),
            ("9:05 AM", (half(545, None), "")),
            ("12:00 AM", (half(0, None), "")),
            ("12:59 am", (half(59, None), "")),
            ("12:30 PM", (half(750, None), "")),
            ("11:59:30.5 pm", (half(1439, Some(30_500_000)), "")),
        ] {
            assert_eq!(clock_with_half(text), Some(wanted), "{text}");
        }
        for wrong in [
            "13:05 PM",
            "00:05 AM",
            "0:05 AM",
            "9:5 PM",
            "9:60 PM",
            "9 PM",
            "9:05",
            "9:05 px",
            "9:05 AMPM",
            "9:05 among",
            "9:05 Am",
            "9:05 a",
        ] {
            assert_eq!(clock_with_half(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn dates_of_the_united_states_have_the_month_first() {
        let day = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).expect("a day");
        assert_eq!(us_date("11/23/26 x"), Some((day(2026, 11, 23), " x")));
        assert_eq!(us_date("02/29/2004,"), Some((day(2004, 2, 29), ",")));
        assert_eq!(us_date("01/02/68"), Some((day(2068, 1, 2), "")));
        assert_eq!(us_date("01/02/69"), Some((day(1969, 1, 2), "")));
        for wrong in ["23/11/26", "02/29/26", "1/2/26", "11/23", "11-23-26", ""] {
            assert_eq!(us_date(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn comings_and_goings_are_told_from_talk() {
        let left = |nick, words| LineContent::Left { nick, words };
        for (words, wanted) in [
            ("bob [b@x]  has joined #books", LineContent::Joined("bob")),
            ("bob (b@x) has joined", LineContent::Joined("bob")),
            (
                "@bob [acc] (Bob (B) B.) (b@x) has joined #books",
                LineContent::Joined("bob"),
            ),
            ("bob [b@x]  has left #books []", left("bob", None)),
            (
                "bob (b@x) has quit (gone)",
                left("bob", Some("bob (b@x) has quit (gone)")),
            ),
            ("bob has quit", left("bob", None)),
            (
                "bob was kicked from #b by eve [x]",
                left("bob", Some("bob was kicked from #b by eve [x]")),
            ),
            (
                "eve has kicked bob (x)",
                left("bob", Some("eve has kicked bob (x)")),
            ),
            (
                "bob is now known as [rob]",
                LineContent::Renamed {
                    old: "bob",
                    new: "[rob]",
                    words: "bob is now known as [rob]",
                },
            ),
            (
                "bob is now known as a great cook",
                LineContent::Told("bob is now known as a great cook"),
            ),
            (
                "bob has joined #books and said so",
                LineContent::Told("bob has joined #books and said so"),
            ),
            (
                "mode/#books [+o bob]  by eve",
                LineContent::Told("mode/#books [+o bob]  by eve"),
            ),
            ("bob [b@x", LineContent::Told("bob [b@x")),
            ("bob has quitted", LineContent::Told("bob has quitted")),
            ("", LineContent::Dated),
        ] {
            assert_eq!(program_words(words), wanted, "{words}");
        }
    }
}
