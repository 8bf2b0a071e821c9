//! The one sentence that a failed run ends with.
//!
//! Anything that ends a mode is turned into a [`Failure`] where it is understood best, so that the
//! sentence can name the path or the address and say what to do next. `main` prints it and exits with its
//! [code](Failure::code).

use std::fmt;
use std::io;

/// The reason why a mode ended, in words for the person who started it.
#[derive(Debug)]
pub struct Failure {
    sentence: String,
    broken_pipe: bool,
    setting: bool,
}

impl Failure {
    /// A failure with its `sentence`: what happened and what to do next.
    pub fn new(sentence: impl Into<String>) -> Failure {
        Failure {
            sentence: sentence.into(),
            broken_pipe: false,
            setting: false,
        }
    }

    /// A configuration error: retrying unchanged cannot succeed.
    pub fn setting(sentence: impl Into<String>) -> Failure {
        Failure {
            setting: true,
            ..Failure::new(sentence)
        }
    }

    /// A failed write of the output. A reader that left (`| head`) is no failure of ours.
    pub fn output(error: io::Error) -> Failure {
        Failure {
            broken_pipe: error.kind() == io::ErrorKind::BrokenPipe,
            setting: false,
            sentence: format!("The output could not be written: {}.", reason(&error)),
        }
    }

    /// The exit code: 2 for a configuration error, as for a command line that cannot be parsed, else 1.
    pub fn code(&self) -> u8 {
        if self.setting { 2 } else { 1 }
    }

    /// Tells whether the mode ended only because its output has no reader any more.
    pub fn is_broken_pipe(&self) -> bool {
        self.broken_pipe
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl std::error::Error for Failure {}

/// The system's error message, without Rust's `(os error 13)` and starting in lower case.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = text.chars();
    match letters.next() {
        Some(first) if letters.clone().next().is_some_and(char::is_lowercase) => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => text.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_reads_as_part_of_a_sentence() {
        let denied = io::Error::from_raw_os_error(13);
        assert_eq!(reason(&denied), "permission denied");
    }

    #[test]
    fn a_closed_pipe_is_told_apart() {
        assert!(Failure::output(io::ErrorKind::BrokenPipe.into()).is_broken_pipe());
        assert!(!Failure::output(io::ErrorKind::StorageFull.into()).is_broken_pipe());
    }
}
