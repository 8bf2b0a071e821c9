//! The kinds of logs: for each its parser, its title, its clock and its place in the order of detection. A kind is
//! added here.

use std::fmt;

use super::dates::Zone;
use super::pieces::ParsedLine;
use super::{channel, day, hexchat, irssi, mirc, weechat, znc};
use crate::cli::FileFormat;

/// What reads a line.
pub type Parser = for<'a> fn(&'a str) -> Option<ParsedLine<'a>>;

/// The parser of a form, if each of its lines has one.
pub fn parser(kind: FileFormat) -> Option<Parser> {
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

/// What the lines of a kind are, in words.
pub fn title(kind: FileFormat) -> &'static str {
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

/// What `--format` calls a kind.
pub fn value(kind: FileFormat) -> String {
    let value = clap::ValueEnum::to_possible_value(&kind);
    value.map_or(String::new(), |value| value.get_name().to_string())
}

/// Nothing of a log is of the kind that it was taken for.
#[derive(Debug)]
pub struct NotOfThisKind(pub FileFormat);

impl NotOfThisKind {
    /// The sentence for the log called `name`.
    pub fn sentence(&self, name: &str) -> String {
        format!(
            "{name} has no line that is of {} (--format {}), so there is nothing to show. Leave \
             --format out to have the kind found out, or name another one.",
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

/// Where two kinds fit equally well, the first is it. All of a day's times are in brackets, as those
/// of mIRC are and irssi's may be; of these only ZNC always has seconds.
pub const DETECTED: [FileFormat; 7] = [
    FileFormat::Channel,
    FileFormat::Weechat,
    FileFormat::Hexchat,
    FileFormat::Znc,
    FileFormat::Day,
    FileFormat::Mirc,
    FileFormat::Irssi,
];

/// The clock that the times of a kind are of, where a line does not say it.
pub fn zone(kind: FileFormat) -> Zone {
    match kind {
        // Public archives keep UTC, wherever they are read.
        FileFormat::Day | FileFormat::Channel => Zone::Utc,
        _ => Zone::Local,
    }
}

/// The byte that separates the lines of a kind.
pub fn separator(kind: FileFormat) -> u8 {
    match kind {
        FileFormat::Original => b'\r',
        _ => b'\n',
    }
}
