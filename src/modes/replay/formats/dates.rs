//! From the times that lines have to moments: what a line leaves out, the lines before it tell.
//!
//! A time of day without a date that goes back by two hours or more is of the next day; or, in a
//! log that never had one from 13:00 on and goes on just half a day earlier, of the afternoon: some
//! archives have a clock of twelve hours. A day of a month more than half a year before the one
//! before it is of the next year. Times are of this machine's clock ([`Zone::Local`]) or UTC. Where a
//! local clock was put back, an hour happens twice: a time is of the first, unless that would be
//! before the line before. Where it was put forward there are times that never were: they are
//! counted from before.

use chrono::{
    DateTime, Datelike, Days, Local, LocalResult, NaiveDate, NaiveDateTime, Offset, TimeZone,
};

use super::parsed::{Clock, Date, Time};
use crate::event::Stamp;

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
/// Minutes.
const HALF_A_DAY: u32 = 12 * 60;
/// Minutes: lines may come a little out of order, and clocks are put back by an hour.
const FAR_BACK: u32 = 2 * 60;
/// Days.
const HALF_A_YEAR: i64 = 182;

/// Whose clock the times are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// This machine's.
    Local,
    /// Greenwich's.
    Utc,
}

/// When a line was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// When; of a line without seconds, when its minute began.
    pub at: Stamp,
    /// The line has no seconds.
    pub whole_minute: bool,
    /// It is earlier than the line before.
    pub back: bool,
}

/// There is no such day in that year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoSuchDay;

/// Keeps the date while a log is read.
#[derive(Debug)]
pub struct Dates {
    zone: Zone,
    /// The day of the newest line.
    date: Option<NaiveDate>,
    /// What is taken for the first day if no line tells.
    fallback: NaiveDate,
    /// The minute of the day of the newest time.
    minute: Option<u32>,
    /// So many minutes are to be added in the afternoon, by a clock of twelve hours.
    later: u32,
    /// There was a time from 13:00 on: the clock has twenty-four hours.
    is_whole: bool,
    latest: Option<i64>,
    /// The local hour that was looked up last: when it began.
    hour: Option<(NaiveDate, u32, i64)>,
    /// No line told the date, or the year, when it was needed.
    pub guessed: bool,
    /// The clock was taken to have twelve hours.
    pub twelve_hours: bool,
}

impl Dates {
    /// Nothing is known but the day that is taken for the first if no line tells one.
    pub fn new(zone: Zone, fallback: NaiveDate) -> Dates {
        Dates {
            zone,
            date: None,
            fallback,
            minute: None,
            later: 0,
            is_whole: false,
            latest: None,
            hour: None,
            guessed: false,
            twelve_hours: false,
        }
    }

