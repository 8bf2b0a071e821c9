//! Events and the small types they are made of.
//!
//! Everything here is a value that exists only in valid form; its error says what is wrong.

#[cfg(test)]
pub(crate) mod testing;
mod time;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

pub use time::{Elapsed, Stamp, on_the_wall};

/// The longest text of one message, in bytes of UTF-8.
pub const MAX_TEXT: usize = 16 * 1024;
/// The longest idempotency key, in characters.
pub const MAX_KEY: usize = 64;

/// One thing the journal records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The time of the recording, by the server's clock.
    pub at: Stamp,
    /// The kind of the event and its contents.
    pub body: Body,
}

/// An event and the id that it was recorded under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The id: the event's place in its log.
    pub id: Id,
    /// The time of the recording, by the server's clock.
    pub at: Stamp,
    /// The kind of the event and its contents.
    pub body: Body,
}

impl Recorded {
    /// The event that was recorded under `id`.
    pub fn new(id: Id, event: Event) -> Recorded {
        let Event { at, body } = event;
        Recorded { id, at, body }
    }
}

/// The kind of an event, with its contents.
///
/// Names are plain strings here: the rules of [`crate::name`] bind logging in, not the file, and
/// old logs have names of every kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// A message.
    Message {
        /// The sender's name, as shown.
        from: String,
        /// Time since the sender's previous message, or since they came in for the first.
        elapsed: Elapsed,
        /// The text.
        text: String,
        /// The idempotency key, if the sender gave one.
        key: Option<Key>,
    },
    /// A member joined.
    Join {
        /// The member's name, as shown.
        name: String,
    },
    /// A member left.
    Leave {
        /// The member's name, as shown.
        name: String,
    },
    /// The server started. Members of the run before are no longer present.
    Opened {
        /// The program and its version, `chatroom 0.1.0`.
        version: String,
        /// 16 hex digits, so that no two logs begin alike.
        random: String,
        /// The log that this one continues, as its id's first field.
        after: Option<LogId>,
    },
    /// The server stopped in an orderly way.
    Closed,
    /// A message of the room itself.
    Notice {
        /// The text.
        text: String,
    },
    /// An event that was removed; its bytes stay taken.
    Erased {
        /// Spaces that keep the line as long as the one it replaced.
        padding: usize,
    },
    /// An event in a form that this version does not know.
    Other {
        /// The body as it stands in the line, from its `* ` on, escapes and all.
        text: String,
    },
}

impl Body {
    /// A message without a key, by a sender whose previous message is 0 seconds old.
    pub fn message(from: impl Into<String>, text: impl Into<String>) -> Body {
        Body::Message {
            from: from.into(),
            elapsed: Elapsed::default(),
            text: text.into(),
            key: None,
        }
    }

    /// This message, so many seconds after the sender's previous one. Other kinds stay as they are.
    pub fn elapsed(mut self, seconds: u64) -> Body {
        if let Body::Message { elapsed, .. } = &mut self {
            *elapsed = Elapsed(seconds);
        }
        self
    }

    /// This message with this key, or with none. Other kinds stay as they are.
    pub fn keyed(mut self, its_key: impl Into<Option<Key>>) -> Body {
        if let Body::Message { key, .. } = &mut self {
            *key = its_key.into();
        }
        self
    }

    /// A member's join.
    pub fn join(name: impl Into<String>) -> Body {
        Body::Join { name: name.into() }
    }

    /// A member's leave.
    pub fn leave(name: impl Into<String>) -> Body {
        Body::Leave { name: name.into() }
    }

    /// The start of a server whose log continues no other one.
    pub fn opened(version: impl Into<String>, random: impl Into<String>) -> Body {
        Body::Opened {
            version: version.into(),
            random: random.into(),
            after: None,
        }
    }

    /// The start of a server of this version: `random` makes the log's beginning its own.
    pub fn opening(random: [u8; 8], after: Option<LogId>) -> Body {
        Body::Opened {
            version: concat!("chatroom ", env!("CARGO_PKG_VERSION")).to_string(),
            random: random.iter().map(|byte| format!("{byte:02x}")).collect(),
            after,
        }
    }

