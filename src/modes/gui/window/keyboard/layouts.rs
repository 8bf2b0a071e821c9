//! The keyboard's layouts, as the X server has them at the moment.
//!
//! FLTK tells what a key has in the first layout, not which key it is. So the keyboard is looked
//! through for a key that has it, and for a Latin letter on that key.

use crate::system::x11::{Keymap, keymap};

/// The Latin letters by their keys, which have the same numbers on all keyboards of PCs: rows from
/// the key with this number on.
const ROWS: [(usize, &str); 4] = [
    (20, "-="),
    (24, "qwertyuiop[]"),
    (38, "asdfghjkl;'`"),
    (52, "zxcvbnm,./"),
];

/// What is on the keys.
pub(super) struct KeyboardLayout {
    /// The number of the first key.
    first: usize,
    /// How many symbols a key has, in all its layouts and levels.
    each: usize,
    symbols: Vec<u32>,
}

impl KeyboardLayout {
    /// As it is now: another layout may have been chosen since.
    pub(super) fn now() -> Option<KeyboardLayout> {
        let Keymap {
            first,
            each,
            symbols,
        } = keymap()?;
        Some(KeyboardLayout {
            first: first.into(),
            each: each.into(),
            symbols,
        })
    }

    /// The Latin letter on the key that has this symbol in its first layout.
    pub(super) fn latin(&self, symbol: u32) -> Option<char> {
        let mut keys = self.symbols.chunks_exact(self.each.max(1)).enumerate();
        let (at, symbols) = keys.find(|(_, key)| key.first() == Some(&symbol))?;
        let letter = |symbol: &u32| {
            let c = char::from_u32(*symbol)?;
            c.is_ascii_lowercase().then_some(c)
        };
        symbols
            .iter()
            .find_map(letter)
            .or_else(|| by_place(self.first + at))
    }
}

/// The letter that the key with this number has on a Latin keyboard.
fn by_place(key: usize) -> Option<char> {
    ROWS.iter()
        .find_map(|(first, letters)| letters.chars().nth(key.checked_sub(*first)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A keyboard with two symbols a key, whose key 52 is the first one.
    fn board(symbols: &[u32]) -> KeyboardLayout {
        KeyboardLayout {
            first: 52,
            each: 2,
            symbols: symbols.to_vec(),
        }
    }

    #[test]
    fn a_key_means_what_stands_at_its_place() {
        // я, ч, с, м
        let russian = board(&[0x6d1, 0x6f1, 0x6de, 0x6fe, 0x6d3, 0x6f3, 0x6cd, 0x6ed]);
        assert_eq!(russian.latin(0x6d1), Some('z'));
        assert_eq!(russian.latin(0x6cd), Some('v'));
        assert_eq!(russian.latin(0x6c1), None, "no such key");
    }

    #[test]
    fn another_layout_of_the_same_key_comes_first() {
        // With a French one beside it: w stands where z is on an American keyboard.
        let both = board(&[0x6d1, 0x77]);
        assert_eq!(both.latin(0x6d1), Some('w'));
    }

    #[test]
    fn all_letters_have_a_place() {
        let mut found: Vec<char> = (0..256).filter_map(by_place).collect();
        found.retain(char::is_ascii_lowercase);
        found.sort_unstable();
        assert_eq!(found, ('a'..='z').collect::<Vec<_>>());
        assert_eq!(by_place(47), Some(';'));
        assert_eq!(by_place(59), Some(','));
    }
}
