//! HTTP for clients of a server in trouble: every failure is a value, and nothing waits for ever.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use chatroom::http::{BodyDecoder, Framing};

/// The longest wait for an answer before the connection is given up.
pub const ANSWER: Duration = Duration::from_secs(10);

/// One connection.
#[derive(Debug)]
pub struct Speaker {
    reader: BufReader<TcpStream>,
    /// The framing of the stream.
    framed: BodyDecoder,
    /// The content of the stream that is not read yet.
    content: Vec<u8>,
}

/// One answer.
#[derive(Debug)]
pub struct Reply {
    /// Its status.
    pub status: u16,
    /// Its fields, names in lower case.
    pub fields: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

impl Reply {
    /// A field.
    pub fn field(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The wait before the next attempt.
    pub fn retry_after(&self) -> Option<Duration> {
        let seconds = self.field("retry-after")?.parse().ok()?;
        Some(Duration::from_secs(seconds))
    }

    /// The word of a refusal.
    pub fn word(&self) -> String {
        let json: serde_json::Value = serde_json::from_slice(&self.body).unwrap_or_default();
        json["error"].as_str().unwrap_or_default().to_string()
    }
}

fn broken(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what.to_string())
}

/// The frame of a stream.
fn frame(chunked: bool) -> BodyDecoder {
    let framing = match chunked {
        true => Framing::Chunked,
        false => Framing::UntilClose,
    };
    BodyDecoder::new(framing, u64::MAX).expect("there is no length")
}

impl Speaker {
    /// A new connection.
    pub fn connect(address: &str) -> io::Result<Speaker> {
        let address: SocketAddr = address.parse().map_err(|_| broken("no address"))?;
        let stream = TcpStream::connect_timeout(&address, ANSWER)?;
        // While nothing listens on a port, a connection to it can connect to itself.
        if stream.local_addr()? == address {
            return Err(ErrorKind::ConnectionRefused.into());
        }
        Speaker::over(stream)
    }

    /// Takes a connection over.
    pub fn over(stream: TcpStream) -> io::Result<Speaker> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER))?;
        stream.set_write_timeout(Some(ANSWER))?;
        Ok(Speaker {
            reader: BufReader::new(stream),
            framed: frame(false),
            content: Vec::new(),
        })
    }

    /// The connection.
    pub fn stream(&self) -> &TcpStream {
        self.reader.get_ref()
    }

    /// Sends bytes.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.reader.get_mut().write_all(bytes)
    }

    /// Waits until a part of the answer has arrived, without reading it.
    pub fn answer_came(&mut self) -> io::Result<()> {
        match self.stream().peek(&mut [0])? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.reader.read_line(&mut line)?;
        match line.strip_suffix("\r\n") {
            Some(line) => Ok(line.to_string()),
            None => Err(ErrorKind::UnexpectedEof.into()),
        }
    }

    /// The next answer's head.
    pub fn head(&mut self) -> io::Result<Reply> {
        let first = self.line()?;
        let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or_else(|| broken("no status"))?;
        let mut fields = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').ok_or_else(|| broken("no field"))?;
            fields.push((name.to_ascii_lowercase(), value.trim().to_string()));
        }
        let reply = Reply {
            status,
            fields,
            body: Vec::new(),
        };
        self.framed = frame(reply.field("transfer-encoding") == Some("chunked"));
        Ok(reply)
    }

    /// The next answer, whole.
    pub fn reply(&mut self) -> io::Result<Reply> {
        let mut reply = self.head()?;
        if let Some(length) = reply.field("content-length") {
            let length: usize = length.parse().map_err(|_| broken("no length"))?;
            reply.body = vec![0; length];
            self.reader.read_exact(&mut reply.body)?;
        } else if reply.field("transfer-encoding") == Some("chunked") {
            loop {
                let size = usize::from_str_radix(&self.line()?, 16);
                let size = size.map_err(|_| broken("no chunk"))?;
                let start = reply.body.len();
                reply.body.resize(start + size, 0);
                self.reader.read_exact(&mut reply.body[start..])?;
                self.line()?;
                if size == 0 {
                    break;
                }
            }
        } else if reply.status != 204 {
            self.reader.read_to_end(&mut reply.body)?;
        }
        Ok(reply)
    }

    /// Appends a stream's next line to `line`, with its `\n`: `Ok(true)` for a whole line, `Ok(false)`
    /// if that takes longer than the connection waits.
    pub fn stream_line(&mut self, line: &mut Vec<u8>) -> io::Result<bool> {
        loop {
            if let Some(end) = self.content.iter().position(|byte| *byte == b'\n') {
                line.extend(self.content.drain(..=end));
                return Ok(true);
            }
            let bytes = match self.reader.fill_buf() {
                Ok(bytes) if bytes.is_empty() || self.framed.is_done() => {
                    return Err(ErrorKind::UnexpectedEof.into());
                }
                Ok(bytes) => bytes,
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return Ok(false);
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            };
            let (mut input, length) = (bytes, bytes.len());
            let read = self.framed.read(&mut input, &mut self.content);
            read.map_err(|_| broken("no chunk"))?;
            let taken = length - input.len();
            self.reader.consume(taken);
        }
    }
}

/// A request's bytes.
pub fn request(method: &str, path: &str, fields: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n");
    for (name, value) in fields {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if method == "POST" {
        text.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    let mut bytes = (text + "\r\n").into_bytes();
    bytes.extend_from_slice(body);
    bytes
}
