//! The cost of single steps of a message's path: `cargo bench --bench micro`, or with a part of a name after `--` for
//! some of them.
//!
//! Every figure, with its throughput, is for [`LINES`] lines (or one request head): in bytes of log for steps that
//! read or write the log, in bytes of stream for the decoder. Compare two versions in alternating runs: on a shared
//! machine the speed changes from minute to minute.

use std::hint::black_box;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput};

use chatroom::event::{Body, Event, Key, LogId, Stamp};
use chatroom::http::Head;
use chatroom::journal::{LogRange, Reader};
use chatroom::line;
use chatroom::modes::server::tail::{Batch, Cursor, Tail};
use chatroom::name::{Judged, Name};
use chatroom::sse::decoder::Decoder;
use chatroom::sse::{self, Encoding, Form};

/// The number of lines of a round, which fit into the processor's caches.
const LINES: usize = 1_000;
/// The number of lines that a busy room commits at once.
const COMMIT: usize = 64;
/// The encoding for most listeners.
const SSE: Encoding = Encoding {
    form: Form::Sse,
    chunked: true,
};
const LOG: LogId = LogId(0x5d2f_0a11);
/// The offset of the first line, as in a log that is some days old.
const OFFSET: u64 = 1_234_567_890;

/// Kinds of texts: plain English, with quotes and line breaks, and in other scripts.
const TEXTS: [(&str, &str); 3] = [
    (
        "plain",
        "The quick brown fox jumps over the lazy dog, and then it sits down to see what the dog will do about it, if anything at all. ",
    ),
    (
        "quoted",
        "He said: \"look at C:\\temp\\log, then run it\"\nand so I did,\tbut it was \"empty\".\nIs that what you see over there as well? ",
    ),
    (
        "scripts",
        "Größe, naïveté, déjà vu — «привет всем», 今日はいい天気ですね。 🙂 சரி, let us see what that makes of a line. ",
    ),
];

/// Messages of 60 to 140 characters, a few without a key, with a join or leave now and then: lines of about 170
/// bytes.
fn events(text: &str) -> Vec<Event> {
    let text: Vec<char> = text.chars().cycle().take(400).collect();
    let names = ["uthira", "bob", "eve", "Zoë"];
    let mut chance = 7u64;
    let mut draw = |below: u64| {
        chance = chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (chance >> 33) % below
    };
    let mut micros = 1_795_473_297_180_845;
    let mut event = |_| {
        micros += draw(90_000_000) as i64;
        let from = names[draw(4) as usize].to_string();
        let (start, length) = (draw(200) as usize, 60 + draw(80) as usize);
        let body = match draw(50) {
            0 => Body::join(from),
            1 => Body::leave(from),
            other => Body::message(from, text[start..start + length].iter().collect::<String>())
                .elapsed(draw(4_000))
                .keyed(
                    (other > 4)
                        .then(|| Key::new(&format!("{:012x}", draw(1 << 31) << 16)))
                        .flatten(),
                ),
        };
        let at = Stamp::from_micros(micros);
        Event { at, body }
    };
    (0..LINES).map(&mut event).collect()
}

fn lines(events: &[Event]) -> Vec<u8> {
    let mut out = Vec::new();
    for event in events {
        line::to_line(event, &mut out);
    }
    out
}

/// Encodes every line of a log, as for listeners.
fn encode_lines(form: Form, log: &[u8], out: &mut Vec<u8>) {
    for (offset, line) in line::lines(OFFSET, log) {
        sse::encode_line(form, LOG, offset, line, out);
    }
}

fn range(offset: u64, bytes: &[u8]) -> LogRange {
    LogRange {
        offset,
        bytes: bytes.to_vec(),
        next: offset + bytes.len() as u64,
    }
}

