//! The room key: whoever gives the right one is let in, whoever guesses waits. [`guess_limiter`] decides
//! which key is looked at when; here is the clock.
//!
//! [`guess_limiter`]: super::guess_limiter

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_io::Timer;
use async_std::channel::{Sender, bounded};
use futures_lite::future;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::http::Response;

use super::access::unauthorized;
use super::guess_limiter::{AT_ONCE, Admission, GuessLimiter};
use crate::modes::server::console::Console;
use crate::modes::server::console::Entry;
use crate::modes::server::room::client::Client;

/// How long a key waits to be looked at.
const PATIENCE: Duration = Duration::from_secs(10);
/// How soon whoever was not drawn may ask again.
const PAUSE: Duration = Duration::from_secs(1);
/// The shortest wait for a turn.
const GLANCE: Duration = Duration::from_millis(10);

/// Who gives a key.
#[derive(Clone, Copy, Debug)]
pub struct Asker {
    /// Whose the request is.
    pub client: Client,
    /// No key came on its connection before.
    pub first: bool,
}

/// The room's key.
pub struct RoomKey {
    secret: [u8; 32],
    key: String,
    guesses: Mutex<GuessLimiter<Guess>>,
    console: Option<Console>,
}

type Signature = [u8; 32];

/// A key that somebody gave.
struct Guess {
    /// Its signature.
    given: Signature,
    /// Where it is told whether it is right.
    verdict: Sender<bool>,
}

impl fmt::Debug for RoomKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RoomKey")
    }
}

impl RoomKey {
    /// `secret` is the server's.
    pub fn new(secret: [u8; 32], key: String) -> RoomKey {
        RoomKey {
            secret,
            key,
            guesses: Mutex::default(),
            console: None,
        }
    }

    /// The operator hears of addresses that guess.
    pub fn telling(self, console: Console) -> RoomKey {
        RoomKey {
            console: Some(console),
            ..self
        }
    }

    /// The key itself.
    pub fn text(&self) -> &str {
        &self.key
    }

    /// Checks a key that was given.
    ///
    /// # Errors
    /// The answer: 401 for a wrong one, 429 for one that was not looked at.
    pub async fn check(&self, given: &str, from: Asker) -> Result<(), Response> {
        // Whoever has one address of a network can have them all.
        let client = from.client.network();
        let (verdict, answer) = bounded(1);
        let guess = Guess {
            given: self.sign(given),
            verdict,
        };
        let asked = {
            let mut guesses = self.guesses();
            let now = Instant::now();
            match guesses.ask(client, from.first, guess, now) {
                Admission::Now(guess) => {
                    self.judge(&mut guesses, client, &guess, now);
                    None
                }
                Admission::Waits(ticket) => Some(Some(ticket)),
                Admission::Refused => Some(None),
            }
        };
        let _place = match asked {
            None => None,
            Some(Some(ticket)) => Some(Place {
                key: self,
                from: client,
                ticket,
            }),
            // As long as everybody else: at once they would only ask again.
            Some(None) => {
                Timer::after(PATIENCE).await;
                return Err(refused());
            }
        };
        let until = Instant::now() + PATIENCE;
        loop {
            let pause = self.turn(client);
            let left = until.saturating_duration_since(Instant::now());
            let heard = async { Some(answer.recv().await) };
            let time = async {
                Timer::after(pause.max(GLANCE).min(left)).await;
                None
            };
            match future::or(heard, time).await {
                Some(Ok(true)) => return Ok(()),
                Some(Ok(false)) => {
                    return Err(unauthorized(
                        "key_wrong",
                        "The room key is wrong. Ask whoever runs the room, and try again.",
                    ));
                }
                // Somebody's first key took its place.
                Some(Err(_)) => return Err(refused()),
                None if Instant::now() >= until => return Err(refused()),
                None => {}
            }
        }
    }

    /// Looks at the keys of this client whose turn has come; how long until the next is.
    fn turn(&self, from: Client) -> Duration {
        let mut guesses = self.guesses();
        let now = Instant::now();
        while let Some(guess) = guesses.draw(from, chance(), now) {
            self.judge(&mut guesses, from, &guess, now);
        }
        guesses.due(from, now)
    }

    fn judge(&self, guesses: &mut GuessLimiter<Guess>, from: Client, guess: &Guess, now: Instant) {
        // Compared by their signatures, whose first bytes tell nothing of the keys.
        let right = self.sign(&self.key) == guess.given;
        if right {
            for other in guesses.alike(from, |other| other.given == guess.given) {
                let _ = other.verdict.try_send(true);
            }
        }
        if !right
            && guesses.wrong(from, now)
            && let Some(console) = &self.console
        {
            console.show(Entry::Notice(format!(
                "Too many wrong room keys came from {from}: {AT_ONCE} within a minute. From now on about one a second of them is \
                 looked at. If nobody there should know the key, keep the address out with a firewall."
            )));
        }
        // Whoever asked may be gone.
        let _ = guess.verdict.try_send(right);
    }

    fn sign(&self, text: &str) -> Signature {
        // infallible: HMAC takes a key of any length.
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.secret)
            .unwrap_or_else(|_| unreachable!());
        mac.update(b"room key ");
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().into()
    }

    fn guesses(&self) -> MutexGuard<'_, GuessLimiter<Guess>> {
        // A panic elsewhere leaves the counts whole: every change is made in one piece.
        self.guesses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One that waits; whoever hangs up does not wait any more.
struct Place<'a> {
    key: &'a RoomKey,
    from: Client,
    ticket: u64,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.key.guesses().leave(self.from, self.ticket);
    }
}

fn refused() -> Response {
    let wait = PAUSE.as_secs();
    let message = format!(
        "Too many room keys are tried from your address, so this one was not looked at. Try again in {wait} s."
    );
    Response::refusal(429, "too_many_keys", message).field("Retry-After", wait.to_string())
}

/// Whose turn it is; without random numbers the first one's.
fn chance() -> u64 {
    let mut bytes = [0; 8];
    let _ = getrandom::fill(&mut bytes);
    u64::from_ne_bytes(bytes)
}
