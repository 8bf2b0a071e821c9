//! The check of room keys: a caller with the right one is let in, and one that guesses waits. The
//! [`guess_limiter`] decides which key is checked when; the clock is here.
//!
//! [`guess_limiter`]: super::guess_limiter

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_io::Timer;
use async_std::channel::{Sender, bounded};
use futures_lite::future;
use hmac::Mac;

use super::guess_limiter::{Admission, GuessLimiter};
use super::rejection::Rejection;
use super::tokens::signer;
use super::wrong_keys::WrongKeys;
use crate::modes::server::console::Console;
use crate::modes::server::console::Entry;
use crate::modes::server::room::client::Client;

/// Longest wait of a key for its check.
const MAX_WAIT: Duration = Duration::from_secs(10);
/// The wait before a caller whose key was not checked may try again.
const PAUSE: Duration = Duration::from_secs(1);
/// The shortest wait for a turn.
const GLANCE: Duration = Duration::from_millis(10);

/// The room's key.
pub(super) struct RoomKey {
    secret: [u8; 32],
    key: String,
    guesses: Mutex<Guesses>,
    console: Option<Console>,
}

type Signature = [u8; 32];

/// The wrong keys that came, and the keys that wait.
#[derive(Default)]
struct Guesses {
    limiter: GuessLimiter<Guess>,
    wrong: WrongKeys,
}

/// A key that a caller gave.
struct Guess {
    /// The address from which it came.
    from: Client,
    /// The key's signature.
    given: Signature,
    /// The channel for the answer: `true` for the right key.
    verdict: Sender<bool>,
}

impl fmt::Debug for RoomKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RoomKey")
    }
}

impl RoomKey {
    /// `secret` is the server's.
    pub(super) fn new(secret: [u8; 32], key: String) -> RoomKey {
        RoomKey {
            secret,
            key,
            guesses: Mutex::default(),
            console: None,
        }
    }

    /// A room key that also tells the operator from where wrong keys come.
    pub(super) fn telling(self, console: Console) -> RoomKey {
        RoomKey {
            console: Some(console),
            ..self
        }
    }

    /// Checks a key that was given from an address, as the `first` on its connection or not.
    ///
    /// # Errors
    /// The key is wrong, or so many came from the address that it was not checked.
    pub(super) async fn check(
        &self,
        given: &str,
        from: Client,
        first: bool,
    ) -> Result<(), Rejection> {
        // A caller with one address of a network can have them all.
        let client = from.network();
        let (verdict, answer) = bounded(1);
        let guess = Guess {
            from,
            given: self.sign(given),
            verdict,
        };
        let asked = {
            let mut guesses = self.guesses();
            let now = Instant::now();
            match guesses.limiter.ask(client, first, guess, now) {
                Admission::Now(guess) => {
                    self.judge(&mut guesses, &guess, now);
                    None
                }
                Admission::Waits(ticket) => Some(Some(ticket)),
                Admission::Refused => Some(None),
            }
        };
        let _waiting = match asked {
            None => None,
            Some(Some(ticket)) => Some(Waiting {
                key: self,
                from: client,
                ticket,
            }),
            // As long as everybody else: at once they would only ask again.
            Some(None) => {
                Timer::after(MAX_WAIT).await;
                return Err(Rejection::TooManyKeys(PAUSE));
            }
        };
        let until = Instant::now() + MAX_WAIT;
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
                Some(Ok(false)) => return Err(Rejection::KeyWrong),
                // Another connection's first key took its place.
                Some(Err(_)) => return Err(Rejection::TooManyKeys(PAUSE)),
                None if Instant::now() >= until => return Err(Rejection::TooManyKeys(PAUSE)),
                None => {}
            }
        }
    }

    /// Checks the keys of this client whose turn has come. Returns how long it is until the next turn.
    fn turn(&self, from: Client) -> Duration {
        let mut guesses = self.guesses();
        let now = Instant::now();
        while let Some(guess) = guesses.limiter.draw(from, chance(), now) {
            self.judge(&mut guesses, &guess, now);
        }
        guesses.limiter.due(from, now)
    }

    /// Answers a guess, and the same right keys that wait with it; tells the operator of a wrong one.
    fn judge(&self, guesses: &mut Guesses, guess: &Guess, now: Instant) {
        let network = guess.from.network();
        // Compared by their signatures, whose first bytes tell nothing of the keys.
        let right = self.sign(&self.key) == guess.given;
        if right {
            let alike = |other: &Guess| other.given == guess.given;
            for other in guesses.limiter.alike(network, alike) {
                let _ = other.verdict.try_send(true);
            }
        } else {
            let lately = guesses.limiter.wrong(network, now);
            let sentence = guesses.wrong.count(guess.from, lately, now);
            if let (Some(sentence), Some(console)) = (sentence, &self.console) {
                console.show(Entry::Notice(sentence));
            }
        }
        // The caller may be gone.
        let _ = guess.verdict.try_send(right);
    }

    fn sign(&self, text: &str) -> Signature {
        let mut mac = signer(&self.secret);
        mac.update(b"room key ");
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().into()
    }

    fn guesses(&self) -> MutexGuard<'_, Guesses> {
        // A panic elsewhere leaves the counts whole: every change is made in one piece.
        self.guesses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A key that waits. It waits no longer once its caller hangs up, which drops this.
struct Waiting<'a> {
    key: &'a RoomKey,
    from: Client,
    ticket: u64,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut guesses = self.key.guesses();
        guesses.limiter.leave(self.from, self.ticket);
    }
}

/// A random number that draws the next key; 0, which draws the first, without random numbers.
fn chance() -> u64 {
    let mut bytes = [0; 8];
    let _ = getrandom::fill(&mut bytes);
    u64::from_ne_bytes(bytes)
}
