//! `memory`: the memory of a window that is empty, has 10,000 messages, or a history of 1,000,000.
//!
//! PSS divides shared memory among the processes that share it; "private" is memory of this process only; "peak" is
//! the maximum so far (VmHWM), with all shared memory. There are two ways to 10,000 messages: they arrive while the
//! window is open (both programs), or they are in the room's history and Page Up is pressed until the picture no
//! longer moves (chatroom; IRC has no history). The memory is read first, and then the messages are counted by
//! Ctrl+A, Ctrl+C and the clipboard, because copying needs memory itself. HexChat has them because it keeps 30,000
//! lines and has answered a CTCP PING sent after them.
//!
//! In the history of 1,000,000, Page Up is pressed for half a minute, as fast as the picture follows; in another
//! window on such a room, Home is pressed ten times. The smallest number among the copied messages shows how far each
//! has led.
//!
//! Sources of error: PSS includes every library that no other process uses at that time, though on a desktop others
//! may (the server runs from a copy of the executable, so it shares none of it); freed memory can stay with the
//! process; the texts are 50 bytes long on average.

use std::time::{Duration, Instant};

use crate::client::{Client, Open};
use crate::figures::{Figure, keep_frames, table};
use crate::report::{Form, Report, Values};
use crate::screen::key;
use crate::servers::{Running, Start};
use crate::speaker::{Speaker, speak};
use crate::usage;
use crate::{Res, Setting, chat, stop};

const MANY: u64 = 10_000;
const HUGE: u64 = 1_000_000;

/// Measures the memory in each case.
pub fn memory(setting: &Setting, report: &mut Report) -> Res<()> {
    let rounds = if setting.quick { 1 } else { 3 };
    for round in 1..=rounds {
        for client in setting.turns(round) {
            came(setting, report, client, round)?;
            if client.is_chatroom() {
                let values = scrolled(setting, report, client, "10,000 paged");
                report.keep("memory", "scrolled", &client.name, round, values)?;
            }
        }
    }
    for client in setting.clients.iter().filter(|c| c.is_chatroom()) {
        let values = scrolled(setting, report, client, "1,000,000 paged");
        report.keep("memory", "huge", &client.name, 1, values)?;
        let values = scrolled(setting, report, client, "1,000,000 Home");
        report.keep("memory", "home", &client.name, 1, values)?;
    }
    publish(report, rounds);
    Ok(())
}

fn publish(report: &mut Report, rounds: usize) {
    const MB: Form = Form::Digits(1);
    const NUMBER: Form = Form::Digits(0);
    const EMPTY: &[Figure] = &[
        Figure("empty room: PSS, MB", "pss", MB, ""),
        Figure("empty room: private, MB", "private", MB, ""),
    ];
    const CAME: &[Figure] = &[
        Figure("10,000 came in: PSS, MB", "pss", MB, "40"),
        Figure("10,000 came in: private, MB", "private", MB, ""),
        Figure("10,000 came in: peak, MB", "peak", MB, ""),
        Figure("10,000 came in: loaded", "loaded", NUMBER, "10000"),
    ];
    const SCROLLED: &[Figure] = &[
        Figure("10,000 scrolled up: PSS, MB", "pss", MB, "40"),
        Figure("10,000 scrolled up: private, MB", "private", MB, ""),
        Figure("10,000 scrolled up: peak, MB", "peak", MB, ""),
        Figure("10,000 scrolled up: loaded", "loaded", NUMBER, "10000"),
        Figure("10,000 scrolled up: took", "took_us", Form::Time, ""),
    ];
    const HUGE: &[Figure] = &[
        Figure("1,000,000, paging up: PSS, MB", "pss", MB, "50"),
        Figure("1,000,000, paging up: private, MB", "private", MB, ""),
        Figure("1,000,000, paging up: peak, MB", "peak", MB, ""),
        Figure("1,000,000, paging up: pages", "pages", NUMBER, ""),
        Figure("1,000,000, paging up: messages up", "far", NUMBER, ""),
    ];
    const HOME: &[Figure] = &[
        Figure("1,000,000, Home: PSS, MB", "pss", MB, "50"),
        Figure("1,000,000, Home: private, MB", "private", MB, ""),
        Figure("1,000,000, Home: peak, MB", "peak", MB, ""),
        Figure("1,000,000, Home: messages up", "far", NUMBER, ""),
    ];
    let cases = [
        ("empty", EMPTY),
        ("came", CAME),
        ("scrolled", SCROLLED),
        ("huge", HUGE),
        ("home", HOME),
    ];
    let text = format!(
        "Memory: median of {rounds} rounds (best-worst), one with 1,000,000; MB of 1,000,000 bytes\n\n{}",
        table(report, "memory", &cases)
    );
    report.publish("memory", text);
}

