//! The tally for programs: one JSON object, or a CSV sheet with one row for each name.
//!
//! Invariant: no name can control a terminal or become a formula, and each can be recovered. In JSON, names
//! are unescaped. In the sheet they are spelt as in the log (`\n`, `\u{1b}`, `\\`), and a name that a
//! spreadsheet would calculate (one that begins with `=`, `+`, `-`, `@` or `'`) is preceded by `'`. Times are
//! RFC 3339 in UTC in JSON, and local time (`2026-11-23 22:34:57`) in the sheet, which every spreadsheet
//! understands.

use std::io::{self, Write};
use std::str::from_utf8;

use serde::{Serialize, Serializer};

use crate::event::Stamp;
use crate::json;
use crate::line;
use crate::modes::replay::tally::Tally;
use crate::modes::replay::tally::hours::{Hour, second};
use crate::modes::replay::tally::intervals::Interval;
use crate::modes::replay::tally::names::NameTally;

/// The approximate number of intervals over time.
const INTERVALS: usize = 200;

/// The object of `--stats=json`. Keys stay what they are; new ones may come.
#[derive(Serialize)]
struct StatsObject<'a> {
    log: &'a str,
    /// Times of the first and the last counted line.
    from: Option<Stamp>,
    to: Option<Stamp>,
    /// The local clock's offset from UTC at the end, in seconds; hours, weekdays and days are by that clock.
    utc_offset_seconds: i64,
    lines: u64,
    messages: u64,
    words: u64,
    characters: u64,
    joins: u64,
    leaves: u64,
    opened: u64,
    closed: u64,
    notices: u64,
    erased: u64,
    /// Events in a form that this version does not know.
    unknown: u64,
    /// Lines that are not as the room wrote them, which are not counted.
    damaged: u64,
    torn: bool,
    /// Calendar days from the first line to the last, and those with messages.
    days: i64,
    days_with_messages: u64,
    longest_silence: Option<Silence>,
    busiest_hour: Option<Busiest>,
    /// Hours 0 to 23.
    by_hour: [u64; 24],
    /// Monday to Sunday.
    by_weekday: [u64; 7],
    by_weekday_and_hour: [[u64; 24]; 7],
    over_time: Vec<TimeSlice>,
    names: usize,
    people: NameRows<'a>,
    /// The totals of the names beyond those that are kept, if there are any.
    others: Option<Row<'a>>,
}

#[derive(Serialize)]
struct Silence {
    from: Stamp,
    to: Stamp,
    seconds: f64,
}

#[derive(Serialize)]
struct Busiest {
    from: Stamp,
    to: Stamp,
    messages: u64,
}

#[derive(Serialize)]
struct TimeSlice {
    from: Stamp,
    to: Stamp,
    messages: u64,
}

/// The rows, made one at a time.
struct NameRows<'a>(&'a Tally);

impl Serialize for NameRows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rows = self.0.people.all().iter();
        serializer.collect_seq(rows.map(|person| Row::of(person, self.0)))
    }
}

#[derive(Serialize)]
struct Row<'a> {
    /// `None` for the names that are not kept.
    name: Option<std::borrow::Cow<'a, str>>,
    messages: u64,
    /// The share of all messages, in percent.
    share: f64,
    words: u64,
    characters: u64,
    mean_characters: f64,
    longest_characters: u64,
    first_message: Option<Stamp>,
    last_message: Option<Stamp>,
    times_joined: u64,
    times_left: u64,
    first_joined: Option<Stamp>,
    last_left: Option<Stamp>,
    present_at_end: bool,
    minutes_present: u64,
}

