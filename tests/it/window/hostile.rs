//! Servers that are no chatroom, or hostile: the window stays responsive and small, and says what is wrong.
//!
//! The sentences themselves are tested with the link (`src/modes/gui/link/tests/hostile.rs`); here
//! the picture shows that there is one.

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chatroom::event::{Body, Id, LogId, Recorded};
use chatroom::wire::{HistoryRange, Wire};

use super::fake::{begin_stream, encoded, id, said, usual};
use super::{REFUSED, is_message};
use support::display::Display;
use support::fake::{Fake, hold, reply};
use support::picture::Picture;
use support::program::Folder;
use support::window::Window;

/// The limits of the window's memory, whatever a server sends: its own (PSS), and its peak of resident memory, with
/// shared libraries and the debug build's code.
const PSS: u64 = 60 << 20;
const PEAK: u64 = 90 << 20;
/// The dots of an open and of a broken stream, in the light theme.
const GOOD: [u8; 3] = [0x23, 0x8A, 0x4B];
/// The colours of its letters and of a button's border.
const BORDER: [u8; 3] = [0x84, 0x8B, 0x97];
const TEXT: [u8; 3] = [0x1B, 0x1E, 0x23];
const WARN: [u8; 3] = [0xB8, 0x65, 0x0F];

fn open(display: &Arc<Display>, fake: &Fake) -> Window {
    let window = display.open(Arc::new(Folder::new()), &["--name", "eve", &fake.address]);
    window.place(10, 30, 860, 600);
    window
}

/// The status line.
fn status(seen: &Picture) -> Picture {
    seen.part((0, 0), (-60, 0))
}

/// Waits until the status line reports in a sentence that the stream broke.
#[track_caller]
fn wait_for_offline(window: &Window) {
    window.wait_for_picture("words between an orange dot and Try now", |seen| {
        let (words, button) = (
            seen.part((130, -100), (-40, 0)),
            seen.part((-100, 0), (-46, 0)),
        );
        status(seen).count(WARN) > 30 && words.count(TEXT) > 20 && button.count(BORDER) > 100
    });
}

/// Types a text, waits for it in the field, checks the memory, and quits by Ctrl+Q.
#[track_caller]
fn is_alive_and_leaves(window: &Window, what: &str) {
    window.keys(&["ctrl+a"]);
    window.type_text("alive");
    window.wait_for_field("alive");
    let (pss, peak) = window.memory();
    println!("{what}: PSS {} MB, peak RSS {} MB", pss >> 20, peak >> 20);
    assert!(pss < PSS && peak < PEAK, "{what}: {pss} {peak}");
    window.keys(&["ctrl+q"]);
    assert_eq!(window.ended(), Some(0), "{what}");
}

/// Answers as something that is no chatroom: `head`, then `piece` for ten seconds.
fn flood(stream: &mut TcpStream, head: &str, piece: &[u8]) -> bool {
    let _ = stream.write_all(head.as_bytes());
    let until = Instant::now() + Duration::from_secs(10);
    while Instant::now() < until && stream.write_all(piece).is_ok() {}
    false
}

