//! The outbox: the messages that are not answered yet, and their sending: in order, each once the one
//! before is answered, and under the same key until it is answered itself.

use std::collections::VecDeque;
use std::time::Duration;

use async_std::future::timeout;

use super::Shared;
use super::backoff::{Backoff, MAX_IMPOSED_DELAY, chance};
use super::connection::{IdleConnection, LinkConnection, Trouble};
use super::ending::Ending;
use super::reconcile::{self, Reconciled};
use crate::address::Address;
use crate::event::{Id, Key};
use crate::http::exchange::ClientRequest;
use crate::modes::gui::talk::{LinkState, OutboxMessage};
use crate::wire::Said;
use crate::wire::endpoint::MESSAGES;

/// Silence after the beginning of a stream by which it counts as caught up.
const QUIET: Duration = Duration::from_secs(5);

/// The messages that are not answered, oldest first. A message in here has an `after` only while it
/// is in doubt, see [`super::reconcile`].
#[derive(Default)]
pub(super) struct Outbox {
    messages: VecDeque<OutboxMessage>,
}

impl Outbox {
    /// Adds a message.
    pub(super) fn push(&mut self, message: OutboxMessage) {
        self.messages.push_back(message);
    }

    /// Removes a message: it was answered, or the stream brought it.
    pub(super) fn remove(&mut self, key: &Key) {
        self.messages.retain(|message| message.key != *key);
    }

    /// The first message's key.
    pub(super) fn first(&self) -> Option<Key> {
        self.messages.front().map(|message| message.key.clone())
    }

    /// Returns whether everything is answered.
    pub(super) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Returns whether the message is in here.
    pub(super) fn has(&self, key: &Key) -> bool {
        self.messages.iter().any(|message| message.key == *key)
    }

    /// The messages in doubt, each with the event after which it may stand.
    pub(super) fn doubts(&self) -> impl Iterator<Item = (&Key, Id)> {
        let messages = self.messages.iter();
        messages.filter_map(|message| Some((&message.key, message.after?)))
    }

    /// Clears a message's doubt: it is not in the room.
    pub(super) fn clear_doubt(&mut self, key: &Key) {
        self.set_after(key, None);
    }

    /// Notes that the message is being sent: if it arrives, it stands after this event.
    fn note_sent(&mut self, key: &Key, after: Option<Id>) {
        self.set_after(key, after);
    }

    fn set_after(&mut self, key: &Key, after: Option<Id>) {
        for message in self
            .messages
            .iter_mut()
            .filter(|message| message.key == *key)
        {
            message.after = after;
        }
    }

    fn front(&self) -> Option<OutboxMessage> {
        self.messages.front().cloned()
    }
}

/// The result of one attempt to send.
enum Attempt {
    /// The final answer.
    Answered(Result<Said, String>),
    /// Nothing was sent, but every doubt is settled.
    Settled,
    /// The reason for a repeat, and the delay if the server named one.
    Later(String, Option<Duration>),
    /// The session is over.
    LoggedOut,
}

/// Sends the messages of the outbox, and those that come, until something ends the connection.
pub(super) async fn send_all(shared: &Shared, address: &Address, token: &str) -> Ending {
    let mut sending = Sending {
        shared,
        address,
        token,
        idle: IdleConnection::default(),
        backoff: Backoff::new(),
        paused: false,
    };
    loop {
        let message = sending.next_message().await;
        match sending.attempt(&message).await {
            Ok(Attempt::Answered(answer)) => {
                shared.report_answer(message.key, answer).await;
                sending.backoff.reset();
                sending.go_on().await;
            }
            Ok(Attempt::Settled) => {}
            Ok(Attempt::Later(why, again)) => sending.pause(why, again).await,
            Ok(Attempt::LoggedOut) => return Ending::LoggedOut,
            // A message that was being sent is in doubt: only the stream can tell whether it arrived.
            Err(trouble) => return Ending::broken(&trouble),
        }
    }
}

/// The sending in one session, as long as its stream is open.
struct Sending<'a> {
    shared: &'a Shared,
    address: &'a Address,
    token: &'a str,
    idle: IdleConnection,
    backoff: Backoff,
    /// The server wanted a message later, and the window was told.
    paused: bool,
}

