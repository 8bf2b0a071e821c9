//! What was said and is not answered yet, and the sending of it: in order, one after the other's
//! answer, under the same key until there is one.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use async_std::future::timeout;

use super::Shared;
use super::backoff::{Backoff, chance};
use super::connection::{Connection, Request, Trouble};
use super::session::End;
use crate::event::Key;
use crate::modes::gui::address::Address;
use crate::modes::gui::talk::{self, Report, State};
use crate::wire::Said;

/// A kept connection that rested longer may have been closed by the server meanwhile; sending on
/// it could leave a message in doubt for no reason.
const RESTED: Duration = Duration::from_secs(20);
/// If the stream has nothing to say for so long after its beginning, it is up to date.
const QUIET: Duration = Duration::from_secs(5);

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) key: Key,
    pub(super) text: String,
}

/// What was said and is not answered, oldest first.
#[derive(Default)]
pub(super) struct Outbox {
    letters: VecDeque<Letter>,
}

impl Outbox {
    /// Puts a message at the end.
    pub(super) fn push(&mut self, letter: Letter) {
        self.letters.push_back(letter);
    }

    /// A message was answered, or seen in the stream.
    pub(super) fn done(&mut self, key: &Key) {
        self.letters.retain(|letter| letter.key != *key);
    }

    /// Takes everything out.
    pub(super) fn empty(&mut self) -> VecDeque<Letter> {
        std::mem::take(&mut self.letters)
    }

    /// Whether everything is answered.
    pub(super) fn is_empty(&self) -> bool {
        self.letters.is_empty()
    }

    fn front(&self) -> Option<Letter> {
        self.letters.front().cloned()
    }
}

/// What came of one attempt to send.
enum Outcome {
    /// It was answered for good.
    Answered(talk::Answer),
    /// It is to be repeated after a while; why, and when if the server said so.
    Later(String, Option<Duration>),
    /// The session is over.
    LoggedOut,
}

/// Sends what there is and what comes, until something ends the connection.
pub(super) async fn send_all(shared: &Shared, address: &Address, token: &str) -> End {
    let mut kept: Option<(Connection, Instant)> = None;
    let mut backoff = Backoff::new();
    let mut held = false;
    loop {
        let letter = shared.outbox.borrow().front();
        let letter = match letter {
            Some(letter) if shared.caught_up.get() => letter,
            Some(_) => {
                if timeout(QUIET, shared.kick.1.recv()).await.is_err() {
                    shared.caught_up.set(true);
                }
                continue;
            }
            None => {
                // Cannot fail: the other half is in the same place.
                let _ = shared.kick.1.recv().await;
                continue;
            }
        };
        let (key, text) = (letter.key, letter.text);
        let rested = |(connection, since): (Connection, Instant)| {
            (since.elapsed() < RESTED).then_some(connection)
        };
        let mut connection = match kept.take().and_then(rested) {
            Some(connection) => connection,
            None => match Connection::open(address).await {
                Ok(connection) => connection,
                Err(trouble) => return End::broken(&trouble),
            },
        };
        let outcome = match post(&mut connection, token, &key, &text).await {
            Ok((outcome, reusable)) => {
                kept = reusable.then(|| (connection, Instant::now()));
                outcome
            }
            // In doubt: only the stream can tell whether it arrived.
            Err(trouble) => return End::broken(&trouble),
        };
        match outcome {
            Outcome::Answered(answer) => {
                shared.outbox.borrow_mut().done(&key);
                shared.report(Report::Answer { key, answer }).await;
                backoff.reset();
                if std::mem::take(&mut held) {
                    shared.report(Report::State(State::Connected)).await;
                }
            }
            Outcome::Later(why, again) => {
                let again = again.unwrap_or_else(|| backoff.delay(chance()));
                held = true;
                let state = State::Held { why, again };
                shared.report(Report::State(state)).await;
                async_std::task::sleep(again).await;
            }
            Outcome::LoggedOut => return End::LoggedOut,
        }
    }
}

/// One attempt, and whether the connection can be used again.
async fn post(
    connection: &mut Connection,
    token: &str,
    key: &Key,
    text: &str,
) -> Result<(Outcome, bool), Trouble> {
    let answer = connection
        .ask(&Request {
            method: "POST",
            path: "/messages",
            token: Some(token),
            fields: vec![
                "Content-Type: text/plain; charset=utf-8".to_string(),
                format!("Idempotency-Key: {}", key.as_str()),
            ],
            body: text.as_bytes(),
        })
        .await?;
    let again = answer.head.retry_after();
    let outcome = match answer.head.status {
        200 | 201 => match answer.json::<Said>() {
            Some(said) => Outcome::Answered(talk::Answer::Said(said)),
            None => Outcome::Answered(talk::Answer::Refused(answer.sentence())),
        },
        401 => Outcome::LoggedOut,
        408 | 429 | 500..=599 => Outcome::Later(
            answer.sentence(),
            again.map(|s| Duration::from_secs(s.clamp(1, 300))),
        ),
        _ => Outcome::Answered(talk::Answer::Refused(answer.sentence())),
    };
    Ok((outcome, answer.head.reusable))
}
