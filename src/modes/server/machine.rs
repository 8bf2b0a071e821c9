//! Facts about the machine that several rooms of the server ask for.

use std::time::Duration;

/// The number of cores that this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The number of threads that write to listeners: half as many as there are cores. More threads write
/// more often, and less at a time.
pub fn writers() -> usize {
    (cores() / 2).max(1)
}

/// The time since the machine was started, sleep included: a machine that wakes up has not had its clock
/// set.
pub fn awake() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Duration::try_from(now).unwrap_or_default()
}
