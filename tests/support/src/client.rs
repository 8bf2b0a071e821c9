//! A server's answers as a client sees them: heads, whole answers, open event streams.
//!
//! Reads wait patiently; anything unexpected fails the test and prints what arrived instead.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use serde_json::Value;

use crate::waiting::PATIENCE;

/// The `Authorization` of a token.
pub fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// The head of an answer.
pub struct Head {
    /// The status.
    pub status: u16,
    fields: Vec<(String, String)>,
}

impl Head {
    /// Reads a head; interim answers (1xx) are returned like any other.
    #[track_caller]
    pub fn read(reader: &mut impl BufRead) -> Head {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            let count = reader.read_line(&mut line).expect("an answer in time");
            assert!(
                count > 0,
                "the connection ended within an answer's head: {lines:?}"
            );
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_string()),
            }
        }
        let status = lines[0]
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .expect("a status");
        let fields = lines[1..].iter().filter_map(|line| line.split_once(':'));
        let fields =
            fields.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_string()));
        Head {
            status,
            fields: fields.collect(),
        }
    }

    /// A field by its lower-case name.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }
}

/// A whole answer.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The head.
    pub head: Head,
    /// The body without its framing.
    pub body: Vec<u8>,
}

impl Answer {
    /// Reads an answer to its end.
    #[track_caller]
    pub fn read(reader: &mut impl BufRead, method: &str) -> Answer {
        let head = Head::read(reader);
        let mut body = Vec::new();
        if method == "HEAD" || matches!(head.status, 100..=199 | 204 | 304) {
        } else if head.field("transfer-encoding") == Some("chunked") {
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).expect("a chunk");
                let size = usize::from_str_radix(line.trim(), 16).expect("a chunk's size");
                let mut chunk = vec![0; size + 2];
                reader.read_exact(&mut chunk).expect("a chunk");
                assert_eq!(&chunk[size..], b"\r\n", "a chunk's end");
                if size == 0 {
                    break;
                }
                body.extend_from_slice(&chunk[..size]);
            }
        } else if let Some(length) = head.field("content-length") {
            body = vec![0; length.parse().expect("a length")];
            reader.read_exact(&mut body).expect("the body");
        } else {
            reader.read_to_end(&mut body).expect("the body");
        }
        Answer {
            status: head.status,
            head,
            body,
        }
    }

    /// A field of the head by its lower-case name.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.head.field(name)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// Expects a refusal: its status, its word, and a sentence that ends.
    #[track_caller]
    pub fn refused(&self, status: u16, error: &str) -> Value {
        let json = self.json();
        assert_eq!(
            (self.status, json["error"].as_str()),
            (status, Some(error)),
            "{json}"
        );
        let message = json["message"].as_str().unwrap_or_default();
        assert!(
            message.len() > 10 && message.ends_with('.'),
            "{message:?} is no sentence"
        );
        json
    }
}

/// A connection for several requests.
pub struct Client {
    reader: BufReader<TcpStream>,
}

impl Client {
    /// Takes a connection over.
    pub fn new(stream: TcpStream) -> Client {
        let reader = BufReader::new(stream);
        Client { reader }
    }

    /// Sends any bytes.
    #[track_caller]
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let sent = self.reader.get_mut().write_all(bytes.as_ref());
        sent.expect("the bytes are taken");
    }

    /// Closes the sending side; reading continues.
    pub fn half_close(&mut self) {
        let stream = self.reader.get_ref();
        stream.shutdown(std::net::Shutdown::Write).expect("shut");
    }

    /// The next answer; `method` is that of its request.
    #[track_caller]
    pub fn answer(&mut self, method: &str) -> Answer {
        Answer::read(&mut self.reader, method)
    }

    /// The next head alone.
    #[track_caller]
    pub fn head(&mut self) -> Head {
        Head::read(&mut self.reader)
    }

    /// Turns it into a listener of the event stream that follows a head already read.
    pub fn into_listener(self, head: Head) -> Listener {
        let reader = Unframed::new(self.reader, &head);
        Listener { reader, head }
    }

    /// Expects that the server ends the connection without another word.
    #[track_caller]
    pub fn ended(mut self) {
        let mut rest = String::new();
        self.reader.read_to_string(&mut rest).expect("the end");
        assert_eq!(rest, "", "the server went on");
    }
}

/// An endless body, without its chunks' frames. A read that times out loses nothing that arrived before.
pub struct Unframed {
    reader: BufReader<TcpStream>,
    /// The meaning of the next bytes.
    next: Next,
    /// The bytes of a frame that is not whole yet.
    frame: Vec<u8>,
    content: Vec<u8>,
    taken: usize,
}

/// The next bytes of a body.
enum Next {
    /// Content, until the connection is closed.
    Rest,
    /// The size of a chunk.
    Size,
    /// A chunk's content: the bytes left of it.
    Chunk(usize),
    /// The end of a chunk's line.
    ChunkEnd,
    /// The empty line after the last chunk.
    LastLine,
    /// Nothing: the last chunk has arrived.
    Nothing,
}

