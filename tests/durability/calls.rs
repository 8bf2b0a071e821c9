//! A server's system calls, as strace reports them, checked against the rule that nothing leaves before it is on the
//! disk.

use std::collections::HashMap;

/// The actions of a server, in the order in which strace saw them.
#[derive(Debug, Default)]
pub struct Calls {
    /// The syncs that ended well.
    pub syncs: usize,
    /// The number of times that the id of a line left, in an answer or an event.
    pub sent: usize,
    /// The number of times that a text left by a plain stream.
    pub plain: usize,
    /// The syncs that failed.
    pub failed: usize,
    /// Everything that left before its sync had ended.
    pub violations: Vec<String>,
    /// Up to where the log is written, and up to where it is on the disk.
    written: u64,
    durable: u64,
    /// Up to where the sync under way will have brought it.
    underway: u64,
    /// The offset at which the line with a text ends.
    texts: HashMap<String, u64>,
}

/// The beginning of texts by which a plain stream is followed; a number and `;` come after it.
pub const MARK: &str = "say-";

impl Calls {
    /// Reads the output of `strace -f`, with whole and interrupted calls, of a server whose log had `before` bytes on
    /// the disk at first.
    pub fn read(told: &str, before: u64) -> Calls {
        let mut calls = Calls {
            written: before,
            durable: before,
            ..Calls::default()
        };
        let mut halves: HashMap<&str, String> = HashMap::new();
        for line in told.lines() {
            let Some((thread, rest)) = line.split_once(' ') else {
                continue;
            };
            let rest = rest.trim_start();
            if let Some(start) = rest.strip_suffix("<unfinished ...>") {
                calls.begins(start);
                halves.insert(thread, start.to_string());
            } else if let Some((_, end)) = rest.split_once(" resumed>")
                && rest.starts_with("<... ")
            {
                let start = halves.remove(thread).unwrap_or_default();
                calls.ends(&(start + end));
            } else {
                calls.begins(rest);
                calls.ends(rest);
            }
        }
        calls
    }

    fn begins(&mut self, call: &str) {
        let name = call.split('(').next().unwrap_or_default();
        match name {
            "fdatasync" => self.underway = self.written,
            "sendto" | "sendmsg" | "write" | "writev" => {
                for offset in ids(call) {
                    self.sent += 1;
                    self.leaves(offset < self.durable, call);
                }
                if !call.contains("HTTP/1.1") {
                    for text in marks(call) {
                        self.plain += 1;
                        let end = self.texts.get(text).copied().unwrap_or(u64::MAX);
                        self.leaves(end <= self.durable, call);
                    }
                }
            }
            _ => {}
        }
    }

    fn leaves(&mut self, allowed: bool, call: &str) {
        if !allowed {
            let durable = self.durable;
            let call: String = call.chars().take(200).collect();
            let story = format!("the disk holds {durable} bytes: {call}");
            self.violations.push(story);
        }
    }

    fn ends(&mut self, call: &str) {
        let name = call.split('(').next().unwrap_or_default();
        // The result is after the arguments; an injected one has a remark after it.
        let result = call.rsplit_once(") ").map(|(_, end)| end.trim_start());
        let result = result.and_then(|end| end.strip_prefix("= "));
        let number = result.and_then(|end| end.split(' ').next()?.parse::<u64>().ok());
        match (name, number) {
            ("fdatasync", Some(0)) => {
                self.syncs += 1;
                self.durable = self.durable.max(self.underway);
            }
            ("fdatasync", None) => self.failed += 1,
            ("pwrite64", Some(count)) => {
                let arguments = call.rsplit_once(") ").map_or("", |(start, _)| start);
                let offset = arguments.rsplit(", ").next();
                let offset = offset.and_then(|n| n.trim_end().parse().ok());
                let end = offset.unwrap_or(0u64) + count;
                self.written = self.written.max(end);
                for text in marks(call) {
                    self.texts.insert(text.to_string(), end);
                }
            }
            _ => {}
        }
    }
}

/// The offsets in the ids of a call's text: `<8 hex digits>-<offset>-<4 hex digits>`.
fn ids(call: &str) -> impl Iterator<Item = u64> {
    let pieces = call.split(|c: char| !c.is_ascii_hexdigit() && c != '-');
    pieces.filter_map(|piece| {
        let mut fields = piece.split('-');
        let (log, offset, check) = (fields.next()?, fields.next()?, fields.next()?);
        let fits = log.len() == 8 && check.len() == 4 && fields.next().is_none();
        fits.then(|| offset.parse().ok()).flatten()
    })
}

fn marks(call: &str) -> impl Iterator<Item = &str> {
    let places = call.match_indices(MARK);
    places.filter_map(|(at, _)| {
        let length = call[at..].find(';')?;
        let number = &call[at + MARK.len()..at + length];
        number
            .bytes()
            .all(|b| b.is_ascii_digit())
            .then_some(&call[at..at + length])
    })
}

#[test]
fn an_early_send_is_found() {
    let write =
        r#"7 pwrite64(4</x/log.txt>, "2026 [a]: 0:00:00:say-1;\t3d926b05\n", 63, 149) = 63"#;
    let sync = "7 fdatasync(4</x/log.txt>) = 0";
    let half = "7 fdatasync(4</x/log.txt> <unfinished ...>";
    let rest = "7 <... fdatasync resumed>) = 0 (DELAYED)";
    let failed = "7 fdatasync(4</x/log.txt>) = -1 EIO (Input/output error) (INJECTED)";
    let answer = r#"8 sendto(14<socket:[6]>, "HTTP/1.1 201 Created\r\nLocation: /messages/fcceccf3-149-3d92\r\n\r\n{\"id\":\"fcceccf3-149-3d92\"}\n", 259, MSG_NOSIGNAL, NULL, 0) = 259"#;
    let event = r#"9 writev(11<socket:[6]>, [{iov_base="event: message\nid: fcceccf3-149-3d92\ndata: {}\n\n", iov_len=170}], 1 <unfinished ...>"#;
    let plain =
        r#"9 writev(12<socket:[6]>, [{iov_base="[a]: 0:00:00:say-1;\n", iov_len=26}], 1) = 26"#;
    let other = r#"9 sendto(14<socket:[6]>, "HTTP/1.1 422 Unprocessable\r\n\r\n{\"x\":\"2026-11-23\"}", 9, 0, NULL, 0) = 9"#;
    let found = |lines: &[&str]| Calls::read(&lines.join("\n"), 0).violations.len();
    for good in [
        &[write, sync, answer, event, plain][..],
        &[write, half, other, rest, plain, event, answer],
        &[other],
    ] {
        assert_eq!(found(good), 0, "{good:?}");
    }
    for (early, count) in [
        (&[write, answer, sync][..], 2),
        (&[write, plain, sync], 1),
        (&[write, half, event, rest], 1),
        (&[write, failed, answer], 2),
        // The sync had begun before the line was written: it is not the line's.
        (&[half, write, rest, event, plain], 2),
        (&[answer, write, sync], 2),
        (&[plain, write, sync], 1),
    ] {
        assert_eq!(found(early), count, "{early:?}");
    }
    let calls = Calls::read(&[write, half, rest, answer, event, plain].join("\n"), 0);
    assert_eq!((calls.syncs, calls.sent, calls.plain), (1, 3, 1));
}
