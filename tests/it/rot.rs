//! A log that the disk damaged: the notices, the answers, and that no repair loses a line.
//!
//! Lines are judged here by comparing bytes with the log before the damage, not by a parser.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use chatroom::event::{Body, Event, Id, Key, LogId, Stamp};
use chatroom::line;
use chatroom::sse::{self, Form};
use serde_json::Value;

use support::client::Client;
use support::program::Folder;
use support::server::Server;

/// A xorshift generator, with the same sequence in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % end
    }
}

/// A log of so many messages by three people.
fn log(messages: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let at = |n: usize| Stamp::from_micros(1_795_473_297_180_845 + n as i64 * 7_000_000);
    let body = Body::opened("chatroom 0.1.0", "6f1d0c5be2a94c07");
    line::to_line(&Event { at: at(0), body }, &mut out);
    for n in 0..messages {
        let body = Body::message(
            ["Jo", "uthira", "zoë)"][n % 3],
            format!("*{n}* Just {}\n\\ \u{202e} Ê 😀", "so ".repeat(n % 9)),
        )
        .elapsed(n as u64)
        .keyed((n % 2 == 0).then(|| Key::new(&format!("key-{n}")).expect("a key")));
        line::to_line(&Event { at: at(n), body }, &mut out);
    }
    out
}

/// The lines without their line feeds, with their offsets.
fn lines(log: &[u8]) -> BTreeMap<usize, &[u8]> {
    let mut at = 0;
    let parts = log.split_inclusive(|b| *b == b'\n');
    parts
        .map(|part| {
            let start = at;
            at += part.len();
            (start, part.strip_suffix(b"\n").unwrap_or(part))
        })
        .collect()
}

fn log_id(log: &[u8]) -> LogId {
    let first = lines(log)[&0];
    LogId(line::checksum_field(first).expect("a checksum"))
}

/// Flips one bit in each of so many lines, no two of them neighbours: one line feed, one byte that
/// becomes a line feed, the last line, and anywhere.
fn flipped(log: &[u8], count: usize, random: &mut Random) -> Vec<u8> {
    let starts: Vec<usize> = lines(log).into_keys().collect();
    let mut taken = vec![false; starts.len() + 2];
    let mut log = log.to_vec();
    let mut done = 0;
    while done < count {
        let n = match done {
            0 => starts.len() - 1,
            _ => random.below(starts.len()),
        };
        if taken[n] || taken[n + 1] || taken[n + 2] {
            continue;
        }
        let end = starts.get(n + 1).copied().unwrap_or(log.len());
        let bit = 1u8 << random.below(8);
        let (place, bit) = match done {
            1 => (end - 1, bit),
            2 => match (starts[n]..end).find(|at| log[*at] == b'J') {
                Some(place) => (place, 0x40),
                None => continue,
            },
            _ => (starts[n] + random.below(end - starts[n]), bit),
        };
        log[place] ^= bit;
        taken[n + 1] = true;
        done += 1;
    }
    log
}

/// The log's lines in `form`, as they must be served: genuine ones as they were, others as
/// damaged, `None`.
fn wanted(before: &[u8], after: &[u8], form: Form) -> Vec<(usize, Option<String>)> {
    let genuine = lines(before);
    let now = lines(after).into_iter().map(|(at, text)| {
        let same = genuine.get(&at) == Some(&text);
        let shown = same.then(|| {
            let mut out = Vec::new();
            sse::encode_line(form, log_id_now(after), at as u64, text, &mut out);
            String::from_utf8(out).expect("UTF-8")
        });
        (at, shown)
    });
    now.collect()
}

/// The id of a log whose first line may be damaged, as chatroom-log(5) has it.
fn log_id_now(log: &[u8]) -> LogId {
    let first = lines(log)[&0];
    LogId(line::checksum_field(first).unwrap_or_else(|| crc32c::crc32c(first)))
}

const REASONS: [&str; 3] = [
    "the line has no checksum",
    "the checksum does not match the line",
    "the line has a form that this version does not know",
];

