//! The time for which each turn of the event loop kept the window from answering, for `make
//! bench-window`.
//!
//! A turn begins when the loop wakes and ends when everything is drawn. FLTK's `wait` does not tell
//! when it woke: it draws what is due, sleeps in `select`, and runs the handlers, all in one call;
//! the hooks into it (`event_dispatch`, system handlers) are `unsafe` and miss some events, such as
//! a new size. So a turn is the sum of two parts:
//!
//! - inside `wait`, the time for which this thread ran or was ready to run and waited for a
//!   processor. Asleep in `select` it does neither. A handler that sleeps (for the X server, for a
//!   disk) is counted too short by its sleep.
//! - from `wait`'s return to the end of the drawing, the elapsed time, sleep included. For that the
//!   loop draws ([`fltk::app::flush`]) before it ends the turn; `wait` then has nothing to draw.
//!
//! What always holds: nothing is read, kept or written unless `CHATROOM_GUI_FRAMES` names a file,
//! and a turn costs no allocation.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::system::clock::ThreadClock;

/// The environment variable that names the file.
pub const VARIABLE: &str = "CHATROOM_GUI_FRAMES";

/// Turns longer than these are counted.
const LIMITS: [Duration; 3] = [
    Duration::from_millis(16),
    Duration::from_millis(50),
    Duration::from_millis(100),
];

/// The number of turns, and of long ones among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    count: u64,
    over: [u64; LIMITS.len()],
    longest: Duration,
}

impl Histogram {
    /// Counts a turn.
    pub fn record(&mut self, turn: Duration) {
        self.count += 1;
        for (over, limit) in self.over.iter_mut().zip(LIMITS) {
            *over += u64::from(turn > limit);
        }
        self.longest = self.longest.max(turn);
    }
}

impl fmt::Display for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "frames {}", self.count)?;
        for (over, limit) in self.over.iter().zip(LIMITS) {
            write!(f, ", over_{}ms {over}", limit.as_millis())?;
        }
        write!(f, ", longest_us {}", self.longest.as_micros())
    }
}

/// The measurement of one event loop, on the thread that it was made on.
#[derive(Debug, Default)]
pub struct Frames(Option<Recorder>);

#[derive(Debug)]
struct Recorder {
    path: PathBuf,
    histogram: Histogram,
    thread: ThreadClock,
    /// The thread's busy time at the end of the last turn.
    rested: Duration,
    /// The time at which the loop came out of its wait, and its busy time in there.
    turn: Option<(Instant, Duration)>,
}

impl Frames {
    /// Measures if the environment asks for it. For the thread that has the loop.
    pub fn from_env() -> Frames {
        let path = std::env::var_os(VARIABLE).filter(|path| !path.is_empty());
        path.map(|path| Frames::into_file(path.into()))
            .unwrap_or_default()
    }

    fn into_file(path: PathBuf) -> Frames {
        let mut recorder = Recorder {
            path,
            histogram: Histogram::default(),
            thread: ThreadClock::of_this(),
            rested: Duration::ZERO,
            turn: None,
        };
        recorder.rested = recorder.thread.busy();
        Frames(Some(recorder))
    }

    /// Begins a turn: the loop has come out of its wait.
    pub fn begin(&mut self) {
        if let Some(recorder) = &mut self.0 {
            let inside = recorder.thread.busy().saturating_sub(recorder.rested);
            recorder.turn = Some((Instant::now(), inside));
        }
    }

    /// Ends a turn: everything is drawn, and the loop goes into its wait.
    pub fn end(&mut self) {
        if let Some(recorder) = &mut self.0 {
            if let Some((woke, inside)) = recorder.turn.take() {
                recorder.histogram.record(inside + woke.elapsed());
            }
            recorder.rested = recorder.thread.busy();
        }
    }

    /// Appends one line to the file, with the most rows of the transcript that were laid out for
    /// one redraw.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn finish(self, most_rows: usize) -> io::Result<()> {
        let Some(recorder) = self.0 else {
            return Ok(());
        };
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(recorder.path)?;
        let line = format!("{}, most_rows {most_rows}\n", recorder.histogram);
        file.write_all(line.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Keeps the processor busy for so long.
    fn work(time: Duration) {
        let begin = Instant::now();
        while begin.elapsed() < time {
            std::hint::spin_loop();
        }
    }

    #[test]
    fn the_line_counts_every_turn_and_the_long_ones_by_how_long_they_were() {
        let mut histogram = Histogram::default();
        for turn in [MS, 16 * MS, 17 * MS, 51 * MS, 100 * MS, 1_500 * MS] {
            histogram.record(turn);
        }
        assert_eq!(
            histogram.to_string(),
            "frames 6, over_16ms 4, over_50ms 3, over_100ms 1, longest_us 1500000"
        );
    }

    #[test]
    fn a_turn_is_the_work_in_the_wait_and_all_that_follows_but_not_the_sleep_in_the_wait() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("frames");
        let mut frames = Frames::into_file(path.clone());
        // The first turn comes before any wait.
        frames.begin();
        frames.end();
        // A wait: a long sleep, then a busy handler, then a turn that sleeps itself.
        let all = Instant::now();
        std::thread::sleep(400 * MS);
        work(60 * MS);
        frames.begin();
        std::thread::sleep(30 * MS);
        frames.end();
        let all = all.elapsed();
        let histogram = frames.0.as_ref().expect("asked for").histogram.clone();
        assert_eq!(histogram.count, 2, "{histogram}");
        assert!(histogram.over[1] >= 1, "{histogram}");
        // On a machine however busy: all but the first sleep.
        let range = 85 * MS..=all - 390 * MS;
        assert!(range.contains(&histogram.longest), "{histogram} of {all:?}");
        frames.finish(7).expect("written");
        let written = std::fs::read_to_string(&path).expect("the line");
        assert_eq!(written, format!("{histogram}, most_rows 7\n"));
    }

    #[test]
    fn nobody_asked_nothing_is_written() {
        let mut frames = Frames::default();
        frames.begin();
        frames.end();
        frames.finish(7).expect("nothing to do");
    }
}
