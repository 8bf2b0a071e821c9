//! Which events of a log are wanted.

use std::borrow::Cow;
use std::str::from_utf8;

use regex::bytes::Regex;

use crate::cli::{Kind, ReplayArgs};
use crate::event::Stamp;
use crate::failure::Failure;
use crate::line::{self, RawLine, Shape};

/// What is asked of an event, besides where it stands in the log.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Nothing before this.
    pub from: Option<Stamp>,
    /// Nothing at or after this.
    pub to: Option<Stamp>,
    /// Only these names, if any, spelt as in a line.
    pub(crate) names: Vec<Vec<u8>>,
    /// Only messages with a text like this.
    pub grep: Option<Regex>,
    /// Only messages, or only who came and went.
    pub(crate) only: Option<Kind>,
    /// The log was converted on the way: that a room was opened, as its first line says, is what a
    /// room's log begins with, and not in what is replayed.
    pub begins_converted: bool,
}

impl Filter {
    /// What the command line asks for; times are for [`super::span`] to fill in.
    pub fn of(args: &ReplayArgs) -> Filter {
        let spelt = |name: &String| {
            let mut out = Vec::new();
            line::escape(name, true, &mut out);
            out
        };
        Filter {
            from: None,
            to: None,
            names: args.user.iter().map(spelt).collect(),
            grep: args.grep.clone(),
            only: args.only,
            begins_converted: false,
        }
    }

    /// Whether every event between the two times is wanted.
    pub fn is_all(&self) -> bool {
        self.names.is_empty() && self.grep.is_none() && self.only.is_none()
    }

    /// Whether the line at `offset` is one that converting put in front.
    pub fn is_put_in_front(&self, offset: u64, raw: &RawLine<'_>) -> bool {
        self.begins_converted && offset == 0 && matches!(raw.shape, Shape::Opened { .. })
    }

    /// Whether nothing is left out of the log.
    pub fn is_everything(&self) -> bool {
        self.is_all() && self.from.is_none() && self.to.is_none()
    }

    /// Whether the line is wanted; its time is not asked.
    pub fn accepts(&self, raw: &RawLine<'_>) -> bool {
        match raw.shape {
            Shape::Message { from, text, .. } => {
                self.only != Some(Kind::Joins)
                    && self.name(from)
                    && self
                        .grep
                        .as_ref()
                        .is_none_or(|grep| grep.is_match(&plain(text)))
            }
            Shape::Join(name) | Shape::Leave(name) => {
                self.only != Some(Kind::Messages) && self.grep.is_none() && self.name(name)
            }
            _ => self.is_all(),
        }
    }

    /// Whether a moment is between the two times.
    pub fn is_in_time(&self, at: Stamp) -> bool {
        self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at < to)
    }

    fn name(&self, name: &[u8]) -> bool {
        self.names.is_empty() || self.names.iter().any(|wanted| wanted == name)
    }
}

/// What a choice that fits nothing in the log that is called `name` ends with, as with grep.
pub fn nothing_accepted(name: &str) -> Failure {
    Failure::new(format!(
        "Nothing in {name} is what was asked for. Ask for less: --from, --to, --user, --grep and \
         --only choose."
    ))
}

/// A text as it was said; most are as they stand in the line.
fn plain(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', text).is_none() {
        return Cow::Borrowed(text);
    }
    let said = from_utf8(text).ok().and_then(line::unescaped);
    said.map_or(Cow::Borrowed(text), |said| Cow::Owned(said.into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Body, Elapsed, Event};

    impl Filter {
        /// The same of an event.
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
            body: Body::Message {
                from: from.to_string(),
                elapsed: Elapsed(17),
                text: text.to_string(),
                key: None,
            },
        }
    }

    fn with(body: Body) -> Event {
        Event {
            body,
            ..message("", "")
        }
    }

    fn join(name: &str) -> Event {
        with(Body::Join {
            name: name.to_string(),
        })
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
        let of = |name: &str| {
            let mut spelt = Vec::new();
            line::escape(name, true, &mut spelt);
            Filter {
                names: vec![spelt],
                ..Filter::default()
            }
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
