//! Ids that the server never gave out: random bytes, near misses of real ids, huge numbers, other logs, offsets
//! inside lines. Each is refused, or answered with a whole and genuine part of the log.

use std::sync::Arc;

use chatroom::event::{Id, LogId};
use chatroom::wire::{HistoryRange, Wire};

use support::client::bearer;
use support::program::Folder;
use support::server::Server;

use super::chance::Chance;
use super::line_up::{LineUp, id_of};
use super::scene;
use super::speak::{Reply, Speaker, request};

/// The number of events that a listener with an invalid id receives.
const LAST: usize = 50;

/// A server whose log has texts that could be mistaken for lines, and the contents of that log.
struct Target {
    server: Server,
    log: Vec<u8>,
    all: LineUp,
}

impl Target {
    fn new(chance: &mut Chance) -> Target {
        let folder = Arc::new(Folder::new());
        let server = scene::server(&folder, "127.0.0.1:0", &[]);
        let tokens = ["ann", "bob"].map(|name| server.log_in(name));
        for n in 0..120 {
            let line = "2026-11-23T22:34:57.180845Z [bob]: 0:00:17:hi\t9d02b1aa";
            let text = match chance.below(4) {
                0 => format!("{n}"),
                1 => format!("{n}\n{line}\n{line}"),
                2 => format!("{n} * Room opened (chatroom 0.1.0, 6f1d0c5be2a94c07)\t5d2f0a11"),
                _ => format!("{n} {}", "é".repeat(chance.below(3_000) as usize)),
            };
            let key = format!("k{n}");
            let authorised = bearer(&tokens[n % 2]);
            let fields = [("Authorization", &*authorised), ("Idempotency-Key", &*key)];
            let answer = server.ask("POST", "/messages", &fields, text);
            assert_eq!(answer.status, 201);
        }
        let log = std::fs::read(server.log()).expect("the log");
        let all = LineUp::read(&log);
        Target { server, log, all }
    }

    fn real(&self, chance: &mut Chance) -> Id {
        self.all.lines[chance.below(self.all.lines.len() as u64) as usize].id
    }

    /// The index of the line with this id, if it is a genuine one.
    fn index(&self, value: &str) -> Option<usize> {
        let id: Id = value.parse().ok()?;
        (id.to_string() == value).then(|| self.all.index(id))?
    }

    /// One hostile value.
    fn value(&self, chance: &mut Chance) -> Vec<u8> {
        let real = self.real(chance);
        let id = match chance.below(14) {
            0 => {
                let length = 1 + chance.below(60);
                return (0..length).map(|_| chance.next() as u8).collect();
            }
            1 => {
                let length = 1 + chance.below(40);
                return (0..length).map(|_| b'!' + chance.below(94) as u8).collect();
            }
            // One character is changed, left out, doubled or added; now and then the id stays the same.
            2..=4 => {
                let mut text = real.to_string().into_bytes();
                let at = chance.below(text.len() as u64) as usize;
                match chance.below(4) {
                    0 => text[at] = *chance.one_of(b"0123456789abcdefABCDEF-+ gx"),
                    1 => drop(text.remove(at)),
                    2 => text.insert(at, text[at]),
                    _ => text.insert(at, *chance.one_of(b"0- +.,;%/\\\0\xff")),
                }
                return text;
            }
            5 => {
                let huge = [
                    "9223372036854775807",
                    "9223372036854775808",
                    "18446744073709551615",
                    "18446744073709551616",
                    "-1",
                    "00",
                    "1e3",
                    "0x10",
                    "٣",
                    "",
                ];
                let huge = chance.one_of::<&str>(&huge);
                return format!("{}-{huge}-{:04x}", real.log, real.check).into_bytes();
            }
            6 => {
                let digits = 1 + chance.below(5_000) as usize;
                return "9".repeat(digits).into_bytes();
            }
            7 => Id {
                log: LogId(chance.next() as u32),
                ..real
            },
            8 => Id {
                check: chance.next() as u16,
                ..real
            },
            9 => Id {
                offset: self.log.len() as u64 + chance.below(100),
                ..real
            },
            10 => Id {
                offset: real.offset.wrapping_add(chance.below(9)).wrapping_sub(4),
                ..real
            },
            // An offset inside a line, with the check that the rest of the line would have.
            11 | 12 => {
                let offset = chance.below(self.log.len() as u64);
                let rest = &self.log[offset as usize..];
                let end = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
                id_of(real.log, offset, &rest[..end])
            }
            // An offset inside a line, where a text looks like a line.
            _ => {
                let starts = self.log.windows(11).enumerate();
                let starts: Vec<usize> = starts
                    .filter(|(_, w)| w.starts_with(b"2026-11-23T"))
                    .map(|(at, _)| at)
                    .collect();
                let offset = *chance.one_of(&starts);
                let check = *chance.one_of(&[0x9d02, real.check, 0]);
                Id {
                    offset: offset as u64,
                    check,
                    ..real
                }
            }
        };
        id.to_string().into_bytes()
    }

