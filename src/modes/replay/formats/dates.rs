//! The times of lines as moments: the date, year or half of the day that a line leaves out follows from the
//! lines before it.
//!
//! - A time of day without a date that goes back by two hours or more is of the next day. In a log that never
//!   had a time from 13:00 on, one that goes back by about half a day is in the afternoon: some archives have
//!   a twelve-hour clock. Times with AM or PM need no such guess.
//! - A day of a month that is more than half a year before the previous one is of the next year.
//! - One of the last days of a year in the first days of the next is late, and so is a time just before
//!   midnight just after it ([`Dates::late`]; [`super::late`] finds them). A late line does not move the date
//!   of the lines after it.
//! - A date that a line states is used as it is.
//! - Times are of this machine's clock ([`Zone::Local`]) or UTC. When a local clock is put back, an hour
//!   happens twice: a time is of the first, unless it would then be before the previous line by more than
//!   [`LATE_IN_THE_HOUR`]. Times that a clock skips are counted with the offset from before.

use chrono::{
    DateTime, Datelike, Days, Local, LocalResult, NaiveDate, NaiveDateTime, Offset, TimeZone,
};

use super::syntax::{LineDate, LineTime, TimeOfDay};
use crate::event::{Stamp, on_the_wall};

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
/// Half a day, in minutes.
const HALF_A_DAY: u32 = 12 * 60;
/// The minutes by which a time goes back if the day is over. Lines may come slightly out of order, and clocks are
/// put back by an hour.
pub(super) const FAR_BACK: u32 = 2 * 60;
/// The minutes that a line with a bare time of day can be late, at most.
const LATE: u32 = 10;
/// The minute of the day from which a line may be a late one of the previous day.
pub(super) const LATE_AT_NIGHT: u32 = 2 * HALF_A_DAY - LATE;
/// The microseconds that a line can be late in an hour that happens twice, at most.
const LATE_IN_THE_HOUR: i64 = MINUTE;
/// Half a year, in days.
const HALF_A_YEAR: i64 = 182;
/// The days that a line with a day can be late, at most.
const DAYS_LATE: i64 = 7;

/// The clock of a log's times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Zone {
    /// This machine's clock.
    Local,
    /// Universal time.
    Utc,
}

/// The time of a line as a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// The moment; the start of the minute for a line without seconds.
    pub at: Stamp,
    /// The line has no seconds.
    pub whole_minute: bool,
    /// The line is earlier than the one before.
    pub back: bool,
}

/// The day does not exist in that year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoSuchDay;

/// The date and clock of a log while it is read.
#[derive(Debug)]
pub(super) struct Dates {
    zone: Zone,
    /// The day of the newest line.
    date: Option<NaiveDate>,
    /// A line stated the day.
    stated: bool,
    /// The first day, if no line states one.
    fallback: NaiveDate,
    /// The minute of the day of the newest time.
    minute: Option<u32>,
    /// Noon has passed on a clock that was assumed to have twelve hours.
    is_afternoon: bool,
    /// No half of the day is to be guessed: a time from 13:00 on was seen, or one with AM or PM.
    halves_known: bool,
    /// The latest moment so far, in microseconds since 1970.
    latest: Option<i64>,
    /// The local hour that was looked up last, and its start in microseconds.
    hour: Option<(NaiveDate, u32, i64)>,
    /// The date, or the year, was needed before a line stated it.
    pub guessed: bool,
    /// The clock was assumed to have twelve hours.
    pub twelve_hours: bool,
}

impl Dates {
    /// A log of which only a fallback for the first day is known.
    pub(super) fn new(zone: Zone, fallback: NaiveDate) -> Dates {
        Dates {
            zone,
            date: None,
            stated: false,
            fallback,
            minute: None,
            is_afternoon: false,
            halves_known: false,
            latest: None,
            hour: None,
            guessed: false,
            twelve_hours: false,
        }
    }

