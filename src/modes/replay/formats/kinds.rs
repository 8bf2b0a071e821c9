//! The formats of logs ([`FileFormat`]), each with its parser, title, clock and separator, and the order in which
//! detection tries them.

use std::fmt;

use super::dates::Zone;
use super::syntax::ParsedLine;
use super::{channel, day, hexchat, irssi, mirc, weechat, znc};
use crate::cli::FileFormat;

/// A parser of one line; `None` for a line in no form of its program.
pub(super) type Parser = for<'a> fn(&'a str) -> Option<ParsedLine<'a>>;

/// The parser of a kind; `None` if the kind is not read line by line.
pub(super) fn parser(kind: FileFormat) -> Option<Parser> {
    match kind {
        FileFormat::Irssi => Some(irssi::parse),
        FileFormat::Weechat => Some(weechat::parse),
        FileFormat::Hexchat => Some(hexchat::parse),
        FileFormat::Znc => Some(znc::parse),
        FileFormat::Mirc => Some(mirc::parse),
        FileFormat::Day => Some(day::parse),
        FileFormat::Channel => Some(channel::parse),
        FileFormat::Room | FileFormat::Original => None,
    }
}

/// The kind in words.
pub(crate) fn title(kind: FileFormat) -> &'static str {
    match kind {
        FileFormat::Room => "a room's log",
        FileFormat::Original => "the original program's log",
        FileFormat::Irssi => "irssi's log",
        FileFormat::Weechat => "WeeChat's log",
        FileFormat::Hexchat => "HexChat's log",
        FileFormat::Znc => "a day of ZNC's or soju's log",
        FileFormat::Mirc => "mIRC's log",
        FileFormat::Day => "a channel's day",
        FileFormat::Channel => "a channel's log",
    }
}

/// The value of `--format` for a kind.
pub(super) fn value(kind: FileFormat) -> String {
    let value = clap::ValueEnum::to_possible_value(&kind);
    value.map_or(String::new(), |value| value.get_name().to_string())
}

/// The error when a log has no line in the format that was given or detected.
#[derive(Debug)]
pub(crate) struct NotOfThisKind(pub FileFormat);

impl NotOfThisKind {
    /// The sentence about the log called `name`.
    pub(crate) fn sentence(&self, name: &str) -> String {
        format!(
            "{name} has no line of {} (--format {}), so there is nothing to show. Leave --format \
             out to detect the format, or name another one.",
            title(self.0),
            value(self.0)
        )
    }
}

impl fmt::Display for NotOfThisKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no line is of {}", title(self.0))
    }
}

impl std::error::Error for NotOfThisKind {}

/// The kinds that detection tries; of two that match equally well, the first wins. All times of a channel's
/// day are in brackets, as those of mIRC and some of irssi are; of these only ZNC always has seconds.
pub(super) const DETECTED: &[FileFormat] = &[
    FileFormat::Channel,
    FileFormat::Weechat,
    FileFormat::Hexchat,
    FileFormat::Znc,
    FileFormat::Day,
    FileFormat::Mirc,
    FileFormat::Irssi,
];

/// The clock of a kind's times, where a line does not state it.
pub(super) fn zone(kind: FileFormat) -> Zone {
    match kind {
        // Public archives keep UTC, wherever they are read.
        FileFormat::Day | FileFormat::Channel => Zone::Utc,
        _ => Zone::Local,
    }
}

/// The byte between the lines of a kind.
pub(super) fn separator(kind: FileFormat) -> u8 {
    match kind {
        FileFormat::Original => b'\r',
        _ => b'\n',
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn every_kind_that_has_a_parser_is_detected_and_has_a_title_of_its_own() {
        let mut titles: Vec<&str> = Vec::new();
        for kind in FileFormat::value_variants() {
            assert_eq!(parser(*kind).is_some(), DETECTED.contains(kind), "{kind:?}");
            assert!(!titles.contains(&title(*kind)), "{kind:?}");
            titles.push(title(*kind));
        }
    }
}
