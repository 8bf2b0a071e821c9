//! Days and times of day as the document shows them, in this machine's zone.

use std::fmt::Write as _;

use chrono::{DateTime, Local, NaiveDate, Timelike};

use crate::event::Stamp;
use crate::line::STAMP;

/// A minute of local time.
#[derive(Clone, Debug, Default)]
pub(super) struct WallMinute {
    pub day: NaiveDate,
    /// The time of day: `22:34`.
    clock: String,
    /// Date and time: `2026-11-23 22:34`.
    full: String,
    /// The offset from UTC: `+01:00`.
    offset: String,
    second: u32,
}

/// Local time, with a memory of the newest minute.
#[derive(Debug, Default)]
pub(super) struct WallClock {
    minute: Option<i64>,
    moment: WallMinute,
}

impl WallClock {
    /// The local time at a moment.
    pub(super) fn minute_of(&mut self, at: Stamp) -> &WallMinute {
        let minute = at.micros().div_euclid(60_000_000);
        if self.minute != Some(minute) {
            let here = local(at);
            self.moment = WallMinute {
                day: here.date_naive(),
                clock: here.format("%H:%M").to_string(),
                full: here.format("%Y-%m-%d %H:%M").to_string(),
                offset: here.format("%:z").to_string(),
                second: 0,
            };
            self.minute = Some(minute);
        }
        self.moment.second = at.micros().div_euclid(1_000_000).rem_euclid(60) as u32;
        &self.moment
    }
}

fn local(at: Stamp) -> DateTime<Local> {
    at.utc().with_timezone(&Local)
}

impl WallMinute {
    /// Appends the time of day, with the exact time as a tooltip and for programs; `stamp` is the log's.
    pub(super) fn write(&self, stamp: &[u8; STAMP], out: &mut Vec<u8>) {
        out.extend_from_slice(b"<time datetime=\"");
        out.extend_from_slice(stamp);
        out.extend_from_slice(b"\" title=\"");
        out.extend_from_slice(self.full.as_bytes());
        let second = self.second as u8;
        out.extend_from_slice(&[b':', b'0' + second / 10, b'0' + second % 10, b' ']);
        out.extend_from_slice(self.offset.as_bytes());
        out.extend_from_slice(b"\">");
        out.extend_from_slice(self.clock.as_bytes());
        out.extend_from_slice(b"</time>");
    }
}

/// Appends the heading of a day.
pub(super) fn heading(day: NaiveDate, out: &mut Vec<u8>) {
    let (date, words) = (day.format("%Y-%m-%d"), day.format("%A, %-d %B %Y"));
    let line = format!("<h2><time datetime=\"{date}\">{words}</time></h2>\n");
    out.extend_from_slice(line.as_bytes());
}

/// The time span in words, `, on 16 November 2026 from 18:30 to 18:52`, and its zone.
pub(super) fn span(first: Stamp, last: Stamp) -> (String, String) {
    let (first, last) = (local(first), local(last));
    let day = |at: &DateTime<Local>| at.format("%-d %B %Y").to_string();
    let minute = |at: &DateTime<Local>| format!("{:02}:{:02}", at.hour(), at.minute());
    let mut words = if day(&first) == day(&last) {
        format!(", on {} from {}", day(&first), minute(&first))
    } else {
        format!(", from {}, {}", day(&first), minute(&first))
    };
    // Writing to a String cannot fail.
    let _ = if day(&first) == day(&last) {
        write!(words, " to {}", minute(&last))
    } else {
        write!(words, " to {}, {}", day(&last), minute(&last))
    };
    let zone = |at: &DateTime<Local>| match at.offset().local_minus_utc() {
        0 => "UTC".to_string(),
        _ => format!("UTC{}", at.format("%:z")),
    };
    let zones = if zone(&first) == zone(&last) {
        zone(&first)
    } else {
        format!("{}, later {}", zone(&first), zone(&last))
    };
    (words, zones)
}
