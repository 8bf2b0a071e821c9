//! `console`: a console that is not read must not slow the room, and must report what it lost.

use std::io::{BufRead, BufReader};
use std::process::ChildStdout;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::drive::{Pace, Plan, drive};
use crate::fleet::Fleet;
use crate::report::{Column, Form, Report, Values, table};
use crate::servers::{Entrant, Kind, Start};
use crate::{Res, Setting};

/// The warm-up, long enough to fill the pipe and the queue before it, so that the measured console is stuck.
const FILL: Duration = Duration::from_secs(6);
/// Messages a second.
const RATE: f64 = 1_000.0;

/// The output of a console.
#[derive(Debug, Default)]
struct Shown {
    /// The messages shown.
    messages: u64,
    /// The lines lost, as the console reports.
    lost: u64,
    /// The sentences that report lost lines.
    sentences: Vec<String>,
}

impl Shown {
    fn add(&mut self, line: String) {
        if line.starts_with("Task number=") {
            self.messages += 1;
        }
        if let Some(lost) = line.strip_prefix('(')
            && let Some((lost, _)) = lost.split_once(" console lines were lost")
        {
            self.lost += lost.parse::<u64>().unwrap_or(0);
            self.sentences.push(line);
        }
    }
}

/// Sends 1,000 messages per second with the console's pipe read, and with it not read.
pub fn console(setting: &Setting, report: &mut Report) -> Res<()> {
    let mut said = String::new();
    for round in 1..=setting.rounds {
        for entrant in setting.entrants.iter().filter(|e| e.kind == Kind::Chatroom) {
            for read in [true, false] {
                let server = format!("{}, {}", entrant.name, name(read));
                let run = room(setting, entrant, read, &mut said);
                report.keep("console", "", &server, round, run)?;
            }
        }
    }
    let columns = [
        Column("p50", "answer_p50_us", Form::Time, true),
        Column("p99", "answer_p99_us", Form::Time, true),
        Column("p99.9", "answer_p999_us", Form::Time, true),
        Column("max", "answer_max_us", Form::Time, true),
        Column("posted", "posted", Form::Digits(0), false),
        Column("shown", "shown", Form::Digits(0), false),
        Column("said to be lost", "lost", Form::Digits(0), false),
    ];
    let text = table(report, "console", "", &columns, None);
    let title = "Console: 1,000 messages/s, POST to 201, with the console's pipe read and stuck";
    let mut text = format!("{title}\n\n{text}\n");
    for entrant in setting.entrants.iter().filter(|e| e.kind == Kind::Chatroom) {
        let times = |value: &str| {
            let of = |read| {
                let server = format!("{}, {}", entrant.name, name(read));
                report.median("console", "", &server, value)
            };
            Some(format!("{:.2}", of(false)? / of(true)?))
        };
        let names = [
            "answer_p50_us",
            "answer_p99_us",
            "answer_p999_us",
            "answer_max_us",
        ];
        if let [Some(p50), Some(p99), Some(p999), Some(max)] = names.map(times) {
            text.push_str(&format!(
                "{}: stuck / read: p50 {p50}, p99 {p99}, p99.9 {p999}, max {max} (of the medians).\n",
                entrant.name
            ));
        }
    }
    text.push_str(&format!(
        "\nWhat a stuck console says when it is read again:\n\n{said}"
    ));
    report.publish("console", text);
    Ok(())
}

fn name(read: bool) -> &'static str {
    match read {
        true => "console read",
        false => "console stuck",
    }
}

fn room(setting: &Setting, entrant: &Entrant, read: bool, said: &mut String) -> Res<Values> {
    let mut server = Start::of(entrant)?.with_console().go()?;
    let pipe = server.console().ok_or("no console")?;
    let (lines, shown) = mpsc::channel();
    let mut pipe = Some(pipe);
    let mut follow = || {
        if let Some(pipe) = pipe.take() {
            let lines = lines.clone();
            thread::spawn(move || forward(pipe, &lines));
        }
    };
    if read {
        follow();
    }
    let mut fleet = Fleet::new(server.kind, server.address, setting.size)?;
    fleet.connect_senders(setting.senders)?;
    let plan = Plan {
        pace: Pace::Rate(RATE),
        warm: FILL,
        measured: setting.measured(),
    };
    let mut values = drive(&mut fleet, plan, &server)?;
    follow();
    let mut all = Shown::default();
    // Everything that was not lost is in the queue now; the next line brings the sentence.
    while let Ok(line) = shown.recv_timeout(Duration::from_secs(1)) {
        all.add(line);
    }
    let posted = fleet.counts.sent;
    if all.messages + all.lost != posted {
        let (messages, lost) = (all.messages, all.lost);
        return Err(format!("{messages} shown and {lost} lost are not {posted} posted").into());
    }
    if !all.sentences.is_empty() {
        *said = all.sentences.join("\n") + "\n";
    }
    values.put("posted", posted as f64);
    values.put("shown", all.messages as f64);
    values.put("lost", all.lost as f64);
    Ok(values)
}

/// Sends the lines of a pipe on until its end, or until the receiver is gone.
fn forward(pipe: ChildStdout, to: &mpsc::Sender<String>) {
    for line in BufReader::new(pipe).lines() {
        let Ok(line) = line else { return };
        let wanted = line.starts_with("Task number=") || line.starts_with('(');
        if wanted && to.send(line).is_err() {
            return;
        }
    }
}
