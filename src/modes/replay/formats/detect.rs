//! Detection of a log's kind from its beginning.
//!
//! Invariant: a kind is recognised by lines that only it has, and only if most lines are such: neither prose
//! nor diagnostics are taken for a conversation.

use super::kinds::{DETECTED, parser, title, value};
use super::original;
use super::split::decoded;
use super::syntax::LineTime;
use crate::cli::FileFormat;
use crate::event::Stamp;
use crate::line;

/// The bytes at the beginning of a file that detection reads.
pub(crate) const HEAD: usize = 64 * 1024;

/// The kind of a file that begins with `head`; `None` if it is no known chat log.
pub(crate) fn detect(head: &[u8]) -> Option<FileFormat> {
    if is_room(head) {
        return Some(FileFormat::Room);
    }
    if head.starts_with(b"\r") {
        let all = records(head, b'\r').count();
        let is_record = |record: &&[u8]| original::parse(record).is_some();
        if most(records(head, b'\r').filter(is_record).count(), all) > 0 {
            return Some(FileFormat::Original);
        }
    }
    let fitting = |kind| {
        let (fitting, all, timed) = sure_lines(head, kind)?;
        timed.then(|| most(fitting, all))
    };
    best(fitting).map(|(_, kind)| kind)
}

/// The kind that at least a quarter of the lines match, though too few for detection: its value for
/// `--format` and its title.
pub(crate) fn nearest(head: &[u8]) -> Option<(String, &'static str)> {
    let fitting = |kind| {
        let (fitting, all, timed) = sure_lines(head, kind)?;
        (timed && fitting > 1 && fitting * 4 >= all).then_some(fitting)
    };
    best(fitting).map(|(_, kind)| (value(kind), title(kind)))
}

/// The kind that most lines match, and their number.
fn best(fitting: impl Fn(FileFormat) -> Option<usize>) -> Option<(usize, FileFormat)> {
    let mut best = (0, None);
    for kind in DETECTED {
        let count = fitting(*kind).unwrap_or(0);
        if count > best.0 {
            best = (count, Some(*kind));
        }
    }
    Some((best.0, best.1?))
}

/// The number of lines in forms that only this kind has, the number of all lines, and whether one has a time.
fn sure_lines(head: &[u8], kind: FileFormat) -> Option<(usize, usize, bool)> {
    let parser = parser(kind)?;
    let (mut fitting, mut all, mut timed) = (0, 0, false);
    for line in records(head, b'\n') {
        all += 1;
        let text = decoded(line).0;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        if let Some(line) = parser(text.strip_suffix('\r').unwrap_or(text)) {
            timed |= line.time != LineTime::default();
            fitting += usize::from(line.is_sure());
        }
    }
    Some((fitting, all, timed))
}

/// Returns whether the first line or half of the lines are a room's: the first may be damaged, but an example
/// in the middle of a text does not make it a log.
fn is_room(head: &[u8]) -> bool {
    let mut lines =
        records(head, b'\n').map(|line| line::split(line).is_ok() || starts_with_a_time(line));
    let first = lines.next();
    let (mut all, mut fitting) = (1, 0);
    for fits in lines {
        all += 1;
        fitting += usize::from(fits);
    }
    first.is_some_and(|first| first || fitting > 0 && fitting * 2 >= all)
}

/// The number of matches, or 0 if they are not the majority.
fn most(fitting: usize, all: usize) -> usize {
    if fitting * 5 >= all * 3 && (fitting > 1 || all == 1) {
        fitting
    } else {
        0
    }
}

/// The non-blank records between separators. The last may be cut off, and is left out if there are others.
fn records(head: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let last = memchr::memrchr(separator, head);
    let whole = match last {
        Some(last) if head.len() >= HEAD => &head[..last],
        _ => head,
    };
    let records = whole.split(move |b| *b == separator);
    records.filter(|record| !record.trim_ascii().is_empty())
}

