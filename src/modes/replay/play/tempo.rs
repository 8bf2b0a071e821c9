//! Due times of events, without a clock.
//!
//! Invariant: everything is measured from one moment, the start of the play or its newest change by the user,
//! so errors do not add up; after a change of speed the play continues from where it is.

use std::time::{Duration, Instant};

use crate::cli::Speed;

/// The delay from which a play counts as held up (Ctrl-Z, Ctrl-S, a search): it continues from where it was
/// and does not catch up in a rush.
const HELD_UP: Duration = Duration::from_secs(1);

/// The speeds that the keys step through; [`Speed::Max`] comes after the last.
const SPEEDS: [f64; 14] = [
    0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 10_000.0,
];

/// The position of a play in time. Durations are of the log, with its silences shortened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tempo {
    speed: Speed,
    /// The longest silence that is waited out.
    longest: Duration,
    /// The position at `since`.
    base: Duration,
    /// The moment of `base`; `None` while the play is paused.
    since: Option<Instant>,
    /// The position of the newest shown event.
    last: Duration,
}

impl Tempo {
    /// A play that starts now.
    pub(super) fn new(speed: Speed, longest: Duration, now: Instant) -> Tempo {
        Tempo {
            speed,
            longest,
            base: Duration::ZERO,
            since: Some(now),
            last: Duration::ZERO,
        }
    }

    pub(super) fn speed(&self) -> Speed {
        self.speed
    }

    /// Returns whether the play is running.
    pub(super) fn goes(&self) -> bool {
        self.since.is_some()
    }

    /// The moment at which an event is due that comes `silence` after the newest one; `None` while the play
    /// is paused.
    pub(super) fn due(&self, silence: Duration) -> Option<Instant> {
        let at = self.last.saturating_add(silence.min(self.longest));
        let ahead = at.saturating_sub(self.base);
        let since = self.since?;
        match self.speed {
            Speed::Max => Some(since),
            Speed::Times(times) => {
                let wait = Duration::try_from_secs_f64(ahead.as_secs_f64() / times);
                // Longer than anyone waits.
                let wait = wait
                    .unwrap_or(Duration::MAX)
                    .min(Duration::from_secs(1 << 32));
                since.checked_add(wait)
            }
        }
    }

    /// Returns whether a silence is shortened.
    pub(super) fn shortens(&self, silence: Duration) -> bool {
        silence > self.longest
    }

    /// Notes that an event was shown `silence` after the newest one, which was due then.
    pub(super) fn shown(&mut self, silence: Duration, due: Option<Instant>, now: Instant) {
        self.last = self.last.saturating_add(silence.min(self.longest));
        let late = due.map_or(Duration::ZERO, |due| now.saturating_duration_since(due));
        if self.since.is_none() || late > HELD_UP {
            self.base = self.last;
            self.since = self.since.map(|_| now);
        }
    }

    /// The time since the newest event.
    pub(super) fn since_shown(&self, now: Instant) -> Duration {
        self.position(now).saturating_sub(self.last)
    }

    /// Continues from here: the next event is due at once.
    pub(super) fn restart(&mut self, now: Instant) {
        self.base = Duration::ZERO;
        self.last = Duration::ZERO;
        self.since = self.since.map(|_| now);
    }

    /// Pauses the play.
    pub(super) fn stop(&mut self, now: Instant) {
        self.base = self.position(now);
        self.since = None;
    }

    /// Continues a paused play.
    pub(super) fn go(&mut self, now: Instant) {
        self.since.get_or_insert(now);
    }

    /// Changes to the next higher speed.
    pub(super) fn faster(&mut self, now: Instant) {
        let next = match self.speed {
            // A speed close to a step counts as that step.
            Speed::Times(times) => SPEEDS.into_iter().find(|next| *next > times * 1.001),
            Speed::Max => None,
        };
        self.set_speed(next.map_or(Speed::Max, Speed::Times), now);
    }

    /// Changes to the next lower speed; the lowest stays.
    pub(super) fn slower(&mut self, now: Instant) {
        let next = match self.speed {
            Speed::Times(times) => SPEEDS.into_iter().rev().find(|next| *next < times * 0.999),
            Speed::Max => SPEEDS.last().copied(),
        };
        self.set_speed(next.map_or(self.speed, Speed::Times), now);
    }

    fn set_speed(&mut self, speed: Speed, now: Instant) {
        self.base = self.position(now);
        self.since = self.since.map(|_| now);
        self.speed = speed;
    }

