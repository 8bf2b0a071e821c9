//! The names of the log's people in the room.
//!
//! Invariant: two people of the log never share a name in the room, not even one after the other, unless the
//! log itself gave it to both.

use std::collections::{HashMap, HashSet};

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

use crate::name::{MAX_BYTES, Name, NameError};

/// The name for people whose own name has no character that a room allows.
const NOBODY: &str = "guest";
/// Most names that are tried for one person.
pub(super) const MAX_NAMES: usize = 2_000;
/// The number of names made from a person's own before [`NOBODY`] is used.
const OWN_NAMES: usize = 1_000;
/// The longest name that any room allows, in characters.
const LONGEST: usize = 64;
/// Most characters of a name that are replaced one by one.
const MAX_REPAIRS: usize = 64;

/// The names in the room of the log's people.
#[derive(Debug)]
pub(super) struct RoomNames {
    /// The room's limit in characters, as far as it is known.
    limit: usize,
    /// The names in the room, by the name in the log.
    given: HashMap<String, String>,
    /// By folded name: the owner, and whether it differs from their own name.
    owners: HashMap<String, (String, bool)>,
    turned_away: HashSet<String>,
    /// The person of the last lookup, and their name without forbidden characters.
    repaired: (String, String),
}

impl RoomNames {
    /// Starts without any name.
    pub(super) fn new() -> RoomNames {
        RoomNames {
            limit: LONGEST,
            given: HashMap::new(),
            owners: HashMap::new(),
            turned_away: HashSet::new(),
            repaired: Default::default(),
        }
    }

    /// Notes the room's limit, and returns whether that is news.
    pub(super) fn learn_limit(&mut self, limit: Option<u64>) -> bool {
        match limit.and_then(|limit| usize::try_from(limit).ok()) {
            Some(limit) if (1..self.limit).contains(&limit) => {
                self.limit = limit;
                true
            }
            _ => false,
        }
    }

    /// The `number`th name to try for `who`, from 0; `None` to skip that number.
    pub(super) fn candidate(&mut self, who: &str, number: usize) -> Option<String> {
        if number > 0 && self.repaired.0 != who {
            self.repaired = (who.to_string(), repaired(who));
        }
        let own = &self.repaired.1;
        let name = match (number, self.given.get(who)) {
            (0, Some(given)) => given.clone(),
            (0, None) => who.to_string(),
            (1, given) => {
                let name = shortened(own, "", self.limit)?;
                (given.is_some() || name != who).then_some(name)?
            }
            (2..=OWN_NAMES, _) => shortened(own, &number.to_string(), self.limit)?,
            _ => shortened(NOBODY, &(number - OWN_NAMES).to_string(), self.limit)?,
        };
        // Checked before anything more expensive: many names may end up alike.
        let owner = self.owners.get(&name.to_lowercase());
        if number > 1 && owner.is_some_and(|(owner, _)| owner != who) {
            return None;
        }
        let valid = Name::new(&name, self.limit).ok()?;
        let changed = valid.as_str() != who;
        match self.owners.get(valid.folded()) {
            Some((owner, theirs_changed)) if owner != who && (changed || *theirs_changed) => None,
            _ => Some(name),
        }
    }

    /// Notes the name of `who` in the room, and returns whether it is another than before.
    pub(super) fn give(&mut self, who: &str, name: &str) -> bool {
        if let Ok(valid) = Name::new(name, LONGEST) {
            let owner = (who.to_string(), name != who);
            self.owners.insert(valid.folded().to_string(), owner);
        }
        let before = self.given.insert(who.to_string(), name.to_string());
        before.as_deref().unwrap_or(who) != name
    }

    /// Notes that the room accepts no name for `who`.
    pub(super) fn turn_away(&mut self, who: &str) {
        self.turned_away.insert(who.to_string());
    }

    /// Returns whether the room accepts no name for `who`.
    pub(super) fn is_turned_away(&self, who: &str) -> bool {
        self.turned_away.contains(who)
    }

    /// The number of people without an accepted name.
    pub(super) fn turned_away(&self) -> usize {
        self.turned_away.len()
    }

    /// The number of people with a name.
    pub(super) fn size(&self) -> usize {
        self.given.len()
    }

    /// Returns whether `who` has a name in the room.
    pub(super) fn has(&self, who: &str) -> bool {
        self.given.contains_key(who)
    }
}

/// Shortens a repaired name until it fits the limit together with `suffix`, and appends that.
fn shortened(own: &str, suffix: &str, limit: usize) -> Option<String> {
    let left = limit.checked_sub(suffix.len()).filter(|left| *left > 0)?;
    let mut own = own.to_string();
    if own.graphemes(true).count() > left {
        own = own.graphemes(true).take(left).collect();
    }
    while own.trim_end().len() + suffix.len() > MAX_BYTES {
        let last = own.grapheme_indices(true).next_back()?.0;
        own.truncate(last);
    }
    Some(format!("{}{suffix}", own.trim_end()))
}

