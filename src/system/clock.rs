//! Clocks that do not tell the time of day.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// The time since the machine was started, sleep included: a machine that wakes up has not had its clock
/// set.
pub(crate) fn since_boot() -> Duration {
    Duration::try_from(clock_gettime(ClockId::Boottime)).unwrap_or_default()
}

#[cfg(feature = "gui")]
mod thread {
    use std::fs::File;
    use std::time::Duration;

    use rustix::time::{ClockId, clock_gettime};

    use crate::system::files::Positional as _;

    /// The times that the thread has run and has waited for a core while it could have run.
    #[derive(Debug)]
    pub(crate) struct ThreadClock {
        waits: Option<File>,
    }

    impl ThreadClock {
        /// The clock of this thread, which alone may read it.
        pub(crate) fn of_this() -> ThreadClock {
            ThreadClock {
                waits: File::open("/proc/thread-self/schedstat").ok(),
            }
        }

        /// The time for which the thread had work, on a core or waiting for one.
        pub(crate) fn busy(&self) -> Duration {
            let ran = clock_gettime(ClockId::ThreadCPUTime);
            let ran = Duration::try_from(ran).unwrap_or_default();
            ran + self.waited().unwrap_or_default()
        }

        fn waited(&self) -> Option<Duration> {
            let mut text = [0; 64];
            let length = self.waits.as_ref()?.read_at(&mut text, 0).ok()?;
            // Time on a core (of the last tick, so the clock is asked for that), time waited, turns.
            let mut fields = std::str::from_utf8(&text[..length]).ok()?.split(' ');
            Some(Duration::from_nanos(fields.nth(1)?.parse().ok()?))
        }
    }
}

#[cfg(feature = "gui")]
pub(crate) use thread::ThreadClock;
