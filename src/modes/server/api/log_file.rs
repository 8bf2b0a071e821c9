//! `GET /log.txt`: the journal's committed bytes as they are, all or a range of them. The mode
//! [`backup`](crate::modes::backup) reads it.

use std::io;

use crate::http::{Head, Response};
use crate::journal::{Fingerprint, Reader};

use super::Api;
use super::caller::Caller;
use super::rejection::Rejection;

/// A part of the log that is sent as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileRange {
    /// The offset of the first byte.
    pub(super) from: u64,
    /// The offset after the last byte.
    pub(super) to: u64,
    /// The head of the answer.
    pub(super) response: Response,
}

/// The part of the log that a request asks for.
#[derive(Clone, Debug)]
struct FileQuery {
    range: Option<String>,
    condition: Option<String>,
}

impl Api {
    /// Answers `GET /log.txt`.
    pub(super) async fn log_file(
        &self,
        caller: &Caller,
        head: &Head,
    ) -> Result<FileRange, Rejection> {
        let (query, end) = (FileQuery::read(head), self.room.end());
        let find = move |reader: &Reader| query.find(reader, end);
        self.fanout
            .cold
            .lookups
            .read(caller.turn_address(), find)
            .await
    }
}

impl FileQuery {
    /// Reads `Range` and `If-Range`.
    fn read(head: &Head) -> FileQuery {
        let field = |name| head.field(name).map(str::to_string);
        FileQuery {
            range: field("range"),
            condition: field("if-range"),
        }
    }

    /// Finds the part of a log that ends at `end`: one range of bytes (RFC 9110, section 14), or all.
    ///
    /// A range with a condition is for a client that has the log up to a place. It is sent if nothing
    /// before that place has changed and it leaves nothing out after it; otherwise the whole log is, as the
    /// two do not go together. A range alone is sent as requested.
    ///
    /// # Errors
    /// The log cannot be read, or ends before the range.
    fn find(&self, reader: &Reader, end: u64) -> Result<FileRange, Rejection> {
        let tag = reader.fingerprint(end)?.map(|tag| format!("\"{tag}\""));
        let range = self.range.as_deref().and_then(|text| one_range(text, end));
        let holds = match (&self.condition, range) {
            (Some(condition), Some((from, _))) => follows(condition, from, reader, end)?,
            _ => true,
        };
        answer(range.filter(|_| holds), end, tag)
    }
}

/// Tells whether a range from `from` on leaves nothing out for a client that has the log up to the fingerprint
/// in the condition.
fn follows(condition: &str, from: u64, reader: &Reader, end: u64) -> io::Result<bool> {
    let fingerprint = condition
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .and_then(Fingerprint::parse)
        .filter(|fingerprint| fingerprint.end <= end && from <= fingerprint.end);
    Ok(match fingerprint {
        Some(fingerprint) => reader.fingerprint(fingerprint.end)? == Some(fingerprint),
        None => false,
    })
}

fn answer(part: Option<(u64, u64)>, end: u64, tag: Option<String>) -> Result<FileRange, Rejection> {
    let base = |status: u16| {
        let response = Response::new(status)
            .field("Content-Type", "text/plain; charset=utf-8")
            .field("Accept-Ranges", "bytes")
            .field("Cache-Control", "no-cache");
        match &tag {
            Some(tag) => response.field("ETag", tag.clone()),
            None => response,
        }
    };
    match part {
        None => Ok(FileRange {
            from: 0,
            to: end,
            response: base(200).field("Content-Length", end.to_string()),
        }),
        Some((from, to)) if from < to => Ok(FileRange {
            from,
            to,
            response: base(206)
                .field("Content-Range", format!("bytes {from}-{}/{end}", to - 1))
                .field("Content-Length", (to - from).to_string()),
        }),
        Some(_) => Err(Rejection::BeyondLog(end)),
    }
}

/// The offsets of the first byte and after the last; an empty range if it begins after the end.
fn one_range(text: &str, end: u64) -> Option<(u64, u64)> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let number = |digits: &str| -> Option<u64> {
        let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| digits.parse().unwrap_or(u64::MAX))
    };
    match (first.trim(), last.trim()) {
        ("", suffix) => Some((end.saturating_sub(number(suffix)?), end)),
        (first, "") => Some((number(first)?.min(end), end)),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then(|| (first.min(end), last.saturating_add(1).min(end)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_those_of_the_rfc() {
        for (text, want) in [
            ("bytes=0-", Some((0, 100))),
            ("bytes=10-19", Some((10, 20))),
            ("bytes=90-1000", Some((90, 100))),
            ("bytes=-5", Some((95, 100))),
            ("bytes=-500", Some((0, 100))),
            ("bytes=100-", Some((100, 100))),
            ("bytes=99999999999999999999-", Some((100, 100))),
            ("bytes=5-4", None),
            ("bytes=0-1,5-6", None),
            ("lines=0-1", None),
            ("bytes=a-", None),
        ] {
            assert_eq!(one_range(text, 100), want, "{text}");
        }
    }
}