    /// Expects the wires to be these lines, whole and in order.
    #[track_caller]
    fn are(&self, wires: &[Wire], from: usize, what: &str) {
        for (n, wire) in wires.iter().enumerate() {
            let index = from + n;
            let good = index < self.all.lines.len() && self.all.is_sent_as(index, wire);
            assert!(good, "{what}: {wire:?} is not line {index}");
        }
    }

    /// Expects them to be everything from a line on.
    #[track_caller]
    fn are_all_from(&self, wires: &[Wire], from: usize, what: &str) {
        self.are(wires, from, what);
        assert_eq!(from + wires.len(), self.all.lines.len(), "{what}: not all");
    }
}

/// Percent-encodes a value for a request target.
fn encoded(value: &[u8]) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    let bytes = value.iter().map(|byte| match plain(byte) {
        true => char::from(*byte).to_string(),
        false => format!("%{byte:02X}"),
    });
    bytes.collect()
}

fn wires(reply: &Reply) -> Vec<Wire> {
    let text = std::str::from_utf8(&reply.body).expect("UTF-8");
    let wires = text.lines().filter(|line| !line.is_empty());
    wires
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

/// The number of answers of each kind.
#[derive(Debug, Default)]
pub struct Tally {
    refused: usize,
    reset: usize,
    genuine: usize,
    times: usize,
}

/// Sends so many hostile values, a quarter each as `Last-Event-ID`, `since`, `before` and as an
/// event's own place.
pub fn hostile(values: usize) -> Tally {
    let seed = Chance::seed();
    println!("the hostile values' seed is {seed:016x}");
    let mut chance = Chance::new(seed);
    let target = Target::new(&mut chance);
    let mut tally = Tally::default();
    let mut speaker = None;
    for n in 0..values {
        let value = target.value(&mut chance);
        let accept = [("Accept", "application/x-ndjson")];
        let path = encoded(&value);
        let bytes = match n % 4 {
            0 => {
                let mut bytes = b"GET /events?poll=1 HTTP/1.1\r\nHost: localhost\r\nAccept: application/x-ndjson\r\nLast-Event-ID: ".to_vec();
                bytes.extend_from_slice(&value);
                bytes.extend_from_slice(b"\r\n\r\n");
                bytes
            }
            1 => request("GET", &format!("/events?poll=1&since={path}"), &accept, b""),
            2 => request("GET", &format!("/messages?before={path}"), &[], b""),
            _ => request("GET", &format!("/messages/{path}"), &[], b""),
        };
        let mut connection = match speaker.take() {
            Some(speaker) => speaker,
            None => Speaker::connect(&target.server.address).expect("a connection"),
        };
        connection.send(&bytes).expect("it is taken");
        let reply = connection.reply().expect("an answer");
        if reply.field("connection") != Some("close") {
            speaker = Some(connection);
        }
        let what = format!(
            "{:?} as {}",
            String::from_utf8_lossy(&value),
            ["Last-Event-ID", "since", "before", "a path"][n % 4]
        );
        target.judge(n % 4, &value, &reply, &what, &mut tally);
    }
    println!("{values} hostile values: {tally:?}");
    assert_eq!(std::fs::read(target.server.log()).expect("it"), target.log);
    tally
}

impl Target {
    #[track_caller]
    fn judge(&self, way: usize, value: &[u8], reply: &Reply, what: &str, tally: &mut Tally) {
        let status = reply.status;
        // White space around a field's value does not belong to it.
        let value = match way {
            0 => value.trim_ascii(),
            _ => value,
        };
        let text = std::str::from_utf8(value).unwrap_or("\u{0}");
        let genuine = self.index(text);
        if status != 200 {
            assert!(genuine.is_none(), "{what} is genuine, answered {status}");
            let allowed: &[u16] = match way {
                // Only an invalid field or too long a head is refused.
                0 => &[400, 431],
                1 | 2 => &[400, 414, 431],
                _ => &[400, 404, 410, 414, 431],
            };
            assert!(allowed.contains(&status), "{what}: {status}");
            assert!(!reply.word().is_empty(), "{what}: {status} without a word");
            tally.refused += 1;
            return;
        }
        match way {
            0 | 1 => {
                let sent = wires(reply);
                assert_eq!(sent[0].kind(), "hello", "{what}");
                let rest = &sent[1..];
                let lines = self.all.lines.len();
                match (genuine, rest.first()) {
                    (Some(index), _) => {
                        assert_eq!(sent[0].id(), Some(self.all.lines[index].id), "{what}");
                        self.are_all_from(rest, index + 1, what);
                        tally.genuine += 1;
                    }
                    (None, Some(Wire::Reset { .. })) if way == 0 => {
                        assert_eq!(rest.len(), 1 + LAST, "{what}");
                        self.are_all_from(&rest[1..], lines - LAST, what);
                        tally.reset += 1;
                    }
                    _ if way == 0 => {
                        assert!(value.is_empty(), "{what} was taken for a place");
                        self.are_all_from(rest, lines - LAST, what);
                        tally.times += 1;
                    }
                    // It is a moment or a duration, so the first line can be any.
                    _ => {
                        let looks_like_an_id = text.matches('-').count() == 2 && text.len() > 12;
                        let is_time = text.contains('T') && text.contains(':');
                        assert!(is_time || !looks_like_an_id, "{what} was taken for a place");
                        self.are_all_from(rest, lines - rest.len(), what);
                        tally.times += 1;
                    }
                }
            }
            2 => {
                let page: HistoryRange = serde_json::from_slice(&reply.body).expect("a page");
                let index = genuine.unwrap_or_else(|| panic!("{what} was taken for a place"));
                let from = index.saturating_sub(LAST);
                assert_eq!(page.events.len(), index - from, "{what}");
                self.are(&page.events, from, what);
                tally.genuine += 1;
            }
            _ => {
                // An empty path is the list itself, which other tests request.
                let wire: Wire = serde_json::from_slice(&reply.body).expect("an event");
                let index = genuine.unwrap_or_else(|| panic!("{what} was taken for a place"));
                self.are(&[wire], index, what);
                tally.genuine += 1;
            }
        }
    }
}

/// Restores the log from a backup and goes on with other texts. A listener with an id of the lost part is told so;
/// one with an id of the kept part continues exactly.
pub fn restored(restores: usize) {
    let folder = Arc::new(Folder::new());
    let mut server = scene::server(&folder, "127.0.0.1:0", &[]);
    let mut chance = Chance::new(Chance::seed());
    for round in 0..restores {
        let say = |server: &Server, what: &str| {
            let token = server.log_in(&format!("ann{round}{}", &what[..1]));
            for n in 0..40 {
                // The texts are equally long in both runs, so that the lines have the same offsets.
                let text = format!("{what} {round} {n}");
                assert_eq!(server.say(&token, &text).status, 201);
            }
        };
        say(&server, "kept");
        assert!(server.stop().success());
        let backup = std::fs::read(server.log()).expect("the log");
        server = scene::again(&folder, &server.address).0;
        say(&server, "lost");
        assert!(server.stop().success());
        let lost = LineUp::read(&std::fs::read(server.log()).expect("the log"));
        std::fs::write(server.log(), &backup).expect("restored");
        server = scene::again(&folder, &server.address).0;
        say(&server, "else");
        let log = std::fs::read(server.log()).expect("the log");
        let all = LineUp::read(&log);
        let target = Target { server, log, all };
        let (mut gone, mut kept, mut same_byte) = (0, 0, 0);
        for line in &lost.lines {
            let id = line.id.to_string();
            let fields = [("Accept", "application/x-ndjson"), ("Last-Event-ID", &*id)];
            let reply = scene::ask(&target.server.address, "GET", "/events?poll=1", &fields);
            let reply = reply.expect("an answer");
            let reset = matches!(wires(&reply).get(1), Some(Wire::Reset { .. }));
            // One in 65,536 of the lost lines has the id of another line by chance.
            let there = target.all.index(line.id).is_some();
            assert_eq!(reset, !there, "{id}");
            gone += usize::from(reset);
            kept += usize::from(there);
            same_byte += usize::from(!there && target.all.at(line.id.offset).is_some());
            let mut tally = Tally::default();
            target.judge(0, id.as_bytes(), &reply, &id, &mut tally);
            if chance.happens(200) {
                let since = format!("/events?poll=1&since={id}");
                let reply = scene::ask(&target.server.address, "GET", &since, &fields[..1]);
                let status = reply.expect("an answer").status;
                assert_eq!(status, if there { 200 } else { 400 }, "{id}");
                let path = format!("/messages/{id}");
                let reply = scene::ask(&target.server.address, "GET", &path, &[]);
                let status = reply.expect("an answer").status;
                assert_eq!(status, if there { 200 } else { 404 }, "{id}");
            }
        }
        println!(
            "restored: {gone} old ids are reset ({same_byte} where another line starts), {kept} go on"
        );
        assert!(same_byte > 20, "{same_byte}");
        server = target.server;
    }
}
