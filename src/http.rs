//! HTTP/1.1 without sockets: request heads and bodies parsed from incoming bytes, answers as bytes to write.
//!
//! Framing is strict (RFC 9112): a request whose end two readers could see differently is refused
//! and the connection closed, so that nothing can be smuggled. A need for more bytes is a value
//! (`None`), not an error.

mod body;
mod date;
pub mod exchange;
pub(crate) mod host;
pub mod reply;
mod response;

pub use body::{BodyDecoder, BodyError, Framing};
pub use response::{Persistence, Response};

use crate::wire::Refusal;

/// The longest request head, in bytes.
pub const MAX_HEAD: usize = 8 * 1024;
/// The most header fields in one head.
const MAX_FIELDS: usize = 100;
/// The blanks around a field's value, which are not part of it (RFC 9110, section 5.6.3). Other white
/// space of Unicode is not included: a proxy does not read `\u{a0}chunked` as `chunked` either.
const BLANK: [char; 2] = [' ', '\t'];

/// The head of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The method, in its original case (methods are case-sensitive).
    pub method: String,
    /// The path, still percent-encoded, without the query.
    pub path: String,
    /// The part after the `?`, still encoded; empty without one.
    pub query: String,
    /// The requested host: the target's in absolute form, else the `Host` field's; validated in either
    /// case. `None` only in HTTP/1.0.
    pub host: Option<String>,
    /// The framing of the body.
    pub framing: Framing,
    /// Tells whether the client wants to keep the connection.
    pub keep_alive: bool,
    /// Tells whether the client waits for `100 Continue` before it sends the body.
    pub expects_continue: bool,
    /// The minor version: HTTP/1.`minor`.
    pub minor: u8,
    fields: Vec<(String, String)>,
}

/// A request that cannot be parsed. It is answered, and the connection is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRequest {
    /// The status of the answer.
    pub status: u16,
    /// One word for programs.
    pub error: &'static str,
    /// A sentence for people.
    pub message: String,
    /// The limit that was exceeded, if there is one.
    pub limit: Option<u64>,
}

impl BadRequest {
    pub(crate) fn new(status: u16, error: &'static str, message: impl Into<String>) -> BadRequest {
        BadRequest {
            status,
            error,
            message: message.into(),
            limit: None,
        }
    }

    /// The error for a body that may have `limit` bytes.
    pub(crate) fn of_body(error: BodyError, limit: usize) -> BadRequest {
        match error {
            BodyError::TooLong => {
                let message = format!("A message has at most {limit} bytes. Send it in parts.");
                BadRequest {
                    limit: Some(limit as u64),
                    ..BadRequest::new(413, "text_too_long", message)
                }
            }
            BodyError::Malformed | BodyError::CutOff => BadRequest::new(
                400,
                "bad_framing",
                "The request's chunked body cannot be read. Send a Content-Length instead.",
            ),
        }
    }

    /// The answer, after which the connection must be closed.
    pub fn response(self) -> Response {
        let refusal = Refusal {
            error: self.error.to_string(),
            message: self.message,
            limit: self.limit,
            ..Refusal::default()
        };
        Response::json(self.status, &refusal)
    }
}

impl Head {
    /// Parses the head at the beginning of `bytes` and returns it with its length. `None` if its end
    /// has not arrived yet.
    ///
    /// # Errors
    /// The bytes cannot become a request that this server accepts.
    pub fn parse(bytes: &[u8]) -> Result<Option<(Head, usize)>, BadRequest> {
        let mut space = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut request = httparse::Request::new(&mut space);
        let window = &bytes[..bytes.len().min(MAX_HEAD)];
        let taken = match request.parse(window) {
            Ok(httparse::Status::Complete(taken)) => taken,
            Ok(httparse::Status::Partial) if bytes.len() < MAX_HEAD => return Ok(None),
            Ok(httparse::Status::Partial) => {
                return Err(BadRequest::new(
                    431,
                    "head_too_large",
                    format!(
                        "The request's head is over {MAX_HEAD} bytes. Send fewer or shorter header fields."
                    ),
                ));
            }
            Err(error) => return Err(unreadable(error)),
        };
        let fields: Vec<(String, String)> = request
            .headers
            .iter()
            .map(|field| {
                (
                    field.name.to_ascii_lowercase(),
                    String::from_utf8_lossy(field.value).into_owned(),
                )
            })
            .collect();
        let minor = request.version.unwrap_or(1);
        let target = request.path.unwrap_or_default();
        let method = request.method.unwrap_or_default().to_string();
        let (authority, target) = absolute(target);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut head = Head {
            method,
            path: path.to_string(),
            query: query.to_string(),
            host: None,
            framing: Framing::None,
            keep_alive: false,
            expects_continue: false,
            minor,
            fields,
        };
        head.host = named(&head, authority)?;
        head.framing = framing(&head)?;
        head.keep_alive = match minor {
            0 => false,
            _ => !head.lists("connection", "close"),
        };
        head.expects_continue = match head.field("expect") {
            None => false,
            Some(what) if what.eq_ignore_ascii_case("100-continue") => minor == 1,
            Some(_) => {
                return Err(BadRequest::new(
                    417,
                    "expectation_failed",
                    "The only expectation this server meets is 100-continue.",
                ));
            }
        };
        Ok(Some((head, taken)))
    }

