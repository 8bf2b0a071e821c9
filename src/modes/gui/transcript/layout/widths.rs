//! Widths, remembered: asking the font each time is what makes layout slow.

use std::collections::HashMap;

/// Most bytes that remembered words may take.
const REMEMBERED: usize = 300_000;
/// Memory of a remembered word beside its letters: the map's slot and the allocation.
const BESIDE: usize = 80;
/// Characters below this have their widths in a table.
const TABLE: usize = 0x530;
/// Most characters beyond the table that are remembered.
const CHARACTERS: usize = 4096;

/// The widths of characters and words, for one font and size; begin with new ones when these
/// change.
#[derive(Debug, Default)]
pub struct Widths {
    /// Widths of the first characters; NaN if not known yet.
    table: Vec<f32>,
    characters: HashMap<char, f32>,
    words: HashMap<Box<str>, f32>,
    /// The bytes that the words take.
    bytes: usize,
    measured: u64,
}

impl Widths {
    /// The number of questions to the font.
    pub(super) fn measured(&self) -> u64 {
        self.measured
    }

    /// The bytes that the remembered words take.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    fn ask(&mut self, piece: &str, measure: &dyn Fn(&str) -> f64) -> f32 {
        self.measured += 1;
        measure(piece) as f32
    }

    /// The width of a character that [`simple`] returned.
    pub(super) fn of_char(&mut self, c: char, measure: &dyn Fn(&str) -> f64) -> f64 {
        let c = representative(c);
        let mut letter = [0; 4];
        let piece: &str = c.encode_utf8(&mut letter);
        if (c as usize) < TABLE {
            if self.table.is_empty() {
                self.table = vec![f32::NAN; TABLE];
            }
            if self.table[c as usize].is_nan() {
                self.table[c as usize] = self.ask(piece, measure);
            }
            return self.table[c as usize].into();
        }
        if let Some(width) = self.characters.get(&c) {
            return (*width).into();
        }
        if self.characters.len() >= CHARACTERS {
            self.characters.clear();
        }
        let width = self.ask(piece, measure);
        self.characters.insert(c, width);
        width.into()
    }

    /// The width of one grapheme cluster.
    pub(super) fn of_cluster(&mut self, cluster: &str, measure: &dyn Fn(&str) -> f64) -> f64 {
        match simple(cluster) {
            Some(c) => self.of_char(c, measure),
            None => self.of(cluster, measure),
        }
    }

    /// The width of a word.
    pub(super) fn of(&mut self, word: &str, measure: &dyn Fn(&str) -> f64) -> f64 {
        if let Some(width) = self.words.get(word) {
            return (*width).into();
        }
        let size = word.len() + BESIDE;
        if self.bytes + size > REMEMBERED {
            self.words = HashMap::new();
            self.bytes = 0;
        }
        let width = self.ask(word, measure);
        self.words.insert(word.into(), width);
        self.bytes += size;
        width.into()
    }
}

/// Returns one character for all of equal width: ideographs and syllables are too many to ask about
/// each.
fn representative(c: char) -> char {
    match c {
        '\u{3400}'..='\u{4db5}' => '\u{3400}',
        // The first ones: fonts often lack the later ones and draw a box instead.
        '\u{4e00}'..='\u{9fa5}' => '\u{4e00}',
        '\u{ac00}'..='\u{d7a3}' => '\u{ac00}',
        c => c,
    }
}

/// Returns the cluster as a character if widths of such characters add up to that of a word: no
/// marks, no joining, no shaping.
pub(super) fn simple(cluster: &str) -> Option<char> {
    let mut letters = cluster.chars();
    let c = letters.next()?;
    if letters.next().is_some() {
        return None;
    }
    let adds_up = matches!(c,
        ' '..='\u{7e}'
        | '\u{a0}'..='\u{2ff}'
        // Greek and Cyrillic without its marks; Armenian and later scripts are left out.
        | '\u{370}'..='\u{482}' | '\u{48a}'..='\u{52f}'
        | '\u{1e00}'..='\u{1fff}'
        // Punctuation, currencies, letter-like signs, arrows, mathematics.
        | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}' | '\u{20a0}'..='\u{20bf}'
        | '\u{2100}'..='\u{22ff}' | '\u{2500}'..='\u{25ff}'
        // CJK punctuation, kana, bopomofo, ideographs, syllables, full-width forms.
        | '\u{3000}'..='\u{3029}' | '\u{3030}'..='\u{303f}' | '\u{3041}'..='\u{3096}'
        | '\u{309b}'..='\u{312f}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}'
        | '\u{ff01}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}');
    adds_up.then_some(c)
}
