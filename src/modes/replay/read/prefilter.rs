//! The lines of a block that may be wanted, found without looking at the others.
//!
//! What always holds: a good line that [`Filter::takes`] is among the lines that [`Prefilter::lines`]
//! gives. What else it gives is to be asked there; a damaged line may be given or not.
//!
//! Why no line is missed. A text without a backslash stands in its line as it was said, so what
//! matches in it matches there, if the pattern does not ask what is before or behind (`^`, `\b`: then
//! all lines are looked at). It matches without a line feed, which no line has, so one may be taken
//! out of the pattern, and then every match is within one line. The leftmost match from a line's start
//! on is in the first line that has one; whatever it is in that line, its text or its time, the search
//! goes on behind that line, so that the next one is found as well. A text with a backslash was said
//! otherwise than it stands there: each line with a backslash is given. A name has one spelling in all
//! lines, and stands in brackets in those that are about it.

use memchr::{memchr, memrchr};
use regex::bytes::Regex;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, ClassBytes, ClassBytesRange, ClassUnicode, ClassUnicodeRange};
use regex_syntax::hir::{Hir, HirKind, Repetition};

use super::filter::Filter;
use crate::cli::Kind;

/// After so many lines in a row that may be wanted, those that follow in the block are not searched:
/// where nearly all are found, searching for each is dearer than asking each.
const MANY: u32 = 16;

/// Finds lines that may be wanted.
#[derive(Clone, Debug)]
pub struct Prefilter {
    /// What stands in every line that is wanted, or nothing that is worth a search.
    needle: Option<Regex>,
    /// Lines with a backslash are to be given, too.
    escapes: bool,
}

impl Prefilter {
    /// For what is wanted.
    pub fn of(filter: &Filter) -> Prefilter {
        let needle = match &filter.grep {
            Some(grep) => in_a_line(grep.as_str()),
            None => brackets(filter),
        };
        Prefilter {
            needle,
            escapes: filter.grep.is_some(),
        }
    }

    /// The lines of whole lines that may be wanted, with their offsets and without their `\n`; the
    /// block starts at `offset` in the log.
    pub fn lines<'a>(&'a self, offset: u64, block: &'a [u8]) -> MatchingLines<'a> {
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

/// See [`Prefilter::lines`].
#[derive(Clone, Debug)]
pub struct MatchingLines<'a> {
    scan: &'a Prefilter,
    offset: u64,
    block: &'a [u8],
    /// Where the next line starts that was not yet looked at.
    at: usize,
    /// Where the next ones stand, if that was looked for already; the end if there is none.
    needle: Option<usize>,
    escape: Option<usize>,
    /// How many lines in a row were found right behind the one before.
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
            let escape = match self.scan.escapes {
                true => ahead(&mut self.escape, at, || {
                    memchr(b'\\', &block[at..]).map_or(block.len(), |found| at + found)
                }),
                false => block.len(),
            };
            let first = found.min(escape);
            start = match first == block.len() {
                true => first,
                false => memrchr(b'\n', &block[at..first]).map_or(at, |end| at + end + 1),
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

/// What was found before, or, if that is passed, what is found now.
fn ahead(found: &mut Option<usize>, at: usize, find: impl FnOnce() -> usize) -> usize {
    match *found {
        Some(place) if place >= at => place,
        _ => *found.insert(find()),
    }
}

/// The pattern as it is searched for in many lines at once; nothing if each must be asked by itself.
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

/// What the pattern matches, but for what has a line feed in it.
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

/// What stands in every line about one of the names, or in every line about coming and going.
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