    /// The first field of that lower-case name.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.fields
            .iter()
            .filter(move |(n, _)| n == name)
            .map(|(_, value)| value.trim_matches(BLANK))
    }

    /// Reports whether the comma-separated field `name` has the item `item`.
    fn lists(&self, name: &str, item: &str) -> bool {
        self.all(name)
            .flat_map(|value| value.split(','))
            .any(|i| i.trim_matches(BLANK).eq_ignore_ascii_case(item))
    }

    /// The first parameter of the query with that name, decoded.
    pub fn parameter(&self, name: &str) -> Option<String> {
        self.parameters()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.into_owned())
    }

    /// The query's parameters in their order, decoded.
    pub fn parameters(&self) -> form_urlencoded::Parse<'_> {
        form_urlencoded::parse(self.query.as_bytes())
    }

    /// All fields in their order, names in lower case.
    pub fn fields(&self) -> &[(String, String)] {
        &self.fields
    }
}

/// Splits `http://host:port/path` into host and path; other targets have no host.
fn absolute(target: &str) -> (Option<&str>, &str) {
    let lower = target.get(..7).map(str::to_ascii_lowercase);
    if lower.as_deref() != Some("http://") {
        return (None, target);
    }
    let rest = &target[7..];
    match rest.find(['/', '?']) {
        Some(end) if rest[end..].starts_with('/') => (Some(&rest[..end]), &rest[end..]),
        Some(end) => (Some(&rest[..end]), "/"),
        None => (Some(rest), "/"),
    }
}

/// The host that a request names, in its field or in the absolute form of its target.
fn named(head: &Head, authority: Option<&str>) -> Result<Option<String>, BadRequest> {
    let fields: Vec<&str> = head.all("host").collect();
    let field = match fields.as_slice() {
        [] if head.minor == 0 => None,
        [] => {
            return Err(BadRequest::new(
                400,
                "host_missing",
                "The request has no Host field. HTTP/1.1 needs one.",
            ));
        }
        [field] => Some(*field),
        _ => {
            return Err(BadRequest::new(
                400,
                "bad_request",
                "The request has more than one Host field.",
            ));
        }
    };
    // The target's host takes precedence, and both must be valid.
    let mut host = None;
    for given in field.into_iter().chain(authority) {
        host = Some(host::host(given).ok_or_else(|| {
            BadRequest::new(
                400,
                "bad_request",
                "The host in the request is not valid. Send a name or an address, and a port up to \
                 65535.",
            )
        })?);
    }
    Ok(host)
}

fn framing(head: &Head) -> Result<Framing, BadRequest> {
    let lengths: Vec<&str> = head.all("content-length").collect();
    let encodings: Vec<&str> = head.all("transfer-encoding").collect();
    match (lengths.as_slice(), encodings.as_slice()) {
        ([], []) => Ok(Framing::None),
        ([length], []) if !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit()) => {
            // A number too large to parse is a length over every limit.
            Ok(Framing::Length(length.parse().unwrap_or(u64::MAX)))
        }
        ([_, ..], []) => Err(BadRequest::new(
            400,
            "bad_framing",
            "The request's Content-Length is not a single number. Send exactly one, in plain \
             digits.",
        )),
        ([], _) if head.minor == 1 => chunked(&encodings),
        ([], _) => Err(BadRequest::new(
            400,
            "bad_framing",
            "HTTP/1.0 has no Transfer-Encoding. Send a Content-Length.",
        )),
        _ => Err(BadRequest::new(
            400,
            "bad_framing",
            "The request has both Content-Length and Transfer-Encoding. Send one of them.",
        )),
    }
}

/// The framing of a body with these codings, in the order in which they were applied (RFC 9112,
/// section 6.3): its end is known only with `chunked` as the last coding, applied once.
fn chunked(encodings: &[&str]) -> Result<Framing, BadRequest> {
    let codings = encodings.iter().flat_map(|field| field.split(','));
    let codings: Vec<&str> = codings.map(|coding| coding.trim_matches(BLANK)).collect();
    let is_chunked = |coding: &&str| coding.eq_ignore_ascii_case("chunked");
    match codings.split_last() {
        Some((last, before)) if is_chunked(last) && !before.iter().any(is_chunked) => {
            match before {
                [] => Ok(Framing::Chunked),
                _ => Err(BadRequest::new(
                    501,
                    "transfer_encoding",
                    "The only Transfer-Encoding this server reads is chunked.",
                )),
            }
        }
        _ => Err(BadRequest::new(
            400,
            "bad_framing",
            "The request's last Transfer-Encoding is not chunked, or chunked is given twice. Send \
             a Content-Length.",
        )),
    }
}

fn unreadable(error: httparse::Error) -> BadRequest {
    match error {
        httparse::Error::TooManyHeaders => BadRequest::new(
            431,
            "head_too_large",
            format!("The request has more than {MAX_FIELDS} header fields. Send fewer."),
        ),
        httparse::Error::Version => BadRequest::new(
            505,
            "http_version",
            "This server speaks HTTP/1.1 and HTTP/1.0 only.",
        ),
        other => BadRequest::new(
            400,
            "bad_request",
            format!("This is not an HTTP request: {other}."),
        ),
    }
}

#[cfg(test)]
mod tests;
