//! The room that the log is posted to. It may be slow, full, stopping, or away for a while.
//!
//! Invariant: a request is repeated unchanged, with its key, until the room's answer is final, and every kind
//! of waiting is reported once.

use std::fmt;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;

use super::super::progress::ProgressMeter;
use super::client::{AskError, FIRST_DELAY, LONGEST_DELAY, RoomClient, RoomReply};
use crate::address::Address;
use crate::failure::{Failure, reason};
use crate::http::exchange::ClientRequest;
use crate::line;
use crate::system::signals;
use crate::wire::endpoint::SESSION;
use crate::wire::{Refusal, Session};

/// The exit status of a program that Ctrl-C ended, as shells report it.
pub(super) const INTERRUPTED: u8 = 130;
/// Time limit of one answer, longer than a room waits for its disk.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(40);
/// Time limit of the current answer once the user asks to stop.
const LAST_ANSWER_TIMEOUT: Duration = Duration::from_secs(2);
/// The longest wait before a request is repeated, whatever the room says.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// The interval at which a request to stop is noticed.
const GLANCE: Duration = Duration::from_millis(50);

/// The reason why a request was given up, and with it the run.
#[derive(Debug)]
pub(super) enum Halt {
    /// The user asked for it.
    Stopped,
    /// The room stayed away or refused, with the sentence about it.
    Failed(String),
}

/// A request to stop by Ctrl-C or another signal. The second one ends the program at once.
#[derive(Clone, Debug, Default)]
pub(super) struct StopRequest(Arc<AtomicBool>);

impl StopRequest {
    /// Handles the signals from now on.
    ///
    /// # Errors
    /// The system gives no signal handler.
    pub(super) fn watch() -> Result<StopRequest, Failure> {
        let stop = StopRequest::default();
        for signal in signals::ENDING {
            let exit = i32::from(INTERRUPTED);
            signals::set_or_exit(signal, &stop.0, exit).map_err(|error| {
                Failure::new(format!(
                    "The replay cannot watch for Ctrl-C: {}. Close some programs and try again.",
                    reason(&error)
                ))
            })?;
        }
        Ok(stop)
    }

    /// Returns whether the user asked to stop.
    pub(super) fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The room's answer to a request.
#[derive(Debug)]
pub(super) enum Reply<T> {
    /// Success.
    Done(T),
    Refused(RoomRefusal),
}

/// The room's refusal of a request.
#[derive(Debug)]
pub(super) struct RoomRefusal {
    /// The HTTP status.
    pub status: u16,
    /// The error code.
    pub error: String,
    /// The sentence for people, safe to print.
    pub sentence: String,
    /// The limit that was exceeded.
    pub limit: Option<u64>,
    /// The time after which to repeat the request.
    pub again: Option<Duration>,
}

/// An answer, and whether its request may have been carried out before.
#[derive(Debug)]
pub(super) struct Heard<T> {
    pub reply: Reply<T>,
    /// An earlier attempt got no answer, so the request may have been carried out already.
    pub in_doubt: bool,
}

pub(super) struct TargetRoom {
    client: RoomClient,
    stop: StopRequest,
    /// The progress bar.
    pub progress: ProgressMeter,
    /// The time spent waiting for the room, apart from its answers.
    pub waited: Duration,
    max_absence: Duration,
    /// A room has answered.
    met: bool,
    /// The newest answer is to a request that was sent twice.
    repeated: bool,
    /// The request to post more slowly was reported.
    slow_said: bool,
    /// The lock-out of keys from this address was reported.
    lock_out_said: bool,
}

impl TargetRoom {
    /// Makes the room at `address`, which may be away for as long as `max_absence`.
    pub(super) fn new(
        address: Address,
        stop: StopRequest,
        progress: ProgressMeter,
        max_absence: Duration,
    ) -> TargetRoom {
        TargetRoom {
            client: RoomClient::new(address),
            stop,
            progress,
            waited: Duration::ZERO,
            max_absence,
            met: false,
            repeated: false,
            slow_said: false,
            lock_out_said: false,
        }
    }

    pub(super) fn address(&self) -> &Address {
        self.client.address()
    }