/// A name of any length, with every forbidden character replaced.
fn repaired(name: &str) -> String {
    let composed: String = name.nfkc().collect();
    let mut name: String = composed.graphemes(true).take(LONGEST).collect();
    for _ in 0..MAX_REPAIRS {
        match Name::new(&name, LONGEST) {
            Err(NameError::Forbidden(c)) if name.contains(c) => name = name.replace(c, "-"),
            Err(NameError::TooManyMarks) => name.retain(|c| !is_combining_mark(c)),
            Err(NameError::Forbidden(_)) => break,
            Err(NameError::Empty) => return NOBODY.to_string(),
            Ok(valid) => return valid.as_str().to_string(),
            // Length and ownership are checked elsewhere.
            Err(_) => return name,
        }
    }
    name.retain(|c| c.is_ascii_alphanumeric());
    if name.is_empty() {
        NOBODY.to_string()
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cast(limit: u64) -> RoomNames {
        let mut cast = RoomNames::new();
        cast.learn_limit(Some(limit));
        cast
    }

    /// The first name that is not in `taken`.
    fn first(cast: &mut RoomNames, who: &str, taken: &[&str]) -> String {
        let names = (0..MAX_NAMES).filter_map(move |number| cast.candidate(who, number));
        let mut free = names.filter(|name| !taken.contains(&name.as_str()));
        free.next().expect("a name")
    }

    #[test]
    fn what_a_room_allows_stays_as_it_is_and_the_rest_is_made_to_fit() {
        let mut cast = cast(8);
        for (who, name) in [
            ("uthira", "uthira"),
            ("Zoë", "Zoë"),
            ("日本語", "日本語"),
            ("alexander", "alexande"),
            ("[away]bob", "-away-bo"),
            ("a:b", "a-b"),
            ("\u{202e}evil\u{1b}[0m", "-evil--0"),
            ("", "guest"),
            ("   ", "guest"),
            ("two words here", "two word"),
            ("one two three", "one two"),
            ("admin", "admin2"),
            ("z\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}", "ź"),
            ("👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦", "👩‍👩‍👧‍👦👩‍👩‍👧‍👦"),
        ] {
            let given = first(&mut cast, who, &[]);
            assert_eq!(given, name, "{who:?}");
            assert!(Name::new(&given, 8).is_ok(), "{who:?} as {given:?}");
        }
    }

    #[test]
    fn names_that_end_up_alike_are_told_apart() {
        let mut cast = cast(8);
        let mut given = Vec::new();
        for n in 0..150 {
            let who = format!("alexander the {n}th");
            let name = first(&mut cast, &who, &[]);
            assert!(!given.contains(&name), "{name} twice");
            assert!(cast.give(&who, &name));
            given.push(name);
        }
        assert_eq!(given[0], "alexande");
        assert_eq!(given[1], "alexand2");
        assert_eq!(given[149], "alexa150");
        // A person with that name of their own has to give way, too, so that it means one person.
        assert_eq!(first(&mut cast, "alexande", &[]), "alexa151");
    }

    #[test]
    fn somebody_keeps_a_name_and_the_same_name_stays_the_same() {
        let mut cast = cast(8);
        assert!(!cast.give("bob", "bob"));
        assert_eq!(first(&mut cast, "bob", &[]), "bob");
        // To a room, Bob and bob are one name; the log says when each of them is present.
        assert_eq!(first(&mut cast, "Bob", &[]), "Bob");
        assert!(cast.give("eve", "eve2"));
        assert_eq!(first(&mut cast, "eve", &[]), "eve2");
        assert_eq!(first(&mut cast, "eve", &["eve2"]), "eve");
    }

    #[test]
    fn a_name_that_somebody_here_has_becomes_another() {
        assert_eq!(first(&mut cast(8), "bob", &["bob"]), "bob2");
        assert_eq!(first(&mut cast(8), "longname", &["longname"]), "longnam2");
        assert_eq!(first(&mut cast(2), "bob", &["bo"]), "b2");
    }

    #[test]
    fn a_limit_is_news_once() {
        let mut cast = RoomNames::new();
        assert!(cast.learn_limit(Some(4)));
        assert!(!cast.learn_limit(Some(4)));
        assert!(!cast.learn_limit(Some(64)));
        assert!(!cast.learn_limit(Some(0)));
        assert!(!cast.learn_limit(None));
        assert_eq!(first(&mut cast, "marrow", &[]), "marr");
    }
}