#[test]
fn other_servers_are_recognised_as_no_chatroom() {
    let display = Arc::new(Display::start(900, 700));
    let window = display.open(Arc::new(Folder::new()), &["127.0.0.1:1"]);
    window.place(10, 30, 860, 600);
    window.type_text("eve");
    let x = [b'x'; 65536];
    let html = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>";
    let elsewhere = "HTTP/1.1 301 Moved\r\nLocation: https://x/\r\nContent-Length: 0\r\n\r\n";
    let long = "HTTP/1.1 201 OK\r\nContent-Length: 99999999999\r\n\r\n";
    let evil = r#"{"error":"x","message":"\u202e\u0007\u001b[31m evil @. &x\u0000\n\n."}"#;
    let fakes: Vec<(&str, Fake)> = vec![
        ("html", Fake::saying(html)),
        ("a redirect", Fake::saying(elsewhere)),
        (
            "garbage",
            Fake::start(|_, _, s| s.write_all(&[0, 159, 7, 10, 255, 10, 13, 10]).is_err()),
        ),
        (
            "an endless head",
            Fake::start(move |_, _, s| flood(s, "HTTP/1.1 200 OK\r\n", &x)),
        ),
        (
            "an endless body",
            Fake::start(move |_, _, s| flood(s, long, &x)),
        ),
        (
            "control characters",
            Fake::start(move |_, _, s| reply(s, "421 No", "", evil)),
        ),
    ];
    // The sentence below the fields.
    let hint = |seen: &Picture| seen.part((10, -10), (46, 100));
    let mut before = hint(&window.at_rest());
    for (n, (what, fake)) in fakes.iter().enumerate() {
        // The cursor is in the field that was refused, at first in that of the name.
        if n == 0 {
            window.keys(&["shift+Tab"]);
        }
        window.fill(&fake.address);
        window.keys(&["Return"]);
        fake.wait_for("POST /session", 1);
        window.wait_for_picture(what, |seen| {
            hint(seen) != before && seen.count(REFUSED) > 500
        });
        before = hint(&window.at_rest());
        display.picture(&format!("none-{n}.png"));
    }
    is_alive_and_leaves(&window, "no chatroom");
}

/// A server whose streams are `bad` until the test has seen the window's report, and quiet then.
fn streams(bad: impl Fn(&mut TcpStream) + Send + Sync + 'static) -> (Fake, Arc<AtomicBool>) {
    let seen = Arc::<AtomicBool>::default();
    let is_seen = Arc::clone(&seen);
    let fake = Fake::start(move |request, _, stream| {
        if !request.is("GET /events") {
            return usual(request, stream);
        }
        if !is_seen.load(Ordering::SeqCst) {
            bad(stream);
            return false;
        }
        begin_stream(stream, &[]) && hold(stream)
    });
    (fake, seen)
}

#[test]
fn streams_that_make_no_sense_are_given_up_with_a_sentence() {
    let display = Arc::new(Display::start(900, 700));
    let endless = streams(|stream| {
        begin_stream(stream, &[]);
        flood(stream, "", &[b'x'; 65536]);
    });
    let huge = streams(|stream| {
        begin_stream(stream, &[]);
        let line = [b"data: ".as_slice(), &[b'x'; 1000], b"\n"].concat();
        for _ in 0..100_000 {
            if stream.write_all(&line).is_err() {
                return;
            }
        }
        panic!("the window took an event of 100 MB");
    });
    let typed = |head: &'static str| streams(move |stream| drop(stream.write_all(head.as_bytes())));
    let html = typed("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>");
    let moved =
        typed("HTTP/1.1 302 Found\r\nLocation: http://e\u{202e}vil/\r\nContent-Length: 0\r\n\r\n");
    let garbage = typed("\u{0}\u{1}garbage\n\n");
    for (what, (fake, seen)) in [
        ("an endless line", &endless),
        ("an event of 100 MB", &huge),
        ("a wrong type", &html),
        ("a redirect", &moved),
        ("garbage", &garbage),
    ] {
        let window = open(&display, fake);
        fake.wait_for("GET /events", 1);
        wait_for_offline(&window);
        display.picture(&format!("stream-{}.png", what.replace(' ', "-")));
        seen.store(true, Ordering::SeqCst);
        window.keys(&["ctrl+t"]);
        window.wait_for_picture("a green dot", |seen| status(seen).count(GOOD) > 30);
        is_alive_and_leaves(&window, what);
    }

    // It closes every stream and asks for an immediate reconnect: the window does not do so in a loop.
    let fake = Fake::start(|request, _, stream| {
        if !request.is("GET /events") {
            return usual(request, stream);
        }
        begin_stream(stream, &[]);
        let _ = stream.write_all(b"retry: 0\n\n");
        false
    });
    let window = open(&display, &fake);
    fake.wait_for("GET /events", 4);
    wait_for_offline(&window);
    let asked = fake.seen("GET /events").len();
    is_alive_and_leaves(&window, "retry: 0");
    // However slow the machine is, this takes some seconds.
    assert!(fake.seen("GET /events").len() <= asked + 20);
}