impl Unframed {
    /// The body that follows this head.
    pub fn new(reader: BufReader<TcpStream>, head: &Head) -> Unframed {
        let next = match head.field("transfer-encoding") {
            Some("chunked") => Next::Size,
            _ => Next::Rest,
        };
        Unframed {
            reader,
            next,
            frame: Vec::new(),
            content: Vec::new(),
            taken: 0,
        }
    }

    /// The connection.
    pub fn stream(&self) -> &TcpStream {
        self.reader.get_ref()
    }

    /// Returns whether it ended with the last chunk and was not cut off.
    pub fn is_whole(&self) -> bool {
        matches!(self.next, Next::Nothing) && self.taken == self.content.len()
    }

    /// Takes the frames off these bytes, as far as they go.
    fn unframe(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        let bad = |what: &[u8]| {
            let text = String::from_utf8_lossy(what);
            io::Error::other(format!("the stream's frame: {text:?}"))
        };
        while let Some((first, rest)) = bytes.split_first() {
            match self.next {
                Next::Rest => {
                    self.content.extend_from_slice(bytes);
                    return Ok(());
                }
                Next::Chunk(left) => {
                    let (now, later) = bytes.split_at(left.min(bytes.len()));
                    self.content.extend_from_slice(now);
                    bytes = later;
                    self.next = match left - now.len() {
                        0 => Next::ChunkEnd,
                        left => Next::Chunk(left),
                    };
                }
                Next::Size | Next::ChunkEnd | Next::LastLine => {
                    self.frame.push(*first);
                    bytes = rest;
                    let Some(line) = self.frame.strip_suffix(b"\r\n") else {
                        continue;
                    };
                    self.next = match self.next {
                        Next::Size => {
                            let size = str::from_utf8(line).ok();
                            let size = size.and_then(|text| usize::from_str_radix(text, 16).ok());
                            match size.ok_or_else(|| bad(line))? {
                                0 => Next::LastLine,
                                size => Next::Chunk(size),
                            }
                        }
                        _ if !line.is_empty() => return Err(bad(line)),
                        Next::ChunkEnd => Next::Size,
                        _ => Next::Nothing,
                    };
                    self.frame.clear();
                }
                Next::Nothing => return Err(bad(bytes)),
            }
        }
        Ok(())
    }
}

impl Read for Unframed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(into)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Unframed {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.taken == self.content.len() && !matches!(self.next, Next::Nothing) {
            self.taken = 0;
            self.content.clear();
            let bytes = self.reader.fill_buf()?.to_vec();
            if bytes.is_empty() {
                break;
            }
            self.reader.consume(bytes.len());
            self.unframe(&bytes)?;
        }
        Ok(&self.content[self.taken..])
    }

    fn consume(&mut self, count: usize) {
        self.taken += count;
    }
}

/// An open event stream.
pub struct Listener {
    reader: Unframed,
    /// The answer's head.
    pub head: Head,
}

impl Listener {
    /// The stream that is the answer to a request just sent.
    #[track_caller]
    pub fn new(stream: TcpStream) -> Listener {
        let mut client = Client::new(stream);
        let head = client.head();
        assert_eq!(head.status, 200, "this is no stream");
        client.into_listener(head)
    }

    /// The connection.
    pub fn stream(&self) -> &TcpStream {
        self.reader.stream()
    }

    /// The next line, without its end; `None` when the stream has ended.
    #[track_caller]
    pub fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let count = self.reader.read_line(&mut line).expect("a line in time");
        (count > 0).then(|| line.trim_end_matches('\n').to_string())
    }

    /// The next event of an SSE stream: its fields by name. Comments are passed over.
    #[track_caller]
    pub fn event(&mut self) -> Option<SseEvent> {
        let mut event = SseEvent::default();
        let until = Instant::now() + PATIENCE;
        loop {
            // Heartbeats keep the connection's own limit from being reached.
            assert!(Instant::now() < until, "waited in vain for an event");
            let line = self.line()?;
            match line.split_once(": ") {
                _ if line.is_empty() && event.kind.is_empty() => {}
                _ if line.is_empty() => return Some(event),
                _ if line.starts_with(':') => {}
                Some(("event", kind)) => event.kind = kind.to_string(),
                Some(("id", id)) => event.id = Some(id.to_string()),
                Some(("data", data)) => event.data = serde_json::from_str(data).expect("JSON"),
                _ => panic!("{line:?} is no field"),
            }
        }
    }

    /// Events up to and with the first of `kind`.
    #[track_caller]
    pub fn until(&mut self, kind: &str) -> Vec<SseEvent> {
        let mut events = Vec::new();
        while let Some(event) = self.event() {
            let found = event.kind == kind;
            events.push(event);
            if found {
                return events;
            }
        }
        panic!("the stream ended without {kind}: {events:?}");
    }

    /// Waits for the end of the stream; returns the rest.
    pub fn rest(self) -> String {
        self.rest_and_end().0
    }

    /// Like [`Listener::rest`], also with whether it ended with the last chunk.
    pub fn rest_and_end(mut self) -> (String, bool) {
        let mut text = String::new();
        self.reader.read_to_string(&mut text).expect("the rest");
        (text, self.reader.is_whole())
    }
}

/// One event of an SSE stream.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct SseEvent {
    /// Its `event`.
    pub kind: String,
    /// Its `id`.
    pub id: Option<String>,
    /// Its `data`.
    pub data: Value,
}
