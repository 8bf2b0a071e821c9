//! An honest client: its requests, and the time that each takes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use memchr::memmem;

use crate::drive::put_times;
use crate::report::Values;
use crate::servers::{Kind, Running};
use crate::{Res, stop};

/// The longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// The number of events that a new listener waits for.
const EVENTS: usize = 5;
/// The pause between two requests.
const PAUSE: Duration = Duration::from_millis(2);

/// The client.
pub struct Probe {
    address: SocketAddr,
    kind: Kind,
    stream: TcpStream,
    authorization: String,
}

impl Probe {
    /// Logs in and keeps a connection open, as members do.
    pub fn new(server: &Running, key: &str) -> Res<Probe> {
        let (address, kind) = (server.address, server.kind);
        let authorization = match kind {
            Kind::Chatroom => {
                let token = log_in(address, &name(), key)?;
                format!("Authorization: Bearer {token}\r\n")
            }
            _ => String::new(),
        };
        let mut probe = Probe {
            address,
            kind,
            stream: connect(address)?,
            authorization,
        };
        // These are the events that a new listener waits for.
        for _ in 0..EVENTS {
            probe.post()?;
        }
        Ok(probe)
    }

    /// Makes one request after the other; returns their times.
    pub fn run(&mut self, time: Duration) -> Res<Values> {
        let histogram = Histogram::<u64>::new_with_bounds(1, 600_000_000_000, 2)?;
        let mut times = [
            ("post", histogram.clone()),
            ("page", histogram.clone()),
            ("listener", histogram),
        ];
        let (begun, mut probes) = (Instant::now(), 0);
        while begun.elapsed() < time || probes == 0 {
            stop::check()?;
            let asked = match self.kind {
                Kind::Chatroom => &[
                    Probe::post as fn(&mut Probe) -> Res<()>,
                    Probe::page,
                    Probe::listen,
                ][..],
                _ => &[Probe::post as fn(&mut Probe) -> Res<()>][..],
            };
            for (ask, (_, times)) in asked.iter().zip(&mut times) {
                thread::sleep(PAUSE);
                let at = Instant::now();
                ask(self)?;
                times.record(at.elapsed().as_nanos() as u64)?;
                probes += 1;
            }
        }
        let mut values = Values::default();
        for (name, times) in times.iter().filter(|(_, times)| !times.is_empty()) {
            put_times(&mut values, name, times);
        }
        values.put("probes", f64::from(probes));
        Ok(values)
    }

    fn post(&mut self) -> Res<()> {
        let path = match self.kind {
            Kind::Chatroom => "/messages",
            _ => "/say",
        };
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\n{}Content-Length: 2\r\n\r\nhi",
            self.authorization
        );
        ask(&mut self.stream, &request).map(drop)
    }

    fn page(&mut self) -> Res<()> {
        let request = format!(
            "GET /messages?limit=5 HTTP/1.1\r\nHost: x\r\n{}\r\n",
            self.authorization
        );
        ask(&mut self.stream, &request).map(drop)
    }

    /// Opens a stream and waits for its first events.
    fn listen(&mut self) -> Res<()> {
        let mut stream = connect(self.address)?;
        let request = format!(
            "GET /events?last={EVENTS} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n{}\r\n",
            self.authorization
        );
        stream.write_all(request.as_bytes())?;
        let mut come = Vec::new();
        while memmem::find_iter(&come, b"\nid:").count() < EVENTS {
            more(&mut stream, &mut come)?;
        }
        Ok(())
    }
}

/// A name that was not used before.
fn name() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    format!("p{:05}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Logs in on its own connection; returns the token.
pub fn log_in(address: SocketAddr, name: &str, key: &str) -> Res<String> {
    let body = format!("{{\"name\":\"{name}\",\"key\":\"{key}\"}}");
    let request = format!(
        "POST /session HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = ask(&mut connect(address)?, &request)?;
    let token = answer
        .split("\"token\":\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    Ok(token.ok_or("no token was given")?.to_string())
}

fn connect(address: SocketAddr) -> Res<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Sends a request and reads its answer, which must be a success.
fn ask(stream: &mut TcpStream, request: &str) -> Res<String> {
    stream.write_all(request.as_bytes())?;
    let mut come = Vec::new();
    let head = loop {
        if let Some(end) = memmem::find(&come, b"\r\n\r\n") {
            break end + 4;
        }
        more(stream, &mut come)?;
    };
    let text = String::from_utf8_lossy(&come[..head]).to_ascii_lowercase();
    if !text.starts_with("http/1.1 2") {
        return Err(format!("{request:?} was answered {text:?}").into());
    }
    let length = text.split("content-length: ").nth(1);
    let length = length.and_then(|rest| rest.split("\r\n").next());
    let length: usize = length.ok_or("an answer without a length")?.parse()?;
    while come.len() < head + length {
        more(stream, &mut come)?;
    }
    Ok(String::from_utf8_lossy(&come[head..]).into_owned())
}

fn more(stream: &mut TcpStream, come: &mut Vec<u8>) -> Res<()> {
    let mut bytes = [0; 16 * 1024];
    match stream.read(&mut bytes)? {
        0 => Err("the connection was closed".into()),
        count => {
            come.extend_from_slice(&bytes[..count]);
            Ok(())
        }
    }
}
