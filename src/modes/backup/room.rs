//! Asks a room for its log, from a place on or from the beginning.

use std::io::ErrorKind;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::address::Address;
use crate::blocking::{BlockingConnection, NoReply, Timeouts};
use crate::event::{Id, LogId};
use crate::failure::Failure;
use crate::http::exchange::{ClientRequest, ReplyBody};
use crate::http::reply::ReplyHead;
use crate::journal::Fingerprint;
use crate::room_key;
use crate::wire::Refusal;
use crate::wire::endpoint::{LOG_FILE, MESSAGES};

use super::state::CopyState;

/// The name of this program in its requests.
const AGENT: &str = "chatroom-backup";
/// The time limits. The first silence of that length ends an answer.
const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(10),
    write: Duration::from_secs(30),
    read: Duration::from_secs(30),
};
/// The most bytes of one read.
const PIECE: usize = 64 * 1024;
/// The longest refusal that is read, in bytes.
const MAX_REFUSAL: u64 = 64 * 1024;

/// The part of its log that a room sends.
pub(super) enum LogReply {
    /// All of it.
    Whole(Download),
    /// The rest from the offset that was asked for.
    Rest(Download),
}

/// An answer under way.
pub(super) struct Download {
    connection: BlockingConnection,
    body: ReplyBody,
    /// The fingerprint of the log as it will be at the end, if the room tells it.
    pub fingerprint: Option<Fingerprint>,
}

impl Download {
    /// Appends what comes next to `out`; `false` at the end.
    ///
    /// # Errors
    /// The reason why it broke off.
    pub(super) fn next(&mut self, out: &mut Vec<u8>) -> Result<bool, String> {
        self.receive(out).map_err(sentence)
    }

    fn receive(&mut self, out: &mut Vec<u8>) -> Result<bool, NoReply> {
        let before = out.len();
        let whole = self.body.read(out)?;
        if whole || out.len() > before {
            return Ok(out.len() > before);
        }
        if !self.connection.more_of(&mut self.body, &|| true)? {
            return Ok(false);
        }
        let whole = self.body.read(out)?;
        Ok(!whole || out.len() > before)
    }

    /// All that comes, of a short answer.
    fn all(&mut self) -> Vec<u8> {
        let mut text = Vec::new();
        while let Ok(true) = self.next(&mut text) {}
        text
    }
}

/// Asks for what the copy lacks of the room's log.
///
/// # Errors
/// The room is not there, or refuses.
pub(super) fn ask(
    address: &Address,
    key: Option<&str>,
    kept: &CopyState,
) -> Result<LogReply, Failure> {
    // The end that is there comes once more, and is compared.
    let range = format!("bytes={}-", kept.from);
    let condition = kept.fingerprint.map(|kept| format!("\"{kept}\""));
    let fields = condition
        .as_deref()
        .map(|condition| [("Range", &range[..]), ("If-Range", condition)]);
    let fields = fields.as_ref().map_or(&[][..], |fields| &fields[..]);
    let (head, sent) = request(address, key, LOG_FILE, fields)?;
    let begins = format!("bytes {}-", kept.from);
    let fits = |range: &str| range.starts_with(&begins);
    match (head.status, sent.fingerprint) {
        (200, Some(_)) => Ok(LogReply::Whole(sent)),
        (206, Some(_)) if head.field("content-range").is_some_and(fits) => Ok(LogReply::Rest(sent)),
        (200 | 206, _) => Err(Failure::new(format!(
            "The server at {address} does not say which log it sends and how far, as a room of \
             this version does. Nothing was changed. Is it a chatroom server, and does nothing in \
             between change its answers?"
        ))),
        (status, _) => Err(refused(address, status, key.is_some(), sent)),
    }
}

/// The name of the file beside the room's log that holds this earlier log of the room; nothing if the room
/// knows of no such log.
pub(super) fn name_of_earlier(address: &Address, key: Option<&str>, log: LogId) -> Option<String> {
    // Any id of it.
    let id = Id {
        log,
        offset: 0,
        check: 0,
    };
    let (head, mut sent) = request(address, key, &format!("{MESSAGES}/{id}"), &[]).ok()?;
    let text = (head.status == 410).then(|| sent.all())?;
    serde_json::from_slice::<Refusal>(&text).ok()?.earlier
}

/// Sends a request and reads the head of its answer.
fn request(
    address: &Address,
    key: Option<&str>,
    path: &str,
    fields: &[(&str, &str)],
) -> Result<(ReplyHead, Download), Failure> {
    let basic = key.map(|key| format!("Basic {}", STANDARD.encode(format!("backup:{key}"))));
    let mut fields = [&[("Connection", "close")], fields].concat();
    fields.extend(basic.as_deref().map(|basic| ("Authorization", basic)));
    let request = ClientRequest {
        method: "GET",
        path,
        fields: &fields,
        ..ClientRequest::default()
    };
    begin(address, &request).map_err(|error| {
        let why = sentence(error);
        Failure::new(format!(
            "The room at {address} cannot be reached: {why}. Nothing was changed; check the address, and that the room is open."
        ))
    })
}

fn begin(address: &Address, request: &ClientRequest<'_>) -> Result<(ReplyHead, Download), NoReply> {
    let mut connection = BlockingConnection::open(address, TIMEOUTS, PIECE)?;
    let (head, exchange) = connection.begin(&request.bytes(address, AGENT), &|| true)?;
    let fingerprint = head.field("etag").and_then(|tag| {
        let tag = tag.strip_prefix('"')?.strip_suffix('"')?;
        Fingerprint::parse(tag)
    });
    let limit = match head.status {
        ..300 => u64::MAX,
        _ => MAX_REFUSAL,
    };
    let sent = Download {
        body: exchange.body(&head, limit)?,
        connection,
        fingerprint,
    };
    Ok((head, sent))
}

fn refused(address: &Address, status: u16, has_key: bool, mut sent: Download) -> Failure {
    match serde_json::from_slice::<Refusal>(&sent.all()) {
        Ok(refusal)
            if !has_key && matches!(refusal.error.as_str(), "key_required" | "key_wrong") =>
        {
            Failure::new(format!(
                "The room at {address} has a key and gives no copy of its log without it. Ask \
                 the operator for it, and give it in a file (--key-file FILE) or in the \
                 environment variable {}.",
                room_key::VARIABLE
            ))
        }
        Ok(refusal) => Failure::new(format!(
            "The room at {address} gives no copy of its log: {}",
            refusal.message
        )),
        Err(_) => Failure::new(format!(
            "The server at {address} is not a chatroom (status {status}). Nothing was changed; \
             check the address."
        )),
    }
}

/// The reason as part of a sentence; a connection or a write that took too long is a silence, too.
fn sentence(error: NoReply) -> String {
    match error {
        NoReply::System(error)
            if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
        {
            NoReply::Silence.to_string()
        }
        other => other.to_string(),
    }
}
