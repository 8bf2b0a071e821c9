//! The texts that were sent, which the up key brings back.

use std::collections::{BTreeMap, VecDeque};

/// Most texts that are remembered.
const MAX_ENTRIES: usize = 200;
/// Their greatest total size, in bytes; texts changed on the way through them may take as much
/// again.
const MAX_BYTES: usize = 1 << 20;

/// The texts that were sent, and the user's position in them.
#[derive(Clone, Debug, Default)]
pub struct Recall {
    /// Oldest first.
    entries: VecDeque<String>,
    bytes: usize,
    /// The index of the text in the input; the number of entries while that is a text of its own.
    at: usize,
    /// The texts as changed on the way, by index. The last index is that of the text not sent yet.
    changed: BTreeMap<usize, String>,
}

impl Recall {
    /// Remembers a text; the next press of up returns it.
    pub fn add(&mut self, text: &str) {
        let fits = text.len() <= MAX_BYTES;
        let repeats = self.entries.back().is_some_and(|last| last == text);
        if fits && !repeats && !text.trim().is_empty() {
            self.bytes += text.len();
            self.entries.push_back(text.to_string());
        }
        while self.entries.len() > MAX_ENTRIES || self.bytes > MAX_BYTES {
            self.bytes -= self.entries.pop_front().map_or(0, |gone| gone.len());
        }
        self.at = self.entries.len();
        self.changed.clear();
    }

    /// Returns the text before `current`, which is in the input. `None` at the oldest.
    pub fn up(&mut self, current: &str) -> Option<&str> {
        let to = self.at.checked_sub(1)?;
        self.go_to(to, current)
    }

    /// Returns the text after `current`, which is in the input; after the newest, the text that was
    /// there before going up. `None` if that is there already.
    pub fn down(&mut self, current: &str) -> Option<&str> {
        let to = self.at + 1;
        if to > self.entries.len() {
            return None;
        }
        self.go_to(to, current)
    }

    fn go_to(&mut self, to: usize, current: &str) -> Option<&str> {
        let is_changed = match self.entries.get(self.at) {
            Some(entry) => entry != current,
            None => true,
        };
        self.changed.remove(&self.at);
        if is_changed {
            self.changed.insert(self.at, current.to_string());
        }
        // The unsent text matters most, then the one just left.
        let here = self.at;
        let unsent = self.entries.len();
        let mut size: usize = self.changed.values().map(String::len).sum();
        self.changed.retain(|index, text| {
            let drop = size > MAX_BYTES && *index != here && *index != unsent;
            size -= if drop { text.len() } else { 0 };
            !drop
        });
        self.at = to;
        let changed = self.changed.get(&to).map(String::as_str);
        let sent = || self.entries.get(to).map(String::as_str);
        Some(changed.or_else(sent).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(texts: &[&str]) -> Recall {
        let mut recall = Recall::default();
        for text in texts {
            recall.add(text);
        }
        recall
    }

    #[test]
    fn up_and_down_and_back_to_the_unsent_text() {
        let mut recall = sent(&["one", "two"]);
        assert_eq!(recall.down("dra"), None);
        assert_eq!(recall.up("draft"), Some("two"));
        assert_eq!(recall.up("two"), Some("one"));
        assert_eq!(recall.up("one"), None);
        assert_eq!(recall.down("one"), Some("two"));
        assert_eq!(recall.down("two"), Some("draft"));
        assert_eq!(recall.down("draft"), None);
        assert_eq!(Recall::default().up("draft"), None);
    }

    #[test]
    fn a_text_changed_on_the_way_is_there_on_the_way_back() {
        let mut recall = sent(&["one", "two"]);
        assert_eq!(recall.up(""), Some("two"));
        assert_eq!(recall.up("two!"), Some("one"));
        assert_eq!(recall.down("one"), Some("two!"));
        assert_eq!(recall.down("two!"), Some(""));
        // Sending ends it: the sent text is remembered.
        recall.add("two!");
        assert_eq!(recall.up(""), Some("two!"));
        assert_eq!(recall.up("two!"), Some("two"));
    }

    #[test]
    fn nothing_is_kept_twice_in_a_row_or_empty() {
        let mut recall = sent(&["a", "b", "b", " \n", "b"]);
        assert_eq!(recall.up(""), Some("b"));
        assert_eq!(recall.up("b"), Some("a"));
        assert_eq!(recall.up("a"), None);
    }

    #[test]
    fn it_stays_within_its_bounds() {
        let mut recall = Recall::default();
        for n in 0..300 {
            recall.add(&n.to_string());
        }
        assert_eq!(recall.entries.len(), 200);
        assert_eq!(recall.entries[0], "100");
        let long = "x".repeat(MAX_BYTES - 1);
        recall.add(&long);
        assert_eq!((recall.entries.len(), recall.bytes), (1, long.len()));
        recall.add("yy");
        assert_eq!(recall.entries, ["yy"]);
        recall.add(&"z".repeat(MAX_BYTES + 1));
        assert_eq!(recall.entries, ["yy"], "what is too long is not kept");
        // Changes on the way do not add up either, and the unsent text is the last to go.
        let mut recall = sent(&["1", "2", "3", "4"]);
        assert_eq!(recall.up("unsent"), Some("4"));
        for _ in 0..3 {
            recall.up(&long).expect("an older one");
        }
        assert!(recall.changed.values().map(String::len).sum::<usize>() < 2 * MAX_BYTES);
        for expected in ["2", "3", "4", "unsent"] {
            let text = recall.down("1").expect("a newer one").to_string();
            assert!(text == expected || text == long, "{expected}");
        }
        assert_eq!(recall.at, 4);
    }
}
