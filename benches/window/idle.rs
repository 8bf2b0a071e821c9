//! `idle`: the processor time that a visible, connected window uses in a minute of silence.
//!
//! Ticks are counted by the kernel in /proc/PID/stat, 10 ms each; the time beside them is exact, from
//! /proc/PID/task/*/schedstat. The windows are side by side and measured together; one of them has the keyboard, and
//! HexChat's cursor does not blink.
//!
//! Sources of error: on a desktop a window receives more events than on this screen (other windows, a moving pointer,
//! a compositor); a tick counts the process that runs at that moment, so short work can miss every tick, but not the
//! exact time.

use std::time::{Duration, Instant};

use crate::figures::{Figure, table};
use crate::report::{Form, Report, Values};
use crate::servers::Running;
use crate::usage::Cpu;
use crate::{Res, Setting, stop};

/// The length of a tick, in nanoseconds.
const TICK: f64 = 1e7;

/// Measures a minute of silence.
pub fn idle(setting: &Setting, report: &mut Report) -> Res<()> {
    let (rounds, silence) = if setting.quick { (1, 15) } else { (1, 60) };
    for round in 1..=rounds {
        let mut all = Vec::new();
        for client in setting.turns(round) {
            let server = Running::start(&client.server)?;
            let open = client.open(&setting.screen, server.address)?;
            all.push((client, server, open));
        }
        // By then the start is over: the login, pictures, and work that is put off for some seconds.
        pause(Duration::from_secs(if setting.quick { 3 } else { 10 }))?;
        let before: Vec<Cpu> = all
            .iter()
            .map(|(_, _, open)| Cpu::of(&open.pids()))
            .collect();
        pause(Duration::from_secs(silence))?;
        for ((client, _, open), before) in all.iter().zip(before) {
            let spent = Cpu::of(&open.pids()).since(&before);
            let mut values = Values::default();
            values.put("ticks", (spent.user + spent.system) as f64 / TICK);
            values.put("cpu_us", spent.all as f64 / 1e3);
            report.keep("idle", "", &client.name, round, Ok(values))?;
        }
    }
    const FIGURES: &[Figure] = &[
        Figure("clock ticks (10 ms)", "ticks", Form::Digits(0), "1"),
        Figure("processor time", "cpu_us", Form::Time, ""),
    ];
    let text = format!(
        "Idle: {silence} s of silence, shown and connected\n\n{}",
        table(report, "idle", &[("", FIGURES)])
    );
    report.publish("idle", text);
    Ok(())
}

fn pause(time: Duration) -> Res<()> {
    let until = Instant::now() + time;
    while Instant::now() < until {
        stop::check()?;
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}
