//! The reading of typed texts: messages and commands.
//!
//! A command is a `/` and ASCII letters at the very start, followed by the end or a space, all on
//! one line. Everything else is a message, byte for byte up to empty lines at its end, so that a
//! path or a piece of code is never swallowed.

use crate::modes::gui::text::without_empty_end;

/// A typed text as it is understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typed<'a> {
    /// No message yet: white space alone, or `/me` without an action.
    Nothing,
    /// A message. `/me waves` is sent as it is: the display makes an action of it.
    Say(&'a str),
    /// `/who`: show the members present.
    Who,
    /// `/clear`: take the transcript off the screen.
    Clear,
    /// `/quit`: leave.
    Quit,
    /// `/help`: show [`HELP`].
    Help,
    /// A command that does not exist, as it was typed: `/foo`.
    Unknown(&'a str),
}

/// The commands and keys with their effects, for `/help`, the README and the man page.
pub const HELP: &[(&str, &str)] = &[
    ("/me waves", "sends an action: \"uthira waves\""),
    ("/who", "shows who is here and how long each has been idle"),
    (
        "/clear",
        "empties the transcript on this screen; the room keeps everything",
    ),
    ("/quit", "leaves the room and closes the window"),
    ("/help", "shows this list"),
    (
        "a space before /",
        "sends a command as text: \" /who\" sends \"/who\"",
    ),
    ("Enter", "sends"),
    ("Shift+Enter", "starts a new line"),
    (
        "Tab, Shift+Tab",
        "completes a name, present members first, then by who spoke last; again: the next or \
         previous one; if there is no name to complete: to the next or previous field",
    ),
    ("Up, Down", "brings back what you sent before"),
    ("Page Up, Page Down", "scrolls the transcript"),
    (
        "Ctrl+Home, Ctrl+U, Ctrl+End",
        "goes to the room's beginning, to the first unread message, to the end",
    ),
    (
        "in the transcript, Left, Right, Enter",
        "moves among what can be clicked, and clicks it",
    ),
    ("Ctrl+F", "searches everything that was said"),
    (
        "Ctrl++, Ctrl+-, Ctrl+0",
        "larger text, smaller text, the usual size",
    ),
    ("Ctrl+T", "while offline: tries again at once"),
    ("Ctrl+,", "shows the settings"),
    ("Ctrl+Q", "leaves the room and closes the window"),
    (
        "Escape",
        "removes refused messages and notes, closes the search, and goes back from Switch",
    ),
];

/// The part of a typed text that Enter would send, whose length counts; all of it if there is none.
pub fn to_be_said(text: &str) -> &str {
    match read(text) {
        Typed::Say(message) => message,
        _ => text,
    }
}

/// Reads a typed text. Commands may be in capitals, and words that a command does not need are
/// ignored: `/who bob` is `/who`.
pub fn read(text: &str) -> Typed<'_> {
    if text.trim().is_empty() {
        return Typed::Nothing;
    }
    let Some((word, rest)) = command(text) else {
        return message(text);
    };
    let is = |name: &str| word[1..].eq_ignore_ascii_case(name);
    if is("me") {
        if rest.trim().is_empty() {
            Typed::Nothing
        } else {
            Typed::Say(without_empty_end(text))
        }
    } else if is("who") {
        Typed::Who
    } else if is("clear") {
        Typed::Clear
    } else if is("quit") {
        Typed::Quit
    } else if is("help") {
        Typed::Help
    } else {
        Typed::Unknown(word)
    }
}

/// Removes the one space before a command that makes it a message. It stays before `/me`, which
/// would become an action without it.
fn message(text: &str) -> Typed<'_> {
    let escaped = text
        .strip_prefix(' ')
        .filter(|rest| command(rest).is_some_and(|(word, _)| !word.eq_ignore_ascii_case("/me")));
    Typed::Say(without_empty_end(escaped.unwrap_or(text)))
}

/// The command's word with its `/`, and what follows it. `/me` may have several lines, since it is
/// sent in any case.
fn command(text: &str) -> Option<(&str, &str)> {
    let messages = text.strip_prefix('/')?;
    let end = messages
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(messages.len());
    let (word, rest) = text.split_at(end + 1);
    let ends = rest.trim_end().is_empty() || rest.starts_with(' ');
    let one_line = !text.trim_end().contains(['\n', '\r']);
    (end > 0 && ends && (one_line || word.eq_ignore_ascii_case("/me"))).then_some((word, rest))
}

#[cfg(test)]
mod tests {
    use super::Typed::*;
    use super::*;

    #[test]
    fn what_counts_is_what_would_be_said() {
        for (typed, counts) in [
            ("one\ntwo\n\n", "one\ntwo"),
            (" /who\n", "/who"),
            ("/me waves\n", "/me waves"),
            ("/who", "/who"),
            ("", ""),
        ] {
            assert_eq!(to_be_said(typed), counts, "{typed:?}");
        }
    }

    #[test]
    fn commands_are_carried_out() {
        for (text, meaning) in [
            ("/who", Who),
            ("/WHO", Who),
            ("/who \n", Who),
            ("/who bob", Who),
            ("/clear", Clear),
            ("/Quit", Quit),
            ("/quit see you", Quit),
            ("/help me", Help),
            ("/foo", Unknown("/foo")),
            ("/Foo bar baz", Unknown("/Foo")),
            ("/whom", Unknown("/whom")),
            ("/me", Nothing),
            ("/me  ", Nothing),
            ("", Nothing),
            (" \n\t", Nothing),
        ] {
            assert_eq!(read(text), meaning, "{text:?}");
        }
    }

    #[test]
    fn everything_else_is_said_as_it_is() {
        for text in [
            "hi",
            "/me waves",
            "/me sings\nla la",
            "/usr/bin/x",
            "/usr/bin/x --help",
            "/ foo",
            "/",
            "//",
            "//who",
            "/who?",
            "/who2",
            "/who\tbob",
            "/привет",
            "/who\nis there",
            "/clear the table;\nreturn 0;",
            "/* comment */",
            "say /who",
            " hi",
            " /me waves",
            " /usr/bin/x",
            "  /who",
            "\t/who",
            "a\n\nb ",
        ] {
            assert_eq!(read(text), Say(text), "{text:?}");
        }
    }

    #[test]
    fn empty_lines_at_the_end_are_not_said() {
        for (text, words) in [
            ("hi\n", "hi"),
            ("a\n b \n\n", "a\n b "),
            ("a\r\n\r\n", "a"),
            ("a\n \n\t\n", "a"),
            ("/me waves\n", "/me waves"),
            (" /who\n", "/who"),
        ] {
            assert_eq!(read(text), Say(words), "{text:?}");
        }
    }

    #[test]
    fn a_space_before_it_says_a_command() {
        for (text, words) in [
            (" /who", "/who"),
            (" /foo bar", "/foo bar"),
            (" /quit", "/quit"),
        ] {
            assert_eq!(read(text), Say(words));
        }
    }

    #[test]
    fn the_help_names_every_command() {
        for (name, does) in HELP {
            assert!(!does.is_empty() && !does.ends_with('.'), "{name}");
            if name.starts_with('/') {
                assert!(!matches!(read(name), Unknown(_)), "{name}");
            }
        }
        for name in ["/me", "/who", "/clear", "/quit", "/help"] {
            let told = HELP
                .iter()
                .any(|(what, _)| what.split(' ').next() == Some(name));
            assert!(told, "{name}");
        }
    }
}