#[test]
fn a_flood_of_events_leaves_the_window_usable() {
    let display = Arc::new(Display::start(900, 700));
    let (enough, done) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
    let (told, over) = (Arc::clone(&enough), Arc::clone(&done));
    let fake = Fake::start(move |request, count, stream| {
        if !request.is("GET /events") {
            return usual(request, stream);
        }
        if !begin_stream(stream, &[]) || count > 0 {
            return hold(stream);
        }
        let (from, mut sent) = (Instant::now(), 0_u64);
        while !told.load(Ordering::SeqCst) {
            // 100,000 a second, if the window takes them.
            let due = from.elapsed().as_micros() as u64 / 10;
            let events: Vec<Wire> = (sent..due.min(sent + 1000))
                .map(|n| said(10 + n * 100, "bob", &format!("number {n}")))
                .collect();
            sent += events.len() as u64;
            if events.is_empty() {
                std::thread::sleep(Duration::from_millis(1));
            } else if stream.write_all(&encoded(&events)).is_err() {
                return false;
            }
        }
        println!("{sent} events were taken in {:.1?}", from.elapsed());
        over.store(true, Ordering::SeqCst);
        let last = said(10 + sent * 100, "bob", "the last of them");
        stream.write_all(&encoded(&[last])).is_ok() && hold(stream)
    });
    let window = open(&display, &fake);
    window.wait_to_be_in();
    // Every letter appears in the field while events keep arriving.
    let mut text = String::new();
    for _ in 0..20 {
        window.type_text("k");
        text.push('k');
        window.wait_for_field(&text);
        window.keys(&["End"]);
    }
    assert!(!done.load(Ordering::SeqCst));
    display.picture("flood.png");
    enough.store(true, Ordering::SeqCst);
    window.wait_for_line("the end of it", |line| {
        is_message(line, "bob", "the last of them")
    });
    display.picture("flooded.png");
    window.to_message();
    is_alive_and_leaves(&window, "a flood of events");
}

/// Answers with a page.
fn page(stream: &mut TcpStream, events: Vec<Wire>, next: Option<Id>) -> bool {
    let page = serde_json::to_string(&HistoryRange { events, next });
    reply(stream, "200 OK", "", &page.expect("JSON"))
}

#[test]
fn a_history_that_lies_is_bounded_and_leaves_what_is_true() {
    let display = Arc::new(Display::start(900, 700));
    let other = |offset| Id {
        log: LogId(99),
        ..id(offset)
    };
    let lie = move |kind: usize, stream: &mut TcpStream| -> bool {
        let backwards = (0..200).rev().map(|n| said(1000 + n, "liar", "backwards"));
        let mut elsewhere = said(1, "liar", "elsewhere");
        if let Wire::Recorded(Recorded {
            id,
            body: Body::Message { .. },
            ..
        }) = &mut elsewhere
        {
            *id = other(40);
        }
        let endless = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"events\":[";
        match kind {
            0 => page(stream, backwards.collect(), Some(id(999))),
            1 => page(
                stream,
                vec![said(5000, "liar", "again"); 500],
                Some(id(5000)),
            ),
            2 => page(
                stream,
                vec![said(900_000, "liar", "later")],
                Some(id(900_000)),
            ),
            3 => page(stream, vec![elsewhere], Some(other(30))),
            4 => page(stream, Vec::new(), Some(id(9000))),
            5 => flood(stream, endless, &b"{},".repeat(1000)),
            _ => reply(stream, "200 OK", "", "[null]"),
        }
    };
    let lies = [
        "back to front",
        "the same again and again",
        "newer than what was asked for",
        "of another log",
        "empty, with more to come",
        "without an end",
        "no page",
    ];
    for (kind, what) in lies.into_iter().enumerate() {
        let fake = Fake::start(move |request, _, stream| {
            if request.is("GET /messages") {
                return lie(kind, stream);
            }
            if !request.is("GET /events") {
                return usual(request, stream);
            }
            let true_ones: Vec<Wire> = (0..60)
                .map(|n| said(10_000 + n * 100, "bob", &format!("true {n}")))
                .collect();
            begin_stream(stream, &true_ones) && hold(stream)
        });
        let window = open(&display, &fake);
        window.wait_to_be_in();
        window.wait_for_line("what is true", |line| is_message(line, "bob", "true 59"));
        // Goes to the beginning again and again, and presses every button for more.
        for _ in 0..6 {
            window.keys(&["Home", "Right", "Return", "Escape"]);
        }
        fake.wait_for("GET /messages", 1);
        display.picture(&format!("lies-{kind}.png"));
        let asked = fake.seen("GET /messages").len();
        println!("{what}: asked {asked} times");
        assert!(asked < 100, "{what}: it was asked {asked} times");
        let seen = window.transcript();
        let true_ones = seen.lines().filter_map(|line| line.split_once(":true "));
        let numbers = true_ones.map(|(_, n)| n.parse::<usize>().expect("a number"));
        assert!(numbers.eq(0..60), "{what}: {seen}");
        window.to_message();
        is_alive_and_leaves(&window, what);
    }
}

