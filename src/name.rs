//! The rules that a name must obey to log in, and the likeness of two names.
//!
//! A name is shown as its owner wrote it after NFKC (Unicode Standard Annex #15), trimming and folding
//! runs of white space to one space; a few letters that NFKC takes apart stay whole, such as Thai sara
//! am. Two names are the *same* when they agree under the comparison of the PRECIS nickname profile
//! (RFC 8266, section 2.4), and *confusable* when their skeletons agree (Unicode Technical Standard
//! #39, section 4).
//!
//! Marks are allowed only as part of a letter (Unicode Standard Annex #29 puts some Burmese vowels
//! outside the cluster before them), joiners only where they change how a name looks (RFC 5892,
//! appendices A.1 and A.2).
//!
//! These rules bind logging in. The log can contain any name.

mod alike;
mod joining;
mod judged;
mod reserved;

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;
use unicode_properties::{GeneralCategory, UnicodeEmoji, UnicodeGeneralCategory};
use unicode_script::UnicodeScript;
use unicode_segmentation::UnicodeSegmentation;

pub use alike::Alike;
pub use judged::Judged;

/// The longest name in bytes of UTF-8, whatever its number of characters.
pub const MAX_BYTES: usize = 64;
/// The most combining marks on one character.
pub const MAX_MARKS: usize = 4;
/// A bound tested before any other work, in bytes: no longer input can come out short enough.
const MAX_RAW: usize = 64 * MAX_BYTES;

/// The canonical combining class of the signs that remove a letter's vowel.
const VIRAMA: u8 = 9;

/// A name that may log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    shown: String,
    folded: String,
    /// The skeletons of the folded name and of the shown one: `MiII` is like `Mill` only as shown,
    /// `B0B` like `bob` only when folded.
    skeletons: [String; 2],
}

/// The reason why a name may not log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameError {
    /// Nothing is left of the name after trimming.
    Empty,
    /// The name has more characters than the room allows.
    TooLong {
        /// The number of characters as a reader counts them: extended grapheme clusters.
        characters: usize,
        /// The number allowed.
        limit: usize,
    },
    /// The name has few characters, but this many bytes, more than [`MAX_BYTES`].
    TooManyBytes(usize),
    /// One character carries more than [`MAX_MARKS`] combining marks.
    TooManyMarks,
    /// The name contains this character, which no name may have.
    Forbidden(char),
    /// The name would pass for the room itself.
    Reserved,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NameError::Empty => f.write_str("A name needs at least one character. Choose one."),
            NameError::TooLong { characters, limit } => write!(
                f,
                "A name has at most {limit} characters; this one has {characters}. Choose a shorter one."
            ),
            NameError::TooManyBytes(bytes) => write!(
                f,
                "A name takes at most {MAX_BYTES} bytes; this one takes {bytes}. Choose a simpler one."
            ),
            NameError::TooManyMarks => write!(
                f,
                "A character of a name has at most {MAX_MARKS} accents or marks. Choose a simpler name."
            ),
            NameError::Forbidden(c) if c.is_ascii_graphic() => write!(
                f,
                "A name cannot contain the character {c} ([ ] ( ) : are not allowed). Choose a \
                 name without it."
            ),
            NameError::Forbidden(c) => write!(
                f,
                "A name cannot contain the invisible or special character U+{:04X}. Choose a name \
                 without it.",
                u32::from(*c)
            ),
            NameError::Reserved => {
                f.write_str("This name is reserved for the room itself. Choose another one.")
            }
        }
    }
}

impl std::error::Error for NameError {}

