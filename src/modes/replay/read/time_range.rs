//! From times on the command line to moments, and from moments to positions in a file.

use std::io;

use chrono::{Days, Local, NaiveTime};

use super::blocks::ByteRange;
use super::filter::Filter;
use super::log::{Log, LogInput, reader, unreadable};
use crate::cli::{ReplayArgs, When};
use crate::event::{Stamp, on_the_wall};
use crate::failure::Failure;
use crate::journal::Reader;
use crate::line;
use crate::modes::replay::wording::date_and_clock;

/// Finds the moments of `--from` and `--to`, sets them in the filter, and returns their range in a file;
/// `None` for a stream, whose lines are checked one by one.
///
/// # Errors
/// The file cannot be read; a time needs a file but the log is a stream; the end is before the beginning.
pub(crate) fn find(
    log: &Log,
    args: &ReplayArgs,
    filter: &mut Filter,
) -> Result<Option<ByteRange>, Failure> {
    let failed = |error: io::Error| unreadable(&log.name, &error);
    let file = match &log.input {
        LogInput::File { file, end } => Some((reader(file), *end)),
        LogInput::Stream(_) => None,
    };
    let known = match &file {
        Some((reader, end)) => Known::Ends(ends(reader, *end).map_err(failed)?),
        None => Known::Nothing,
    };
    filter.from = moment(args.from, None, known, log)?;
    filter.to = moment(args.to, filter.from, known, log)?;
    check_order(filter)?;
    let Some((reader, end)) = file else {
        return Ok(None);
    };
    if let Known::Ends(Some(ends)) = known {
        check_overlap(filter, ends, args.follow, log)?;
    }
    let place = |at: Option<Stamp>, or: u64| -> Result<u64, Failure> {
        at.map_or(Ok(or), |at| reader.at_time(at, end))
            .map_err(failed)
    };
    let start = place(filter.from, 0)?;
    let end = place(filter.to, end)?;
    Ok(Some(ByteRange {
        start,
        end: end.max(start),
    }))
}

/// The times of a log that are known before it is read.
#[derive(Clone, Copy)]
enum Known {
    /// A stream: none.
    Nothing,
    /// A file: those of its first and last line, if it has a good one.
    Ends(Option<(Stamp, Stamp)>),
}

/// The moment that an argument stands for: `None` if there is no argument, or no line to choose from. A time
/// of day is the first one from `after` on, or from the log's beginning.
///
/// # Errors
/// The moment depends on times that are not known.
fn moment(
    when: Option<When>,
    after: Option<Stamp>,
    known: Known,
    log: &Log,
) -> Result<Option<Stamp>, Failure> {
    let Some(when) = when else { return Ok(None) };
    Ok(match (when, known) {
        (When::At(at), _) => Some(at),
        (When::BeforeEnd(ago), Known::Ends(Some((_, last)))) => Some(last.minus(ago)),
        (When::Clock(time), Known::Ends(Some((first, _)))) => {
            Some(next(time, after.unwrap_or(first)))
        }
        // A log without a good line has nothing to choose from.
        (_, Known::Ends(None)) => None,
        (_, Known::Nothing) => {
            return Err(Failure::new(format!(
                "{} is read from front to back, so its first and last times are not known in \
                 advance: give a date and a time, such as \"2026-11-23 22:34\", or save it as a \
                 file and name that (another program's log: --convert FILE first).",
                log.name
            )));
        }
    })
}

/// Checks that there is time between `--from` and `--to`.
fn check_order(filter: &Filter) -> Result<(), Failure> {
    match (filter.from, filter.to) {
        (Some(from), Some(to)) if from >= to => Err(Failure::new(format!(
            "--to ({}) is not after --from ({}), so there is nothing between them. Give a later \
             --to.",
            date_and_clock(to),
            date_and_clock(from)
        ))),
        _ => Ok(()),
    }
}

/// Checks that a log with these first and last times has a part between `--from` and `--to`, or may get one.
fn check_overlap(
    filter: &Filter,
    (first, last): (Stamp, Stamp),
    follow: bool,
    log: &Log,
) -> Result<(), Failure> {
    if let Some(from) = filter.from.filter(|from| *from > last && !follow) {
        return Err(Failure::new(format!(
            "{} ends at {}, before --from ({}), so there is nothing to show. Give an earlier \
             --from.",
            log.name,
            date_and_clock(last),
            date_and_clock(from)
        )));
    }
    if let Some(to) = filter.to.filter(|to| *to <= first) {
        return Err(Failure::new(format!(
            "{} begins at {}, not before --to ({}), so there is nothing to show. Give a later \
             --to.",
            log.name,
            date_and_clock(first),
            date_and_clock(to)
        )));
    }
    Ok(())
}

/// The times of the first and the last line with a good checksum.
///
/// # Errors
/// Reading failed.
pub(crate) fn ends(reader: &Reader, end: u64) -> io::Result<Option<(Stamp, Stamp)>> {
    const BLOCK: usize = 64 * 1024;
    let at = |text: &[u8]| line::split(text).and_then(|parts| parts.at()).ok();
    let (mut from, mut first) = (0, None);
    while first.is_none() && from < end {
        let range = reader.read(from, end, BLOCK)?;
        first = range.lines().find_map(|(_, text)| at(text));
        from = range.next;
    }
    let (mut before, mut last) = (end, None);
    while last.is_none() && before > 0 {
        let range = reader.read_back(before, BLOCK)?;
        last = range.lines().rev().find_map(|(_, text)| at(text));
        before = range.offset;
    }
    Ok(first.zip(last))
}

/// The first moment from `after` on at which the local clock shows that time.
fn next(time: NaiveTime, after: Stamp) -> Stamp {
    let here = after.utc().with_timezone(&Local);
    // One of the next days has such a time, even where clocks are put forward.
    let days = (0..4).filter_map(|day| here.date_naive().checked_add_days(Days::new(day)));
    let mut moments = days.flat_map(|day| on_the_wall(day.and_time(time)));
    let found = moments.find(|at| *at >= here);
    Stamp::from_micros(found.unwrap_or(here).timestamp_micros())
}