#[test]
fn events_of_another_log_are_never_mixed_with_the_others() {
    let display = Arc::new(Display::start(900, 700));
    let fake = Fake::start(|request, _, stream| {
        if !request.is("GET /events") {
            return usual(request, stream);
        }
        // Both logs in turn, without a word about it.
        let events: Vec<Wire> = (0..2000)
            .map(|n| {
                let mut event = said(100 + n, "bob", &format!("log {} at {n}", n / 500));
                if let Wire::Recorded(Recorded { id, .. }) = &mut event {
                    id.log = LogId((n / 500) as u32);
                }
                event
            })
            .collect();
        begin_stream(stream, &events) && hold(stream)
    });
    let window = open(&display, &fake);
    window.wait_to_be_in();
    let seen = window.wait_for_line("the last", |line| line.ends_with(":log 3 at 1999"));
    display.picture("two-logs.png");
    assert!(!seen.lines().any(|line| line.contains(":log 2 ")), "{seen}");
    window.to_message();
    is_alive_and_leaves(&window, "events of several logs");
}

#[test]
fn names_and_texts_of_control_characters_are_shown_as_what_they_are() {
    let display = Arc::new(Display::start(900, 700));
    let fake = Fake::start(|request, _, stream| {
        if request.line.contains(" /session ") {
            let session = r#"{"name":"eve\u0000\u202e","token":"t1","room":"lob\u0000\u202eby @.",
                              "id":"00000001-1-0000"}"#;
            return reply(stream, "201 Created", "", session);
        }
        if !request.is("GET /events") {
            return usual(request, stream);
        }
        let turned = "\u{202e}\u{2066}evil\u{202d}";
        let controls: String = (0_u8..32)
            .map(char::from)
            .chain(['\u{7f}', '\u{85}'])
            .collect();
        let long = "\u{301}".repeat(5000);
        let events = [
            said(100, turned, "a name that turns"),
            said(200, &controls, "a name of controls"),
            said(300, "bob", &controls),
            said(
                400,
                "bob",
                &format!("{turned} @.@b &x {controls} \u{2028}\u{2029}\u{feff}"),
            ),
            said(500, "bob", &format!("a{long}")),
            said(600, &"n".repeat(60_000), "a long name"),
            said(700, "", "no name"),
            said(800, "x]: 0:00:00:forged\n[bob", "lines"),
            said(900, "bob", &"\n".repeat(10_000)),
            said(1000, "bob", "the last"),
        ];
        begin_stream(stream, &events) && hold(stream)
    });
    let window = open(&display, &fake);
    window.wait_to_be_in();
    let seen = window.wait_for_line("the last", |line| is_message(line, "bob", "the last"));
    display.picture("controls.png");
    // Copied text is safe to paste, and no line imitates another message.
    let obeyed = |c: char| c.is_control() && !"\n\t\r".contains(c);
    assert_eq!(seen.chars().find(|c| obeyed(*c)), None);
    assert!(!seen.lines().any(|line| is_message(line, "bob", "lines")));
    assert!(!seen.lines().any(|line| line == "[x]: 0:00:00:forged"));
    assert!(seen.contains(r"[\u{202e}\u{2066}evil\u{202d}]: 0:00:01:a name that turns"));
    window.keys(&["Home", "Page_Down", "Page_Down", "End"]);
    window.to_message();
    is_alive_and_leaves(&window, "control characters");
}