/// Expects a stream that has been split into its events.
#[track_caller]
fn expect_stream(form: Form, sent: &[String], wanted: &[(usize, Option<String>)]) {
    assert_eq!(sent.len(), wanted.len(), "{form:?}");
    for (sent, (at, genuine)) in sent.iter().zip(wanted) {
        if let Some(genuine) = genuine {
            assert_eq!(sent, genuine, "{form:?} at byte {at}");
            continue;
        }
        let begins = match form {
            Form::Sse => "event: damaged\n",
            Form::Ndjson => r#"{"type":"damaged","#,
            Form::Plain => "* The log is damaged",
        };
        let told = format!("The log is damaged at byte {at}: ");
        assert!(
            sent.starts_with(begins) && sent.contains(&told),
            "{at}: {sent}"
        );
        let (_, rest) = sent.split_once(&told).expect("it is there");
        let (reason, rest) = rest
            .split_once(". This line is not shown.")
            .or_else(|| rest.split_once(" and is not shown."))
            .expect("it");
        assert!(
            REASONS.contains(&reason) && matches!(rest.trim_end(), "" | "\"}"),
            "nothing else is said: {sent}"
        );
    }
}

fn get(client: &mut Client, server: &Server, path: &str, accept: &str) -> (u16, String) {
    client.send(server.request("GET", path, &[("Accept", accept)], ""));
    let answer = client.answer("GET");
    (answer.status, answer.text())
}

/// Expects that the server serves `after`, which was `before`, line by line, and nothing damaged as
/// genuine.
#[track_caller]
fn expect_served(server: &Server, before: &[u8], after: &[u8]) {
    let mut client = server.client();
    for (form, accept, ends) in [
        (Form::Sse, "text/event-stream", "\n\n"),
        (Form::Ndjson, "application/x-ndjson", "\n"),
        (Form::Plain, "*/*", "\n"),
    ] {
        let (status, stream) = get(&mut client, server, "/events?poll=1&since=all", accept);
        assert_eq!(status, 200, "{stream}");
        let hello = usize::from(form != Form::Plain);
        let sent: Vec<String> = stream
            .split_inclusive(ends)
            .skip(hello)
            .map(str::to_string)
            .collect();
        let (opened, sent) = sent.split_last().expect("this run's own line");
        assert!(opened.contains("opened"), "{opened}");
        expect_stream(form, sent, &wanted(before, after, form));
    }
    let (_, page) = get(&mut client, server, "/messages?since=all&limit=1000", "*/*");
    let page: Value = serde_json::from_str(&page).expect("JSON");
    let page = page["events"].as_array().expect("a list");
    let as_lines = wanted(before, after, Form::Ndjson);
    assert_eq!(page.len(), as_lines.len() + 1);
    let genuine = lines(before);
    for (event, (at, line)) in page.iter().zip(&as_lines) {
        let place = event["id"].as_str().expect("an id");
        let (_, one) = get(&mut client, server, &format!("/messages/{place}"), "*/*");
        let one: Value = serde_json::from_str(&one).expect("JSON");
        assert_eq!(one, *event);
        if let Some(line) = line {
            assert_eq!(*event, serde_json::from_str::<Value>(line).expect("JSON"));
            continue;
        }
        assert_eq!(event["type"], "damaged", "{event}");
        let fields: Vec<&String> = event.as_object().expect("an object").keys().collect();
        assert_eq!(fields, ["id", "message", "type"]);
        // The event's former id is now unknown.
        if let Some(text) = genuine.get(at) {
            let check = line::check_of(text);
            let old = Id {
                log: log_id(before),
                offset: *at as u64,
                check,
            };
            let (status, said) = get(&mut client, server, &format!("/messages/{old}"), "*/*");
            assert!(matches!(status, 404 | 410), "{status}: {said}");
        }
    }
}

/// The offsets that `--verify` names, in their order.
fn named(folder: &Folder) -> Vec<usize> {
    let run = folder
        .run(&["replay", "--verify", "log.txt"])
        .code(1)
        .stderr("");
    let said = run.said();
    let offsets = said.lines().filter_map(|line| line.strip_prefix("byte "));
    offsets
        .map(|rest| {
            rest.split(' ')
                .next()
                .expect("it")
                .parse()
                .expect("an offset")
        })
        .collect()
}