    /// The moment of a line; `None` if the line has no time of day.
    ///
    /// # Errors
    /// The 29th of February of a year without one.
    pub(super) fn moment(&mut self, time: &LineTime) -> Result<Option<Moment>, NoSuchDay> {
        match time.date {
            Some(LineDate::Full(date)) => self.turn_to(date),
            Some(LineDate::Yearless(month, day)) => {
                let date = self.dated(month, day)?;
                self.turn_to(date);
            }
            None => (),
        }
        let Some(clock) = time.clock else {
            return Ok(None);
        };
        let date = self.date.unwrap_or_else(|| {
            self.guessed = true;
            self.fallback
        });
        self.date = Some(date);
        if time.date.is_none() {
            self.pass(date, clock);
        }
        self.minute = Some(clock.minute);
        let (date, clock) = self.in_the_afternoon(clock);
        let at = match time.east {
            Some(east) => on_clock(date, clock) - i64::from(east) * SECOND,
            None => self.in_zone(date, clock),
        };
        let back = self.latest.is_some_and(|latest| at < latest);
        self.latest = self.latest.max(Some(at));
        Ok(Some(Moment {
            at: Stamp::from_micros(at),
            whole_minute: clock.micros.is_none(),
            back,
        }))
    }

    /// Returns whether a line with that time may be a late one of the previous day: it is near midnight, and
    /// the current day has had nothing but its first minutes.
    pub(super) fn may_be_late(&self, time: &LineTime) -> bool {
        let has_begun = match self.minute {
            Some(minute) => minute <= LATE,
            None => self.stated,
        };
        let at_night = time
            .clock
            .is_some_and(|clock| clock.minute >= LATE_AT_NIGHT);
        has_begun && at_night && time.date.is_none() && !self.is_afternoon
    }

    /// The moment of a late line: that of the newest line, or the start of the day.
    pub(super) fn late(&mut self, time: &LineTime) -> Option<Moment> {
        let clock = time.clock?;
        let midnight = TimeOfDay {
            minute: 0,
            micros: Some(0),
            states_half: false,
        };
        let begun = self.in_zone(self.date?, midnight);
        let at = self.latest.map_or(begun, |latest| latest.max(begun));
        self.latest = Some(at);
        Some(Moment {
            at: Stamp::from_micros(at),
            whole_minute: clock.micros.is_none(),
            back: true,
        })
    }

    /// The moment in microseconds since 1970.
    fn in_zone(&mut self, date: NaiveDate, clock: TimeOfDay) -> i64 {
        match self.zone {
            Zone::Utc => on_clock(date, clock),
            Zone::Local => self.local(date, clock),
        }
    }

    /// Passes noon or midnight if the clock went far back.
    fn pass(&mut self, date: NaiveDate, clock: TimeOfDay) {
        let (minute, next) = (clock.minute, date.succ_opt().unwrap_or(date));
        let half_is_known = clock.states_half || minute >= HALF_A_DAY + 60;
        if half_is_known && self.is_afternoon {
            // The clock has twenty-four hours after all, so that was midnight.
            (self.date, self.is_afternoon) = (Some(next), false);
        }
        self.halves_known |= half_is_known;
        let Some(before) = self.minute.filter(|before| minute + FAR_BACK <= *before) else {
            return;
        };
        let gap_on_12_hours = (minute + HALF_A_DAY).checked_sub(before);
        let is_next_half = !self.halves_known && gap_on_12_hours.is_some_and(|gap| gap < FAR_BACK);
        self.twelve_hours |= is_next_half;
        if is_next_half && !self.is_afternoon {
            self.is_afternoon = true;
        } else {
            (self.date, self.is_afternoon) = (Some(next), false);
        }
    }