impl Name {
    /// Makes the name as it will be shown, if it may log in to a room that allows `limit` characters.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn new(raw: &str, limit: usize) -> Result<Name, NameError> {
        if raw.len() > MAX_RAW {
            return Err(NameError::TooLong {
                characters: raw.graphemes(true).count(),
                limit,
            });
        }
        if let Some(c) = raw.chars().find(|c| is_a_mark_alone(*c)) {
            return Err(NameError::Forbidden(c));
        }
        let shown = shown(raw);
        if shown.is_empty() {
            return Err(NameError::Empty);
        }
        if let Some(c) = shown.chars().find(|c| is_forbidden(*c)) {
            return Err(NameError::Forbidden(c));
        }
        check_marks(&shown)?;
        let mut characters = 0;
        for (at, cluster) in shown.grapheme_indices(true) {
            characters += 1;
            check_joiners(&shown, at, cluster)?;
        }
        if characters > limit {
            return Err(NameError::TooLong { characters, limit });
        }
        if shown.len() > MAX_BYTES {
            return Err(NameError::TooManyBytes(shown.len()));
        }
        let folded = folded(&shown);
        if reserved::is_reserved(&shown, &folded) {
            return Err(NameError::Reserved);
        }
        Ok(Name {
            skeletons: [&folded, &shown].map(|text| lowered_skeleton(text)),
            folded,
            shown,
        })
    }

    /// The name as everybody sees it.
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// Tells whether both are the same name (RFC 8266), which two members cannot have at once.
    pub fn is_same(&self, other: &Name) -> bool {
        self.folded == other.folded
    }

    /// Tells whether one could be mistaken for the other (UTS #39).
    pub fn is_confusable_with(&self, other: &Name) -> bool {
        let theirs = &other.skeletons;
        self.skeletons.iter().any(|mine| theirs.contains(mine))
    }

    /// The skeletons of the name: names that share one could be mistaken for one another.
    fn looks(&self) -> impl Iterator<Item = &str> {
        let [folded, shown] = &self.skeletons;
        let shown = Some(shown).filter(|shown| *shown != folded);
        [folded].into_iter().chain(shown).map(String::as_str)
    }

    /// The form that all spellings of the same name share; a key for maps.
    pub fn folded(&self) -> &str {
        &self.folded
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// The length of a name as it would be shown: in characters, as a reader counts them, and in bytes.
pub fn extent(raw: &str) -> (usize, usize) {
    if raw.len() > MAX_RAW {
        return (raw.graphemes(true).count(), raw.len());
    }
    let shown = shown(raw);
    (shown.graphemes(true).count(), shown.len())
}

/// The name as it is shown.
fn shown(raw: &str) -> String {
    let composed = spaced(&composed(raw));
    if composed.contains(['\u{e4d}', '\u{ecd}']) {
        with_sara_am(&composed)
    } else {
        composed
    }
}

/// NFKC, except for letters that it takes apart although nobody writes them so: Armenian ech yiwn,
/// Thai and Lao sara am, Lao ho no and ho mo. They compose with nothing beside them.
fn composed(raw: &str) -> String {
    const WHOLE: [char; 5] = ['\u{587}', '\u{e33}', '\u{eb3}', '\u{edc}', '\u{edd}'];
    let mut out = String::with_capacity(raw.len());
    for piece in raw.split_inclusive(WHOLE) {
        let rest = piece.strip_suffix(WHOLE).unwrap_or(piece);
        out.extend(rest.nfkc());
        out += &piece[rest.len()..];
    }
    out
}

/// Joins a sara am that was typed as a ring above and sara aa, on whichever side the tone mark stood
/// that is drawn above both.
fn with_sara_am(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        let (aa, am, tones) = match c {
            '\u{e4d}' => ('\u{e32}', '\u{e33}', '\u{e48}'..='\u{e4b}'),
            '\u{ecd}' => ('\u{eb2}', '\u{eb3}', '\u{ec8}'..='\u{ecb}'),
            c => {
                out.push(c);
                continue;
            }
        };
        let after = rest.trim_start_matches(|c| tones.contains(&c));
        match after.strip_prefix(aa) {
            Some(after_aa) => {
                out += &rest[..rest.len() - after.len()];
                out.push(am);
                rest = after_aa;
            }
            None => out.push(c),
        }
    }
    out
}