impl<'a> Row<'a> {
    fn of(person: &'a NameTally, tally: &Tally) -> Row<'a> {
        let spelt = from_utf8(&person.name).unwrap_or_default();
        let name = match memchr::memchr(b'\\', &person.name) {
            Some(_) => line::unescaped_name(spelt).map(Into::into),
            None => Some(spelt.into()),
        };
        Row {
            name,
            messages: person.messages,
            share: share(person, tally),
            words: person.words,
            characters: person.characters,
            mean_characters: rounded(person.mean(), 1),
            longest_characters: person.longest,
            first_message: person.spoke.map(|(first, _)| first),
            last_message: person.spoke.map(|(_, last)| last),
            times_joined: person.joins,
            times_left: person.leaves,
            first_joined: person.joined,
            last_left: person.left,
            present_at_end: person.is_present,
            minutes_present: person.minutes(),
        }
    }
}

/// The share of all messages of that name, in percent with two places.
fn share(person: &NameTally, tally: &Tally) -> f64 {
    match tally.messages {
        0 => 0.0,
        all => rounded(person.messages as f64 * 100.0 / all as f64, 2),
    }
}

fn rounded(value: f64, places: i32) -> f64 {
    let scale = 10f64.powi(places);
    (value * scale).round() / scale
}

/// Writes everything as one JSON object in one line.
///
/// # Errors
/// The output cannot be written.
pub(super) fn json(tally: &Tally, log: &str, out: &mut dyn Write) -> io::Result<()> {
    let silence = tally.silence.map(|(from, to)| Silence {
        from,
        to,
        seconds: to.since(from).as_micros() as f64 / 1e6,
    });
    let busiest = |hour: Hour| Busiest {
        from: hour.from,
        to: hour.to,
        messages: hour.messages,
    };
    let over = |interval: Interval| TimeSlice {
        from: interval.from,
        to: interval.to,
        messages: interval.messages,
    };
    let over_time = tally.range.map(|(from, to)| {
        let (_, intervals) = tally.intervals.gathered(from, to, INTERVALS);
        intervals.into_iter().map(over).collect()
    });
    let counted = StatsObject {
        log,
        from: tally.range.map(|(first, _)| first),
        to: tally.range.map(|(_, last)| last),
        utc_offset_seconds: tally
            .range
            .map_or(0, |(_, last)| (tally.zone)(second(last))),
        lines: tally.lines,
        messages: tally.messages,
        words: tally.words,
        characters: tally.characters,
        joins: tally.joins,
        leaves: tally.leaves,
        opened: tally.opened,
        closed: tally.closed,
        notices: tally.notices,
        erased: tally.erased,
        unknown: tally.unknown,
        damaged: tally.defects.damaged,
        torn: tally.defects.torn,
        days: tally.days(),
        days_with_messages: tally.hours.days,
        longest_silence: silence,
        busiest_hour: tally.hours.busiest.map(busiest),
        by_hour: tally.hours.by_hour(),
        by_weekday: tally.hours.by_weekday(),
        by_weekday_and_hour: tally.hours.heat,
        over_time: over_time.unwrap_or_default(),
        names: tally.people.all().len(),
        people: NameRows(tally),
        others: tally.people.others.as_ref().map(|others| Row {
            name: None,
            ..Row::of(others, tally)
        }),
    };
    json::write(&counted, &mut *out)?;
    out.write_all(b"\n")
}

const HEAD: &str = "name,messages,share_percent,words,characters,mean_characters,\
longest_characters,first_message,last_message,times_joined,times_left,first_joined,last_left,\
present_at_end,minutes_present\r\n";

/// Writes a CSV sheet (RFC 4180) with a head and one row for each name.
///
/// # Errors
/// The output cannot be written.
pub(super) fn csv(tally: &Tally, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(HEAD.as_bytes())?;
    let time = |at: Option<Stamp>| at.map_or(String::new(), |at| on_the_wall(at, tally));
    for person in tally.people.all() {
        out.write_all(cell(from_utf8(&person.name).unwrap_or_default()).as_bytes())?;
        let row = Row::of(person, tally);
        let rest = format!(
            ",{},{:.2},{},{},{:.1},{},{},{},{},{},{},{},{},{}\r\n",
            row.messages,
            row.share,
            row.words,
            row.characters,
            row.mean_characters,
            row.longest_characters,
            time(row.first_message),
            time(row.last_message),
            row.times_joined,
            row.times_left,
            time(row.first_joined),
            time(row.last_left),
            if row.present_at_end { "yes" } else { "no" },
            row.minutes_present,
        );
        out.write_all(rest.as_bytes())?;
    }
    Ok(())
}

/// Local time, as spreadsheets understand it.
fn on_the_wall(at: Stamp, tally: &Tally) -> String {
    tally.wall(at).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// A name, spelt as in the log, as a cell of the sheet.
fn cell(name: &str) -> String {
    let guard = if name.starts_with(['=', '+', '-', '@', '\'']) {
        "'"
    } else {
        ""
    };
    if name.contains([',', ';', '"']) || name.starts_with(' ') || name.ends_with(' ') {
        format!("\"{guard}{}\"", name.replace('"', "\"\""))
    } else {
        format!("{guard}{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_never_formulas() {
        for (name, cell_of_it) in [
            ("mira", "mira"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("=1+1", "'=1+1"),
            ("+49", "'+49"),
            ("-x", "'-x"),
            ("@sum(a,b)", "\"'@sum(a,b)\""),
            ("'=quoted", "''=quoted"),
            ("\\n=x", "\\n=x"),
            (" mira ", "\" mira \""),
            ("", ""),
        ] {
            assert_eq!(cell(name), cell_of_it);
        }
    }
}
