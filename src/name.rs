//! The rules a name obeys before it gets into a room, and when two names are too alike.
//!
//! A name is shown as its owner wrote it after NFKC (Unicode Standard Annex #15), trimming and
//! folding runs of white space to one space. Two names are the *same* when they agree under the
//! comparison of the PRECIS nickname profile (RFC 8266, section 2.4), and *confusable* when their
//! skeletons agree (Unicode Technical Standard #39, section 4).
//!
//! These rules bind logging in. The log can hold any name.

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeEmoji, UnicodeGeneralCategory};
use unicode_segmentation::UnicodeSegmentation;

/// The longest name in bytes of UTF-8, however few characters it has.
pub const MAX_BYTES: usize = 64;
/// The most combining marks on one character.
pub const MAX_MARKS: usize = 4;
/// A bound before any work, in bytes: nothing that is over it can come out short enough.
const MAX_RAW: usize = 64 * MAX_BYTES;

/// Names that would pass for the room itself.
const RESERVED: [&str; 14] = [
    "server",
    "system",
    "admin",
    "admins",
    "administrator",
    "root",
    "operator",
    "moderator",
    "mod",
    "room",
    "chatroom",
    "everyone",
    "all",
    "here",
];

/// A name that may log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    shown: String,
    folded: String,
    /// Of the folded name and of the name as shown: `MiII` is like `Mill` only as shown, `B0B`
    /// like `bob` only when folded.
    skeletons: [String; 2],
}

/// Why a name may not log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameError {
    /// Nothing is left of it after trimming.
    Empty,
    /// More characters than the room allows.
    TooLong {
        /// As a reader counts them: extended grapheme clusters.
        characters: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// Few characters, but more than [`MAX_BYTES`] bytes.
    TooManyBytes(usize),
    /// More than [`MAX_MARKS`] combining marks on one character.
    TooManyMarks,
    /// A character that no name may have.
    Forbidden(char),
    /// A name that would pass for the room itself.
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
                "A name cannot have the character {c} (none of [ ] ( ) : is allowed). Choose a name without it."
            ),
            NameError::Forbidden(c) => write!(
                f,
                "A name cannot have the invisible or special character U+{:04X}. Choose a name without it.",
                u32::from(*c)
            ),
            NameError::Reserved => {
                f.write_str("This name is kept for the room itself. Choose another one.")
            }
        }
    }
}

impl std::error::Error for NameError {}