    /// The moment of a line; nothing if it has only a date, or not even that.
    ///
    /// # Errors
    /// The 29th of February of another year.
    pub fn moment(&mut self, time: &Time) -> Result<Option<Moment>, NoSuchDay> {
        match time.date {
            Some(Date::Full(date)) => self.turn_to(date),
            Some(Date::Yearless(month, day)) => {
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
            self.pass(date, clock.minute);
        }
        self.minute = Some(clock.minute);
        let (date, clock) = self.in_the_afternoon(clock);
        let at = match (time.east, self.zone) {
            (Some(east), _) => on_clock(date, clock) - i64::from(east) * SECOND,
            (None, Zone::Utc) => on_clock(date, clock),
            (None, Zone::Local) => self.local(date, clock),
        };
        let back = self.latest.is_some_and(|latest| at < latest);
        self.latest = self.latest.max(Some(at));
        Ok(Some(Moment {
            at: Stamp::from_micros(at),
            whole_minute: clock.micros.is_none(),
            back,
        }))
    }

    /// Passes noon or midnight if the clock went far back.
    fn pass(&mut self, date: NaiveDate, minute: u32) {
        let next = date.succ_opt().unwrap_or(date);
        let is_whole = minute >= HALF_A_DAY + 60;
        if is_whole && self.later > 0 {
            // It has twenty-four hours after all, and what was passed was midnight.
            (self.date, self.later) = (Some(next), 0);
        }
        self.is_whole |= is_whole;
        let Some(before) = self.minute.filter(|before| minute + FAR_BACK <= *before) else {
            return;
        };
        let half_later = (minute + HALF_A_DAY).checked_sub(before);
        if !self.is_whole && half_later.is_some_and(|gap| gap < FAR_BACK) {
            self.twelve_hours = true;
            self.later += HALF_A_DAY;
        } else {
            self.later = 2 * HALF_A_DAY;
        }
        if self.later == 2 * HALF_A_DAY {
            (self.date, self.later) = (Some(next), 0);
        }
    }

    /// The day and the time of day that a clock's time stands for.
    fn in_the_afternoon(&self, clock: Clock) -> (NaiveDate, Clock) {
        let date = self.date.unwrap_or(self.fallback);
        let minute = clock.minute + self.later;
        let (date, minute) = match minute.checked_sub(2 * HALF_A_DAY) {
            Some(minute) => (date.succ_opt().unwrap_or(date), minute),
            None => (date, minute),
        };
        (date, Clock { minute, ..clock })
    }

    fn turn_to(&mut self, date: NaiveDate) {
        if self.date != Some(date) {
            self.date = Some(date);
            self.minute = None;
            self.later = 0;
        }
    }

    fn dated(&mut self, month: u32, day: u32) -> Result<NaiveDate, NoSuchDay> {
        let year = match self.date {
            Some(date) => date.year(),
            None => {
                self.guessed = true;
                self.fallback.year()
            }
        };
        let of = |year| NaiveDate::from_ymd_opt(year, month, day);
        let later = |date: NaiveDate, than: NaiveDate| (date - than).num_days();
        match (of(year), self.date) {
            (Some(date), Some(before)) if later(before, date) > HALF_A_YEAR => {
                of(year + 1).ok_or(NoSuchDay)
            }
            (Some(date), _) => Ok(date),
            // After a year that has no such day comes one that may.
            (None, Some(before)) => match of(year + 1) {
                Some(date) if later(before, date) > -HALF_A_YEAR => Ok(date),
                _ => Err(NoSuchDay),
            },
            (None, None) => Err(NoSuchDay),
        }
    }

    fn local(&mut self, date: NaiveDate, clock: Clock) -> i64 {
        let hour = clock.minute / 60;
        let within = i64::from(clock.minute % 60) * MINUTE + i64::from(clock.micros.unwrap_or(0));
        if let Some((known, of_day, began)) = self.hour
            && (known, of_day) == (date, hour)
        {
            return began + within;
        }
        let minute = |minute| Clock {
            minute,
            micros: None,
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
        let micros = |at: &DateTime<Local>| at.timestamp_micros();
        match Local.from_local_datetime(&wanted) {
            LocalResult::Single(at) => micros(&at),
            LocalResult::Ambiguous(one, other) => {
                // chrono does not always give the first of them first.
                let (first, second) = (
                    micros(&one).min(micros(&other)),
                    micros(&one).max(micros(&other)),
                );
                match self.latest {
                    Some(latest) if first < latest => second,
                    _ => first,
                }
            }
            LocalResult::None => {
                let before = wanted.checked_sub_days(Days::new(1)).unwrap_or(wanted);
                let offset = Local.from_local_datetime(&before).earliest();
                let east = offset.map_or(0, |at| at.offset().fix().local_minus_utc());
                on_clock(date, clock) - i64::from(east) * SECOND
            }
        }
    }
}

fn naive(date: NaiveDate, clock: Clock) -> NaiveDateTime {
    let micros = on_clock(date, clock);
    DateTime::from_timestamp_micros(micros)
        .unwrap_or_default()
        .naive_utc()
}

/// Microseconds since 1970 on a clock that shows the date and time.
fn on_clock(date: NaiveDate, clock: Clock) -> i64 {
    let days = i64::from(date.to_epoch_days());
    let minutes = days * 24 * 60 + i64::from(clock.minute);
    minutes * MINUTE + i64::from(clock.micros.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::super::parsed::{clock, month_and_day};
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    fn said(dates: &mut Dates, time: &Time) -> String {
        match dates.moment(time) {
            Ok(Some(moment)) => moment.at.to_string()[..19].to_string(),
            Ok(None) => "nothing".into(),
            Err(NoSuchDay) => "no such day".into(),
        }
    }

    fn at(text: &str) -> Time {
        Time::clock(clock(text).expect("a time").0)
    }

    #[test]
    fn midnight_passes_without_a_date() {
        let mut dates = Dates::new(Zone::Utc, day("2004-12-31"));
        let mut next = |text: &str| said(&mut dates, &at(text));
        assert_eq!(next("22:51"), "2004-12-31T22:51:00");
        assert_eq!(next("23:59"), "2004-12-31T23:59:00");
        assert_eq!(next("00:01"), "2005-01-01T00:01:00");
        // A little back is no midnight.
        assert_eq!(next("00:00"), "2005-01-01T00:00:00");
        assert!(dates.guessed);
        let moment = dates
            .moment(&at("00:00"))
            .expect("a day")
            .expect("a moment");
        assert!(moment.back && moment.whole_minute);
    }

    #[test]
    fn noon_passes_on_a_clock_of_twelve_hours() {
        let mut dates = Dates::new(Zone::Utc, day("2004-12-25"));
        let mut next = |text: &str| said(&mut dates, &at(text));
        assert_eq!(next("09:14"), "2004-12-25T09:14:00");
        assert_eq!(next("11:55"), "2004-12-25T11:55:00");
        assert_eq!(next("00:05"), "2004-12-25T12:05:00");
        assert_eq!(next("11:59"), "2004-12-25T23:59:00");
        assert_eq!(next("12:01"), "2004-12-26T00:01:00");
        assert_eq!(next("01:01"), "2004-12-26T01:01:00");
        assert!(dates.twelve_hours);
        // One of twenty-four hours passes midnight, however long nobody said anything.
        let mut dates = Dates::new(Zone::Utc, day("2004-12-25"));
        let mut next = |text: &str| said(&mut dates, &at(text));
        assert_eq!(next("11:55"), "2004-12-25T11:55:00");
        assert_eq!(next("08:00"), "2004-12-26T08:00:00");
        assert_eq!(next("13:55"), "2004-12-26T13:55:00");
        assert_eq!(next("02:05"), "2004-12-27T02:05:00");
        assert!(!dates.twelve_hours);
    }

    #[test]
    fn a_date_that_is_told_is_taken_as_it_is() {
        let mut dates = Dates::new(Zone::Utc, day("2000-01-01"));
        let told = |text: &str| Time {
            date: Some(Date::Full(day(text))),
            ..Time::default()
        };
        assert_eq!(said(&mut dates, &told("2026-11-23")), "nothing");
        assert_eq!(said(&mut dates, &at("23:59:59")), "2026-11-23T23:59:59");
        assert_eq!(said(&mut dates, &told("2026-11-24")), "nothing");
        assert_eq!(said(&mut dates, &at("00:00")), "2026-11-24T00:00:00");
        assert!(!dates.guessed);
        let east = Time {
            east: Some(3600),
            ..at("01:00:00")
        };
        assert_eq!(said(&mut dates, &east), "2026-11-24T00:00:00");
    }

    #[test]
    fn the_year_changes_in_january() {
        let mut dates = Dates::new(Zone::Utc, day("2000-01-01"));
        dates.turn_to(day("2026-12-30"));
        let mut next = |text: &str| {
            let ((month, day), _) = month_and_day(text).expect("a day");
            let time = Time {
                date: Some(Date::Yearless(month, day)),
                ..at("12:00:00")
            };
            said(&mut dates, &time)
        };
        assert_eq!(next("Dec 31"), "2026-12-31T12:00:00");
        assert_eq!(next("Jan  1"), "2027-01-01T12:00:00");
        assert_eq!(next("Dec 31"), "2027-12-31T12:00:00");
        assert_eq!(next("Feb 29"), "2028-02-29T12:00:00");
        assert_eq!(next("Feb 28"), "2028-02-28T12:00:00");
        assert_eq!(next("Dec 31"), "2028-12-31T12:00:00");
        assert_eq!(next("Feb 29"), "no such day");
    }
}
