//! Due times: from the times in a log to moments after the start of the run.
//!
//! This is arithmetic on iterators, without a clock; the loop that waits (in [`super`]) measures against its
//! start, so errors do not add up.
//!
//! Invariant: an event is never due before the one before it in the file.

use std::time::Duration;

use crate::cli::Speed;
use crate::event::Stamp;

/// An item with its due time.
#[derive(Debug, PartialEq)]
pub(super) struct Cue<T> {
    /// The time from the start of the run.
    pub due: Duration,
    /// The true length of the silence before it, if it is shortened.
    pub shortened: Option<Duration>,
    /// The scheduled item.
    pub item: T,
}

/// The items with their due times. An item without a time comes with the one before it.
pub(super) fn cues<T>(
    items: impl Iterator<Item = (Option<Stamp>, T)>,
    longest: Duration,
    speed: Speed,
) -> impl Iterator<Item = Cue<T>> {
    schedule(limit(silences(items), longest), speed)
}

/// The silence before each item; a time that runs backwards is none.
fn silences<T>(
    items: impl Iterator<Item = (Option<Stamp>, T)>,
) -> impl Iterator<Item = (Duration, T)> {
    let mut latest: Option<Stamp> = None;
    items.map(move |(at, item)| {
        let Some(at) = at else {
            return (Duration::ZERO, item);
        };
        let before = latest.unwrap_or(at);
        latest = Some(before.max(at));
        (at.since(before), item)
    })
}

/// Cuts every silence to `longest`, and keeps its true length.
fn limit<T>(
    items: impl Iterator<Item = (Duration, T)>,
    longest: Duration,
) -> impl Iterator<Item = (Duration, Option<Duration>, T)> {
    items.map(move |(silence, item)| {
        let shortened = (silence > longest).then_some(silence);
        (silence.min(longest), shortened, item)
    })
}

/// Moments after the start, at the given speed.
fn schedule<T>(
    items: impl Iterator<Item = (Duration, Option<Duration>, T)>,
    speed: Speed,
) -> impl Iterator<Item = Cue<T>> {
    // The sum is of log time and divided only at the end, so no rounding adds up.
    let mut sum = Duration::ZERO;
    items.map(move |(silence, shortened, item)| {
        sum = sum.saturating_add(silence);
        let due = match speed {
            Speed::Max => Duration::ZERO,
            Speed::Times(times) => {
                Duration::try_from_secs_f64(sum.as_secs_f64() / times).unwrap_or(Duration::MAX)
            }
        };
        Cue {
            due,
            shortened,
            item,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(1_000_000);

    fn dues(seconds: &[f64], longest: Duration, speed: Speed) -> Vec<f64> {
        let items = seconds
            .iter()
            .map(|s| (Some(Stamp::from_micros((s * 1e6) as i64)), ()));
        cues(items, longest, speed)
            .map(|cue| cue.due.as_secs_f64())
            .collect()
    }

    #[test]
    fn events_are_due_as_far_apart_as_they_happened() {
        assert_eq!(
            dues(&[100.0, 101.5, 103.0], LONG, Speed::Times(1.0)),
            [0.0, 1.5, 3.0]
        );
    }

    #[test]
    fn speed_divides_every_wait() {
        assert_eq!(
            dues(&[0.0, 5.0, 20.0], LONG, Speed::Times(10.0)),
            [0.0, 0.5, 2.0]
        );
        assert_eq!(dues(&[0.0, 5.0], LONG, Speed::Times(0.5)), [0.0, 10.0]);
        assert_eq!(dues(&[0.0, 5.0, 20.0], LONG, Speed::Max), [0.0, 0.0, 0.0]);
    }

    #[test]
    fn a_long_silence_is_cut_and_its_true_length_kept() {
        let two = Duration::from_secs(2);
        let items = [0, 2, 3_600, 3_601].map(|s| (Some(Stamp::from_micros(s * 1_000_000)), s));
        let played: Vec<_> = cues(items.into_iter(), two, Speed::Times(1.0)).collect();
        let due: Vec<u64> = played.iter().map(|cue| cue.due.as_secs()).collect();
        assert_eq!(due, [0, 2, 4, 5]);
        let cut: Vec<_> = played.iter().map(|cue| cue.shortened).collect();
        assert_eq!(cut, [None, None, Some(Duration::from_secs(3_598)), None]);
    }

    #[test]
    fn time_never_runs_backwards() {
        // The clock was put back by 50 s; what follows is measured from the latest time.
        assert_eq!(
            dues(&[100.0, 50.0, 99.0, 103.0], LONG, Speed::Times(1.0)),
            [0.0, 0.0, 0.0, 3.0]
        );
    }

    #[test]
    fn an_item_without_a_time_comes_with_the_one_before() {
        let at = |s: i64| Some(Stamp::from_micros(s * 1_000_000));
        let items = [(None, 'a'), (at(10), 'b'), (None, 'c'), (at(13), 'd')];
        let due: Vec<u64> = cues(items.into_iter(), LONG, Speed::Times(1.0))
            .map(|cue| cue.due.as_secs())
            .collect();
        assert_eq!(due, [0, 0, 0, 3]);
    }

    #[test]
    fn errors_do_not_add_up() {
        let seconds: Vec<f64> = (0..100_000).map(|n| f64::from(n) * 0.001).collect();
        let last = dues(&seconds, LONG, Speed::Times(3.0)).pop().expect("one");
        assert!((last - 99.999 / 3.0).abs() < 1e-6, "{last}");
    }

    #[test]
    fn the_longest_times_there_are_do_not_overflow() {
        let ends = [Stamp::from_micros(i64::MIN), Stamp::from_micros(i64::MAX)];
        let items = ends.map(|at| (Some(at), ()));
        let last = cues(items.into_iter(), Duration::MAX, Speed::Times(0.001)).last();
        assert!(last.is_some_and(|cue| cue.due > Duration::from_secs(1 << 40)));
    }
}