    /// Repeats a request until the answer is final.
    ///
    /// # Errors
    /// The user asked to stop; the room is away for too long, or there is none.
    pub(super) fn ask<T: DeserializeOwned>(
        &mut self,
        request: &ClientRequest<'_>,
    ) -> Result<Heard<T>, Halt> {
        let begun = Instant::now();
        let mut delay = FIRST_DELAY;
        let mut away = None;
        let mut in_doubt = false;
        loop {
            if self.stop.is_asked() {
                return Err(Halt::Stopped);
            }
            let (why, again) = match self.ask_once(request) {
                Ok(Reply::Refused(refused)) if refused.is_temporary() => {
                    self.met = true;
                    self.report_wait(&refused, &mut away);
                    (refused.sentence, refused.again)
                }
                Ok(reply) => {
                    self.met = true;
                    in_doubt |= self.repeated;
                    if let Some(since) = away {
                        self.tell(&format!("The room is back after {}.", seconds(since)));
                    }
                    return Ok(Heard { reply, in_doubt });
                }
                Err(_) if self.stop.is_asked() => return Err(Halt::Stopped),
                Err(trouble) if !self.met => {
                    return Err(Halt::Failed(format!(
                        "There is no chatroom at {}: {trouble}. Check the address and the port, \
                         and that the server is running.",
                        self.address()
                    )));
                }
                Err(trouble) => {
                    in_doubt = true;
                    if away.is_none() {
                        away = Some(Instant::now());
                        self.tell(&format!(
                            "The room is away: {trouble}. Trying again for up to {} s.",
                            self.max_absence.as_secs()
                        ));
                    }
                    (trouble.to_string(), None)
                }
            };
            if begun.elapsed() >= self.max_absence {
                return Err(Halt::Failed(format!(
                    "The room at {} stayed away for {} s ({}). Start it again, and post the rest \
                     with --from.",
                    self.address(),
                    begun.elapsed().as_secs(),
                    why.trim_end_matches('.')
                )));
            }
            self.wait(again.unwrap_or(delay).min(LONGEST_WAIT))?;
            delay = (delay * 2).min(LONGEST_DELAY);
        }
    }

    /// Checks that there is a room before anything is posted.
    ///
    /// # Errors
    /// The user asked to stop; there is none.
    pub(super) fn meet(&mut self) -> Result<(), Halt> {
        // Without a token: every room refuses, and only a room does so in these words.
        let nobody = ClientRequest {
            method: "GET",
            path: SESSION,
            ..ClientRequest::default()
        };
        self.ask::<Session>(&nobody).map(drop)
    }

    /// Sends a request once, and waits for its answer until `until`.
    ///
    /// # Errors
    /// No room answered.
    pub(super) fn ask_until(
        &mut self,
        request: &ClientRequest<'_>,
        until: Instant,
    ) -> Result<(), AskError> {
        let answer = self.client.ask(request, &|| Instant::now() >= until)?;
        reply::<()>(&answer).map(|_| ())
    }

    fn ask_once<T: DeserializeOwned>(
        &mut self,
        request: &ClientRequest<'_>,
    ) -> Result<Reply<T>, AskError> {
        let begun = Instant::now();
        let stop = &self.stop;
        let enough = || {
            let limit = if stop.is_asked() {
                LAST_ANSWER_TIMEOUT
            } else {
                ANSWER_TIMEOUT
            };
            begun.elapsed() >= limit
        };
        let answer = self.client.ask(request, &enough)?;
        self.repeated = answer.repeated;
        reply(&answer)
    }

    fn report_wait(&mut self, refused: &RoomRefusal, away: &mut Option<Instant>) {
        let sentence = refused.sentence.trim_end_matches('.');
        if refused.error == "too_many_keys" {
            if !self.lock_out_said {
                self.lock_out_said = true;
                self.tell(&format!(
                    "The room accepts no key from this machine's address for now ({sentence}). \
                     Waiting until it does; Ctrl-C stops."
                ));
            }
        } else if refused.status == 429 {
            if !self.slow_said {
                self.slow_said = true;
                self.tell(&format!(
                    "The room asks for a slower pace ({sentence}), and gets it from now on."
                ));
            }
        } else if away.is_none() {
            *away = Some(Instant::now());
            self.tell(&format!(
                "The room accepts nothing now ({sentence}). Trying again for up to {} s.",
                self.max_absence.as_secs()
            ));
        }
    }

    /// Waits for the room, and counts that time.
    ///
    /// # Errors
    /// The user asked to stop.
    pub(super) fn wait(&mut self, length: Duration) -> Result<(), Halt> {
        let begun = Instant::now();
        let waited = self.sleep(begun + length);
        self.waited += begun.elapsed();
        waited
    }

    /// Waits until a moment.
    ///
    /// # Errors
    /// The user asked to stop.
    pub(super) fn sleep(&self, until: Instant) -> Result<(), Halt> {
        loop {
            if self.stop.is_asked() {
                return Err(Halt::Stopped);
            }
            match until.saturating_duration_since(Instant::now()) {
                Duration::ZERO => return Ok(()),
                left => thread::sleep(left.min(GLANCE)),
            }
        }
    }

