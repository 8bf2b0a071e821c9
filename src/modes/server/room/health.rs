//! The health of the room, as `GET /health` reports it: the log, the disk and the
//! clock.

use std::io;
use std::time::Duration;

use serde_json::{Value, json};

use crate::event::Stamp;

use super::lock::{Lock, LockGuard, Rank};
use crate::system::limits;

/// The relation of the machine's clock to the log's times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClockState {
    /// Lines have the clock's time.
    #[default]
    Right,
    /// The clock jumped ahead and is not believed yet.
    Held,
    /// The log is ahead.
    Behind(ClockBehind),
}

/// A clock that shows an earlier time than the log's last line has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockBehind {
    /// The time that the clock shows.
    pub now: Stamp,
    /// The time of the log's last line.
    pub last: Stamp,
    /// When the clock will have caught up, by its own reckoning.
    pub until: Stamp,
    /// The verdict on the clock.
    pub clock: ClockTrust,
}

/// The verdict on a clock that is behind the log: is it wrong, or was it wrong when the log was written?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockTrust {
    /// The clock is right: it came back from where it had jumped to.
    Right,
    /// The clock shows a time before this program was made.
    Wrong,
    /// Nothing tells.
    Unknown,
}

/// The health of the log. The committer and the check of the disk write it; requests read it.
#[derive(Debug)]
pub struct Health(Lock<Facts>);

impl Default for Health {
    fn default() -> Health {
        Health(Lock::new(Rank::Health, Facts::default()))
    }
}

#[derive(Debug, Default)]
struct Facts {
    /// Why the last attempt to store something failed, if nothing has been stored since.
    full: Option<Full>,
    /// Nothing more will be stored by this server.
    over: bool,
    /// The bytes that are left on the log's disk.
    free: Option<u64>,
    /// When something was forced to disk last, and how long that took.
    synced: Option<(Stamp, Duration)>,
    /// The number of orders refused for lack of space since something was stored last.
    refused: u64,
    /// The number of orders refused for lack of space since the start.
    refused_in_all: u64,
    clock: ClockState,
}

/// The limit that was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Full {
    Disk,
    /// The limit of a file's size.
    Limit,
    /// A user's share of the disk.
    Quota,
}

/// The lines for which a disk has space left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpaceLeft {
    /// A line of any length fits.
    ForAnyLine,
    /// A short line may fit.
    ForShortLines,
    /// There is none, not even for root.
    None,
}

impl Health {
    fn state(&self) -> LockGuard<'_, Facts> {
        self.0.lock()
    }

    /// Records that so many orders were refused because the log could not grow.
    pub fn refused(&self, orders: usize, why: &io::Error) {
        let mut state = self.state();
        state.refused += orders as u64;
        state.refused_in_all += orders as u64;
        state.full = Some(match why.kind() {
            io::ErrorKind::FileTooLarge => Full::Limit,
            io::ErrorKind::QuotaExceeded => Full::Quota,
            _ => Full::Disk,
        });
    }

    /// Records that something was stored.
    pub fn stored(&self) {
        let mut state = self.state();
        state.full = None;
        state.refused = 0;
    }

    /// Records a sync, and the time that it took.
    pub fn synced(&self, at: Stamp, took: Duration) {
        self.state().synced = Some((at, took));
    }

    /// Records that the log is lost to this server, or its disk fails.
    pub fn over(&self) {
        self.state().over = true;
    }

    /// Records the state of the clock.
    pub fn clock(&self, clock: ClockState) {
        self.state().clock = clock;
    }

    /// Records that the log's disk has `free` bytes left, and for which lines. The log is `length`
    /// bytes long.
    pub fn space(&self, free: u64, left: SpaceLeft, length: u64) {
        let mut state = self.state();
        state.free = Some(free);
        match state.full {
            Some(Full::Disk) if left == SpaceLeft::ForAnyLine => state.full = None,
            Some(Full::Limit) if limits::file_size().is_none_or(|limit| limit > length) => {
                state.full = None
            }
            None if left == SpaceLeft::None => state.full = Some(Full::Disk),
            // Whether a share has space is known by the next message alone.
            _ => {}
        }
    }

    /// `ok`, or in a word why nothing can be stored.
    pub fn status(&self) -> &'static str {
        let state = self.state();
        match (state.over, state.full) {
            (true, _) => "log_lost",
            (false, Some(_)) => "log_full",
            (false, None) => "ok",
        }
    }

    /// Everything, for who may know it.
    pub fn fields(&self) -> Vec<(&'static str, Value)> {
        let state = self.state();
        let seconds = |took: Duration| took.as_micros() as f64 / 1e6;
        let (synced, took) = state.synced.unzip();
        let (clock, until) = match state.clock {
            ClockState::Right => ("right", None),
            ClockState::Held => ("jumped", None),
            ClockState::Behind(behind) => ("behind", Some(behind.until)),
        };
        let fields = [
            ("writable", json!(!state.over && state.full.is_none())),
            ("disk_free", json!(state.free)),
            ("last_sync", json!(synced)),
            ("last_sync_seconds", json!(took.map(seconds))),
            ("refused", json!(state.refused)),
            ("refused_in_all", json!(state.refused_in_all)),
            ("clock", json!(clock)),
            ("clock_behind_until", json!(until)),
        ];
        fields.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: io::ErrorKind) -> io::Error {
        kind.into()
    }

    #[test]
    fn a_full_disk_is_told_until_something_was_stored_or_there_is_space() {
        let health = Health::default();
        assert_eq!(health.status(), "ok");
        health.refused(3, &error(io::ErrorKind::StorageFull));
        health.space(0, SpaceLeft::None, 1_000);
        assert_eq!(health.status(), "log_full");
        health.space(1 << 30, SpaceLeft::ForAnyLine, 1_000);
        assert_eq!(health.status(), "ok");
        // Of a share nothing is known from the disk's space.
        health.refused(2, &error(io::ErrorKind::QuotaExceeded));
        health.space(1 << 30, SpaceLeft::ForAnyLine, 1_000);
        assert_eq!(health.status(), "log_full");
        let refused = |name| {
            let fields = health.fields();
            let field = fields.into_iter().find(|(field, _)| *field == name);
            field.map(|(_, value)| value)
        };
        assert_eq!(refused("refused"), Some(json!(5)));
        health.stored();
        assert_eq!(health.status(), "ok");
        assert_eq!(refused("refused"), Some(json!(0)));
        assert_eq!(refused("refused_in_all"), Some(json!(5)));
        // A disk without a byte is told before anybody speaks.
        health.space(0, SpaceLeft::None, 1_000);
        assert_eq!(
            (health.status(), refused("writable")),
            ("log_full", Some(json!(false)))
        );
        health.over();
        assert_eq!(health.status(), "log_lost");
    }
}
