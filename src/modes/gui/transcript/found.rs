//! Places in a text where something that was looked for stands. Pure.

use std::ops::Range;

/// Finds `needle`, which is in lower case, as ranges of the text's bytes. The text is compared in
/// lower case, whose letters may be shorter, longer or more than those of the text.
pub fn found(text: &str, needle: &str) -> Vec<Range<usize>> {
    let lower = text.to_lowercase();
    if needle.is_empty() || !lower.contains(needle) {
        return Vec::new();
    }
    // The end of each letter in lower case, and its range in the text. The only letter whose lower
    // case depends on its place, the Greek s, has the same length in both forms.
    let mut end = 0;
    let letters = text.char_indices().map(|(at, c)| {
        end += c.to_lowercase().map(char::len_utf8).sum::<usize>();
        (end, at..at + c.len_utf8())
    });
    let mut letters = letters.peekable();
    let mut found = Vec::new();
    for (from, _) in lower.match_indices(needle) {
        while letters.next_if(|(end, _)| *end <= from).is_some() {}
        let Some((_, first)) = letters.peek().cloned() else {
            break;
        };
        let mut range = first;
        while let Some((end, letter)) = letters.peek() {
            range.end = letter.end;
            if *end >= from + needle.len() {
                break; // A letter of several may be the beginning of the next match too.
            }
            letters.next();
        }
        found.push(range);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_for_is_marked_where_it_stands() {
        let marked = |text: &'static str, needle: &str| -> Vec<&str> {
            let ranges = found(text, needle).into_iter();
            ranges.map(|range| &text[range]).collect()
        };
        assert_eq!(marked("aXbxaX", "ax"), ["aX", "aX"]);
        assert_eq!(marked("aaa", "aa"), ["aa"]);
        // Equally long in lower case as a whole, but not letter by letter.
        assert_eq!("ẞxyzİ".to_lowercase().len(), "ẞxyzİ".len());
        assert_eq!(marked("ẞxyzİ", "xyz"), ["xyz"]);
        assert_eq!(marked("ẞxyzİ", "ß"), ["ẞ"]);
        assert_eq!(marked("İİx", "i\u{307}x"), ["İx"]);
        // One letter has two in lower case: it matches either.
        assert_eq!(marked("aİ", "i"), ["İ"]);
        assert_eq!(marked("İİ", "\u{307}i"), ["İİ"]);
        assert_eq!(marked("KÅa", "ka"), Vec::<&str>::new());
        assert_eq!(marked("ΝΙΚΟΣ ΝΙΚΟΣ", "νικος"), ["ΝΙΚΟΣ", "ΝΙΚΟΣ"]);
        assert_eq!(marked("abc", ""), Vec::<&str>::new());
        assert_eq!(marked("abc", "abcd"), Vec::<&str>::new());
    }
}
