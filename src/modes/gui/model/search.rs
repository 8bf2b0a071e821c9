//! The search: first in what is loaded, then through the server.

use std::collections::BTreeMap;

use super::{Effect, EntryKind, HistoryEntry, HistoryQuery, Id, Model};
use crate::wire::HistoryRange;

/// Most matches that are held; the search for older ones goes on from the last.
const MAX_MATCHES: usize = 10_000;

/// A search under way.
#[derive(Clone, Debug)]
pub(super) struct TextSearch {
    text: String,
    /// The text in lower case, as it is compared.
    needle: String,
    /// The matches by their offsets; with the entry if it was not loaded when the server found it.
    matches: BTreeMap<u64, Option<HistoryEntry>>,
    /// The event before which the server is to search next.
    cursor: Option<Id>,
    state: SearchState,
    current: Option<u64>,
    /// The next older match is to be shown once it is found.
    wants_older: bool,
}

/// The state of the server's search.
#[derive(Clone, Debug, PartialEq, Eq)]
enum SearchState {
    /// Under way.
    Searching,
    /// There may be more matches.
    Partly,
    /// Complete.
    All,
    /// Failed, with the reason.
    Failed(String),
}

impl Model {
    /// Begins another search; a text without letters ends the present one.
    pub(super) fn begin_search(&mut self, text: &str, effects: &mut Vec<Effect>) {
        if self.find.as_ref().is_some_and(|find| find.text == text) {
            return;
        }
        self.find = None;
        let needle = text.to_lowercase();
        if text.trim().is_empty() {
            return;
        }
        let matching = self.history.iter();
        let matching = matching.filter(|entry| contains(entry, &needle));
        let mut find = TextSearch {
            text: text.to_string(),
            matches: matching.map(|entry| (entry.id.offset, None)).collect(),
            needle,
            cursor: None,
            state: SearchState::Searching,
            current: None,
            wants_older: true,
        };
        if self.is_connected() {
            effects.push(find.query())
        } else {
            find.state = SearchState::Failed("offline".to_string())
        }
        self.find = Some(find);
        self.continue_search(effects);
    }

    /// Goes to the next older match, which the server may have to find.
    pub(super) fn go_to_older_match(&mut self, effects: &mut Vec<Effect>) {
        let connected = self.is_connected();
        let Some(find) = &mut self.find else {
            return;
        };
        find.wants_older = true;
        if matches!(find.state, SearchState::Failed(_)) && connected {
            find.state = SearchState::Partly;
        }
        self.continue_search(effects);
    }

    /// Goes to the next newer match.
    pub(super) fn go_to_newer_match(&mut self, effects: &mut Vec<Effect>) {
        let Some(find) = &self.find else {
            return;
        };
        let current = find.current.unwrap_or(0);
        let newer = find.matches.range(current + 1..).next();
        if let Some(offset) = newer.map(|(offset, _)| *offset) {
            self.go_to_match(offset, effects);
        }
    }

    /// Shows the next older match if there is one; otherwise asks the server for more.
    fn continue_search(&mut self, effects: &mut Vec<Effect>) {
        let Some(find) = &mut self.find else {
            return;
        };
        if !find.wants_older {
            return;
        }
        let before = find.current.unwrap_or(u64::MAX);
        // A gap before an older match may hide another match: only the server knows.
        let whole_from = self.history.whole_from(before);
        let searched_from = match (&find.state, find.cursor) {
            (SearchState::All | SearchState::Failed(_), _) => 0,
            (_, Some(cursor)) => whole_from.min(cursor.offset),
            (_, None) => whole_from,
        };
        let mut older = find.matches.range(searched_from.min(before)..before);
        if let Some(offset) = older.next_back().map(|(offset, _)| *offset) {
            find.wants_older = false;
            self.go_to_match(offset, effects);
        } else if find.state == SearchState::Partly {
            find.state = SearchState::Searching;
            let query = find.query();
            effects.push(query);
        } else if find.state == SearchState::All {
            find.wants_older = false;
        }
    }

    fn go_to_match(&mut self, offset: u64, effects: &mut Vec<Effect>) {
        let Some(find) = &mut self.find else {
            return;
        };
        find.current = Some(offset);
        if let Some(Some(entry)) = find.matches.get(&offset)
            && self.history.get(offset).is_none()
        {
            // It stands alone until the ranges around it come.
            self.history.insert(offset..offset + 1, vec![entry.clone()]);
        }
        (self.at_end, self.lowest_visible) = (false, offset);
        effects.push(Effect::GoToEvent(offset));
    }

    /// Takes in the server's result.
    pub(super) fn take_matches(
        &mut self,
        text: &str,
        before: Option<Id>,
        range: Result<HistoryRange, String>,
        effects: &mut Vec<Effect>,
    ) {
        let (me, local) = (self.me().map(str::to_string), self.local);
        let Some(find) = &mut self.find else {
            return;
        };
        if find.text != text || find.cursor != before {
            return; // Another search by now.
        }
        match range {
            Err(why) => find.state = SearchState::Failed(why),
            Ok(range) => {
                for wire in range.events {
                    let Some(entry) = HistoryEntry::of(wire, me.as_deref(), local) else {
                        continue;
                    };
                    let offset = entry.id.offset;
                    let is_loaded = self.history.get(offset).is_some();
                    find.matches
                        .entry(offset)
                        .or_insert_with(|| (!is_loaded).then_some(entry));
                }
                find.state = match range.next {
                    Some(next) if find.matches.len() < MAX_MATCHES => {
                        find.cursor = Some(next);
                        SearchState::Partly
                    }
                    Some(_) => SearchState::Failed("there are too many".to_string()),
                    None => SearchState::All,
                };
            }
        }
        self.continue_search(effects);
    }

    /// Checks an event that the stream brought.
    pub(super) fn match_live_event(&mut self, id: Id) {
        if let Some(find) = &mut self.find
            && let Some(entry) = self.history.get(id.offset)
            && contains(entry, &find.needle)
        {
            find.matches.insert(id.offset, None);
        }
    }

    /// The text to find, in lower case.
    pub fn needle(&self) -> Option<&str> {
        self.find.as_ref().map(|find| find.needle.as_str())
    }

    /// The current match, as an offset.
    pub fn current_match(&self) -> Option<u64> {
        self.find.as_ref()?.current
    }

    /// The sentence about the search.
    pub fn find_words(&self) -> String {
        let Some(find) = &self.find else {
            return String::new();
        };
        let count = find.matches.len();
        let at = find
            .current
            .map_or(0, |current| find.matches.range(current..).count());
        match (&find.state, count) {
            (SearchState::Searching, _) if find.wants_older => "searching…".to_string(),
            (SearchState::Failed(why), 0) => {
                format!("nothing in what is loaded here ({why})")
            }
            (SearchState::Failed(why), _) => format!("{at} of {count} loaded here ({why})"),
            (SearchState::All, 0) => "nothing found".to_string(),
            (SearchState::All, _) => format!("{at} of {count}"),
            (_, _) => format!("{at} of at least {count}"),
        }
    }
}

impl TextSearch {
    /// The query for older matches.
    fn query(&self) -> Effect {
        let (text, before) = (self.text.clone(), self.cursor);
        Effect::Fetch(HistoryQuery::Find { text, before })
    }
}

/// Returns whether a message contains the text, compared as the server does.
fn contains(entry: &HistoryEntry, needle: &str) -> bool {
    matches!(&entry.kind, EntryKind::Message { text, .. } if text.to_lowercase().contains(needle))
}
