//! The client's side of one request and its answer (RFC 9112), without sockets: the bytes to write,
//! and the meaning of the bytes read. The window, `replay --into` and `backup` share it.
//!
//! A [`ClientRequest`] gives the bytes to write. An [`Exchange`] takes the bytes read and gives the
//! answer's head; with a limit for the body it becomes a [`ReplyBody`], which takes the rest. A need
//! for more bytes is a value, not an error. Time limits, and a connection that ends before the head is
//! whole, are left to the caller.
//!
//! What always holds: nothing grows beyond its limit, and a body that was cut off is never taken for
//! a whole one.

use super::BodyDecoder;
use super::reply::{MAX_HEAD, ReplyError, ReplyHead};
use crate::address::Address;

/// The most interim answers (status 1xx) that are skipped.
const MAX_INTERIM: usize = 4;

/// A request as a client sends it. Only the body may contain line breaks.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClientRequest<'a> {
    /// The method.
    pub method: &'a str,
    /// The path with the query.
    pub path: &'a str,
    /// The token of the session that makes the request.
    pub token: Option<&'a str>,
    /// Further header fields: names and values.
    pub fields: &'a [(&'a str, &'a str)],
    /// The body; only `POST` sends one.
    pub body: &'a [u8],
}

impl<'a> ClientRequest<'a> {
    /// A request for `path`, by the owner of a token.
    pub fn get(path: &'a str, token: &'a str) -> ClientRequest<'a> {
        ClientRequest {
            method: "GET",
            path,
            token: Some(token),
            ..ClientRequest::default()
        }
    }

    /// The bytes of the request to the server at `address`, from a program named `agent`.
    pub fn bytes(&self, address: &Address, agent: &str) -> Vec<u8> {
        let mut head = format!(
            "{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: {agent}/{}\r\n",
            self.method,
            self.path,
            address.authority(),
            env!("CARGO_PKG_VERSION")
        );
        let mut field = |name: &str, value: &str| {
            head.extend([name, ": ", value, "\r\n"]);
        };
        if let Some(token) = self.token {
            field("Authorization", &format!("Bearer {token}"));
        }
        for (name, value) in self.fields {
            field(name, value);
        }
        if self.method == "POST" {
            field("Content-Length", &self.body.len().to_string());
        }
        head.push_str("\r\n");
        [head.as_bytes(), self.body].concat()
    }
}

/// An answer whose head has not been read yet.
#[derive(Debug, Default)]
pub struct Exchange {
    unread: Vec<u8>,
    interim: usize,
}

impl Exchange {
    /// An exchange that has received nothing yet.
    pub fn new() -> Exchange {
        Exchange::default()
    }

    /// Takes in bytes that were read from the connection.
    pub fn receive(&mut self, bytes: &[u8]) {
        self.unread.extend_from_slice(bytes);
    }

    /// The head of the answer, once; interim answers before it are skipped. `None` if more bytes are needed.
    ///
    /// # Errors
    /// The bytes are not an answer to a request, or the head is too long.
    pub fn head(&mut self) -> Result<Option<ReplyHead>, ReplyError> {
        loop {
            let Some((head, taken)) = ReplyHead::read(&self.unread)? else {
                return if self.unread.len() >= MAX_HEAD {
                    Err(ReplyError::HeadTooLong)
                } else {
                    Ok(None)
                };
            };
            self.unread.drain(..taken);
            if head.status >= 200 {
                return Ok(Some(head));
            }
            self.interim += 1;
            // No other protocol was requested.
            if self.interim > MAX_INTERIM || head.status == 101 {
                return Err(ReplyError::NotHttp);
            }
        }
    }

    /// The body that belongs to `head`, of at most `limit` bytes.
    ///
    /// # Errors
    /// [`ReplyError::BodyTooLong`] if the announced length is over the limit.
    pub fn body(self, head: &ReplyHead, limit: u64) -> Result<ReplyBody, ReplyError> {
        Ok(ReplyBody {
            decoder: BodyDecoder::new(head.framing, limit)?,
            unread: self.unread,
            keep_alive: head.keep_alive,
        })
    }
}

/// The body of an answer.
#[derive(Debug)]
pub struct ReplyBody {
    decoder: BodyDecoder,
    unread: Vec<u8>,
    keep_alive: bool,
}

impl ReplyBody {
    /// Takes in bytes that were read from the connection.
    pub fn receive(&mut self, bytes: &[u8]) {
        self.unread.extend_from_slice(bytes);
    }

    /// Appends the content received so far to `out`; `true` once the body is whole.
    ///
    /// # Errors
    /// The body is too long, or its chunks are not well-formed.
    pub fn read(&mut self, out: &mut Vec<u8>) -> Result<bool, ReplyError> {
        // The space of a long piece is freed while nothing arrives.
        let bytes = std::mem::take(&mut self.unread);
        let mut input = &bytes[..];
        self.decoder.read(&mut input, out)?;
        self.unread.extend_from_slice(input);
        Ok(self.decoder.is_done())
    }

    /// Records that the connection has closed.
    ///
    /// # Errors
    /// [`ReplyError::CutOff`] if the body is not whole.
    pub fn closed(&self) -> Result<(), ReplyError> {
        Ok(self.decoder.closed()?)
    }

    /// Reports whether the connection can carry another exchange: both sides want it, this answer is
    /// whole, and no unrequested bytes came after it.
    pub fn is_reusable(&self) -> bool {
        self.keep_alive && self.decoder.is_done() && self.unread.is_empty()
    }
}

#[cfg(test)]
mod tests;
