//! Times that leave something out.

use super::super::syntax::{clock, clock_with_half, month_and_day};
use super::*;

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn said(dates: &mut Dates, time: &LineTime) -> String {
    match dates.moment(time) {
        Ok(Some(moment)) => moment.at.to_string()[..19].to_string(),
        Ok(None) => "nothing".into(),
        Err(NoSuchDay) => "no such day".into(),
    }
}

fn at(text: &str) -> LineTime {
    LineTime::clock(clock(text).expect("a time").0)
}

#[test]
fn midnight_passes_without_a_date() {
    let mut dates = Dates::new(Zone::Utc, day("2004-12-31"));
    let mut next = |text: &str| said(&mut dates, &at(text));
    assert_eq!(next("22:51"), "2004-12-31T22:51:00");
    assert_eq!(next("23:59"), "2004-12-31T23:59:00");
    assert_eq!(next("00:01"), "2005-01-01T00:01:00");
    // Slightly back is not midnight.
    assert_eq!(next("00:00"), "2005-01-01T00:00:00");
    assert!(dates.guessed);
    let moment = dates
        .moment(&at("00:00"))
        .expect("a day")
        .expect("a moment");
    assert!(moment.back && moment.whole_minute);
}

#[test]
fn times_with_am_or_pm_leave_nothing_to_guess() {
    let mut dates = Dates::new(Zone::Utc, day("2004-12-25"));
    let mut next = |text: &str| {
        let (clock, _) = clock_with_half(text).expect("a time");
        said(&mut dates, &LineTime::clock(clock))
    };
    assert_eq!(next("11:50 AM"), "2004-12-25T11:50:00");
    assert_eq!(next("12:10 PM"), "2004-12-25T12:10:00");
    assert_eq!(next("11:59 PM"), "2004-12-25T23:59:00");
    assert_eq!(next("12:10 AM"), "2004-12-26T00:10:00");
    assert_eq!(next("11:50 AM"), "2004-12-26T11:50:00");
    // A clock of twelve hours that says neither would be at noon here.
    assert_eq!(next("12:10 AM"), "2004-12-27T00:10:00");
    assert!(!dates.twelve_hours);
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
    // A twenty-four-hour clock passes midnight, however long the silence was.
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
    let told = |text: &str| LineTime {
        date: Some(LineDate::Full(day(text))),
        ..LineTime::default()
    };
    assert_eq!(said(&mut dates, &told("2026-11-23")), "nothing");
    assert_eq!(said(&mut dates, &at("23:59:59")), "2026-11-23T23:59:59");
    assert_eq!(said(&mut dates, &told("2026-11-24")), "nothing");
    assert_eq!(said(&mut dates, &at("00:00")), "2026-11-24T00:00:00");
    assert!(!dates.guessed);
    let east = LineTime {
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
        let time = LineTime {
            date: Some(LineDate::Yearless(month, day)),
            ..at("12:00:00")
        };
        said(&mut dates, &time)
    };
    assert_eq!(next("Dec 31"), "2026-12-31T12:00:00");
    assert_eq!(next("Jan  1"), "2027-01-01T12:00:00");
    // Late, and then it continues.
    assert_eq!(next("Dec 31"), "2026-12-31T12:00:00");
    assert_eq!(next("Jan  1"), "2027-01-01T12:00:00");
    assert_eq!(next("Jan  9"), "2027-01-09T12:00:00");
    assert_eq!(next("Dec 31"), "2027-12-31T12:00:00");
    assert_eq!(next("Feb 29"), "2028-02-29T12:00:00");
    assert_eq!(next("Feb 28"), "2028-02-28T12:00:00");
    assert_eq!(next("Dec 31"), "2028-12-31T12:00:00");
    assert_eq!(next("Feb 29"), "no such day");
}

#[test]
fn a_date_that_is_told_again_is_that_day() {
    let mut dates = Dates::new(Zone::Utc, day("2000-01-01"));
    let told = |text: &str| LineTime {
        date: Some(LineDate::Full(day(text))),
        ..LineTime::default()
    };
    assert_eq!(said(&mut dates, &told("2026-11-23")), "nothing");
    assert_eq!(said(&mut dates, &at("23:59:59")), "2026-11-23T23:59:59");
    // The log continues before it states its day.
    assert_eq!(said(&mut dates, &at("00:00:00")), "2026-11-24T00:00:00");
    assert_eq!(said(&mut dates, &at("23:59:00")), "2026-11-24T23:59:00");
    assert_eq!(said(&mut dates, &told("2026-11-24")), "nothing");
    assert_eq!(said(&mut dates, &at("00:00:05")), "2026-11-24T00:00:05");
}

#[test]
fn what_is_late_is_put_at_the_days_beginning_or_where_it_came() {
    let mut dates = Dates::new(Zone::Utc, day("2026-11-23"));
    assert!(!dates.may_be_late(&at("23:59:59")));
    assert_eq!(said(&mut dates, &at("23:58:00")), "2026-11-23T23:58:00");
    let told = LineTime {
        date: Some(LineDate::Full(day("2026-11-24"))),
        ..LineTime::default()
    };
    assert_eq!(said(&mut dates, &told), "nothing");
    assert!(dates.may_be_late(&at("23:59:59")) && !dates.may_be_late(&at("23:49:59")));
    let late = |dates: &mut Dates| {
        let moment = dates.late(&at("23:59:59")).expect("a moment");
        assert!(moment.back && !moment.whole_minute);
        moment.at.to_string()[..19].to_string()
    };
    assert_eq!(late(&mut dates), "2026-11-24T00:00:00");
    assert_eq!(said(&mut dates, &at("00:00:03")), "2026-11-24T00:00:03");
    assert!(dates.may_be_late(&at("23:59:59")));
    assert_eq!(late(&mut dates), "2026-11-24T00:00:03");
    assert_eq!(said(&mut dates, &at("00:12:00")), "2026-11-24T00:12:00");
    assert!(!dates.may_be_late(&at("23:59:59")));
}
