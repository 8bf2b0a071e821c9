//! What systemd is told, where it started this process.
//!
//! Two things: how a service is doing (`sd_notify(3)`), and how grave a line for the journal is
//! (`sd-daemon(3)`). Elsewhere nothing is sent and nothing is written differently, and a supervisor
//! that does not listen disturbs nobody: what it misses is its own loss.
//!
//! The crates for it do not know abstract addresses, which containers use, or wait for ever
//! where nobody reads.

use std::env;
use std::time::Duration;

use crate::system::supervisor::{is_standard_error, send};

/// How long a supervisor may be too busy to be told anything.
const BUSY: Duration = Duration::from_secs(2);

/// Says that the service does its work now; `status` is one line for whoever asks how it is.
pub fn ready(status: &str) {
    tell(&format!("READY=1\nSTATUS={}", one_line(status)));
}

/// Says that the service is about to end, and why.
pub fn stopping(status: &str) {
    tell(&format!("STOPPING=1\nSTATUS={}", one_line(status)));
}

fn tell(state: &str) {
    if let Some(address) = env::var_os("NOTIFY_SOCKET") {
        // It may be gone, and whoever asked for the room has it all the same.
        let _ = send(&address, state, BUSY);
    }
}

/// How grave a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The run ends with it.
    Error,
    /// Somebody should look.
    Warning,
}

impl Severity {
    /// What stands before a line of it in the journal; the numbers are `syslog(3)`'s.
    fn mark(self) -> &'static str {
        match self {
            Severity::Error => "<3>",
            Severity::Warning => "<4>",
        }
    }
}

/// `text` as it is written to standard error: as it is, or with its gravity before each line where
/// that goes to the journal.
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
