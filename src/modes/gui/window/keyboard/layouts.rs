//! The Latin letters on the keys of any keyboard.
//!
//! FLTK tells the symbol that a key has in the first layout, not which key it is. So the keyboard
//! is searched for a key with that symbol, and then for a Latin letter on it.

use crate::system::x11::Keymap;

/// The Latin letters by key codes, which are the same on all PC keyboards: each row begins at the
/// key with this code.
const ROWS: [(usize, &str); 4] = [
    (20, "-="),
    (24, "qwertyuiop[]"),
    (38, "asdfghjkl;'`"),
    (52, "zxcvbnm,./"),
];

/// Returns the Latin letter on the key that has this symbol in its first layout.
pub(super) fn latin(keyboard: &Keymap, symbol: u32) -> Option<char> {
    let mut keys = keyboard
        .symbols
        .chunks_exact(usize::from(keyboard.each.max(1)))
        .enumerate();
    let (at, symbols) = keys.find(|(_, key)| key.first() == Some(&symbol))?;
    let letter = |symbol: &u32| {
        let c = char::from_u32(*symbol)?;
        c.is_ascii_lowercase().then_some(c)
    };
    symbols
        .iter()
        .find_map(letter)
        .or_else(|| by_place(usize::from(keyboard.first) + at))
}

/// The letter that the key with this code has on a Latin keyboard.
fn by_place(key: usize) -> Option<char> {
    ROWS.iter()
        .find_map(|(first, letters)| letters.chars().nth(key.checked_sub(*first)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A keyboard with two symbols per key, beginning at key 52.
    fn keyboard(symbols: &[u32]) -> Keymap {
        Keymap {
            first: 52,
            each: 2,
            symbols: symbols.to_vec(),
        }
    }

    #[test]
    fn a_key_means_what_stands_at_its_place() {
        // я, ч, с, м
        let russian = keyboard(&[0x6d1, 0x6f1, 0x6de, 0x6fe, 0x6d3, 0x6f3, 0x6cd, 0x6ed]);
        assert_eq!(latin(&russian, 0x6d1), Some('z'));
        assert_eq!(latin(&russian, 0x6cd), Some('v'));
        assert_eq!(latin(&russian, 0x6c1), None, "no such key");
    }

    #[test]
    fn another_layout_of_the_same_key_comes_first() {
        // With a French layout beside it: w is where an American keyboard has z.
        let both = keyboard(&[0x6d1, 0x77]);
        assert_eq!(latin(&both, 0x6d1), Some('w'));
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
