//! The head of a server's answer (RFC 9112, sections 4 and 6); [`super::BodyDecoder`] reads the rest.
//! Nothing grows beyond its limit.

use std::fmt;

use super::{BodyError, Framing};

/// The longest accepted head, in bytes.
pub const MAX_HEAD: usize = 16 * 1024;
/// The most header fields that a head may have.
const MAX_FIELDS: usize = 64;
/// The reason why an answer cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyError {
    /// Something other than HTTP/1.
    NotHttp,
    /// A head that is longer than [`MAX_HEAD`] or has too many fields.
    HeadTooLong,
    /// A body without a clear end.
    Framing,
    /// A body that is longer than the limit.
    BodyTooLong,
    /// A connection that closed before the answer was whole.
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

impl From<BodyError> for ReplyError {
    fn from(error: BodyError) -> ReplyError {
        match error {
            BodyError::TooLong => ReplyError::BodyTooLong,
            BodyError::Malformed => ReplyError::Framing,
            BodyError::CutOff => ReplyError::CutOff,
        }
    }
}

/// The head of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyHead {
    /// The status code.
    pub status: u16,
    /// The header fields, names in lower case.
    fields: Vec<(String, String)>,
    /// The framing of the body.
    pub framing: Framing,
    /// Tells whether the connection can carry another request once the body is read.
    pub keep_alive: bool,
}

impl ReplyHead {
    /// Parses the head at the beginning of `bytes`, for a request other than `HEAD`, and returns it
    /// with its length. `None` if more bytes are needed.
    ///
    /// # Errors
    /// The bytes are not the head of an HTTP/1 response.
    pub fn read(bytes: &[u8]) -> Result<Option<(ReplyHead, usize)>, ReplyError> {
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
        let mut head = ReplyHead {
            status,
            fields,
            framing: Framing::None,
            keep_alive: false,
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
        head.keep_alive = kept && head.framing != Framing::UntilClose && status != 101;
        Ok(Some((head, length)))
    }

    /// The first field of that name, given in lower case.
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

    /// The seconds in `Retry-After`, if it is a number.
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
            return Ok(Framing::None);
        }
        let mut encodings = self.all("transfer-encoding");
        let mut lengths = self.all("content-length");
        match (encodings.next(), lengths.next()) {
            (None, None) => Ok(Framing::UntilClose),
            (None, Some(length)) => {
                // The parser of u64 would accept a sign.
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
                if plain && version == 1 {
                    Ok(Framing::Chunked)
                } else {
                    Err(ReplyError::Framing)
                }
            }
            // Having both is a way to smuggle one answer past another.
            (Some(_), Some(_)) => Err(ReplyError::Framing),
        }
    }
}

#[cfg(test)]
mod tests;
