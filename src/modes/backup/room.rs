//! Asking a room for its log, from a place on or from the beginning.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::address::Address;
use crate::event::{Id, LogId};
use crate::failure::{Failure, reason};
use crate::http::reply::{Head, MAX_HEAD, ReplyError};
use crate::http::{BodyDecoder, BodyError};
use crate::journal::Fingerprint;
use crate::lookup::lookup;
use crate::room_key;
use crate::wire::Refusal;
use crate::wire::endpoint::{LOG_FILE, MESSAGES};

use super::state::CopyState;

/// How long connecting to one of a machine's addresses may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long nothing may come, with an answer under way.
const SILENCE: Duration = Duration::from_secs(30);
/// The longest refusal that is read.
const MAX_REFUSAL: u64 = 64 * 1024;

/// What a room sends.
pub(super) enum Answer {
    /// All of its log.
    Whole(Sent),
    /// What follows the place from which was asked.
    Rest(Sent),
}

/// An answer under way.
pub(super) struct Sent {
    stream: TcpStream,
    unread: Vec<u8>,
    body: BodyDecoder,
    /// Where it will end, if that is said.
    pub fingerprint: Option<Fingerprint>,
}

impl Sent {
    /// Appends what comes next to `out`; `false` at the end.
    ///
    /// # Errors
    /// Why it broke off.
    pub(super) fn next(&mut self, out: &mut Vec<u8>) -> Result<bool, String> {
        let told = |error: BodyError| ReplyError::from(error).to_string();
        if self.unread.is_empty() {
            if self.body.is_done() {
                return Ok(false);
            }
            match more(&mut self.stream, &mut self.unread) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                    self.body.closed().map_err(told)?;
                    return Ok(false);
                }
                Err(error) => return Err(said(&error)),
            }
        }
        let before = out.len();
        let mut input = &self.unread[..];
        self.body.read(&mut input, out).map_err(told)?;
        let left = input.len();
        let taken = self.unread.len() - left;
        self.unread.drain(..taken);
        Ok(!self.body.is_done() || out.len() > before)
    }

    /// All that comes, of a short answer.
    fn all(&mut self) -> Vec<u8> {
        let mut text = Vec::new();
        while let Ok(true) = self.next(&mut text) {}
        text
    }
}

/// Asks for what the copy lacks.
///
/// # Errors
/// The room is not there, or refuses.
pub(super) fn ask(
    address: &Address,
    key: Option<&str>,
    kept: &CopyState,
) -> Result<Answer, Failure> {
    // The end that is there comes once more, and is compared.
    let fields = kept.fingerprint.map(|fingerprint| {
        format!(
            "Range: bytes={}-\r\nIf-Range: \"{fingerprint}\"\r\n",
            kept.from
        )
    });
    let (head, sent) = request(address, key, LOG_FILE, &fields.unwrap_or_default())?;
    let begins = format!("bytes {}-", kept.from);
    let fits = |range: &str| range.starts_with(&begins);
    match (head.status, sent.fingerprint) {
        (200, Some(_)) => Ok(Answer::Whole(sent)),
        (206, Some(_)) if head.field("content-range").is_some_and(fits) => Ok(Answer::Rest(sent)),
        (200 | 206, _) => Err(Failure::new(format!(
            "What answers at {address} does not say which log it sends and how far, as a room of this version does. Nothing \
             was changed. Is it a chatroom server, and is there nothing between that changes its answers?"
        ))),
        (status, _) => Err(refused(address, status, key.is_some(), sent)),
    }
}

/// The name of the file beside the room's log that this earlier log of the room is in; nothing if the room
/// knows of no such log.
pub(super) fn name_of_earlier(address: &Address, key: Option<&str>, log: LogId) -> Option<String> {
    // Whatever id of it.
    let id = Id {
        log,
        offset: 0,
        check: 0,
    };
    let (head, mut sent) = request(address, key, &format!("{MESSAGES}/{id}"), "").ok()?;
    let text = (head.status == 410).then(|| sent.all())?;
    serde_json::from_slice::<Refusal>(&text).ok()?.earlier
}

