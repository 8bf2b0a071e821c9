//! Members of the room without a window: they log in and post over the server's own wire.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use memchr::memmem;

use super::chat;
use crate::protocol::{self, Protocol};
use crate::servers::Running;
use crate::{Res, stop};

const PATIENCE: Duration = Duration::from_secs(20);

/// A member that posts.
pub struct Speaker {
    stream: TcpStream,
    wire: Box<dyn Protocol>,
    pass: String,
    seen: Vec<u8>,
}

impl Speaker {
    /// Logs in.
    pub fn enter(server: &Running) -> Res<Speaker> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let stream = TcpStream::connect(server.address)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let wire = protocol::of(server.kind, server.address);
        let mut speaker = Speaker {
            stream,
            wire,
            pass: String::new(),
            seen: Vec::new(),
        };
        let hello = speaker.wire.enter(NUMBER.fetch_add(1, Ordering::Relaxed));
        speaker.send(&hello)?;
        speaker.pass = speaker.wait(|wire, seen| wire.entered(seen))?;
        speaker.seen.clear();
        Ok(speaker)
    }

    /// Logs in several members.
    pub fn several(server: &Running, count: usize) -> Res<Vec<Speaker>> {
        (0..count).map(|_| Speaker::enter(server)).collect()
    }

    /// Posts a message and waits for its answer, if the server answers.
    pub fn say(&mut self, text: &str) -> Res<()> {
        let mut request = Vec::new();
        self.wire.say(&self.pass, text.as_bytes(), &mut request);
        self.send(&request)?;
        if !self.wire.answers() {
            // The messages of the others arrive here too; they must not pile up at the server.
            self.hear()?;
            self.seen.clear();
            return Ok(());
        }
        let answer = self.wait(|wire, seen| wire.answer(seen))?;
        let all = String::from_utf8_lossy(&self.seen).into_owned();
        self.seen.clear();
        match answer.good {
            true => Ok(()),
            false => Err(format!("a message was refused: {all}").into()),
        }
    }

    /// Pings an IRC client, which answers after it has received everything that this member posted.
    pub fn ping(&mut self, nick: &str) -> Res<()> {
        let request = format!("PRIVMSG {nick} :\u{1}PING 1\u{1}\r\n");
        self.send(request.as_bytes())?;
        self.wait(|_, seen| memmem::find(seen, b":\x01PING 1"))?;
        self.seen.clear();
        Ok(())
    }

    fn send(&mut self, mut bytes: &[u8]) -> Res<()> {
        while !bytes.is_empty() {
            match self.stream.write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(e) if e.kind() == ErrorKind::WouldBlock => {
                    stop::check()?;
                    self.hear()?;
                    sleep(Duration::from_micros(200));
                }
                Err(e) => return Err(e.into()),
            }
        }
        Ok(())
    }

    /// Reads everything that has arrived.
    fn hear(&mut self) -> Res<()> {
        let mut buffer = [0; 16_384];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err("the server has closed a speaker's connection".into()),
                Ok(count) => self.seen.extend_from_slice(&buffer[..count]),
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(e) => return Err(e.into()),
            }
        }
    }

    fn wait<T>(&mut self, found: impl Fn(&dyn Protocol, &[u8]) -> Option<T>) -> Res<T> {
        let until = Instant::now() + PATIENCE;
        loop {
            self.hear()?;
            if let Some(value) = found(&*self.wire, &self.seen) {
                return Ok(value);
            }
            if Instant::now() > until {
                return Err("the server does not answer a speaker".into());
            }
            stop::check()?;
            sleep(Duration::from_micros(100));
        }
    }
}

/// Posts the texts from number `first` on, each member on its own thread, in turn, `rate` texts per second in all.
/// Returns a function that waits for the time of the last answer.
pub fn speak<'s>(
    scope: &'s thread::Scope<'s, '_>,
    speakers: &'s mut [Speaker],
    first: u64,
    count: u64,
    rate: u64,
) -> impl FnOnce() -> Res<Instant> + 's {
    let begin = Instant::now();
    let all = speakers.len() as u64;
    let threads: Vec<_> = speakers
        .iter_mut()
        .zip(0..)
        .map(|(speaker, own)| {
            let speak = move || -> Result<Instant, String> {
                for number in (own..count).step_by(all as usize) {
                    let at = begin + Duration::from_micros(number * 1_000_000 / rate);
                    sleep(at.saturating_duration_since(Instant::now()));
                    let said = speaker.say(&chat::text(first + number));
                    said.map_err(|error| error.to_string())?;
                }
                Ok(Instant::now())
            };
            scope.spawn(speak)
        })
        .collect();
    move || {
        let mut last = begin;
        for thread in threads {
            let ended = thread.join().map_err(|_| "a speaker panicked")??;
            last = last.max(ended);
        }
        Ok(last)
    }
}