    /// A message of the room itself.
    pub fn notice(text: impl Into<String>) -> Body {
        Body::Notice { text: text.into() }
    }

    /// The kind of the event in one word: the `type` of its JSON object.
    pub fn kind(&self) -> &'static str {
        match self {
            Body::Message { .. } => "message",
            Body::Join { .. } => "join",
            Body::Leave { .. } => "leave",
            Body::Opened { .. } => "opened",
            Body::Closed => "closed",
            Body::Notice { .. } => "notice",
            Body::Erased { .. } => "erased",
            Body::Other { .. } => "other",
        }
    }
}

/// The identity of a log: the checksum field of its first line.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LogId(pub u32);

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl fmt::Debug for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The name of one event for ever: `<logid>-<offset>-<check>`.
///
/// The offset is where the event's line starts; the check is the first four hex digits of that
/// line's checksum, so that an id into a restored backup is recognised as foreign.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id {
    /// The log.
    pub log: LogId,
    /// The offset of the line's first byte in the log.
    pub offset: u64,
    /// The upper half of the line's checksum.
    pub check: u16,
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{:04x}", self.log, self.offset, self.check)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The error for a text that is no id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnId;

impl fmt::Display for NotAnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id looks like 5d2f0a11-18342-9d02, as the room gave it")
    }
}

impl std::error::Error for NotAnId {}

/// Tells whether every byte is `good`, `N` at a time and without an early exit, so that each step
/// becomes a few vector instructions.
pub(crate) fn all<const N: usize>(bytes: &[u8], good: impl Fn(u8) -> bool) -> bool {
    let each = |bytes: &[u8]| bytes.iter().fold(true, |all, byte| all & good(*byte));
    let steps = bytes.as_chunks::<N>().0;
    let all = steps.iter().fold(true, |all, step| all & each(step));
    // The last step overlaps the one before instead of taking the rest byte by byte.
    all & each(bytes.last_chunk::<N>().map_or(bytes, |last| &last[..]))
}

/// The value of exactly `digits` lower-case hex digits.
pub(crate) fn lower_hex(text: &[u8], digits: usize) -> Option<u32> {
    if text.len() != digits {
        return None;
    }
    text.iter().try_fold(0u32, |sum, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(sum << 4 | u32::from(value))
    })
}

/// The eight lower-case hex digits of `value`, computed together: each byte of a word is one digit.
pub(crate) fn hex(value: u32) -> [u8; 8] {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let mut digits = u64::from(value);
    digits = (digits | digits << 16) & 0x0000_ffff_0000_ffff;
    digits = (digits | digits << 8) & 0x00ff_00ff_00ff_00ff;
    digits = (digits | digits << 4) & 0x0f0f_0f0f_0f0f_0f0f;
    // 1 in each byte that is 10 or more, which is a letter.
    let letters = (digits + 6 * ONES) >> 4 & ONES;
    (digits + u64::from(b'0') * ONES + letters * u64::from(b'a' - b'0' - 10)).to_be_bytes()
}

impl Id {
    /// Appends the same text as `Display`.
    pub fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&hex(self.log.0));
        out.push(b'-');
        out.extend_from_slice(itoa::Buffer::new().format(self.offset).as_bytes());
        out.push(b'-');
        out.extend_from_slice(&hex(self.check.into())[4..]);
    }
}

impl FromStr for Id {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Id, NotAnId> {
        let mut parts = text.splitn(3, '-');
        let mut part = || parts.next().ok_or(NotAnId);
        let (log, offset, check) = (part()?, part()?, part()?);
        let plain = offset == "0" || offset.starts_with(|c: char| c.is_ascii_digit() && c != '0');
        if !plain {
            return Err(NotAnId);
        }
        Ok(Id {
            log: LogId(lower_hex(log.as_bytes(), 8).ok_or(NotAnId)?),
            // No file is longer, and an offset past the end never overflows.
            offset: offset
                .parse()
                .ok()
                .filter(|offset| i64::try_from(*offset).is_ok())
                .ok_or(NotAnId)?,
            check: lower_hex(check.as_bytes(), 4).ok_or(NotAnId)? as u16,
        })
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_string())
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Id, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// An idempotency key, which makes a repeated post recognisable: 1 to 64 visible ASCII characters.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(transparent)]
pub struct Key(String);

impl Key {
    /// The key, if `text` is one.
    pub fn new(text: &str) -> Option<Key> {
        Key::is_valid(text.as_bytes()).then(|| Key(text.to_string()))
    }

