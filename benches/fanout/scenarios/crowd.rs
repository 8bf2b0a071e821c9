//! `crowd`: ten thousand listeners at an easy pace; `idle`: fifteen thousand and silence.

use std::time::{Duration, Instant};

use super::fanout::{Turn, turn};
use crate::drive::{Pace, Plan};
use crate::fleet::Fleet;
use crate::report::{Column, Form, Report, Values, table};
use crate::servers::{Entrant, Kind, Running};
use crate::usage::{self, Cpu};
use crate::{Res, Setting};

/// The crowd: 10,000 listeners, 5 messages per second. Without ngircd, which announces every join to everyone: fifty
/// million lines before the first message.
pub fn crowd(setting: &Setting, report: &mut Report) -> Res<()> {
    let what = Turn {
        listeners: 10_000,
        size: 100,
        senders: setting.senders,
        plan: Plan {
            pace: Pace::Rate(5.0),
            warm: setting.warm(),
            measured: setting.measured() * 8 / 5,
        },
    };
    for round in 1..=setting.rounds {
        let turns = setting.turns(round).into_iter();
        for entrant in turns.filter(|e| e.kind != Kind::Ngircd) {
            report.keep("crowd", "", &entrant.name, round, turn(entrant, what))?;
        }
    }
    let columns = [
        Column("memory/listener, KB", "kb_listener", Form::Digits(1), true),
        Column(
            "kernel/listener, KB",
            "kernel_kb_listener",
            Form::Digits(1),
            true,
        ),
        Column("deliveries/CPU s", "deliveries_cpu_s", Form::Millions, true),
        Column("p50", "latency_p50_us", Form::Time, true),
        Column("p99", "latency_p99_us", Form::Time, true),
        Column("max", "latency_max_us", Form::Time, false),
        Column("server core %", "server_core_pct", Form::Digits(1), false),
        Column("client core %", "client_core_pct", Form::Digits(1), false),
    ];
    let text = table(report, "crowd", "", &columns, None);
    let title = "Crowd: 10,000 listeners, 100 B, 5 messages/s (open loop); nothing lost";
    report.publish("crowd", format!("{title}\n\n{text}"));
    Ok(())
}

/// Silence: the cost of being connected, with a heartbeat every 15 s.
pub fn idle(setting: &Setting, report: &mut Report) -> Res<()> {
    for entrant in setting.entrants.iter().filter(|e| e.kind == Kind::Chatroom) {
        report.keep("idle", "", &entrant.name, 1, silence(setting, entrant))?;
    }
    let columns = [
        Column("listeners", "listeners", Form::Digits(0), false),
        Column("seconds", "seconds", Form::Digits(0), false),
        Column("signs of life, B", "bytes_listener", Form::Digits(0), false),
        Column("memory/listener, KB", "kb_listener", Form::Digits(1), false),
        Column("server core %", "server_core_pct", Form::Digits(2), false),
    ];
    let text = table(report, "idle", "", &columns, None);
    let title = "Idle: 15,000 listeners, nothing said, one round";
    report.publish("idle", format!("{title}\n\n{text}"));
    Ok(())
}

fn silence(setting: &Setting, entrant: &Entrant) -> Res<Values> {
    const LISTENERS: usize = 15_000;
    let server = Running::start(entrant)?;
    let family = usage::family(server.pid());
    let memory = usage::memory(&family);
    let mut fleet = Fleet::new(server.kind, server.address, 100)?;
    fleet.connect_listeners(LISTENERS)?;
    let time = Duration::from_secs_f64((setting.seconds * 12.0).min(60.0));
    let (at, cpu, bytes) = (Instant::now(), Cpu::of(&family), fleet.counts.bytes);
    while at.elapsed() < time {
        fleet.turn(Some(Duration::from_millis(100)))?;
    }
    let spent = Cpu::of(&family).since(&cpu).all as f64 / 1e9;
    let listeners = LISTENERS as f64;
    let mut values = Values::default();
    values.put("listeners", listeners);
    values.put("seconds", at.elapsed().as_secs_f64());
    values.put(
        "bytes_listener",
        (fleet.counts.bytes - bytes) as f64 / listeners,
    );
    values.put(
        "server_core_pct",
        spent / at.elapsed().as_secs_f64() * 100.0,
    );
    let grown = usage::memory(&family) as f64 - memory as f64;
    values.put("kb_listener", grown / listeners / 1e3);
    Ok(values)
}
