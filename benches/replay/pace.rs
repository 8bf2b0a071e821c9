//! `pace`: the player's timing, on its own terminal (`script`).
//!
//! The text of each message is its millisecond in the log; the harness notes when it leaves the terminal. Both clocks
//! begin with the first message. At speed 1 the messages are irregular, a half to one and a half seconds apart; at
//! speed 100 the log is a hundred times as long. Source of error: the figures include the terminal, `script` and the
//! pipe after it, some tenths of a millisecond.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use chatroom::event::{Body, Event, Stamp};
use chatroom::line;

use crate::report::{Column, Form, Report, Values, folder, table};
use crate::run::command;
use crate::{Res, Setting, stop};

/// Plays the log at speeds 1 and 100.
pub fn pace(setting: &Setting, report: &mut Report) -> Res<()> {
    let seconds = if setting.quick { 5 } else { 60 };
    let mut text = String::new();
    for speed in [1, 100] {
        let case = format!("speed {speed}");
        let path = folder()?.join(format!("replay-pace-{speed}.txt"));
        let sent = write(&path, seconds, speed)?;
        for (name, program) in &setting.programs {
            let values = play(&program.to_string_lossy(), &path, speed, &sent);
            report.keep("pace", &case, name, 1, values)?;
        }
        let columns = &[
            Column("messages", "messages", Form::Digits(0), false),
            Column("late at most", "most_us", Form::Time, false),
            Column("early at most", "least_us", Form::Time, false),
            Column("at the end", "end_us", Form::Time, false),
            Column("of all, %", "percent", Form::Digits(3), false),
        ];
        let table = table(report, "pace", &case, columns, None);
        text += &format!("Played for {seconds} s at {case}\n\n{table}\n");
    }
    report.publish("replay-pace", text);
    Ok(())
}

/// Writes the log; returns the milliseconds of its messages.
fn write(path: &Path, seconds: u64, speed: u64) -> Res<Vec<u64>> {
    let (mut log, mut sent, mut at) = (Vec::new(), Vec::new(), 0);
    let mut chance = 7u64;
    while at <= seconds * 1_000 * speed {
        let body = Body::message("clock", format!("<{at}>")).elapsed(at / 1_000);
        let micros = 1_795_473_297_000_000 + at as i64 * 1_000;
        line::to_line(
            &Event {
                at: Stamp::from_micros(micros),
                body,
            },
            &mut log,
        );
        sent.push(at);
        chance = chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        at += (500 + (chance >> 33) % 1_000) * speed;
    }
    fs::write(path, log)?;
    Ok(sent)
}

/// Plays the log and compares the times.
fn play(program: &str, path: &Path, speed: u64, sent: &[u64]) -> Res<Values> {
    let play = format!(
        "stty cols 100 rows 30; exec '{program}' replay '{}' --speed {speed} --max-gap 1h",
        path.display()
    );
    let line = ["script", "-qefc", &play, "/dev/null"].map(str::to_string);
    let mut script = command(&line);
    script
        .env("TERM", "xterm")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = script.spawn()?;
    // The pipe stays open during the play: its end would be the end of the keyboard.
    let _keyboard = child.stdin.take();
    let mut out = child.stdout.take().ok_or("no output")?;
    let mut came: Vec<Instant> = Vec::new();
    let (mut text, mut block) = (Vec::new(), [0; 4_096]);
    while came.len() < sent.len() {
        stop::check()?;
        let count = out.read(&mut block)?;
        let now = Instant::now();
        if count == 0 {
            break;
        }
        text.extend_from_slice(&block[..count]);
        while let Some(next) = sent.get(came.len()) {
            let mark = format!("<{next}>").into_bytes();
            let Some(found) = text.windows(mark.len()).position(|w| w == mark) else {
                break;
            };
            text.drain(..found + mark.len());
            came.push(now);
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    if came.len() < sent.len() || came.len() < 2 {
        return Err(format!("{} of {} messages were played", came.len(), sent.len()).into());
    }
    let late: Vec<f64> = came
        .iter()
        .zip(sent)
        .map(|(came_at, sent)| {
            let due = *sent as f64 * 1_000.0 / speed as f64;
            (*came_at - came[0]).as_micros() as f64 - due
        })
        .collect();
    let end = late[late.len() - 1];
    let all = sent[sent.len() - 1] as f64 * 1_000.0 / speed as f64;
    let mut values = Values::default();
    values.put("messages", came.len() as f64);
    values.put("most_us", late.iter().copied().fold(0.0, f64::max));
    values.put("least_us", -late.iter().copied().fold(0.0, f64::min));
    values.put("end_us", end.abs());
    values.put("percent", 100.0 * end.abs() / all);
    Ok(values)
}