    /// The day and time of day that a time on the clock stands for.
    fn in_the_afternoon(&self, clock: TimeOfDay) -> (NaiveDate, TimeOfDay) {
        let date = self.date.unwrap_or(self.fallback);
        let half = if self.is_afternoon { HALF_A_DAY } else { 0 };
        let minute = clock.minute + half;
        let (date, minute) = match minute.checked_sub(2 * HALF_A_DAY) {
            Some(minute) => (date.succ_opt().unwrap_or(date), minute),
            None => (date, minute),
        };
        (date, TimeOfDay { minute, ..clock })
    }

    /// Begins a day that a line states.
    fn turn_to(&mut self, date: NaiveDate) {
        self.date = Some(date);
        self.stated = true;
        self.minute = None;
        self.is_afternoon = false;
    }

    /// The date of a month and day, in the year that fits the previous date.
    fn dated(&mut self, month: u32, day: u32) -> Result<NaiveDate, NoSuchDay> {
        self.guessed |= self.date.is_none();
        let year = self.date.unwrap_or(self.fallback).year();
        let of = |year| NaiveDate::from_ymd_opt(year, month, day);
        let days = |from: NaiveDate, to: NaiveDate| (to - from).num_days();
        match (of(year), self.date) {
            (Some(date), Some(before)) if days(date, before) > HALF_A_YEAR => {
                of(year + 1).ok_or(NoSuchDay)
            }
            (Some(date), Some(before)) => match of(year - 1) {
                // Late, as near midnight.
                Some(late) if days(late, before) <= DAYS_LATE => Ok(late),
                _ => Ok(date),
            },
            (Some(date), None) => Ok(date),
            // The next year may have that day.
            (None, Some(before)) => match of(year + 1) {
                Some(date) if days(date, before) > -HALF_A_YEAR => Ok(date),
                _ => Err(NoSuchDay),
            },
            (None, None) => Err(NoSuchDay),
        }
    }

    /// The moment, in microseconds since 1970, at which this machine's clock shows that date and time.
    fn local(&mut self, date: NaiveDate, clock: TimeOfDay) -> i64 {
        let hour = clock.minute / 60;
        let within = i64::from(clock.minute % 60) * MINUTE + i64::from(clock.micros.unwrap_or(0));
        if let Some((known, of_day, began)) = self.hour
            && (known, of_day) == (date, hour)
        {
            return began + within;
        }
        let minute = |minute| TimeOfDay {
            minute,
            micros: None,
            states_half: false,
        };
        let ends = [hour * 60, hour * 60 + 59]
            .map(|at| Local.from_local_datetime(&naive(date, minute(at))));
        if let [LocalResult::Single(first), LocalResult::Single(last)] = &ends
            && first.offset() == last.offset()
        {
            let began = first.timestamp_micros();
            self.hour = Some((date, hour, began));
            return began + within;
        }
        let wanted = naive(date, clock);
        let mut moments = on_the_wall(wanted).map(|at| at.timestamp_micros());
        match (moments.next(), moments.next()) {
            (Some(first), Some(second)) => match self.latest {
                Some(latest) if first + LATE_IN_THE_HOUR < latest => second,
                _ => first,
            },
            (Some(only), None) => only,
            (None, _) => {
                let before = wanted.checked_sub_days(Days::new(1)).unwrap_or(wanted);
                let offset = on_the_wall(before).next();
                let east = offset.map_or(0, |at| at.offset().fix().local_minus_utc());
                on_clock(date, clock) - i64::from(east) * SECOND
            }
        }
    }
}

fn naive(date: NaiveDate, clock: TimeOfDay) -> NaiveDateTime {
    let micros = on_clock(date, clock);
    DateTime::from_timestamp_micros(micros)
        .unwrap_or_default()
        .naive_utc()
}

/// Microseconds since 1970 on a clock that shows this date and time.
fn on_clock(date: NaiveDate, clock: TimeOfDay) -> i64 {
    let days = i64::from(date.to_epoch_days());
    let minutes = days * 24 * 60 + i64::from(clock.minute);
    minutes * MINUTE + i64::from(clock.micros.unwrap_or(0))
}

#[cfg(test)]
mod tests;
