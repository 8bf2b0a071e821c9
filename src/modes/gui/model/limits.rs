//! Sentences that announce a limit before it is reached.

use crate::event::MAX_TEXT;
use crate::name;

/// Says how a name compares to the room's limit of `limit` characters, counted as the server counts
/// them. `None` while it is well below.
pub fn name_words(name: &str, limit: usize) -> Option<String> {
    let (characters, bytes) = name::extent(name);
    let what = if limit == 1 {
        "character"
    } else {
        "characters"
    };
    if characters > limit {
        Some(format!(
            "{} of {limit} {what}: too long",
            grouped(characters)
        ))
    } else if bytes > name::MAX_BYTES {
        // Few characters, but each of many code points.
        Some(format!("{bytes} of {} bytes: too long", name::MAX_BYTES))
    } else if characters > 0 && characters + 1 >= limit {
        Some(format!("{characters} of {limit} {what}"))
    } else {
        None
    }
}

/// Says how a text compares to the longest message, [`MAX_TEXT`] bytes. `None` below nine tenths of
/// that.
pub fn text_words(text: &str) -> Option<String> {
    let bytes = |count: usize| match count {
        1 => "1 byte".to_string(),
        count => format!("{} bytes", grouped(count)),
    };
    match text.len() {
        length if length > MAX_TEXT => Some(format!(
            "{} too long; shorten it or send it in parts",
            bytes(length - MAX_TEXT)
        )),
        length if length * 10 >= MAX_TEXT * 9 => Some(format!("{} left", bytes(MAX_TEXT - length))),
        _ => None,
    }
}

/// Formats a number with commas between its thousands.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::{Name, NameError};

    #[test]
    fn a_name_shows_its_limit_from_the_last_but_one_on() {
        for (name, words) in [
            ("", None),
            ("uthira", None),
            ("uthira7", Some("7 of 8 characters")),
            ("8letters", Some("8 of 8 characters")),
            ("  8letters ", Some("8 of 8 characters")),
            ("longestname13", Some("13 of 8 characters: too long")),
            ("👩‍👩‍👧‍👦", None),
            ("👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦", Some("75 of 64 bytes: too long")),
        ] {
            assert_eq!(name_words(name, 8).as_deref(), words, "{name:?}");
        }
        assert_eq!(name_words("", 1), None);
        assert_eq!(name_words("x", 1).as_deref(), Some("1 of 1 character"));
    }

    #[test]
    fn too_long_is_what_the_server_says_is_too_long() {
        for name in [
            "8letters",
            "9 letters",
            "a   b   c   d",
            "ﷺ",
            "ㅎㅏㄴㄱㅡㄹㅎㅏㄴㄱ",
            "e\u{301}12345678",
        ] {
            let refused = matches!(
                Name::new(name, 8),
                Err(NameError::TooLong { .. } | NameError::TooManyBytes(_))
            );
            let told = name_words(name, 8).is_some_and(|words| words.ends_with("too long"));
            assert_eq!(told, refused, "{name}");
        }
        let huge = "x".repeat(1 << 20);
        assert_eq!(
            name_words(&huge, 8).as_deref(),
            Some("1,048,576 of 8 characters: too long")
        );
    }

    #[test]
    fn a_text_shows_its_limit_from_nine_tenths_on() {
        let words = |length: usize| text_words(&"x".repeat(length));
        assert_eq!(words(14_745), None);
        assert_eq!(words(14_746).as_deref(), Some("1,638 bytes left"));
        assert_eq!(words(MAX_TEXT - 1203).as_deref(), Some("1,203 bytes left"));
        assert_eq!(words(MAX_TEXT - 1).as_deref(), Some("1 byte left"));
        assert_eq!(words(MAX_TEXT).as_deref(), Some("0 bytes left"));
        assert_eq!(
            words(MAX_TEXT + 217).as_deref(),
            Some("217 bytes too long; shorten it or send it in parts")
        );
    }
}
