//! Wishes of the user and of the system that reach a process from outside: signals.

use std::fs;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::low_level::{pipe, unregister};
use signal_hook::{SigId, flag};

use super::wait::Wake;

/// The numbers of signals, which are those of the exit code that a shell gives a process they end.
pub(crate) use signal_hook::consts::{
    SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH, SIGXFSZ,
};
/// Signals as they come, for a thread that waits for nothing else; and what ends its wait.
pub(crate) use signal_hook::iterator::{Handle, Signals};

/// The signals that ask a program to end: Ctrl-C, `kill`, Ctrl-\ and a terminal that is closed.
pub(crate) const ENDING: [i32; 4] = [SIGINT, SIGTERM, SIGQUIT, SIGHUP];

/// Sets the flag at the signal, and ends the process with this code if it is set already.
///
/// # Errors
/// The system gives no handler.
pub(crate) fn set_or_exit(signal: i32, is_set: &Arc<AtomicBool>, code: i32) -> io::Result<()> {
    flag::register_conditional_shutdown(signal, code, Arc::clone(is_set))?;
    flag::register(signal, Arc::clone(is_set))?;
    Ok(())
}

/// Has the signal do nothing to this process from now on, and to its children what it always does.
///
/// # Errors
/// The system gives no handler.
pub(crate) fn survive(signal: i32) -> io::Result<()> {
    // Any handler will do, unlike being ignored, which children inherit; nobody reads this flag.
    flag::register(signal, Arc::new(AtomicBool::new(false))).map(drop)
}

/// Tells whether this process was started with the signal ignored, as by `nohup`.
pub(crate) fn is_ignored(signal: i32) -> bool {
    fs::read_to_string("/proc/self/status").is_ok_and(|status| ignores(&status, signal))
}

fn ignores(status: &str, signal: i32) -> bool {
    let mut masks = status
        .lines()
        .filter_map(|line| line.strip_prefix("SigIgn:"));
    let mask = masks
        .next()
        .map(|mask| u64::from_str_radix(mask.trim(), 16));
    matches!(mask, Some(Ok(mask)) if mask >> (signal - 1) & 1 == 1)
}

/// Wakes somebody each time this process goes on after a stop, until it is dropped.
#[derive(Debug)]
pub(crate) struct Continued(Option<SigId>);

impl Continued {
    /// Wakes by `wake`; where the system gives no handler, never.
    pub(crate) fn watch(wake: Wake) -> Continued {
        Continued(pipe::register(SIGCONT, wake.into_stream()).ok())
    }
}

impl Drop for Continued {
    fn drop(&mut self) {
        if let Some(id) = self.0 {
            unregister(id);
        }
    }
}

/// Stops this process with the signal that cannot be caught, so that the shell learns of it. Returns when
/// the process is continued.
pub(crate) fn stop_this() {
    use rustix::process::{Signal, getpid, kill_process};
    let _ = kill_process(getpid(), Signal::STOP);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ignored_is_read_from_the_mask() {
        let status = "SigBlk:\t0000000000000001\nSigIgn:\t0000000000001003\nSigCgt:\t0\n";
        for (signal, ignored) in [(SIGHUP, true), (SIGINT, true), (SIGTERM, false), (13, true)] {
            assert_eq!(ignores(status, signal), ignored, "{signal}");
        }
        assert!(!ignores("", SIGHUP));
    }
}