/// Asks, and reads how the answer begins.
fn request(
    address: &Address,
    key: Option<&str>,
    path: &str,
    fields: &str,
) -> Result<(Head, Sent), Failure> {
    let away = |why: String| {
        Failure::new(format!(
            "The room at {address} cannot be reached: {why}. Nothing was changed; check the address, and that the room is open."
        ))
    };
    let mut stream = connect(address).map_err(|error| away(said(&error)))?;
    let mut request = format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nUser-Agent: chatroom-backup/{}\r\nConnection: close\r\n{fields}",
        address.authority(),
        env!("CARGO_PKG_VERSION")
    );
    if let Some(key) = key {
        let pair = STANDARD.encode(format!("backup:{key}"));
        request.push_str(&format!("Authorization: Basic {pair}\r\n"));
    }
    request.push_str("\r\n");
    stream
        .write_all(request.as_bytes())
        .map_err(|error| away(said(&error)))?;
    let mut unread = Vec::new();
    let head = loop {
        let foreign = |error: ReplyError| away(error.to_string());
        match Head::read(&unread).map_err(foreign)? {
            Some((head, taken)) => {
                unread.drain(..taken);
                if head.status >= 200 {
                    break head;
                }
            }
            None if unread.len() >= MAX_HEAD => return Err(foreign(ReplyError::HeadTooLong)),
            None => more(&mut stream, &mut unread).map_err(|error| away(said(&error)))?,
        }
    };
    let fingerprint = head.field("etag").and_then(|tag| {
        let tag = tag.strip_prefix('"')?.strip_suffix('"')?;
        Fingerprint::parse(tag)
    });
    let limit = if head.status < 300 {
        u64::MAX
    } else {
        MAX_REFUSAL
    };
    let body = BodyDecoder::new(head.framing, limit)
        .map_err(|error| away(ReplyError::from(error).to_string()))?;
    let sent = Sent {
        stream,
        unread,
        body,
        fingerprint,
    };
    Ok((head, sent))
}

fn refused(address: &Address, status: u16, has_key: bool, mut sent: Sent) -> Failure {
    match serde_json::from_slice::<Refusal>(&sent.all()) {
        Ok(refusal)
            if !has_key && matches!(refusal.error.as_str(), "key_required" | "key_wrong") =>
        {
            Failure::new(format!(
                "The room at {address} has a key and gives no copy of its log without it. Ask whoever runs it, and name a \
                 file with it (--key-file FILE), or give it in the environment variable {}.",
                room_key::VARIABLE
            ))
        }
        Ok(refusal) => Failure::new(format!(
            "The room at {address} gives no copy of its log: {}",
            refusal.message
        )),
        Err(_) => Failure::new(format!(
            "What answers at {address} is no chatroom server (status {status}). Nothing was changed; check the address."
        )),
    }
}

fn connect(address: &Address) -> io::Result<TcpStream> {
    let unknown = || io::Error::new(ErrorKind::NotFound, "no machine by this name is known");
    let found = lookup(address.host(), address.port()).map_err(|_| unknown())?;
    let mut last = unknown();
    for target in found {
        match TcpStream::connect_timeout(&target, CONNECT) {
            Ok(stream) => {
                stream.set_read_timeout(Some(SILENCE))?;
                stream.set_write_timeout(Some(SILENCE))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Waits for more bytes; the end of the stream is an error here.
fn more(stream: &mut TcpStream, unread: &mut Vec<u8>) -> io::Result<()> {
    let mut piece = [0; 64 * 1024];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                unread.extend_from_slice(&piece[..count]);
                return Ok(());
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn said(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => "it does not answer".to_string(),
        ErrorKind::UnexpectedEof => "the connection was closed".to_string(),
        _ => reason(error),
    }
}
