//! Key presses from the bytes that a terminal sends. Pure.
//!
//! Invariant: bytes may come in portions of any size; a sequence that is no key, or an unused one, is dropped
//! as a whole, so that its end never acts as keys.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyPress {
    /// A character, never a control character.
    Char(char),
    Left,
    Right,
    Up,
    Down,
    ShiftLeft,
    ShiftRight,
    Home,
    End,
    Enter,
    /// Deletes the character before the cursor.
    Backspace,
    /// Ctrl-U: deletes the typed text.
    Clear,
    /// Ctrl-D: end of input.
    Eof,
    Escape,
}

/// The longest sequence of a key, in bytes; the rest of a longer one is dropped.
const LONGEST: usize = 16;

const ESC: u8 = 0x1b;

/// The part of a key that has come so far.
#[derive(Debug, Default)]
enum SequenceState {
    #[default]
    Nothing,
    Escape,
    /// After `ESC O`.
    Single,
    /// After `ESC [`, with what followed.
    Control(Vec<u8>),
    /// The beginning of a UTF-8 character.
    Letter(Vec<u8>),
}

/// Parses bytes to key presses.
#[derive(Debug, Default)]
pub(super) struct KeyParser {
    state: SequenceState,
}

impl KeyParser {
    /// Parses bytes from the terminal, and appends the keys.
    pub(super) fn take(&mut self, bytes: &[u8], keys: &mut Vec<KeyPress>) {
        for byte in bytes {
            self.byte(*byte, keys);
        }
    }

    /// Returns whether a key is incomplete: an escape is a key only if nothing follows.
    pub(super) fn is_waiting(&self) -> bool {
        !matches!(self.state, SequenceState::Nothing)
    }

    /// Notes that nothing has followed for a while.
    pub(super) fn nothing_follows(&mut self) -> Option<KeyPress> {
        let alone = matches!(self.state, SequenceState::Escape);
        self.state = SequenceState::Nothing;
        alone.then_some(KeyPress::Escape)
    }

    fn byte(&mut self, byte: u8, keys: &mut Vec<KeyPress>) {
        match std::mem::take(&mut self.state) {
            SequenceState::Nothing => self.first(byte, keys),
            SequenceState::Escape => match byte {
                b'[' => self.state = SequenceState::Control(Vec::new()),
                b'O' => self.state = SequenceState::Single,
                ESC => {
                    keys.push(KeyPress::Escape);
                    self.state = SequenceState::Escape;
                }
                // Alt and a letter.
                _ => (),
            },
            SequenceState::Single => keys.extend(arrow(byte)),
            SequenceState::Control(_) if byte == ESC => self.state = SequenceState::Escape,
            SequenceState::Control(mut sequence) => match byte {
                // ECMA-48, 5.4: parameters and intermediates, then one final byte.
                0x20..=0x3f => {
                    if sequence.len() < LONGEST {
                        sequence.push(byte);
                    }
                    self.state = SequenceState::Control(sequence);
                }
                // The Linux console's function keys are `ESC [ [ A` to `E`.
                b'[' if sequence.is_empty() => self.state = SequenceState::Control(vec![b'[']),
                _ => keys.extend(control(&sequence, byte)),
            },
            SequenceState::Letter(mut letter) => {
                if !(0x80..=0xbf).contains(&byte) {
                    return self.first(byte, keys);
                }
                letter.push(byte);
                self.letter(letter, keys);
            }
        }
    }

    fn first(&mut self, byte: u8, keys: &mut Vec<KeyPress>) {
        match byte {
            ESC => self.state = SequenceState::Escape,
            b'\r' | b'\n' => keys.push(KeyPress::Enter),
            0x08 | 0x7f => keys.push(KeyPress::Backspace),
            0x04 => keys.push(KeyPress::Eof),
            0x15 => keys.push(KeyPress::Clear),
            0x00..=0x1f => (),
            _ => self.letter(vec![byte], keys),
        }
    }

    fn letter(&mut self, letter: Vec<u8>, keys: &mut Vec<KeyPress>) {
        match std::str::from_utf8(&letter) {
            Ok(text) => {
                // Control characters cannot be typed.
                let letters = text.chars().filter(|c| !c.is_control());
                keys.extend(letters.map(KeyPress::Char));
            }
            // The rest may follow.
            Err(error) if error.error_len().is_none() => self.state = SequenceState::Letter(letter),
            Err(_) => (),
        }
    }
}