    fn position(&self, now: Instant) -> Duration {
        let Some(since) = self.since else {
            return self.base;
        };
        let past = now.saturating_duration_since(since);
        match self.speed {
            Speed::Max => self.last.max(self.base),
            Speed::Times(times) => {
                let past = Duration::try_from_secs_f64(past.as_secs_f64() * times);
                self.base.saturating_add(past.unwrap_or(Duration::MAX))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(1_000_000);

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    /// The seconds after which each event is shown.
    fn shown(silences: &[f64], longest: Duration, speed: Speed) -> Vec<f64> {
        let start = Instant::now();
        let (mut tempo, mut now) = (Tempo::new(speed, longest, start), start);
        let shown = silences.iter().map(|silence| {
            let due = tempo.due(seconds(*silence)).expect("it goes");
            now = now.max(due);
            tempo.shown(seconds(*silence), Some(due), now);
            (now - start).as_secs_f64()
        });
        shown.collect()
    }

    #[test]
    fn events_are_due_as_far_apart_as_they_happened() {
        let times = Speed::Times;
        assert_eq!(shown(&[0.0, 1.5, 1.5], LONG, times(1.0)), [0.0, 1.5, 3.0]);
        assert_eq!(shown(&[0.0, 5.0, 15.0], LONG, times(10.0)), [0.0, 0.5, 2.0]);
        assert_eq!(shown(&[0.0, 5.0], LONG, times(0.5)), [0.0, 10.0]);
        assert_eq!(shown(&[0.0, 5.0], LONG, Speed::Max), [0.0, 0.0]);
        let two = seconds(2.0);
        assert_eq!(
            shown(&[0.0, 2.0, 3600.0, 1.0], two, times(1.0)),
            [0.0, 2.0, 4.0, 5.0]
        );
    }

    #[test]
    fn errors_do_not_add_up() {
        let silences = vec![0.001; 100_000];
        let last = shown(&silences, LONG, Speed::Times(3.0))
            .pop()
            .expect("one");
        assert!((last - 100.0 / 3.0).abs() < 1e-6, "{last}");
    }

    #[test]
    fn whoever_is_late_catches_up_but_not_what_was_slept_through() {
        let start = Instant::now();
        let mut tempo = Tempo::new(Speed::Times(1.0), LONG, start);
        let second = seconds(1.0);
        // 0.3 s late: the next one is on time again.
        let due = tempo.due(second);
        tempo.shown(second, due, start + seconds(1.3));
        assert_eq!(tempo.due(second), Some(start + seconds(2.0)));
        // An hour late.
        let due = tempo.due(second);
        tempo.shown(second, due, start + seconds(3602.0));
        assert_eq!(tempo.due(second), Some(start + seconds(3603.0)));
    }

    #[test]
    fn a_pause_and_a_change_of_speed_make_no_jump() {
        let start = Instant::now();
        let mut tempo = Tempo::new(Speed::Times(1.0), LONG, start);
        let at = |s: f64| start + seconds(s);
        tempo.stop(at(4.0));
        assert_eq!(tempo.due(seconds(10.0)), None);
        tempo.go(at(100.0));
        // 6 s of the silence are left.
        assert_eq!(tempo.due(seconds(10.0)), Some(at(106.0)));
        tempo.faster(at(102.0));
        assert_eq!(tempo.speed(), Speed::Times(2.0));
        assert_eq!(tempo.due(seconds(10.0)), Some(at(104.0)));
        assert_eq!(tempo.since_shown(at(103.0)), seconds(8.0));
        for _ in 0..20 {
            tempo.faster(at(103.0));
        }
        assert_eq!(tempo.speed(), Speed::Max);
        assert!(tempo.due(seconds(10.0)) <= Some(at(103.0)));
        for _ in 0..30 {
            tempo.slower(at(103.0));
        }
        assert_eq!(tempo.speed(), Speed::Times(0.1));
        assert_eq!(tempo.due(seconds(10.0)), Some(at(123.0)));
    }

    #[test]
    fn the_longest_times_there_are_do_not_overflow() {
        let now = Instant::now();
        let tempo = Tempo::new(Speed::Times(0.001), Duration::MAX, now);
        assert!(tempo.due(Duration::MAX) > Some(now + LONG));
        assert!(tempo.since_shown(now + LONG) > Duration::ZERO);
    }
}
