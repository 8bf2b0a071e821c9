//! `catch-up`: one listener reads a million old messages while others receive new ones. Measures how fast it is
//! served, the server's memory, and the delay for the others.

mod reader;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use chatroom::event::{Body, Event, Stamp};
use chatroom::line;

use crate::drive::{Pace, Plan, drive};
use crate::fleet::Fleet;
use crate::report::{Column, Form, Report, Values, table};
use crate::servers::{Kind, Running, Start};
use crate::{Res, Setting, usage};
use reader::{LAST, Reader};

const MESSAGES: i64 = 1_000_000;
const LIVE: usize = 50;
const RATE: f64 = 50.0;

/// Runs rounds with and without the listener that catches up, and each form of the stream once.
pub fn catch_up(setting: &Setting, report: &mut Report) -> Res<()> {
    for entrant in setting.entrants.iter().filter(|e| e.kind == Kind::Chatroom) {
        let start = Start::of(entrant)?;
        let size = plant(&start.folder().join("log.txt"), setting.size)?;
        let server = start.go()?;
        let name = &entrant.name;
        for round in 1..=setting.more_rounds() {
            let run = live(setting, &server, None);
            report.keep(
                "catch-up",
                "live",
                &format!("{name}, nobody catches up"),
                round,
                run,
            )?;
            let run = live(setting, &server, Some(size));
            report.keep(
                "catch-up",
                "live",
                &format!("{name}, one catches up"),
                round,
                run,
            )?;
        }
        let forms = [
            ("Server-Sent Events", "text/event-stream"),
            ("lines of JSON", "application/x-ndjson"),
            ("plain lines", "*/*"),
        ];
        for (form, accept) in forms {
            let run = alone(&server, accept, size);
            report.keep("catch-up", "forms", &format!("{name}, {form}"), 1, run)?;
        }
    }
    let columns = [
        Column("live p50", "latency_p50_us", Form::Time, true),
        Column("live p99", "latency_p99_us", Form::Time, true),
        Column("live max", "latency_max_us", Form::Time, false),
        Column("journal MB/s", "journal_mb_s", Form::Digits(0), true),
        Column("passes", "passes", Form::Digits(1), false),
        Column("server memory, most, MB", "peak_mb", Form::Digits(1), true),
        Column("server core %", "server_core_pct", Form::Digits(0), false),
    ];
    let live = table(report, "catch-up", "live", &columns, None);
    let columns = [
        Column("journal MB/s", "journal_mb_s", Form::Digits(0), false),
        Column("sent MB/s", "sent_mb_s", Form::Digits(0), false),
        Column("seconds", "seconds", Form::Digits(2), false),
    ];
    let forms = table(report, "catch-up", "forms", &columns, None);
    let mut told = String::new();
    for entrant in setting.entrants.iter().filter(|e| e.kind == Kind::Chatroom) {
        let of = |who: &str, value: &str| {
            let server = format!("{}, {who}", entrant.name);
            report.median("catch-up", "live", &server, value)
        };
        let both = |value: &str| {
            Some((
                of("nobody catches up", value)?,
                of("one catches up", value)?,
            ))
        };
        if let (Some(memory), Some(p99)) = (both("peak_mb"), both("latency_p99_us")) {
            told.push_str(&format!(
                "{}: with the one who catches up, {:+.1} MB of memory at most and {:.2} times the \
                 live p99 (medians).\n",
                entrant.name,
                memory.1 - memory.0,
                p99.1 / p99.0
            ));
        }
    }
    let text = format!(
        "Catch-up: a log of 1,000,000 messages; {LIVE} live listeners, {RATE} messages/s; one more \
         listener reads everything since the start, over and over\n\n{live}\n{told}\n\
         The same log once in each form, with nobody else there\n\n{forms}"
    );
    report.publish("catch-up", text);
    Ok(())
}

/// Writes a log as a room writes it; returns its size in bytes.
pub fn plant(log: &Path, size: usize) -> Res<u64> {
    let begin = Stamp::now().minus(Duration::from_secs(7_200));
    let opened = Body::opened("chatroom bench", "6f1d0c5be2a94c07");
    let mut file = BufWriter::new(File::create(log)?);
    let mut line = Vec::new();
    let mut event = Event {
        at: begin,
        body: opened,
    };
    line::to_line(&event, &mut line);
    file.write_all(&line)?;
    let mut written = line.len() as u64;
    for number in 1..=MESSAGES {
        let text = match number {
            MESSAGES => LAST.to_string(),
            _ => format!("{number:<size$}").replace(' ', "x"),
        };
        event.at = begin.plus(Duration::from_millis(number as u64));
        event.body = Body::message("planter", text);
        line.clear();
        line::to_line(&event, &mut line);
        file.write_all(&line)?;
        written += line.len() as u64;
    }
    file.into_inner()?.sync_all()?;
    Ok(written)
}

/// A round, with a listener that catches up if the journal's size is given.
fn live(setting: &Setting, server: &Running, journal: Option<u64>) -> Res<Values> {
    let mut fleet = Fleet::new(server.kind, server.address, setting.size)?;
    fleet.connect_listeners(LIVE)?;
    fleet.connect_senders(setting.senders)?;
    let memory = Memory::watch(server.pid());
    let reader = journal.map(|_| Reader::start(server.address, "text/event-stream"));
    let plan = Plan {
        pace: Pace::Rate(RATE),
        warm: setting.warm() / 2,
        measured: setting.measured(),
    };
    let driven = drive(&mut fleet, plan, server);
    let read = reader.map(Reader::stop).transpose()?;
    let peak = memory.stop();
    let mut values = driven?;
    values.put("peak_mb", peak as f64 / 1e6);
    if let (Some(read), Some(journal)) = (read, journal) {
        let passes = read.passes()?;
        values.put("passes", passes);
        let seconds = read.time.as_secs_f64();
        values.put("journal_mb_s", passes * journal as f64 / 1e6 / seconds);
    }
    Ok(values)
}

/// One pass without other listeners.
fn alone(server: &Running, accept: &str, journal: u64) -> Res<Values> {
    let read = reader::once(server.address, accept)?;
    let seconds = read.time.as_secs_f64();
    let mut values = Values::default();
    values.put("seconds", seconds);
    values.put("journal_mb_s", journal as f64 / 1e6 / seconds);
    values.put("sent_mb_s", read.bytes as f64 / 1e6 / seconds);
    Ok(values)
}

/// Reads a process's memory every 5 ms.
struct Memory {
    stop: Arc<AtomicBool>,
    most: Arc<AtomicU64>,
    thread: thread::JoinHandle<()>,
}

impl Memory {
    fn watch(pid: u32) -> Memory {
        let (stop, most) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU64::new(0)),
        );
        let (asked, seen) = (Arc::clone(&stop), Arc::clone(&most));
        let thread = thread::spawn(move || {
            while !asked.load(Ordering::Relaxed) {
                seen.fetch_max(usage::resident(pid), Ordering::Relaxed);
                thread::sleep(Duration::from_millis(5));
            }
        });
        Memory { stop, most, thread }
    }

    /// The peak, in bytes.
    fn stop(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        // Even if it failed, what it saw counts.
        let _ = self.thread.join();
        self.most.load(Ordering::Relaxed)
    }
}
