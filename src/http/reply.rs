//! Reads what a server answers: the head of an HTTP/1.1 response, and its body as it is framed
//! (RFC 9112, sections 4 and 6). No sockets here.
//!
//! What always holds: nothing grows beyond its limit, and a body that was cut off is never taken
//! for a whole one.

use std::fmt;

/// The longest head that is read.
pub const MAX_HEAD: usize = 16 * 1024;
/// The most header fields a head may have.
const MAX_FIELDS: usize = 64;
/// The longest line that tells a chunk's size, extensions included.
const MAX_SIZE_LINE: usize = 256;
/// The most bytes of trailer fields behind the last chunk.
const MAX_TRAILER: usize = 8 * 1024;

/// Why what came is no answer that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyError {
    /// It is not HTTP/1.
    NotHttp,
    /// The head is longer than [`MAX_HEAD`] or has too many fields.
    HeadTooLong,
    /// It is not clear where the body ends.
    Framing,
    /// The body is longer than we are willing to keep.
    BodyTooLong,
    /// The connection closed before the answer was whole.
    CutOff,
}

impl fmt::Display for ReplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ReplyError::NotHttp => "it does not answer in HTTP",
            ReplyError::HeadTooLong => "the head of its answer is too long",
            ReplyError::Framing => "its answer is not well-formed HTTP",
            ReplyError::BodyTooLong => "its answer is too long",
            ReplyError::CutOff => "it closed the connection in the middle of an answer",
        })
    }
}

impl std::error::Error for ReplyError {}

/// How it is told where a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There is no body.
    Empty,
    /// It has so many bytes.
    Length(u64),
    /// It comes in chunks, the last of which is empty.
    Chunked,
    /// It ends when the connection closes.
    UntilClose,
}

/// The head of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The status code.
    pub status: u16,
    /// The header fields, names in lower case.
    fields: Vec<(String, String)>,
    /// How the body is framed.
    pub framing: Framing,
    /// Whether the connection can carry another request once the body is read.
    pub reusable: bool,
}

impl Head {
    /// Reads a head at the front of `bytes`, the answer to a request that was not `HEAD`. `None`
    /// means that more bytes are needed; otherwise the head and how many bytes it took.
    ///
    /// # Errors
    /// What came is not the head of an HTTP/1 response.
    pub fn read(bytes: &[u8]) -> Result<Option<(Head, usize)>, ReplyError> {
        let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut response = httparse::Response::new(&mut fields);
        let length = match response.parse(bytes) {
            Ok(httparse::Status::Complete(length)) if length <= MAX_HEAD => length,
            Ok(httparse::Status::Partial) if bytes.len() < MAX_HEAD => return Ok(None),
            Ok(_) | Err(httparse::Error::TooManyHeaders) => return Err(ReplyError::HeadTooLong),
            Err(_) => return Err(ReplyError::NotHttp),
        };
        let (Some(status), Some(version)) = (response.code, response.version) else {
            return Err(ReplyError::NotHttp);
        };
        let fields: Vec<(String, String)> = response
            .headers
            .iter()
            .map(|field| {
                let value = String::from_utf8_lossy(field.value).trim().to_string();
                (field.name.to_ascii_lowercase(), value)
            })
            .collect();
        let mut head = Head {
            status,
            fields,
            framing: Framing::Empty,
            reusable: false,
        };
        head.framing = head.find_framing(version)?;
        let listed = |word: &str| {
            head.all("connection")
                .any(|v| v.split(',').any(|w| w.trim().eq_ignore_ascii_case(word)))
        };
        let kept = match version {
            0 => listed("keep-alive"),
            _ => !listed("close"),
        };
        head.reusable = kept && head.framing != Framing::UntilClose && status != 101;
        Ok(Some((head, length)))
    }

    /// The first field of that name (in lower case).
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }

    /// The type of the body without its parameters, in lower case.
    pub fn content_type(&self) -> String {
        let value = self.field("content-type").unwrap_or_default();
        let name = value.split(';').next().unwrap_or_default();
        name.trim().to_ascii_lowercase()
    }

    /// `Retry-After` in seconds, if it is there as a number.
    pub fn retry_after(&self) -> Option<u64> {
        self.field("retry-after")?.parse().ok()
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields
            .iter()
            .filter(move |(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }

    fn find_framing(&self, version: u8) -> Result<Framing, ReplyError> {
        if matches!(self.status, 100..=199 | 204 | 304) {
            return Ok(Framing::Empty);
        }
        let mut encodings = self.all("transfer-encoding");
        let mut lengths = self.all("content-length");
        match (encodings.next(), lengths.next()) {
            (None, None) => Ok(Framing::UntilClose),
            (None, Some(length)) => {
                // u64's parser would accept a sign.
                let digits = !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit());
                match length.parse() {
                    Ok(n) if digits && lengths.all(|other| other == length) => {
                        Ok(Framing::Length(n))
                    }
                    _ => Err(ReplyError::Framing),
                }
            }
            (Some(encoding), None) => {
                let plain = encoding.eq_ignore_ascii_case("chunked") && encodings.next().is_none();
                match plain && version == 1 {
                    true => Ok(Framing::Chunked),
                    false => Err(ReplyError::Framing),
                }
            }
            // Both at once is how answers are smuggled past each other.
            (Some(_), Some(_)) => Err(ReplyError::Framing),
        }
    }
}

