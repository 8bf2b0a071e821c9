//! Tab completion of names, as in HexChat and irssi: the most recent speaker comes first, and
//! pressing the key again goes on to the next.

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// Furthest distance in bytes from the cursor to the beginning of a name: no name is longer.
const REACH: usize = crate::name::MAX_BYTES;

/// The state of the completion.
#[derive(Clone, Debug, Default)]
pub struct Completion {
    under_way: Option<UnderWay>,
}

#[derive(Clone, Debug)]
struct UnderWay {
    /// The text before the completed word.
    before: String,
    /// The text after the cursor.
    after: String,
    /// The matching names, in order.
    names: Vec<String>,
    /// The index of the name that is in the text.
    at: usize,
    /// The text and cursor returned last; other ones mean that somebody typed.
    given: (String, usize),
}

impl Completion {
    /// Completes the name before byte `at` of `text`, or goes on to the next one. `names` has the
    /// most recent speaker first.
    ///
    /// Returns the new text and cursor: `name: ` at the start of the text, `name ` elsewhere and
    /// after an `@`. `None` means that there is nothing to complete, or that the only matching name
    /// is there already.
    pub fn next(&mut self, text: &str, at: usize, names: &[String]) -> Option<(String, usize)> {
        let completed = match self.continued(text, at) {
            Some(mut under_way) => {
                under_way.at = (under_way.at + 1) % under_way.names.len();
                under_way
            }
            None => UnderWay::begin(text, at, names)?,
        };
        self.give(completed, text, at)
    }

    /// Does as [`Completion::next`], but begins with the last name and goes on to the previous one.
    pub fn previous(&mut self, text: &str, at: usize, names: &[String]) -> Option<(String, usize)> {
        let mut completed = match self.continued(text, at) {
            Some(under_way) => under_way,
            None => UnderWay::begin(text, at, names)?,
        };
        let count = completed.names.len();
        completed.at = (completed.at + count - 1) % count;
        self.give(completed, text, at)
    }

    /// Takes out the completion under way, if its text and cursor are still there.
    fn continued(&mut self, text: &str, at: usize) -> Option<UnderWay> {
        let is_there = |now: &UnderWay| now.given.0 == text && now.given.1 == at;
        self.under_way.take().filter(is_there)
    }

    /// Returns the completed text and cursor, unless they are there already.
    fn give(&mut self, mut completed: UnderWay, text: &str, at: usize) -> Option<(String, usize)> {
        let given = completed.text();
        if given.0 == text && given.1 == at {
            return None;
        }
        completed.given = given.clone();
        self.under_way = Some(completed);
        Some(given)
    }

    /// Ends the completion, for example because the text was sent.
    pub fn forget(&mut self) {
        self.under_way = None;
    }
}

impl UnderWay {
    /// Matches the longest piece before the cursor that a name begins with; the first name comes
    /// first.
    fn begin(text: &str, at: usize, names: &[String]) -> Option<UnderWay> {
        let (head, after) = text.split_at_checked(at)?;
        let folded: Vec<String> = names.iter().map(|name| fold(name)).collect();
        starts(head).into_iter().find_map(|start| {
            let (before, word) = head.split_at(start);
            // Nothing was typed yet: after an `@` every name matches, elsewhere Tab moves the focus.
            if word.is_empty() && !before.ends_with('@') {
                return None;
            }
            let word = fold(word);
            let matching = folded.iter().zip(names);
            let matching = matching.filter(|(folded, _)| folded.starts_with(&word));
            let names: Vec<String> = matching.map(|(_, name)| name.clone()).collect();
            (!names.is_empty()).then(|| UnderWay {
                before: before.to_string(),
                after: after.to_string(),
                names,
                at: 0,
                given: Default::default(),
            })
        })
    }

    /// The completed text and its cursor.
    fn text(&self) -> (String, usize) {
        let mut text = format!("{}{}", self.before, self.names[self.at]);
        if self.before.is_empty() {
            text.push(':');
        }
        // An existing space is not doubled.
        let cursor = text.len() + 1;
        if !self.after.starts_with(' ') {
            text.push(' ');
        }
        text.push_str(&self.after);
        (text, cursor)
    }
}

/// The places before the cursor where a name could begin, the furthest first: the start, after
/// white space or an opening sign, and any word boundary in scripts without spaces.
fn starts(head: &str) -> Vec<usize> {
    let from = boundary_from(head, head.len().saturating_sub(REACH));
    // Cutting a text changes its word boundaries. Names and lines are short, so this goes back to
    // the last line break before it.
    let line = head[..from].rfind('\n').map_or(0, |at| at + 1);
    let line = line.max(boundary_from(head, from.saturating_sub(4 * REACH)));
    let boundaries = head[line..].split_word_bound_indices();
    let boundaries = boundaries.map(|(at, _)| line + at).chain([head.len()]);
    let begins = |at: &usize| {
        *at >= from
            && match head[..*at].chars().next_back() {
                None => true,
                Some(c) => c.is_whitespace() || !c.is_ascii() || "@([{<\"'/,;".contains(c),
            }
    };
    boundaries.filter(begins).collect()
}

/// The first character boundary from `at` on.
fn boundary_from(text: &str, at: usize) -> usize {
    let mut places = at..=text.len();
    places
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(text.len())
}

