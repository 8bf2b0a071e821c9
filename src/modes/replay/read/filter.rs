//! The choice of a log's events.

use regex::bytes::Regex;

use crate::cli::{Kind, ReplayArgs};
use crate::event::Stamp;
use crate::failure::Failure;
use crate::line::{self, RawLine, Shape};

/// Conditions for an event, apart from its position in the log.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// The earliest time.
    pub from: Option<Stamp>,
    /// The time before which events must be.
    pub to: Option<Stamp>,
    /// Names, if any are chosen, as spelt in a line.
    pub(crate) names: Vec<Vec<u8>>,
    /// The pattern of a message.
    pub grep: Option<Regex>,
    /// Only messages, or only joins and leaves.
    pub(crate) only: Option<Kind>,
    /// The log is converted, so that its first line, which says that a room was opened, is not part of the
    /// original.
    pub begins_converted: bool,
}

impl Filter {
    /// The filter of the command line; [`super::time_range`] fills in the times.
    pub(crate) fn of(args: &ReplayArgs) -> Filter {
        let spelt = |name: &String| line::escaped_name(name).into_bytes();
        Filter {
            from: None,
            to: None,
            names: args.user.iter().map(spelt).collect(),
            grep: args.grep.clone(),
            only: args.only,
            begins_converted: false,
        }
    }

    /// Returns whether every event between the two times is accepted: no name, pattern or kind is chosen.
    pub(crate) fn accepts_all_in_time(&self) -> bool {
        self.names.is_empty() && self.grep.is_none() && self.only.is_none()
    }

    /// Returns whether the line at `offset` was added by the conversion.
    pub(crate) fn is_put_in_front(&self, offset: u64, raw: &RawLine<'_>) -> bool {
        self.begins_converted && offset == 0 && matches!(raw.shape, Shape::Opened { .. })
    }

    /// Returns whether the whole log is accepted: neither times nor anything else is chosen.
    pub(crate) fn accepts_all(&self) -> bool {
        self.accepts_all_in_time() && self.from.is_none() && self.to.is_none()
    }

    /// Returns whether the line is accepted, apart from its time.
    pub(crate) fn accepts(&self, raw: &RawLine<'_>) -> bool {
        match raw.shape {
            Shape::Message { from, text, .. } => {
                self.only != Some(Kind::Joins)
                    && self.name(from)
                    && self
                        .grep
                        .as_ref()
                        .is_none_or(|grep| grep.is_match(&line::text_of(text)))
            }
            Shape::Join(name) | Shape::Leave(name) => {
                self.only != Some(Kind::Messages) && self.grep.is_none() && self.name(name)
            }
            Shape::Opened { .. }
            | Shape::Closed
            | Shape::Notice(_)
            | Shape::Erased(_)
            | Shape::Other(_) => self.accepts_all_in_time(),
        }
    }

    /// Returns whether a moment is between the two times.
    pub(crate) fn is_in_time(&self, at: Stamp) -> bool {
        self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at < to)
    }

    fn name(&self, name: &[u8]) -> bool {
        self.names.is_empty() || self.names.iter().any(|wanted| wanted == name)
    }
}

/// The failure if nothing in the log called `name` is accepted, as with grep.
pub(crate) fn nothing_accepted(name: &str) -> Failure {
    Failure::new(format!(
        "Nothing in {name} is selected. Check --from, --to, --user, --grep and --only."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Body, Event};

    impl Filter {
        /// As [`Filter::accepts`], for an event.
        fn accepts_event(&self, event: &Event) -> bool {
            let mut bytes = Vec::new();
            line::to_line(event, &mut bytes);
            bytes.pop();
            line::raw(&bytes).is_ok_and(|raw| self.accepts(&raw))
        }
    }

    fn message(from: &str, text: &str) -> Event {
        Event {
            at: Stamp::from_micros(1_795_473_297_180_845),
            body: Body::message(from, text),
        }
    }

    fn with(body: Body) -> Event {
        Event {
            body,
            ..message("", "")
        }
    }

    fn join(name: &str) -> Event {
        with(Body::join(name))
    }

    fn grep(pattern: &str) -> Filter {
        Filter {
            grep: Some(Regex::new(pattern).expect("a pattern")),
            ..Filter::default()
        }
    }

    #[test]
    fn a_text_is_searched_as_it_was_said() {
        let backslash = message("mira", "C:\\new");
        assert!(grep(r"^C:\\new$").accepts_event(&backslash));
        assert!(!grep(r"\n").accepts_event(&backslash));
        let lines = message("mira", "two\nlines");
        assert!(grep(r"(?m)^lines$").accepts_event(&lines));
        assert!(grep(r"^two\nlines$").accepts_event(&lines));
        assert!(!grep(r"\\").accepts_event(&lines));
        // Only the text: not the name, the time, the elapsed time or the checksum.
        for other in ["mira", "2026", "0:00", "\t"] {
            assert!(!grep(other).accepts_event(&lines), "{other}");
        }
        assert!(!grep("mira").accepts_event(&join("mira")));
    }

    #[test]
    fn names_of_any_kind_are_chosen_exactly() {
        let of = |name: &str| Filter {
            names: vec![line::escaped_name(name).into_bytes()],
            ..Filter::default()
        };
        for name in ["mira", "a]b)c", "back\\slash", "\u{1b}[31m"] {
            assert!(of(name).accepts_event(&message(name, "hi")), "{name:?}");
            assert!(of(name).accepts_event(&join(name)), "{name:?}");
            assert!(!of(name).accepts_event(&message("other", name)), "{name:?}");
        }
        assert!(!of("mir").accepts_event(&message("mira", "hi")));
    }

    #[test]
    fn messages_or_comings_and_goings_alone() {
        let only = |kind| Filter {
            only: Some(kind),
            ..Filter::default()
        };
        assert!(only(Kind::Messages).accepts_event(&message("a", "x")));
        assert!(!only(Kind::Messages).accepts_event(&join("a")));
        assert!(only(Kind::Joins).accepts_event(&join("a")));
        assert!(!only(Kind::Joins).accepts_event(&message("a", "x")));
        assert!(!only(Kind::Joins).accepts_event(&with(Body::Closed)));
        assert!(Filter::default().accepts_event(&with(Body::Closed)));
    }
}
