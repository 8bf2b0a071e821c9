//! Posting: each message in as few parts as the room accepts, and each part once.

use super::Actors;
use crate::event::{Body, Recorded};
use crate::http::exchange::ClientRequest;
use crate::modes::replay::into::target_room::{Halt, Reply};
use crate::wire::endpoint::MESSAGES;
use crate::wire::{HistoryRange, Said, Wire};

/// Most logins for one message.
const MAX_RETURNS: usize = 5;

impl Actors {
    /// Posts a message of `who`, who joins first unless present.
    ///
    /// # Errors
    /// The run cannot continue.
    pub(crate) fn post(&mut self, who: &str, text: &str) -> Result<(), Halt> {
        if text.trim().is_empty() {
            self.summary.empty += 1;
            return Ok(());
        }
        self.messages += 1;
        let mut rest = text;
        let mut part = 0;
        while !rest.trim().is_empty() {
            let (piece, after) = split(rest, self.max_text);
            if piece.trim().is_empty() {
                rest = after;
                continue;
            }
            let key = match part {
                0 => format!("{}-{}", self.run, self.messages),
                n => format!("{}-{}.{n}", self.run, self.messages),
            };
            match self.post_part(who, piece, &key)? {
                Posted::Said => (),
                Posted::TooLong => continue,
                Posted::Not => return Ok(()),
            }
            rest = after;
            part += 1;
        }
        self.summary.said += 1;
        if part > 1 {
            self.summary.split.0 += 1;
            self.summary.split.1 += part;
        }
        Ok(())
    }

    fn post_part(&mut self, who: &str, text: &str, key: &str) -> Result<Posted, Halt> {
        let mut in_doubt: Option<String> = None;
        for _ in 0..MAX_RETURNS {
            if !self.join(who)? {
                self.summary.turned_away.1 += 1;
                return Ok(Posted::Not);
            }
            self.actions += 1;
            let Some(member) = self.present.get_mut(who) else {
                break;
            };
            member.active = self.actions;
            let (token, name) = (member.token.clone(), member.name.clone());
            // A key belongs to its sender: under another name the message would be posted a second time.
            if in_doubt.as_ref().is_some_and(|before| *before != name) {
                return self.find_posted(&token, key);
            }
            let heard = self.room.ask::<Said>(&ClientRequest {
                method: "POST",
                path: MESSAGES,
                token: Some(&token),
                fields: &[
                    ("Idempotency-Key", key),
                    ("Content-Type", "text/plain; charset=utf-8"),
                ],
                body: text.as_bytes(),
            })?;
            if heard.in_doubt {
                in_doubt = Some(name);
            }
            match heard.reply {
                Reply::Done(_) => return Ok(Posted::Said),
                Reply::Refused(refused) => match refused.status {
                    // The session is over; they log in again.
                    401 => self.drop_session(who),
                    413 if self.learn_length(refused.limit) => return Ok(Posted::TooLong),
                    _ => return Ok(self.refused(refused.sentence)),
                },
            }
        }
        Ok(self.refused("the room keeps ending its sender's session".to_string()))
    }

    fn refused(&mut self, sentence: String) -> Posted {
        if self.summary.refused.0 == 0 {
            self.summary.refused.1 = sentence.trim_end_matches('.').to_string();
        }
        self.summary.refused.0 += 1;
        Posted::Not
    }

    fn learn_length(&mut self, limit: Option<u64>) -> bool {
        match limit.and_then(|limit| usize::try_from(limit).ok()) {
            Some(limit) if (4..self.max_text).contains(&limit) => {
                self.max_text = limit;
                true
            }
            _ => false,
        }
    }

    /// Searches the room's newest messages for the one with this key.
    fn find_posted(&mut self, token: &str, key: &str) -> Result<Posted, Halt> {
        let heard = self.room.ask::<HistoryRange>(&ClientRequest {
            method: "GET",
            path: &format!("{MESSAGES}?limit=1000"),
            token: Some(token),
            ..ClientRequest::default()
        })?;
        let Reply::Done(range) = heard.reply else {
            self.summary.doubtful += 1;
            return Ok(Posted::Not);
        };
        let has_it = |event: &Wire| matches!(event, Wire::Recorded(Recorded { body: Body::Message { key: Some(have), .. }, .. }) if have.as_str() == key);
        if range.events.iter().any(has_it) {
            return Ok(Posted::Said);
        }
        self.summary.doubtful += 1;
        Ok(Posted::Not)
    }
}

/// The outcome of a post.
enum Posted {
    Said,
    /// The room accepts less at once than assumed; the limit is known now.
    TooLong,
    /// Not posted, and counted.
    Not,
}

/// Splits a text into as much as a room accepts at once, up to the end of a word if there is one in the last
/// quarter, and the rest.
fn split(text: &str, most: usize) -> (&str, &str) {
    if text.len() <= most {
        return (text, "");
    }
    let mut end = most;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let word = text[..end].rfind(char::is_whitespace);
    text.split_at(word.filter(|at| *at > most * 3 / 4).unwrap_or(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_words_and_nothing_of_it_is_lost() {
        assert_eq!(split("short", 10), ("short", ""));
        assert_eq!(split("one two three four", 10), ("one two th", "ree four"));
        assert_eq!(split("one two three four", 14), ("one two three", " four"));
        assert_eq!(split("éééééé", 5), ("éé", "éééé"));
        let text = "word 👩‍👩‍👧‍👦 ".repeat(2_000);
        let (mut rest, mut whole) = (text.as_str(), String::new());
        while !rest.is_empty() {
            let (piece, after) = split(rest, 100);
            assert!((1..=100).contains(&piece.len()));
            whole.push_str(piece);
            rest = after;
        }
        assert!(whole == text);
    }
}