/// Where the reading of a body stands.
#[derive(Clone, Debug)]
pub struct Body {
    state: State,
    /// How many more bytes of content are accepted.
    room: u64,
}

#[derive(Clone, Debug)]
enum State {
    Counted(u64),
    UntilClose,
    ChunkSize(Vec<u8>),
    ChunkData(u64),
    ChunkEnd { cr: bool },
    Trailer { taken: usize, line: usize },
    Done,
}

impl Body {
    /// At the beginning of a body that may have at most `limit` bytes.
    pub fn new(framing: Framing, limit: u64) -> Body {
        Body {
            state: match framing {
                Framing::Empty | Framing::Length(0) => State::Done,
                Framing::Length(n) => State::Counted(n),
                Framing::Chunked => State::ChunkSize(Vec::new()),
                Framing::UntilClose => State::UntilClose,
            },
            room: limit,
        }
    }

    /// Takes bytes off the front of `input` and appends the content in them to `out`. When the
    /// body is whole, the rest of `input` is left alone.
    ///
    /// # Errors
    /// The body is too long, or its chunks are not well-formed.
    pub fn read(&mut self, input: &mut &[u8], out: &mut Vec<u8>) -> Result<(), ReplyError> {
        while !input.is_empty() {
            match &mut self.state {
                State::Done => break,
                State::UntilClose => {
                    let all = input.len() as u64;
                    self.take(all, input, out)?;
                }
                State::Counted(left) => {
                    let now = (*left).min(input.len() as u64);
                    *left -= now;
                    let done = *left == 0;
                    self.take(now, input, out)?;
                    if done {
                        self.state = State::Done;
                    }
                }
                State::ChunkData(left) => {
                    let now = (*left).min(input.len() as u64);
                    *left -= now;
                    let done = *left == 0;
                    self.take(now, input, out)?;
                    if done {
                        self.state = State::ChunkEnd { cr: false };
                    }
                }
                _ => {
                    let byte = input[0];
                    *input = &input[1..];
                    self.between_chunks(byte)?;
                }
            }
        }
        Ok(())
    }

    /// Whether the body is whole.
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// The connection has closed.
    ///
    /// # Errors
    /// The body is not whole.
    pub fn closed(&self) -> Result<(), ReplyError> {
        match self.state {
            State::Done | State::UntilClose => Ok(()),
            _ => Err(ReplyError::CutOff),
        }
    }

    fn take(&mut self, n: u64, input: &mut &[u8], out: &mut Vec<u8>) -> Result<(), ReplyError> {
        self.room = self.room.checked_sub(n).ok_or(ReplyError::BodyTooLong)?;
        let (now, later) = input.split_at(n as usize);
        out.extend_from_slice(now);
        *input = later;
        Ok(())
    }

    fn between_chunks(&mut self, byte: u8) -> Result<(), ReplyError> {
        match &mut self.state {
            State::ChunkSize(line) => match byte {
                b'\n' => {
                    let text = line.strip_suffix(b"\r").ok_or(ReplyError::Framing)?;
                    self.state = match chunk_size(text).ok_or(ReplyError::Framing)? {
                        0 => State::Trailer { taken: 0, line: 0 },
                        size => State::ChunkData(size),
                    };
                }
                _ if line.len() == MAX_SIZE_LINE => return Err(ReplyError::Framing),
                _ => line.push(byte),
            },
            State::ChunkEnd { cr } => match (byte, *cr) {
                (b'\r', false) => *cr = true,
                (b'\n', true) => self.state = State::ChunkSize(Vec::new()),
                _ => return Err(ReplyError::Framing),
            },
            State::Trailer { taken, line } => {
                *taken += 1;
                match byte {
                    b'\n' if *line == 0 => self.state = State::Done,
                    b'\n' => *line = 0,
                    b'\r' => {}
                    _ => *line += 1,
                }
                if let State::Trailer { taken, .. } = self.state
                    && taken > MAX_TRAILER
                {
                    return Err(ReplyError::HeadTooLong);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn chunk_size(line: &[u8]) -> Option<u64> {
    let end = line
        .iter()
        .position(|b| !b.is_ascii_hexdigit())
        .unwrap_or(line.len());
    let (digits, rest) = line.split_at(end);
    let extension = rest.trim_ascii_start();
    if !(1..=15).contains(&digits.len()) || !(extension.is_empty() || extension[0] == b';') {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests;
