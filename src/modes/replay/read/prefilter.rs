//! Search for the lines of a block that may be accepted, without a look at the others.
//!
//! Invariant: every good line that [`Filter::accepts`] is among the lines of [`Prefilter::lines`]. Those
//! lines must still be checked; damaged lines may be among them or not.
//!
//! Why no line is missed: a text without a backslash is the same in its line, so a match in it is a match
//! there, unless the pattern asks about its surroundings (`^`, `\b`; then all lines are checked). It matches
//! without a line feed, which no line contains, so a line feed can be taken out of the pattern, and then
//! every match is within one line. The leftmost match from a line's start on is in the first line with a
//! match; whether it is in that line's text or time, the search continues after that line, so the next one is
//! found as well. A text with a backslash differs from its message, so every line with a backslash is passed
//! on. A name has one spelling, and is in brackets in the lines about it.

use memchr::{memchr, memrchr};
use regex::bytes::Regex;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, ClassBytes, ClassBytesRange, ClassUnicode, ClassUnicodeRange};
use regex_syntax::hir::{Hir, HirKind, Repetition};

use super::filter::Filter;
use crate::cli::Kind;

/// Adjacent matching lines after which the rest of the block is not searched: where nearly all match, a
/// search for each costs more than checking each.
const MANY: u32 = 16;

/// A search for lines that may be accepted.
#[derive(Clone, Debug)]
pub(crate) struct Prefilter {
    /// A pattern that every accepted line matches; `None` if a search is not worth it.
    needle: Option<Regex>,
    /// Lines with a backslash are passed on as well.
    escapes: bool,
}

impl Prefilter {
    /// The prefilter of a filter.
    pub(crate) fn of(filter: &Filter) -> Prefilter {
        let needle = match &filter.grep {
            Some(grep) => in_a_line(grep.as_str()),
            None => brackets(filter),
        };
        Prefilter {
            needle,
            escapes: filter.grep.is_some(),
        }
    }

    /// The lines of `block` that may be accepted, with their positions and without their `\n`; the block
    /// starts at `offset` in the log.
    pub(crate) fn lines<'a>(&'a self, offset: u64, block: &'a [u8]) -> MatchingLines<'a> {
        MatchingLines {
            scan: self,
            offset,
            block,
            at: 0,
            needle: None,
            escape: None,
            near: 0,
        }
    }
}

/// The iterator of [`Prefilter::lines`].
#[derive(Clone, Debug)]
pub(crate) struct MatchingLines<'a> {
    scan: &'a Prefilter,
    offset: u64,
    block: &'a [u8],
    /// The start of the next line.
    at: usize,
    /// The positions of the next matches, if searched for already; the end if there is none.
    needle: Option<usize>,
    escape: Option<usize>,
    /// Adjacent matching lines so far.
    near: u32,
}

impl<'a> Iterator for MatchingLines<'a> {
    type Item = (u64, &'a [u8]);

    fn next(&mut self) -> Option<(u64, &'a [u8])> {
        let (block, at) = (self.block, self.at);
        let mut start = at;
        if let Some(needle) = &self.scan.needle
            && self.near < MANY
            && at < block.len()
        {
            let found = ahead(&mut self.needle, at, || {
                needle
                    .find_at(block, at)
                    .map_or(block.len(), |found| found.start())
            });
            let escape = if self.scan.escapes {
                ahead(&mut self.escape, at, || {
                    memchr(b'\\', &block[at..]).map_or(block.len(), |found| at + found)
                })
            } else {
                block.len()
            };
            let first = found.min(escape);
            start = if first == block.len() {
                first
            } else {
                memrchr(b'\n', &block[at..first]).map_or(at, |end| at + end + 1)
            };
            self.near = if start == at { self.near + 1 } else { 0 };
        }
        if start >= block.len() {
            self.at = block.len();
            return None;
        }
        let length = memchr(b'\n', &block[start..]).unwrap_or(block.len() - start);
        self.at = (start + length + 1).min(block.len());
        Some((self.offset + start as u64, &block[start..start + length]))
    }
}

/// The previous result, or a new one if that is passed.
fn ahead(found: &mut Option<usize>, at: usize, find: impl FnOnce() -> usize) -> usize {
    match *found {
        Some(place) if place >= at => place,
        _ => *found.insert(find()),
    }
}

/// The pattern for a search over many lines; `None` if each must be checked by itself.
fn in_a_line(pattern: &str) -> Option<Regex> {
    let parsed = ParserBuilder::new()
        .utf8(false)
        .build()
        .parse(pattern)
        .ok()?;
    let properties = parsed.properties();
    if !properties.look_set().is_empty() || properties.minimum_len() == Some(0) {
        return None;
    }
    Regex::new(&without_line_feed(&parsed).to_string()).ok()
}

/// The pattern without its matches that contain a line feed.
fn without_line_feed(pattern: &Hir) -> Hir {
    let each = |all: &[Hir]| all.iter().map(without_line_feed).collect();
    match pattern.kind() {
        HirKind::Literal(literal) if literal.0.contains(&b'\n') => Hir::fail(),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Look(_) => pattern.clone(),
        HirKind::Class(Class::Unicode(class)) => {
            let mut class = class.clone();
            class.difference(&ClassUnicode::new([ClassUnicodeRange::new('\n', '\n')]));
            Hir::class(Class::Unicode(class))
        }
        HirKind::Class(Class::Bytes(class)) => {
            let mut class = class.clone();
            class.difference(&ClassBytes::new([ClassBytesRange::new(b'\n', b'\n')]));
            Hir::class(Class::Bytes(class))
        }
        HirKind::Repetition(repetition) => Hir::repetition(Repetition {
            sub: Box::new(without_line_feed(&repetition.sub)),
            ..repetition.clone()
        }),
        HirKind::Capture(capture) => without_line_feed(&capture.sub),
        HirKind::Concat(parts) => Hir::concat(each(parts)),
        HirKind::Alternation(parts) => Hir::alternation(each(parts)),
    }
}

/// A pattern for every line about one of the names, or for every join and leave.
fn brackets(filter: &Filter) -> Option<Regex> {
    let (messages, joins) = match filter.only {
        Some(Kind::Messages) => (true, false),
        Some(Kind::Joins) => (false, true),
        None => (true, true),
    };
    if filter.names.is_empty() {
        return Regex::new(r" Client \(").ok().filter(|_| !messages);
    }
    let mut forms = Vec::new();
    for name in &filter.names {
        let name = regex::escape(std::str::from_utf8(name).ok()?);
        forms.extend(messages.then(|| format!(r" \[{name}\]: ")));
        forms.extend(joins.then(|| format!(r" Client \({name}\) ")));
    }
    Regex::new(&forms.join("|")).ok()
}

#[cfg(test)]
mod tests;