/// The key of a sequence's final byte.
fn arrow(last: u8) -> Option<KeyPress> {
    Some(match last {
        b'A' => KeyPress::Up,
        b'B' => KeyPress::Down,
        b'C' => KeyPress::Right,
        b'D' => KeyPress::Left,
        b'H' => KeyPress::Home,
        b'F' => KeyPress::End,
        b'M' => KeyPress::Enter,
        // rxvt's arrows with Shift.
        b'c' => KeyPress::ShiftRight,
        b'd' => KeyPress::ShiftLeft,
        _ => return None,
    })
}

fn control(sequence: &[u8], last: u8) -> Option<KeyPress> {
    if last == b'~' {
        return match sequence {
            b"1" | b"7" => Some(KeyPress::Home),
            b"4" | b"8" => Some(KeyPress::End),
            _ => None,
        };
    }
    let key = arrow(last)?;
    match (sequence, key) {
        (b"" | b"1", key) => Some(key),
        // xterm's modifiers: one more than the sum of Shift 1, Alt 2, Ctrl 4.
        (b"1;2", KeyPress::Left) => Some(KeyPress::ShiftLeft),
        (b"1;2", KeyPress::Right) => Some(KeyPress::ShiftRight),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys(bytes: &[u8]) -> Vec<KeyPress> {
        let (mut parser, mut keys) = (KeyParser::default(), Vec::new());
        parser.take(bytes, &mut keys);
        keys.extend(parser.nothing_follows());
        keys
    }

    #[test]
    fn every_key_is_known_as_terminals_send_it() {
        for (bytes, key) in [
            (&b" "[..], KeyPress::Char(' ')),
            (b"q", KeyPress::Char('q')),
            ("é".as_bytes(), KeyPress::Char('é')),
            ("😀".as_bytes(), KeyPress::Char('😀')),
            (b"\x1b[A", KeyPress::Up),
            (b"\x1bOA", KeyPress::Up),
            (b"\x1b[B", KeyPress::Down),
            (b"\x1b[C", KeyPress::Right),
            (b"\x1bOD", KeyPress::Left),
            (b"\x1b[1;2C", KeyPress::ShiftRight),
            (b"\x1b[1;2D", KeyPress::ShiftLeft),
            (b"\x1b[c", KeyPress::ShiftRight),
            (b"\x1b[H", KeyPress::Home),
            (b"\x1b[1~", KeyPress::Home),
            (b"\x1b[7~", KeyPress::Home),
            (b"\x1bOF", KeyPress::End),
            (b"\x1b[4~", KeyPress::End),
            (b"\r", KeyPress::Enter),
            (b"\n", KeyPress::Enter),
            (b"\x7f", KeyPress::Backspace),
            (b"\x08", KeyPress::Backspace),
            (b"\x15", KeyPress::Clear),
            (b"\x04", KeyPress::Eof),
            (b"\x1b", KeyPress::Escape),
        ] {
            assert_eq!(keys(bytes), [key], "{bytes:?}");
        }
    }

    #[test]
    fn what_is_no_key_is_dropped_as_a_whole() {
        for bytes in [
            &b"\x1b[3~"[..],
            b"\x1b[1;5C",
            b"\x1b[200~",
            b"\x1b[[A",
            b"\x1b[?1;2c",
            b"\x1b[<0;10;10M",
            b"\x1bq",
            b"\x1bOP",
            b"\x00\x01\x16",
            b"\xff",
            b"\xc3",
            "\u{9b}".as_bytes(),
            &[b"\x1b[", &[b'1'; 100][..], b"q"].concat(),
        ] {
            assert_eq!(keys(bytes), [], "{bytes:?}");
        }
        assert_eq!(keys(b"\xc3q"), [KeyPress::Char('q')]);
        assert_eq!(keys(b"\x1b\x1b[C"), [KeyPress::Escape, KeyPress::Right]);
        assert_eq!(keys(b"\x1b[1\x1b[C"), [KeyPress::Right]);
    }

    proptest! {
        #[test]
        fn portions_make_no_difference(
            bytes in proptest::collection::vec(
                prop_oneof![Just(ESC), Just(b'['), Just(b';'), Just(b'C'), any::<u8>()], 0..60),
            cut in any::<prop::sample::Index>(),
        ) {
            let (mut parser, mut found) = (KeyParser::default(), Vec::new());
            let (left, right) = bytes.split_at(cut.index(bytes.len() + 1));
            parser.take(left, &mut found);
            parser.take(right, &mut found);
            found.extend(parser.nothing_follows());
            prop_assert_eq!(found, keys(&bytes));
        }
    }
}