fn of_lines(c: &mut Criterion) {
    for (kind, text) in TEXTS {
        let events = events(text);
        let log = lines(&events);
        let each: Vec<&[u8]> = log.split_inclusive(|b| *b == b'\n').collect();
        let each: Vec<&[u8]> = each.iter().map(|line| &line[..line.len() - 1]).collect();
        let mut out = Vec::with_capacity(4 * log.len());

        let mut group = c.benchmark_group("line");
        group.throughput(Throughput::Bytes(log.len() as u64));
        group.bench_function(format!("to_line/{kind}"), |b| {
            b.iter(|| {
                out.clear();
                for event in &events {
                    black_box(line::to_line(event, &mut out));
                }
            });
        });
        group.bench_function(format!("check/{kind}"), |b| {
            b.iter(|| each.iter().filter(|line| line::check(line).is_ok()).count());
        });
        group.bench_function(format!("look/{kind}"), |b| {
            b.iter(|| each.iter().filter(|line| line::raw(line).is_ok()).count());
        });
        group.bench_function(format!("parse_line/{kind}"), |b| {
            b.iter(|| {
                for line in &each {
                    let _ = black_box(line::parse_line(line));
                }
            });
        });
        group.finish();

        let mut group = c.benchmark_group("encode");
        group.throughput(Throughput::Bytes(log.len() as u64));
        for (name, form) in [
            ("sse", Form::Sse),
            ("ndjson", Form::Ndjson),
            ("plain", Form::Plain),
        ] {
            group.bench_function(format!("{name}/{kind}"), |b| {
                b.iter(|| {
                    out.clear();
                    encode_lines(form, &log, &mut out);
                    black_box(&out);
                });
            });
        }
        group.finish();
    }
}

/// Finds the offset of a moment in a log of some 17 MB.
fn of_seeking(c: &mut Criterion) {
    const ROUNDS: i64 = 100;
    let mut log = Vec::new();
    let mut events = events(TEXTS[0].1);
    let (first, last) = (events[0].at, events[LINES - 1].at);
    let span = last.micros() - first.micros() + 1;
    for _ in 0..ROUNDS {
        for event in &mut events {
            line::to_line(event, &mut log);
            event.at = Stamp::from_micros(event.at.micros() + span);
        }
    }
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(&log).expect("written");
    let end = log.len() as u64;
    let reader = Reader::new(Arc::new(file), LOG);
    let mut group = c.benchmark_group("seek");
    group.bench_function("at_time", |b| {
        let mut place = 0;
        b.iter(|| {
            place = (place + 37) % ROUNDS;
            let at = Stamp::from_micros(first.micros() + place * span + span / 3);
            reader.at_time(at, end).expect("read")
        });
    });
    group.finish();
}

