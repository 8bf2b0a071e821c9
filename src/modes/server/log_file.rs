//! `GET /log.txt`: the journal's committed bytes as they are, so that `curl -C -` is a backup.

use crate::event::LogId;
use crate::http::{Head, Response};

/// The bytes to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first one.
    pub from: u64,
    /// The one after the last.
    pub to: u64,
    /// The answer's head.
    pub response: Response,
}

/// Reads `Range` (RFC 9110, section 14): one range of bytes; anything else is answered whole.
///
/// # Errors
/// The answer: 416 for a range that begins behind the end.
pub fn range(head: &Head, log: LogId, end: u64) -> Result<Range, Response> {
    // The log only grows, so one strong tag names every length of it.
    let tag = format!("\"{log}\"");
    let base = |status: u16| {
        Response::new(status)
            .field("Content-Type", "text/plain; charset=utf-8")
            .field("Accept-Ranges", "bytes")
            .field("ETag", tag.clone())
            .field("Cache-Control", "no-cache")
    };
    let same = head.field("if-range").is_none_or(|given| given == tag);
    let part = head
        .field("range")
        .filter(|_| same)
        .and_then(|text| one_range(text, end));
    match part {
        None => Ok(Range {
            from: 0,
            to: end,
            response: base(200).field("Content-Length", end.to_string()),
        }),
        Some((from, to)) if from < to => Ok(Range {
            from,
            to,
            response: base(206)
                .field("Content-Range", format!("bytes {from}-{}/{end}", to - 1))
                .field("Content-Length", (to - from).to_string()),
        }),
        Some(_) => Err(Response::refusal(
            416,
            "range_unsatisfiable",
            format!("The log has {end} bytes: there is nothing behind them yet. Ask again when more was said."),
        )
        .field("Content-Range", format!("bytes */{end}"))),
    }
}

/// The first byte and the one after the last; empty if it begins behind the end.
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
