//! A small HTTP/1.1 client for one speaker: one connection that is kept, answers with a
//! Content-Length only. A connection that the server closed while it was idle is made again.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// No answer of the room takes longer.
const PATIENCE: Duration = Duration::from_secs(60);
/// The longest answer that is read.
const MAX_ANSWER: usize = 1024 * 1024;

/// Why there is no answer.
#[derive(Debug)]
pub enum NoAnswer {
    /// The connection failed.
    Connection(io::Error),
    /// What came is not HTTP that this client understands.
    NotHttp(String),
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoAnswer::Connection(error) => write!(f, "the connection failed: {error}"),
            NoAnswer::NotHttp(what) => write!(f, "the answer is not understood: {what}"),
        }
    }
}

impl std::error::Error for NoAnswer {}

impl From<io::Error> for NoAnswer {
    fn from(error: io::Error) -> NoAnswer {
        NoAnswer::Connection(error)
    }
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Header fields, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header field by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(have, _)| have == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// One speaker's connection.
pub struct Client {
    address: String,
    stream: Option<TcpStream>,
}

impl Client {
    /// A client of the server at `host:port`; connects with the first request.
    pub fn new(address: &str) -> Client {
        Client {
            address: address.to_string(),
            stream: None,
        }
    }

    /// Asks and waits for the answer. Asks once more if a kept connection turns out to be closed,
    /// which is safe for everything this program asks: messages have keys.
    ///
    /// # Errors
    /// There is no answer.
    pub fn ask(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, NoAnswer> {
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.address);
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() || method == "POST" {
            request.push_str("Content-Type: text/plain; charset=utf-8\r\n");
            request.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        request.push_str("\r\n");
        let mut request = request.into_bytes();
        request.extend_from_slice(body);
        if let Some(kept) = self.stream.take()
            && let Ok(answer) = self.exchange(kept, &request)
        {
            return Ok(answer);
        }
        let fresh = TcpStream::connect(&self.address)?;
        fresh.set_nodelay(true)?;
        fresh.set_read_timeout(Some(PATIENCE))?;
        fresh.set_write_timeout(Some(PATIENCE))?;
        self.exchange(fresh, &request)
    }

    fn exchange(&mut self, mut stream: TcpStream, request: &[u8]) -> Result<Answer, NoAnswer> {
        stream.write_all(request)?;
        let mut bytes = Vec::new();
        let mut part = [0; 4096];
        loop {
            let count = stream.read(&mut part)?;
            if count == 0 {
                return Err(NoAnswer::Connection(io::ErrorKind::UnexpectedEof.into()));
            }
            bytes.extend_from_slice(&part[..count]);
            if let Some((answer, used)) = parse(&bytes)? {
                let closes = answer
                    .header("connection")
                    .is_some_and(|value| value.eq_ignore_ascii_case("close"));
                if !closes && used == bytes.len() {
                    self.stream = Some(stream);
                }
                return Ok(answer);
            }
            if bytes.len() > MAX_ANSWER {
                return Err(NoAnswer::NotHttp("it does not end".to_string()));
            }
        }
    }
}

/// The answer at the start of `bytes` and its length; `None` if there are bytes missing.
fn parse(bytes: &[u8]) -> Result<Option<(Answer, usize)>, NoAnswer> {
    let mut fields = [httparse::EMPTY_HEADER; 32];
    let mut head = httparse::Response::new(&mut fields);
    let start = match head.parse(bytes) {
        Ok(httparse::Status::Complete(start)) => start,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(NoAnswer::NotHttp(error.to_string())),
    };
    let status = head.code.unwrap_or(0);
    if (100..200).contains(&status) {
        let rest = parse(&bytes[start..])?;
        return Ok(rest.map(|(answer, used)| (answer, start + used)));
    }
    let headers: Vec<(String, String)> = head
        .headers
        .iter()
        .map(|field| {
            let value = String::from_utf8_lossy(field.value).into_owned();
            (field.name.to_ascii_lowercase(), value)
        })
        .collect();
    let mut answer = Answer {
        status,
        headers,
        body: Vec::new(),
    };
    let length = match (status, answer.header("content-length")) {
        (204 | 304, _) => 0,
        (_, Some(length)) => length
            .parse::<usize>()
            .map_err(|_| NoAnswer::NotHttp(format!("Content-Length: {length}")))?,
        (_, None) => return Err(NoAnswer::NotHttp("it has no Content-Length".to_string())),
    };
    let Some(body) = bytes[start..].get(..length) else {
        return Ok(None);
    };
    answer.body = body.to_vec();
    Ok(Some((answer, start + length)))
}