/// The text trimmed, with every run of white space as one space.
fn spaced(text: &str) -> String {
    text.split(|c: char| c == ' ' || c.general_category() == GeneralCategory::SpaceSeparator)
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The comparison form of RFC 8266 section 2.4: lower case, then NFKC, until it no longer changes.
fn folded(text: &str) -> String {
    let mut now = text.to_string();
    for _ in 0..3 {
        let next = spaced(&now.to_lowercase().nfkc().collect::<String>());
        if next == now {
            break;
        }
        now = next;
    }
    now
}

/// The skeleton of a name in lower case. It is lowered once more in between, since the table maps some
/// characters to capitals (0 to O), and a reader does not tell `b0b` from `bob` either way.
fn lowered_skeleton(text: &str) -> String {
    let once: String = unicode_security::skeleton(text).collect();
    unicode_security::skeleton(&once.to_lowercase()).collect()
}

fn is_mark(c: char) -> bool {
    use GeneralCategory as G;
    matches!(
        c.general_category(),
        G::NonspacingMark | G::SpacingMark | G::EnclosingMark
    )
}

/// Tells whether a character is a mark on nothing: NFKC turns it into a space and a mark, as U+037A.
fn is_a_mark_alone(c: char) -> bool {
    if c.is_ascii() {
        return false;
    }
    let mut parts = std::iter::once(c).nfkc();
    parts.next() == Some(' ') && parts.next().is_some_and(is_mark)
}

/// Tells whether a character is a joiner or selector that belongs to some emoji or to the spelling of
/// some scripts and is stray anywhere else; [`check_joiners`] decides.
fn is_joining(c: char) -> bool {
    matches!(
        c,
        '\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}' | '\u{e0020}'..='\u{e007f}'
    )
}

fn is_forbidden(c: char) -> bool {
    matches!(c, '[' | ']' | '(' | ')' | ':' | '\u{fffd}') || !is_joining(c) && is_hidden(c)
}

/// Tells whether a character is invisible, or hides or reverses its neighbours, and so may not be in a name
/// that others have to tell apart. Joiners are included; a caller that allows them tests for them first.
pub fn is_hidden(c: char) -> bool {
    use GeneralCategory as G;
    let invisible = matches!(c,
        '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{2800}' | '\u{3164}' | '\u{ffa0}' | '\u{fe00}'..='\u{fe0d}' | '\u{e0100}'..='\u{e01ef}'
        | '\u{fff9}'..='\u{fffc}');
    invisible
        || matches!(
            c.general_category(),
            G::Control
                | G::Format
                | G::Surrogate
                | G::PrivateUse
                | G::Unassigned
                | G::LineSeparator
                | G::ParagraphSeparator
        )
}

/// Checks that marks stand on something visible, and few on each. A mark that begins a cluster of its
/// own, such as Burmese aa and visarga, belongs to a letter of its script before it.
fn check_marks(name: &str) -> Result<(), NameError> {
    let mut count = 0;
    let mut before = ' ';
    for c in name.nfd() {
        if !is_mark(c) || is_joining(c) {
            (count, before) = (0, c);
            continue;
        }
        count += 1;
        if before.is_whitespace() {
            return Err(NameError::Forbidden(c));
        }
        if count > MAX_MARKS {
            return Err(NameError::TooManyMarks);
        }
        before = c;
    }
    let mut before = '\0';
    for cluster in name.graphemes(true) {
        let first = cluster.chars().next().unwrap_or_default();
        let belongs = before.is_alphabetic() || is_mark(before);
        if is_mark(first) && !(belongs && before.script() == first.script()) {
            return Err(NameError::Forbidden(first));
        }
        before = cluster.chars().next_back().unwrap_or_default();
    }
    Ok(())
}

/// Checks the cluster of the name that starts at `at`: joiners and selectors are allowed only inside
/// an emoji, after the virama of an Indic script (RFC 5892, appendices A.1 and A.2), or between two
/// letters that would join without it (A.1).
fn check_joiners(name: &str, at: usize, cluster: &str) -> Result<(), NameError> {
    let letters: Vec<char> = cluster.chars().collect();
    let first = letters[0];
    let emoji = first.is_emoji_char();
    let mut end = at;
    for (place, c) in letters.iter().enumerate() {
        end += c.len_utf8();
        if !is_joining(*c) {
            continue;
        }
        let Some(before) = place.checked_sub(1).map(|before| letters[before]) else {
            return Err(NameError::Forbidden(*c));
        };
        let after = letters.get(place + 1).copied();
        let fits = match c {
            '\u{200c}' | '\u{200d}' if canonical_combining_class(before) == VIRAMA => true,
            '\u{200c}' => parts_letters(&name[..end - c.len_utf8()], &name[end..]),
            '\u{200d}' => {
                emoji && after.is_some_and(|next| next.is_emoji_char() && !next.is_ascii())
            }
            '\u{fe0e}' | '\u{fe0f}' => before.is_emoji_char(),
            '\u{e0020}'..='\u{e007f}' => {
                first == '\u{1f3f4}' && letters.last() == Some(&'\u{e007f}')
            }
            _ => false,
        };
        if !fits {
            return Err(NameError::Forbidden(*c));
        }
    }
    Ok(())
}

/// Tells whether the letters on both sides would join if nothing stood between them, whatever marks
/// they carry: the second rule of RFC 5892, appendix A.1.
fn parts_letters(before: &str, after: &str) -> bool {
    let letter = |c: &char| !is_mark(*c);
    before
        .chars()
        .rev()
        .find(letter)
        .is_some_and(joining::joins_next)
        && after
            .chars()
            .find(letter)
            .is_some_and(joining::joins_previous)
}

#[cfg(test)]
mod tests;
