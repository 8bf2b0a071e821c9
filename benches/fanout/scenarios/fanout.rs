//! `calm` and `saturated`: a thousand listeners, messages at an easy pace and as fast as they go.

use crate::drive::{Pace, Plan, drive};
use crate::fleet::Fleet;
use crate::report::{Column, Form, Ratio, Report, Values, table};
use crate::servers::{Entrant, Running};
use crate::{Res, Setting, usage};

/// The value and the servers of the ratios in the tables.
pub const RATIO: Ratio = ("deliveries_cpu_s", &["nats", "bare"]);

/// One server's turn.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    /// The number of listeners.
    pub listeners: usize,
    /// Bytes in a text.
    pub size: usize,
    /// The most connections that send.
    pub senders: usize,
    /// The duration and pace.
    pub plan: Plan,
}

/// Starts the server, connects everyone, runs the plan, ends the server.
pub fn turn(entrant: &Entrant, turn: Turn) -> Res<Values> {
    let server = Running::start(entrant)?;
    let family = usage::family(server.pid());
    let memory = usage::memory(&family);
    let sockets = usage::socket_memory()?;
    let mut fleet = Fleet::new(server.kind, server.address, turn.size)?;
    fleet.connect_listeners(turn.listeners)?;
    fleet.connect_senders(turn.senders)?;
    let mut values = drive(&mut fleet, turn.plan, &server)?;
    let each = |now: u64, before: u64| (now as f64 - before as f64) / turn.listeners as f64;
    let now = usage::memory(&family);
    values.put("memory_kb", now as f64 / 1e3);
    values.put("kb_listener", each(now, memory) / 1e3);
    let peak = values.get("sockets").unwrap_or(0.0) as u64;
    values.put("kernel_kb_listener", each(peak, sockets) / 1e3);
    Ok(values)
}

/// Calm: 1,000 listeners, 100 bytes, 50 messages per second.
pub fn calm(setting: &Setting, report: &mut Report) -> Res<()> {
    let plan = Plan {
        pace: Pace::Rate(50.0),
        warm: setting.warm(),
        measured: setting.measured(),
    };
    rounds(setting, report, "calm", plan)?;
    let columns = [
        Column("deliveries/CPU s", "deliveries_cpu_s", Form::Millions, true),
        Column("bytes each", "bytes_delivery", Form::Digits(0), false),
        Column("messages/write", "per_write", Form::Digits(2), false),
        Column("user %", "user_pct", Form::Digits(0), false),
        Column("p50", "latency_p50_us", Form::Time, true),
        Column("p99", "latency_p99_us", Form::Time, true),
        Column("max", "latency_max_us", Form::Time, false),
        Column("server core %", "server_core_pct", Form::Digits(1), false),
        Column("client core %", "client_core_pct", Form::Digits(1), false),
        Column("client late at most", "client_late_us", Form::Time, false),
    ];
    let text = table(report, "calm", "", &columns, Some(RATIO));
    let title = "Calm: 1,000 listeners, 100 B, 50 messages/s (open loop)";
    report.publish("calm", format!("{title}\n\n{text}"));
    Ok(())
}

/// Saturated: 1,000 listeners, 100 bytes, a window of messages in flight.
pub fn saturated(setting: &Setting, report: &mut Report) -> Res<()> {
    let plan = Plan {
        pace: Pace::Window(setting.window),
        warm: setting.warm(),
        measured: setting.measured(),
    };
    rounds(setting, report, "saturated", plan)?;
    let columns = [
        Column("deliveries/CPU s", "deliveries_cpu_s", Form::Millions, true),
        Column("deliveries/s", "deliveries_s", Form::Millions, true),
        Column("bytes each", "bytes_delivery", Form::Digits(0), false),
        Column("MB/s", "mb_s", Form::Digits(0), false),
        Column("messages/write", "per_write", Form::Digits(1), false),
        Column("CPU µs/write", "cpu_write_us", Form::Digits(1), false),
        Column("user %", "user_pct", Form::Digits(0), false),
        Column("p50", "latency_p50_us", Form::Time, false),
        Column("p99", "latency_p99_us", Form::Time, true),
        Column("server core %", "server_core_pct", Form::Digits(0), false),
        Column("client core %", "client_core_pct", Form::Digits(0), false),
    ];
    let text = table(report, "saturated", "", &columns, Some(RATIO));
    let title = format!(
        "Saturated: 1,000 listeners, 100 B, {} messages under way (closed loop)",
        setting.window
    );
    report.publish("saturated", format!("{title}\n\n{text}"));
    Ok(())
}

fn rounds(setting: &Setting, report: &mut Report, scenario: &str, plan: Plan) -> Res<()> {
    let what = Turn {
        listeners: setting.listeners,
        size: setting.size,
        senders: setting.senders,
        plan,
    };
    for round in 1..=setting.rounds {
        for entrant in setting.turns(round) {
            report.keep(scenario, "", &entrant.name, round, turn(entrant, what))?;
        }
    }
    Ok(())
}