impl Name {
    /// The name as it will be shown, if it may log in to a room that allows `limit` characters.
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
        let shown = spaced(&raw.nfkc().collect::<String>());
        if shown.is_empty() {
            return Err(NameError::Empty);
        }
        if let Some(c) = shown.chars().find(|c| is_forbidden(*c)) {
            return Err(NameError::Forbidden(c));
        }
        let mut characters = 0;
        for cluster in shown.graphemes(true) {
            characters += 1;
            check_cluster(cluster)?;
        }
        if characters > limit {
            return Err(NameError::TooLong { characters, limit });
        }
        if shown.len() > MAX_BYTES {
            return Err(NameError::TooManyBytes(shown.len()));
        }
        let name = Name {
            folded: folded(&shown),
            skeletons: skeletons(&shown),
            shown,
        };
        if RESERVED
            .iter()
            .any(|reserved| alike(&name.skeletons, &skeletons(reserved)))
        {
            return Err(NameError::Reserved);
        }
        Ok(name)
    }

    /// The name as everybody sees it.
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// Whether both are the same name (RFC 8266): two members cannot have them at once.
    pub fn is_same(&self, other: &Name) -> bool {
        self.folded == other.folded
    }

    /// Whether one could be mistaken for the other (UTS #39).
    pub fn is_confusable_with(&self, other: &Name) -> bool {
        alike(&self.skeletons, &other.skeletons)
    }

    /// What makes names the same; a key for maps.
    pub fn folded(&self) -> &str {
        &self.folded
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// How long a name is as it would be shown: in characters, as a reader counts them, and in bytes.
pub fn extent(raw: &str) -> (usize, usize) {
    if raw.len() > MAX_RAW {
        return (raw.graphemes(true).count(), raw.len());
    }
    let shown = spaced(&raw.nfkc().collect::<String>());
    (shown.graphemes(true).count(), shown.len())
}

/// Trimmed, with every run of white space as one space.
fn spaced(text: &str) -> String {
    text.split(|c: char| c == ' ' || c.general_category() == GeneralCategory::SpaceSeparator)
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// RFC 8266 section 2.4: lower case, then NFKC, until it no longer changes.
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

/// The skeletons of a name, folded and as shown. Each is lowered once more, since the table maps
/// some characters to capitals (0 to O), and a reader does not tell `b0b` from `bob` either way.
fn skeletons(text: &str) -> [String; 2] {
    [&folded(text), text].map(|text| {
        let once: String = unicode_security::skeleton(text).collect();
        unicode_security::skeleton(&once.to_lowercase()).collect()
    })
}

fn alike(one: &[String; 2], other: &[String; 2]) -> bool {
    one.iter().any(|skeleton| other.contains(skeleton))
}

fn is_mark(c: char) -> bool {
    use GeneralCategory as G;
    matches!(
        c.general_category(),
        G::NonspacingMark | G::SpacingMark | G::EnclosingMark
    )
}

/// The joiner and selectors that are part of some emoji and of some scripts' spelling, and stray
/// anywhere else: [`check_cluster`] decides.
fn is_joining(c: char) -> bool {
    matches!(
        c,
        '\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}' | '\u{e0020}'..='\u{e007f}'
    )
}

fn is_forbidden(c: char) -> bool {
    matches!(c, '[' | ']' | '(' | ')' | ':' | '\u{fffd}') || !is_joining(c) && is_hidden(c)
}

/// Whether a character shows nothing, or hides or turns round what stands beside it: what may stand in
/// no name that others are to tell apart. Joiners are among them; whoever allows those asks first.
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

/// A cluster starts with something to see, carries few marks, and has joiners only where they
/// belong: inside an emoji, or after the virama of an Indic script (RFC 5892, appendix A.1, A.2).
fn check_cluster(cluster: &str) -> Result<(), NameError> {
    let letters: Vec<char> = cluster.chars().collect();
    let first = letters[0];
    if is_mark(first) || is_joining(first) {
        return Err(NameError::Forbidden(first));
    }
    if cluster
        .nfd()
        .filter(|c| is_mark(*c) && !is_joining(*c))
        .count()
        > MAX_MARKS
    {
        return Err(NameError::TooManyMarks);
    }
    let emoji = first.is_emoji_char();
    for (at, c) in letters.iter().enumerate().filter(|(_, c)| is_joining(**c)) {
        let before = letters[at - 1];
        let after = letters.get(at + 1).copied();
        let fits = match c {
            '\u{200c}' | '\u{200d}'
                if unicode_normalization::char::canonical_combining_class(before) == 9 =>
            {
                true
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn name(raw: &str) -> Name {
        Name::new(raw, 8).unwrap_or_else(|e| panic!("{raw:?}: {e}"))
    }

    #[test]
    fn names_of_every_script_get_in() {
        for raw in [
            "uthira",
            "8letters",
            "Zoë",
            "Ольга",
            "李小龙",
            "שרה",
            "علي",
            "नमस्ते",
            "a b",
            "x",
            "o'neil",
            "R2-D2",
            "🦀",
            "👩‍👩‍👧‍👦",
            "🏳️‍🌈",
            "👍🏽",
            "❤️",
            "🏴󠁧󠁢󠁳󠁣󠁴󠁿",
            "🇮🇳🇮🇳",
            "|Quad-",
            "क्‍ष",
        ] {
            assert!(!name(raw).as_str().is_empty(), "{raw}");
        }
    }

    #[test]
    fn length_is_counted_as_a_reader_counts() {
        let limit = |raw: &str| Name::new(raw, 8).err();
        assert_eq!(
            limit("👩‍👩‍👧12345678"),
            Some(NameError::TooLong {
                characters: 9,
                limit: 8
            })
        );
        assert_eq!(
            limit("e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}"),
            None
        );
        assert_eq!(
            limit("longestname"),
            Some(NameError::TooLong {
                characters: 11,
                limit: 8
            })
        );
        assert_eq!(
            limit("thirteenchars").expect("too long").to_string(),
            "A name has at most 8 characters; this one has 13. Choose a shorter one."
        );
        assert!(matches!(
            limit(&"👩‍👩‍👧‍👦".repeat(4)),
            Some(NameError::TooManyBytes(_))
        ));
        assert!(matches!(
            limit(&"x".repeat(1 << 20)),
            Some(NameError::TooLong { .. })
        ));
    }

    #[test]
    fn a_name_is_trimmed_and_composed() {
        assert_eq!(name("  bob  ").as_str(), "bob");
        assert_eq!(name("a \u{3000} b").as_str(), "a b");
        assert_eq!(name("ｂｏｂ").as_str(), "bob");
        assert_eq!(Name::new(" \u{a0} ", 8), Err(NameError::Empty));
    }

    #[test]
    fn what_would_forge_or_hide_is_refused() {
        for raw in [
            "a:b",
            "a[b",
            "b]",
            "(c",
            "d)",
            "a\nb",
            "a\u{0}",
            "a\u{202e}b",
            "a\u{200b}b",
            "\u{301}a",
            "a\u{ad}b",
            "a\u{200d}b",
            "ab\u{200d}",
            "🦀\u{200d}",
            "a\u{fe0f}",
            "\u{feff}x",
            "\u{3164}",
            "\u{2800}",
            "a\u{e0041}",
            "：x",
        ] {
            assert!(
                matches!(Name::new(raw, 8), Err(NameError::Forbidden(_))),
                "{raw:?} got in"
            );
        }
        assert_eq!(
            Name::new("a\u{301}\u{302}\u{303}\u{304}\u{305}", 8),
            Err(NameError::TooManyMarks)
        );
        for raw in ["server", "SERVER", "Admin", "ѕystem", "r00t", " here "] {
            assert_eq!(
                Name::new(raw, 8),
                Err(NameError::Reserved),
                "{raw:?} got in"
            );
        }
    }

    #[test]
    fn sameness_and_likeness() {
        assert!(name("Bob").is_same(&name("bob")));
        assert!(name("STRASSE").is_same(&name("strasse")));
        assert!(!name("bob").is_same(&name("bop")));
        for (one, other) in [
            ("bob", "b0b"),
            ("paul", "раul"),
            ("Mill", "MiII"),
            ("corn", "com"),
        ] {
            assert!(name(one).is_confusable_with(&name(other)), "{one} {other}");
            assert!(!name(one).is_same(&name(other)), "{one} {other}");
        }
        assert!(!name("eve").is_confusable_with(&name("eva")));
    }
}