impl Sending<'_> {
    /// Waits until there is a message and the stream has caught up. Returns the first message.
    async fn next_message(&mut self) -> OutboxMessage {
        loop {
            let message = self.shared.outbox.borrow().front();
            match message {
                Some(message) if self.shared.caught_up.get() => return message,
                Some(_) => {
                    let woken = timeout(QUIET, self.shared.sending_wake.1.recv()).await;
                    if woken.is_err() {
                        self.shared.set_caught_up();
                    }
                }
                None => {
                    // The stream may have brought the message that the server wanted later.
                    self.go_on().await;
                    // Cannot fail: this owns the other half too.
                    let _ = self.shared.sending_wake.1.recv().await;
                }
            }
        }
    }

    /// Sends a message, or settles the doubts first if it may have arrived already.
    async fn attempt(&mut self, message: &OutboxMessage) -> Result<Attempt, Trouble> {
        let covered = |after: Id| self.shared.delivered.borrow().covers(after);
        if message.after.is_none_or(covered) {
            return self.send(message).await;
        }
        let settled = reconcile::settle_doubts(self.shared, self.address, self.token).await?;
        Ok(match settled {
            Reconciled::Settled => Attempt::Settled,
            Reconciled::Later(why, again) => Attempt::Later(why, again),
            Reconciled::LoggedOut => Attempt::LoggedOut,
        })
    }

    async fn send(&mut self, message: &OutboxMessage) -> Result<Attempt, Trouble> {
        let mut connection = match self.idle.take(self.address) {
            Some(connection) => connection,
            None => LinkConnection::open(self.address).await?,
        };
        let after = self.shared.resume_after.get().or(message.after);
        self.shared
            .outbox
            .borrow_mut()
            .note_sent(&message.key, after);
        let (attempt, reusable) = post(&mut connection, self.token, message).await?;
        if reusable {
            self.idle.put(connection);
        }
        Ok(attempt)
    }

    /// Tells the window that the server wants the message later, and waits for so long.
    async fn pause(&mut self, why: String, again: Option<Duration>) {
        let asked = again.map(|time| time.clamp(Duration::from_secs(1), MAX_IMPOSED_DELAY));
        let again = asked.unwrap_or_else(|| self.backoff.delay(chance()));
        self.paused = true;
        self.shared
            .report_state(LinkState::Paused { why, again })
            .await;
        async_std::task::sleep(again).await;
    }

    /// Tells the window that a pause is over, if there was one.
    async fn go_on(&mut self) {
        if std::mem::take(&mut self.paused) {
            self.shared.report_state(LinkState::Connected).await;
        }
    }
}

/// Posts a message once. The flag says whether the connection can be used again.
async fn post(
    connection: &mut LinkConnection,
    token: &str,
    message: &OutboxMessage,
) -> Result<(Attempt, bool), Trouble> {
    let answer = connection
        .ask(&ClientRequest {
            method: "POST",
            path: MESSAGES,
            token: Some(token),
            fields: &[
                ("Content-Type", "text/plain; charset=utf-8"),
                ("Idempotency-Key", message.key.as_str()),
            ],
            body: message.text.as_bytes(),
        })
        .await?;
    let outcome = match answer.head.status {
        200 | 201 => match answer.json::<Said>() {
            Some(said) => Attempt::Answered(Ok(said)),
            None => Attempt::Answered(Err(answer.sentence())),
        },
        401 => Attempt::LoggedOut,
        408 | 429 | 500..=599 => {
            let again = answer.head.retry_after().map(Duration::from_secs);
            Attempt::Later(answer.sentence(), again)
        }
        _ => Attempt::Answered(Err(answer.sentence())),
    };
    Ok((outcome, answer.reusable))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::golden::cases;
    use crate::modes::gui::tests::{id, key};

    #[test]
    fn the_outbox_has_the_order_and_the_doubts_that_the_page_has() {
        for case in cases("outbox") {
            let mut outbox = Outbox::default();
            for step in case["steps"].as_array().expect("steps") {
                let order = &step["do"];
                let of = |word: &str| order[word].as_str().map(key);
                if let Some(key) = of("add") {
                    let (text, after) = ("hi".to_string(), None);
                    outbox.push(OutboxMessage { key, text, after });
                } else if let Some(key) = of("sent") {
                    outbox.note_sent(&key, order["after"].as_u64().map(id));
                } else if let Some(key) = of("clear") {
                    outbox.clear_doubt(&key);
                } else {
                    outbox.remove(&of("remove").expect("an order"));
                }
                let next = outbox.first();
                let doubts = outbox
                    .doubts()
                    .map(|(key, after)| json!([key.as_str(), after.offset]));
                let doubts: Vec<Value> = doubts.collect();
                let title = &case["title"];
                assert_eq!(
                    json!(next.as_ref().map(Key::as_str)),
                    step["next"],
                    "{title}: {order}"
                );
                assert_eq!(Value::from(doubts), step["doubts"], "{title}: {order}");
            }
        }
    }
}