fn of_the_tail(c: &mut Criterion) {
    let events = events(TEXTS[0].1);
    let log = lines(&events);
    let commit = lines(&events[..COMMIT]);
    let mut group = c.benchmark_group("tail");
    group.throughput(Throughput::Bytes(log.len() as u64));
    group.bench_function("lines", |b| {
        let range = range(OFFSET, &log);
        b.iter(|| range.lines().map(|(at, line)| at ^ line.len() as u64).max());
    });

    group.throughput(Throughput::Bytes(commit.len() as u64));
    group.bench_function("encode", |b| {
        let fresh = || Batch::new(LOG, range(OFFSET, &commit));
        let encode = |batch: Batch| {
            black_box(batch.encoded(SSE));
            batch
        };
        b.iter_batched(fresh, encode, BatchSize::SmallInput);
    });
    // The tail is full: each new batch displaces an old one.
    let mut tail = Tail::default();
    let mut end = OFFSET;
    while end < OFFSET + (8 << 20) {
        let batch = Batch::new(LOG, range(end, &commit));
        batch.encoded(SSE);
        end = batch.end();
        tail.push(Arc::new(batch));
    }
    group.bench_function("publish", |b| {
        let mut end = end;
        let fresh = || {
            let batch = range(end, &commit);
            end = batch.next;
            batch
        };
        let mut tail = Tail::default();
        b.iter_batched(
            fresh,
            |range| tail.push(Arc::new(Batch::new(LOG, range))),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("read", |b| {
        // The steps of a follower: the batches from its cursor on, its position in the first, and its cursor after
        // sending.
        let middle = end - 100 * commit.len() as u64;
        let cursor = Cursor {
            offset: middle,
            sent: 0,
        };
        b.iter(|| {
            let batches = tail.from(black_box(middle), 16);
            let first = &batches[0];
            let position = first.position(SSE, cursor);
            first.cursor(SSE, position + first.encoded(SSE).bytes.len() / 2)
        });
    });
    group.finish();
}

fn of_the_wire(c: &mut Criterion) {
    let curl = "POST /messages HTTP/1.1\r\nHost: 192.168.1.20:1337\r\nUser-Agent: curl/8.5.0\r\n\
                Accept: */*\r\nAuthorization: Bearer dXRoaXJhLjE3OTU0NzMyOTcuNDM\r\n\
                Content-Length: 2\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n";
    let browser = "GET /events?since=5d2f0a11-18342-9d02&max=100 HTTP/1.1\r\n\
                   Host: room.local:1337\r\nConnection: keep-alive\r\nCache-Control: no-cache\r\n\
                   sec-ch-ua: \"Chromium\";v=\"142\", \"Not_A Brand\";v=\"99\"\r\n\
                   sec-ch-ua-mobile: ?0\r\nsec-ch-ua-platform: \"Linux\"\r\n\
                   User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like \
                   Gecko) Chrome/142.0.0.0 Safari/537.36\r\nAccept: text/event-stream\r\n\
                   Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\n\
                   Referer: http://room.local:1337/\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n\
                   Accept-Language: en-GB,en;q=0.9,sv;q=0.8\r\nCookie: theme=dark; seen=18342\r\n\
                   Last-Event-ID: 5d2f0a11-18342-9d02\r\nDNT: 1\r\n\r\n";
    let mut group = c.benchmark_group("head");
    for (name, head) in [("curl_post", curl), ("browser_get", browser)] {
        assert!(matches!(Head::parse(head.as_bytes()), Ok(Some(_))));
        group.throughput(Throughput::Bytes(head.len() as u64));
        group.bench_function(name, |b| b.iter(|| Head::parse(black_box(head.as_bytes()))));
    }
    group.finish();

    let mut stream = Vec::new();
    let log = lines(&events(TEXTS[0].1));
    encode_lines(Form::Sse, &log, &mut stream);
    let mut group = c.benchmark_group("decode");
    group.throughput(Throughput::Bytes(stream.len() as u64));
    group.bench_function("sse", |b| {
        b.iter(|| {
            let mut decoder = Decoder::new();
            let mut events = 0;
            for mut piece in stream.chunks(16 * 1024) {
                while let Ok(Some(event)) = decoder.next(&mut piece) {
                    black_box(event);
                    events += 1;
                }
            }
            assert_eq!(events, LINES);
        });
    });
    group.finish();
}

/// Judges a name, as for every request of a guest.
fn of_names(c: &mut Criterion) {
    let mut group = c.benchmark_group("name");
    for (kind, raw) in [
        ("plain", "uthira"),
        ("burmese", "အောင်အောင်"),
        ("digits", "build-17"),
    ] {
        group.bench_function(format!("judge/{kind}"), |b| {
            b.iter(|| Name::new(black_box(raw), 64).is_ok());
        });
        let judged = Judged::new(64);
        group.bench_function(format!("known/{kind}"), |b| {
            b.iter(|| judged.name(black_box(raw)).is_ok());
        });
    }
    group.finish();
}

fn main() {
    let mut c = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800))
        .sample_size(30)
        .configure_from_args();
    of_lines(&mut c);
    of_seeking(&mut c);
    of_the_tail(&mut c);
    of_the_wire(&mut c);
    of_names(&mut c);
    c.final_summary();
}