/// Returns whether a line begins as a room's lines do, or breaks off before that is clear.
fn starts_with_a_time(line: &[u8]) -> bool {
    const SHORTEST: usize = "2026-11-23T".len();
    let mut whole = *b"2000-01-01T00:00:00.000000Z *";
    let length = line.len().min(whole.len());
    whole[..length].copy_from_slice(&line[..length]);
    length >= SHORTEST
        && Stamp::parse(&whole[..27]).is_some()
        && whole[27] == b' '
        && b"[C*".contains(&whole[28])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(head: &str) -> Option<FileFormat> {
        detect(head.as_bytes())
    }

    #[test]
    fn every_kind_is_told_by_its_beginning() {
        for (head, wanted) in [
            (
                "2026-11-23T22:34:40.001201Z Client (bob) entered",
                FileFormat::Room,
            ),
            (
                "damaged\n2026-11-23T22:34:40.001201Z Client (bob) en",
                FileFormat::Room,
            ),
            (
                "\r[mira]: 0:00:05:tea?\r[jo]: 0:00:02:yes",
                FileFormat::Original,
            ),
            (
                "--- Log opened Mon Nov 23 22:34:00 2026\n22:34 < bob> hi\n",
                FileFormat::Irssi,
            ),
            (
                "[22:34] -!- bob [b@x] has joined #b\n[22:34] < bob> hi\n[22:35] < eve> oh\n",
                FileFormat::Irssi,
            ),
            (
                "2026-11-23 22:34:57\tbob\thi\n2026-11-23 22:34:58\teve\toh\n",
                FileFormat::Weechat,
            ),
            (
                "\n**** BEGIN LOGGING AT Mon Nov 23 22:34:57 2026\n\nNov 23 22:34:57 <bob>\thi\n",
                FileFormat::Hexchat,
            ),
            (
                "\u{feff}**** BEGIN LOGGING AT Mon Nov 23 22:34:57 2026\r\n\r\n",
                FileFormat::Hexchat,
            ),
            (
                "[22:34] <bob> hi\n=== eve [e@x]  has joined #b\n[22:35] <eve> oh\n",
                FileFormat::Day,
            ),
            ("[22:34] <bob> hi", FileFormat::Day),
            (
                "[22:34:01] <bob> hi\n[22:34:09] *** Joins: eve (e@x)\n[22:35:00] -bob- oh\n",
                FileFormat::Znc,
            ),
            (
                "[22:34:01] <bob> hi\n[22:35:00] <eve> oh\n[22:35:00] * bob waves",
                FileFormat::Znc,
            ),
            (
                "\r\nSession Start: Mon Nov 23 22:34:00 2026\r\nSession Ident: #b\r\n[22:34] <bob> hi\r\n",
                FileFormat::Mirc,
            ),
            (
                "[22:34] * Now talking in #b\n[22:34] * Topic is 'jam'\n[22:35] <eve> oh\n",
                FileFormat::Mirc,
            ),
            (
                "b 2013-01-26 [15:04:04] <bob> hi\nb 2013-01-26 [15:04:05] <eve> oh\nb 20",
                FileFormat::Channel,
            ),
        ] {
            assert_eq!(kind(head), Some(wanted), "{head}");
        }
    }

    #[test]
    fn neither_prose_nor_programs_nor_diagnostics_are_logs() {
        for head in [
            "",
            "\n\n\n",
            "A log looks like this:\n\n2026-11-23T22:34:40.001201Z Client (bob)\n\nor so.\n",
            "Dear all,\n\nsee you on Monday at\n22:34 <or later>.\n",
            "22:34 Meeting\n22:45 Tea\n23:00 <end>\n",
            "=== Title ===\n\ntext\n\n=== Next ===\nmore text\n",
            "=== Title ===\n=== Next ===\n",
            "=======\nTitle\n=======\n",
            "fn main() {\n    let x = \"[22:34] <bob> hi\";\n}\n",
            "Nov 23 22:34:57 host kernel: eth0\nNov 23 22:34:58 host cron[7]: (root)\n",
            "2026-11-23 22:34:57 INFO started\n2026-11-23 22:34:58 WARN stopped\n",
            "2026-11-23 22:34:57,bob,1\n2026-11-23 22:34:58,eve,2\n",
            "--- a/file\n+++ b/file\n@@ -1 +1 @@\n-x\n+y\n",
            "[mira]: 0:00:05:tea?\n",
            "one\rtwo\rthree\r",
            "\r\r[draft]\rtext",
            "\u{7f}ELF\u{2}\u{1}\u{1}\0\0\0",
        ] {
            assert_eq!(kind(head), None, "{head}");
        }
    }
}
