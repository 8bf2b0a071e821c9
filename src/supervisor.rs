//! Messages to systemd, if it started this process: the service's state (`sd_notify(3)`) and the
//! severity of lines for the journal (`sd-daemon(3)`).
//!
//! Without systemd nothing is sent, and lines are unmarked. A supervisor that does not read delays a
//! start and a stop by two seconds at most.
//!
//! Existing crates do not support abstract addresses, which containers use, or can block for ever.

use std::env;
use std::time::Duration;

use crate::system::supervisor::{is_standard_error, send};

/// The longest wait for a supervisor that does not read.
const BUSY: Duration = Duration::from_secs(2);

/// Reports that the service is ready; `status` is one line for `systemctl status`.
pub fn ready(status: &str) {
    tell(&format!("READY=1\nSTATUS={}", one_line(status)));
}

/// Reports that the service is stopping, and why.
pub fn stopping(status: &str) {
    tell(&format!("STOPPING=1\nSTATUS={}", one_line(status)));
}

fn tell(state: &str) {
    if let Some(address) = env::var_os("NOTIFY_SOCKET") {
        // The supervisor may be gone; the room works all the same.
        let _ = send(&address, state, BUSY);
    }
}

/// The severity of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The run ends.
    Error,
    /// An operator should look at it.
    Warning,
}

impl Severity {
    /// The prefix of a line for the journal, with the numbers of `syslog(3)`.
    fn mark(self) -> &'static str {
        match self {
            Severity::Error => "<3>",
            Severity::Warning => "<4>",
        }
    }
}

/// `text` as written to standard error: unchanged, or with its severity before each line where
/// standard error is the journal.
pub fn marked(severity: Severity, text: &str) -> String {
    match env::var("JOURNAL_STREAM") {
        Ok(stream) if is_standard_error(&stream) => mark_lines(severity, text),
        _ => text.to_string(),
    }
}

fn mark_lines(severity: Severity, text: &str) -> String {
    let lines = text
        .lines()
        .map(|line| format!("{}{line}", severity.mark()));
    lines.collect::<Vec<_>>().join("\n")
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_says_how_grave_it_is() {
        assert_eq!(
            mark_lines(Severity::Error, "The disk is gone."),
            "<3>The disk is gone."
        );
        assert_eq!(mark_lines(Severity::Warning, "one\ntwo"), "<4>one\n<4>two");
    }
}