/// Adds the window's memory now.
fn put(values: &mut Values, open: &Open) {
    let pids = open.pids();
    let mega = |bytes: u64| bytes as f64 / 1e6;
    values.put("pss", mega(usage::memory(&pids)));
    values.put("private", mega(usage::private_memory(&pids)));
    values.put("peak", mega(usage::peak_memory(&pids)));
}

/// Measures an empty room, then the same room after 10,000 messages.
fn came(setting: &Setting, report: &mut Report, client: &Client, round: usize) -> Res<()> {
    let server = Running::start(&client.server)?;
    let open = client.open(&setting.screen, server.address)?;
    std::thread::sleep(Duration::from_secs(2));
    open.rest()?;
    let mut empty = Values::default();
    put(&mut empty, &open);
    report.keep("memory", "empty", &client.name, round, Ok(empty))?;
    let values = filled(client, &server, &open);
    report.keep("memory", "came", &client.name, round, values)?;
    keep_frames(report, "10,000 came in", &client.name, open.close()?)
}

fn filled(client: &Client, server: &Running, open: &Open) -> Res<Values> {
    let mut speakers = Speaker::several(server, 10)?;
    open.ready(&mut speakers[0])?;
    std::thread::scope(|scope| speak(scope, &mut speakers, 0, MANY, 2_000)())?;
    if !client.is_chatroom() {
        for speaker in &mut speakers {
            speaker.ping(client.nick())?;
        }
    }
    open.rest()?;
    let mut values = Values::default();
    put(&mut values, open);
    if client.is_chatroom() {
        let numbers = chat::numbers(&open.copied()?);
        // The messages that showed that the window is ready are there too.
        values.put("loaded", numbers.len().min(MANY as usize) as f64);
    }
    Ok(values)
}

/// Measures a window that scrolls up in a room with a history.
fn scrolled(setting: &Setting, report: &mut Report, client: &Client, case: &str) -> Res<Values> {
    let count = if case.starts_with("10,000 ") {
        MANY
    } else {
        HUGE
    };
    let start = Start::of(&client.server)?;
    chat::write_log(&start.folder().join("log.txt"), count)?;
    let server = start.go()?;
    let open = client.open(&setting.screen, server.address)?;
    open.ready(&mut Speaker::enter(&server)?)?;
    let mut values = Values::default();
    if case.ends_with("Home") {
        for _ in 0..10 {
            setting.screen.press(&[key::HOME])?;
            open.rest()?;
        }
    } else {
        let longest = Duration::from_secs(if setting.quick { 10 } else { 30 });
        let begin = Instant::now();
        let (pages, last) = page_up(setting, &open, longest)?;
        values.put("pages", pages as f64);
        values.put("took_us", (last - begin).as_micros() as f64);
    }
    put(&mut values, &open);
    let numbers = chat::numbers(&open.copied()?);
    values.put("loaded", numbers.len().min(count as usize) as f64);
    // Without the messages that showed that the window is ready.
    let first = numbers.iter().filter(|n| (3..count).contains(*n)).min();
    values.put("far", first.map_or(0.0, |first| (count - first) as f64));
    keep_frames(report, case, &client.name, open.close()?)?;
    Ok(values)
}

/// Presses Page Up whenever the picture has followed, until it no longer moves or `longest` is over; returns how
/// often it moved, and when it last did.
fn page_up(setting: &Setting, open: &Open, longest: Duration) -> Res<(u64, Instant)> {
    let begin = Instant::now();
    let (mut pages, mut last) = (0, begin);
    while begin.elapsed() < longest && last.elapsed() < Duration::from_secs(3) {
        let before = setting.screen.picture(open.transcript())?;
        setting.screen.press(&[key::PAGE_UP])?;
        let moved = setting
            .screen
            .changed(&before, Duration::from_millis(200))?;
        if let Some(at) = moved {
            (pages, last) = (pages + 1, at);
        }
        stop::check()?;
    }
    Ok((pages, last))
}
