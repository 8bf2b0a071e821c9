//! The outbox: messages that are not answered yet, and their sending, in order, one after the
//! other's answer, each under the same key until there is one.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use async_std::future::timeout;

use super::Shared;
use super::backoff::{Backoff, MAX_IMPOSED_DELAY, chance};
use super::connection::{LinkConnection, Trouble};
use super::ending::Ending;
use super::reconcile::{self, Reconciled};
use crate::address::Address;
use crate::event::{Id, Key};
use crate::http::exchange::ClientRequest;
use crate::modes::gui::talk::{LinkState, OutboxMessage};
use crate::wire::Said;
use crate::wire::endpoint::MESSAGES;

/// Longest rest of a connection that is used again. The server may close one that rests longer, and
/// sending on it could leave a message in doubt for no reason.
const RESTED: Duration = Duration::from_secs(20);
/// If the stream brings nothing for so long after its beginning, it has caught up.
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
    pub(super) fn done(&mut self, key: &Key) {
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

    /// Returns whether the message waits.
    pub(super) fn has(&self, key: &Key) -> bool {
        self.messages.iter().any(|message| message.key == *key)
    }

    /// The messages in doubt, each with the event after which it may stand.
    pub(super) fn doubts(&self) -> impl Iterator<Item = (&Key, Id)> {
        let messages = self.messages.iter();
        messages.filter_map(|message| Some((&message.key, message.after?)))
    }

    /// Clears a message's doubt: it is not in the room.
    pub(super) fn is_clear(&mut self, key: &Key) {
        self.put(key, None);
    }

    /// Records that the message is being sent: if it arrives, it stands after this event.
    fn is_sent(&mut self, key: &Key, after: Option<Id>) {
        self.put(key, after);
    }

    fn put(&mut self, key: &Key, after: Option<Id>) {
        for message in self.messages.iter_mut().filter(|l| l.key == *key) {
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
    /// A repeat later: the reason, and the delay if the server named one.
    Later(String, Option<Duration>),
    /// The session is over.
    LoggedOut,
}

/// Sends what is in the outbox and what comes, until something ends the connection.
pub(super) async fn send_all(shared: &Shared, address: &Address, token: &str) -> Ending {
    let mut kept: Option<(LinkConnection, Instant)> = None;
    let mut backoff = Backoff::new();
    let mut held = false;
    loop {
        let message = shared.outbox.borrow().front();
        let message = match message {
            Some(message) if shared.caught_up.get() => message,
            Some(_) => {
                if timeout(QUIET, shared.kick.1.recv()).await.is_err() {
                    shared.is_caught_up();
                }
                continue;
            }
            None => {
                if std::mem::take(&mut held) {
                    // The stream has brought the message that was held.
                    shared.state(LinkState::Connected).await;
                }
                // Cannot fail: this owns the other half too.
                let _ = shared.kick.1.recv().await;
                continue;
            }
        };
        let covered = |after: Id| shared.seen.borrow().covers(after);
        let outcome = if message.after.is_some_and(|after| !covered(after)) {
            match reconcile::look(shared, address, token).await {
                Ok(Reconciled::Through) => continue,
                Ok(Reconciled::Later(why, again)) => Attempt::Later(why, again),
                Ok(Reconciled::LoggedOut) => Attempt::LoggedOut,
                Err(trouble) => return Ending::broken(&trouble),
            }
        } else {
            let rested = |(connection, since): (LinkConnection, Instant)| {
                (since.elapsed() < RESTED).then_some(connection)
            };
            let mut connection = match kept.take().and_then(rested) {
                Some(connection) => connection,
                None => match LinkConnection::open(address).await {
                    Ok(connection) => connection,
                    Err(trouble) => return Ending::broken(&trouble),
                },
            };
            let place = shared.place.get().or(message.after);
            shared.outbox.borrow_mut().is_sent(&message.key, place);
            match post(&mut connection, token, &message).await {
                Ok((outcome, reusable)) => {
                    kept = reusable.then(|| (connection, Instant::now()));
                    outcome
                }
                // In doubt: only the stream can tell whether it arrived.
                Err(trouble) => return Ending::broken(&trouble),
            }
        };
        match outcome {
            Attempt::Answered(answer) => {
                shared.answered(message.key, answer).await;
                backoff.reset();
                if std::mem::take(&mut held) {
                    shared.state(LinkState::Connected).await;
                }
            }
            Attempt::Later(why, again) => {
                let asked = again.map(|time| time.clamp(Duration::from_secs(1), MAX_IMPOSED_DELAY));
                let again = asked.unwrap_or_else(|| backoff.delay(chance()));
                held = true;
                shared.state(LinkState::Held { why, again }).await;
                async_std::task::sleep(again).await;
            }
            Attempt::LoggedOut => return Ending::LoggedOut,
        }
    }
}

/// Makes one attempt; the flag says whether the connection can be used again.
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
