//! A day of an IRC channel, read from the two forms in which such days are kept:
//!
//! ```text
//! [14:07] <nick> text              minutes only; the date is elsewhere
//! [14:07]  * nick does something
//! === nick is now known as nick_   a notice, without a time
//! channel 2013-01-26 [15:04:04] <nick> text
//! channel 2013-01-26 [18:14:41] * nick does something
//! ```

use std::time::Duration;

const MINUTE: u64 = 60;
const DAY: u64 = 86_400;

/// One thing that somebody said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// When, from the first line of the day.
    pub at: Duration,
    /// Who.
    pub nick: String,
    /// What; an action as `/me does something`.
    pub text: String,
}

/// A day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Day {
    /// What was said, in the order of the file; times never run backwards.
    pub said: Vec<Said>,
    /// Lines that nobody said: somebody came, went, changed their nick.
    pub notices: usize,
    /// Lines with nothing in them but a nick.
    pub empty: usize,
    /// Lines with bytes that are not UTF-8; each such byte became U+FFFD.
    pub undecodable: usize,
    /// Lines in no known form.
    pub unknown: usize,
}

impl Day {
    /// Reads a day.
    pub fn parse(bytes: &[u8]) -> Day {
        let mut day = Day::default();
        let mut clock = Clock::default();
        let mut whole_minutes = true;
        for line in bytes.split(|b| *b == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                continue;
            }
            let text = String::from_utf8_lossy(line);
            day.undecodable += usize::from(std::str::from_utf8(line).is_err());
            if text.starts_with("===") {
                day.notices += 1;
                continue;
            }
            let Some((time, rest)) = time(&text) else {
                day.unknown += 1;
                continue;
            };
            let Some((nick, text, action)) = speech(rest) else {
                day.unknown += 1;
                continue;
            };
            whole_minutes &= time.of_day % MINUTE == 0;
            let at = clock.tell(time);
            let text = text.trim();
            if text.is_empty() {
                day.empty += 1;
                continue;
            }
            day.said.push(Said {
                at,
                nick: nick.trim().to_string(),
                text: if action {
                    format!("/me {text}")
                } else {
                    text.to_string()
                },
            });
        }
        if whole_minutes {
            spread(&mut day.said);
        }
        day
    }
}

/// A time as a line has it.
struct Time {
    /// Days since some day, if the line has a date.
    day: Option<u64>,
    /// Seconds since midnight.
    of_day: u64,
}

fn time(line: &str) -> Option<(Time, &str)> {
    let (before, rest) = line.split_once('[')?;
    let (inside, rest) = rest.split_once(']')?;
    let day = match before.split_whitespace().collect::<Vec<_>>()[..] {
        [] => None,
        [_channel, date] => Some(date.parse::<chrono::NaiveDate>().ok()?),
        _ => return None,
    };
    let day = day.map(|date| date.to_epoch_days().max(0) as u64);
    let numbers: Option<Vec<u64>> = inside.split(':').map(|n| n.parse().ok()).collect();
    let (hours, minutes, seconds) = match numbers?[..] {
        [hours, minutes] => (hours, minutes, 0),
        [hours, minutes, seconds] => (hours, minutes, seconds),
        _ => return None,
    };
    let valid = hours < 24 && minutes < 60 && seconds < 60;
    let of_day = (hours * 60 + minutes) * 60 + seconds;
    valid.then_some((Time { day, of_day }, rest))
}

/// Who said what, and whether it is an action.
fn speech(rest: &str) -> Option<(&str, &str, bool)> {
    let rest = rest.trim_start();
    if let Some(said) = rest.strip_prefix('<') {
        let (nick, text) = said.split_once('>')?;
        return Some((nick, text, false));
    }
    let (nick, text) = rest.strip_prefix("* ")?.trim_start().split_once(' ')?;
    Some((nick, text, true))
}

/// Makes one line of time out of times of day.
#[derive(Default)]
struct Clock {
    first: Option<u64>,
    midnights: u64,
    latest: u64,
}

impl Clock {
    fn tell(&mut self, time: Time) -> Duration {
        let mut at = time.day.unwrap_or(self.midnights) * DAY + time.of_day;
        // Back by more than half a day without a date: midnight has passed.
        if time.day.is_none() && at + DAY / 2 < self.latest {
            self.midnights += 1;
            at += DAY;
        }
        let first = *self.first.get_or_insert(at);
        self.latest = self.latest.max(at);
        Duration::from_secs(self.latest - first)
    }
}

/// Gives what was said within one minute its share of the minute each.
fn spread(said: &mut [Said]) {
    for minute in said.chunk_by_mut(|a, b| a.at == b.at) {
        let share = Duration::from_secs(MINUTE) / u32::try_from(minute.len()).unwrap_or(u32::MAX);
        let mut later = Duration::ZERO;
        for said in minute {
            said.at += later;
            later += share;
        }
    }
}