/// Folds case and the spelling in code points, for comparing names.
fn fold(text: &str) -> String {
    // Up and down again, so that ß is ss and both forms of the Greek s are one.
    let upper = text.nfkd().flat_map(char::to_uppercase);
    upper.flat_map(char::to_lowercase).nfkd().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Presses Tab (`<` for Shift+Tab) over a text with `|` for the cursor.
    fn press(keys: &str, text: &str, names: &[&str]) -> Vec<String> {
        let names: Vec<String> = names.iter().map(|name| name.to_string()).collect();
        let mut completion = Completion::default();
        let mut at = text.find('|').expect("a cursor");
        let mut text = text.replacen('|', "", 1);
        let mut seen = Vec::new();
        for key in keys.chars() {
            let completed = match key {
                '<' => completion.previous(&text, at, &names),
                _ => completion.next(&text, at, &names),
            };
            match completed {
                Some((new, cursor)) => {
                    (text, at) = (new, cursor);
                    let (head, after) = text.split_at(at);
                    seen.push(format!("{head}|{after}"));
                }
                None => seen.push("moves on".to_string()),
            }
        }
        seen
    }

    #[test]
    fn a_name_is_completed_where_it_stands() {
        for (text, name, completed) in [
            ("ut|", "uthira", "uthira: |"),
            ("UT|", "uthira", "uthira: |"),
            ("hi ut|", "uthira", "hi uthira |"),
            ("hi\nut|", "uthira", "hi\nuthira |"),
            ("@ut|", "uthira", "@uthira |"),
            ("hi @ut|, ok", "uthira", "hi @uthira |, ok"),
            ("hi @|", "uthira", "hi @uthira |"),
            ("(ut|", "uthira", "(uthira |"),
            ("hi ut| there", "uthira", "hi uthira |there"),
            ("ut| there", "uthira", "uthira: |there"),
            ("uthira|", "uthira", "uthira: |"),
            ("anna m|", "Anna Mia", "Anna Mia: |"),
            ("hi anna m|", "Anna Mia", "hi Anna Mia |"),
            ("ольг|", "Ольга", "Ольга: |"),
            ("你好李|", "李小龙", "你好李小龙 |"),
            ("שר|", "שרה", "שרה: |"),
            ("stras|", "Straße", "Straße: |"),
            ("ΟΔΥΣ|", "οδυσσέας", "οδυσσέας: |"),
            ("zoe|", "Zoë", "Zoë: |"),
            ("|quad|", "x", "moves on"),
            ("hi |qu", "|Quad-", "moves on"),
            ("🦀|", "🦀rab", "🦀rab: |"),
            ("r2-|", "R2-D2", "R2-D2: |"),
        ] {
            assert_eq!(press(">", text, &[name]), [completed], "{text:?}");
        }
    }

    #[test]
    fn again_goes_on_to_the_next_and_round() {
        let names = ["bob", "eve", "Bea", "bill"];
        assert_eq!(
            press(">>>><<", "hi b|!", &names),
            [
                "hi bob |!",
                "hi Bea |!",
                "hi bill |!",
                "hi bob |!",
                "hi bill |!",
                "hi Bea |!"
            ]
        );
        assert_eq!(press("<<", "b|", &names), ["bill: |", "Bea: |"]);
        assert_eq!(press(">>", "@|", &["eve", "bob"]), ["@eve |", "@bob |"]);
    }

    #[test]
    fn where_only_one_name_fits_the_key_moves_on_after_it() {
        assert_eq!(press(">>", "b|", &["bob", "eve"]), ["bob: |", "moves on"]);
        assert_eq!(press("><", "hi b|", &["bob"]), ["hi bob |", "moves on"]);
    }

    #[test]
    fn where_nothing_fits_the_key_moves_on() {
        for text in ["|", "hi |", "hi|", "xb|", "|b", "b |", "1:b|", "@x|"] {
            assert_eq!(press(">", text, &["bob", "eve"]), ["moves on"], "{text:?}");
        }
        assert_eq!(press(">", "b|", &[]), ["moves on"]);
        let mut completion = Completion::default();
        let inside = completion.next("é", 1, &["é".to_string()]);
        assert_eq!(inside, None, "a cursor inside a letter");
    }

    #[test]
    fn typing_in_between_begins_anew() {
        let names = ["bob".to_string(), "bea".to_string()];
        let mut completion = Completion::default();
        let (text, at) = completion.next("b", 1, &names).expect("bob");
        assert_eq!((text.as_str(), at), ("bob: ", 5));
        assert_eq!(
            completion.next("bob: b", 6, &names),
            Some(("bob: bob ".into(), 9))
        );
        completion.forget();
        assert_eq!(completion.next("bob: bob ", 9, &names), None);
    }

    #[test]
    fn a_long_text_is_no_trouble() {
        let text = format!("{} b", "x ".repeat(50_000));
        let names = ["bob".to_string()];
        let (new, at) = Completion::default()
            .next(&text, text.len(), &names)
            .expect("completed");
        assert!(new.ends_with("x  bob ") && at == new.len());
        let wall = "語".repeat(50_000);
        let step = Completion::default().next(&wall, wall.len(), &["言".to_string()]);
        assert_eq!(step, None);
    }
}