#[test]
fn five_hundred_flipped_bits_are_found_and_none_is_served_as_genuine() {
    let before = log(90);
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for round in 0..25 {
        let mut after = flipped(&before, 20, &mut random);
        if round % 5 == 0 {
            // The last line feed, not another byte of the last line.
            let last = lines(&before).into_keys().next_back().expect("a line");
            after.splice(last.., before[last..].iter().copied());
            *after.last_mut().expect("it") ^= 1 << random.below(8);
        }
        let folder = Folder::new();
        folder.file("log.txt", &after);
        let genuine = lines(&before);
        let bad = lines(&after).into_iter();
        let bad = bad.filter(|(at, text)| genuine.get(at) != Some(text));
        let places: Vec<usize> = bad.map(|(at, _)| at).collect();
        assert_eq!(places, named(&folder), "round {round}");
        // A flip gives one place, a new line feed two, a lost line feed that of its line.
        assert!(
            (20..=24).contains(&places.len()),
            "round {round}: {places:?}"
        );

        let server = Server::start_in(Arc::new(folder), "127.0.0.1:0", &["--sync", "never"]);
        let mut kept = after.clone();
        if !kept.ends_with(b"\n") {
            kept.push(b'\n');
        }
        let file = fs::read(server.log()).expect("the log");
        assert!(file.starts_with(&kept), "round {round}: no line is cut");
        assert_eq!(server.folder.contents().len(), 2, "nothing is saved aside");
        expect_served(&server, &before, &kept);
    }
}

#[test]
fn a_log_cut_anywhere_in_its_last_lines_starts_with_all_before_it() {
    let before = log(12);
    let starts: Vec<usize> = lines(&before).into_keys().collect();
    let third = starts[starts.len() - 3];
    let mut random = Random(7);
    for round in 0..16 {
        let cut = third + random.below(before.len() - third);
        let tail: Vec<u8> = match round % 4 {
            0 => vec![],
            1 => vec![0; 5000],
            2 => (0..500).map(|_| random.below(256) as u8).collect(),
            _ => b"\xf0\x9f\x98".to_vec(),
        };
        let torn = [&before[..cut], &tail].concat();
        let end = torn.iter().rposition(|b| *b == b'\n').expect("it") + 1;
        let folder = Folder::new();
        folder.file("log.txt", &torn);
        let named = if end < torn.len() || tail.contains(&b'\n') {
            named(&folder)
        } else {
            vec![]
        };
        let first = named.first().copied().unwrap_or(usize::MAX);
        let intact = starts
            .iter()
            .rfind(|start| **start <= cut)
            .copied()
            .unwrap_or(0);
        assert!(first >= intact, "cut at {cut}: {named:?}");
        let server = Server::start_in(Arc::new(folder), "127.0.0.1:0", &["--sync", "never"]);
        assert!(
            fs::read(server.log())
                .expect("it")
                .starts_with(&torn[..end])
        );
        expect_served(&server, &before, &torn[..end]);
        if end < torn.len() {
            let saved = &server.folder.contents()[&format!("log.txt.torn-{end}")];
            assert!(*saved == torn[end..], "what was torn is kept");
        }
    }
}

#[test]
fn a_damaged_first_line_makes_old_ids_foreign_and_none_wrong() {
    let before = log(12);
    let first = lines(&before)[&0].len();
    let (at, text) = lines(&before).into_iter().nth(5).expect("a line");
    let old = Id {
        log: log_id(&before),
        offset: at as u64,
        check: line::check_of(text),
    };
    // A digit that becomes another digit, one that becomes something else, the TAB, the text, and the line feed.
    for (place, bit, known) in [
        (first - 1, 1, false),
        (first - 4, 0x40, false),
        (first - 9, 2, false),
        (40, 1, true),
        (28, 0x20, false),
        (first, 4, true),
    ] {
        let mut after = before.clone();
        after[place] ^= bit;
        let folder = Folder::new();
        folder.file("log.txt", &after);
        let mut server = Server::start_in(Arc::new(folder), "127.0.0.1:0", &[]);
        server.notices.wait_for("The log is damaged at byte 0: ");
        expect_served(&server, &before, &after);
        let resume = [
            ("Accept", "application/x-ndjson"),
            ("Last-Event-ID", &*old.to_string()),
        ];
        let stream = server
            .ask("GET", "/events?poll=1&since=all", &resume, "")
            .text();
        let since = server.get(&format!("/events?poll=1&since={old}"));
        let one = server.get(&format!("/messages/{old}"));
        if known {
            assert!(!stream.contains(r#""type":"reset""#), "{stream}");
            assert_eq!(stream.lines().count(), 1 + 7 + 1, "{stream}");
            assert_eq!((since.status, one.status), (200, 200));
            assert_eq!(one.json()["id"], old.to_string());
        } else {
            let second = stream.lines().nth(1).expect("a second event");
            assert!(second.starts_with(r#"{"type":"reset""#), "{stream}");
            since.refused(400, "id_foreign");
            one.refused(410, "id_foreign");
        }
        // The same after a restart.
        let events = server.events("since=all");
        assert!(server.stop().success());
        server.start_again(&[]);
        let again = server.events("since=all");
        assert_eq!(again[1..events.len()], events[1..]);
    }
}