    /// The key, if `text` is one that a client may give. The log writes a lone `-` in place of a
    /// missing key; in lines older than that rule it is a key like any other.
    pub fn of_client(text: &str) -> Option<Key> {
        Key::new(text).filter(|key| key.as_str() != "-")
    }

    /// Tells whether the bytes form a key.
    pub fn is_valid(bytes: &[u8]) -> bool {
        (1..=MAX_KEY).contains(&bytes.len()) && all::<8>(bytes, |b| b.is_ascii_graphic())
    }

    /// The key's characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Key, D::Error> {
        let text = String::deserialize(deserializer)?;
        Key::new(&text)
            .ok_or_else(|| de::Error::custom("a key is 1 to 64 visible ASCII characters"))
    }
}

/// The reason why bytes are no message text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextError {
    /// The bytes are not UTF-8; the offset of the first wrong byte.
    NotUtf8(usize),
    /// The text is empty or only white space.
    Empty,
    /// The text has more than [`MAX_TEXT`] bytes.
    TooLong,
}

/// Checks that `bytes` are a message's text and returns them unchanged.
///
/// # Errors
/// See [`TextError`].
pub fn text(bytes: Vec<u8>) -> Result<String, TextError> {
    if bytes.len() > MAX_TEXT {
        return Err(TextError::TooLong);
    }
    let text =
        String::from_utf8(bytes).map_err(|e| TextError::NotUtf8(e.utf8_error().valid_up_to()))?;
    if text.trim().is_empty() {
        return Err(TextError::Empty);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_and_nothing_else_does() {
        let id = Id {
            log: LogId(0x5d2f_0a11),
            offset: 18342,
            check: 0x9d02,
        };
        assert_eq!(id.to_string(), "5d2f0a11-18342-9d02");
        let mut written = Vec::new();
        id.write(&mut written);
        assert_eq!(written, id.to_string().as_bytes());
        assert_eq!("5d2f0a11-18342-9d02".parse(), Ok(id));
        for wrong in [
            "",
            "-",
            "--",
            "5D2F0A11-18342-9d02",
            "5d2f0a11-018342-9d02",
            "5d2f0a11-+1-9d02",
            "5d2f0a11--1-9d02",
            "5d2f0a11-18342-9d020",
            "5d2f0a11-18342-9d0",
            "5d2f0a1-18342-9d02",
            "5d2f0a11-18342-9d02-",
            "5d2f0a11-99999999999999999999-9d02",
            "5d2f0a11-18446744073709551615-9d02",
            " 5d2f0a11-1-9d02",
        ] {
            assert_eq!(
                wrong.parse::<Id>(),
                Err(NotAnId),
                "{wrong:?} was taken for an id"
            );
        }
    }

    #[test]
    fn a_key_is_visible_ascii() {
        assert!(Key::new("4fd1c2e07a9b").is_some());
        assert!(Key::new(&"k".repeat(64)).is_some());
        for wrong in ["", "a b", "ü", "a\tb", &"k".repeat(65)] {
            assert_eq!(Key::new(wrong), None);
        }
        assert!(Key::new("-").is_some() && Key::of_client("--").is_some());
        assert_eq!(Key::of_client("-"), None);
    }

    #[test]
    fn a_text_is_kept_as_it_is_or_refused() {
        assert_eq!(text(b" hi\n".to_vec()), Ok(" hi\n".to_string()));
        assert_eq!(text(b" \n\t".to_vec()), Err(TextError::Empty));
        assert_eq!(text(b"ab\xff".to_vec()), Err(TextError::NotUtf8(2)));
        assert_eq!(text(vec![b'a'; MAX_TEXT + 1]), Err(TextError::TooLong));
    }
}