    /// Prints a sentence on stderr, above the bar.
    pub(super) fn tell(&self, sentence: &str) {
        // Nothing can be reported if stderr is closed.
        let _ = self
            .progress
            .around(|| writeln!(std::io::stderr(), "chatroom: {sentence}"));
    }
}

impl RoomRefusal {
    /// Returns whether the same request may succeed later. Full rooms and exhausted addresses need other
    /// measures: a member can leave.
    fn is_temporary(&self) -> bool {
        let lasts = ["room_full", "too_many_names"].contains(&&*self.error);
        (self.status == 429 || self.status >= 500) && !lasts
    }
}

/// The meaning of an HTTP response.
fn reply<T: DeserializeOwned>(answer: &RoomReply) -> Result<Reply<T>, AskError> {
    let status = answer.head.status;
    let foreign = |_| AskError::Foreign(status);
    if (200..300).contains(&status) {
        // A response without a body says only that the request was carried out.
        let body: &[u8] = match status {
            204 => b"null",
            _ => &answer.body,
        };
        return serde_json::from_slice(body)
            .map(Reply::Done)
            .map_err(foreign);
    }
    let refusal: Refusal = serde_json::from_slice(&answer.body).map_err(foreign)?;
    Ok(Reply::Refused(RoomRefusal {
        status,
        error: refusal.error,
        sentence: line::escaped(&refusal.message),
        limit: refusal.limit,
        again: answer.head.retry_after().map(Duration::from_secs),
    }))
}

/// The time since a moment, in seconds.
fn seconds(since: Instant) -> impl fmt::Display {
    format!("{:.1} s", since.elapsed().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::TcpListener;

    use support::fake::{Fake, reply};

    use super::*;

    /// A room that gives these responses, one to each connection, and then is away: its port is closed,
    /// which a [`Fake`]'s never is.
    fn room(answers: &'static [&'static str], patience: Duration) -> TargetRoom {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("it is bound").to_string();
        thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().expect("a visitor");
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        let address = Address::parse(&address).expect("an address");
        TargetRoom::new(
            address,
            StopRequest::default(),
            ProgressMeter::none(),
            patience,
        )
    }

    const LOG_OFF: ClientRequest<'_> = ClientRequest {
        method: "DELETE",
        path: "/session",
        token: Some("t"),
        fields: &[],
        body: b"",
    };
    const DONE: &str = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
    const BUSY: &str = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nConnection: close\r\n\
        Content-Length: 34\r\n\r\n{\"error\":\"busy\",\"message\":\"Busy.\"}";

    #[test]
    fn a_room_that_stays_away_is_given_up_when_patience_ends() {
        let mut room = room(&[DONE], Duration::from_millis(400));
        let heard = room.ask::<()>(&LOG_OFF).expect("it is there");
        assert!(matches!(heard.reply, Reply::Done(())) && !heard.in_doubt);
        let ended = room.ask::<()>(&LOG_OFF).expect_err("it is away");
        let Halt::Failed(sentence) = ended else {
            panic!("nobody stopped it");
        };
        assert!(
            sentence.contains("stayed away for 0 s (connection refused)"),
            "{sentence}"
        );
        assert!(room.waited >= Duration::from_millis(250));
    }

    #[test]
    fn a_busy_room_and_a_lost_answer_are_asked_again() {
        let mut room = room(
            &[BUSY, "", "HTTP/1.1 2", BUSY, DONE],
            Duration::from_secs(60),
        );
        let heard = room.ask::<()>(&LOG_OFF).expect("in the end");
        assert!(matches!(heard.reply, Reply::Done(())));
        assert!(heard.in_doubt, "it may have been done the first time");
    }

    #[test]
    fn who_wants_to_stop_does_not_wait_for_the_room() {
        let stop = StopRequest::default();
        let user = stop.clone();
        // The user stops while the room says that it wants half a minute.
        let fake = Fake::start(move |_, _, stream| {
            user.0.store(true, Ordering::Relaxed);
            let body = r#"{"error":"busy","message":"Busy."}"#;
            reply(
                stream,
                "503 Service Unavailable",
                "Retry-After: 30\r\n",
                body,
            )
        });
        let address = Address::parse(&fake.address).expect("an address");
        let patience = Duration::from_secs(20);
        let mut room = TargetRoom::new(address, stop, ProgressMeter::none(), patience);
        assert!(matches!(room.ask::<()>(&LOG_OFF), Err(Halt::Stopped)));
        assert!(room.waited < Duration::from_secs(30), "{:?}", room.waited);
    }
}
