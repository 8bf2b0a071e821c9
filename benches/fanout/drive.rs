//! One run: the warm-up, the measured interval, and the drain, in which everything sent must still arrive. The pace
//! is the same for every server.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::fleet::{Counts, Fleet};
use crate::report::Values;
use crate::servers::Running;
use crate::usage::{self, Cpu};
use crate::{Res, segments};

/// The longest time that the last messages may take.
const DRAIN: Duration = Duration::from_secs(30);
/// The interval at which the sockets' memory is read, in nanoseconds.
const LOOK: u64 = 20_000_000;

/// The rule for sending the next message.
#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// A fixed number per second, whatever is answered.
    Rate(f64),
    /// As long as fewer than so many are in flight: sent, and not yet received by the average listener.
    Window(u64),
}

/// The duration and pace of a run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The pace.
    pub pace: Pace,
    /// The warm-up, which is not measured.
    pub warm: Duration,
    /// The measured interval.
    pub measured: Duration,
}

/// The counters at one end of the measured interval.
struct Mark {
    at: Instant,
    counts: Counts,
    server: Cpu,
    client: Cpu,
}

impl Mark {
    fn now(fleet: &Fleet, family: &[u32]) -> Mark {
        Mark {
            server: Cpu::of(family),
            client: Cpu::of(&[std::process::id()]),
            at: Instant::now(),
            counts: fleet.counts,
        }
    }
}

/// Runs the plan and returns the figures.
///
/// # Errors
/// A message was lost, repeated or misplaced.
pub fn drive(fleet: &mut Fleet, plan: Plan, server: &Running) -> Res<Values> {
    let family = usage::family(server.pid());
    let ports = fleet.sender_ports();
    let segments_before = segments::received(server.address.port(), &ports);
    let mut paced = Paced::new(plan.pace, fleet);
    paced.run(fleet, plan.warm)?;
    fleet.latency.reset();
    fleet.answers.reset();
    paced.latest = 0;
    let from = Mark::now(fleet, &family);
    paced.run(fleet, plan.measured)?;
    let to = Mark::now(fleet, &family);
    let (latency, answers) = (fleet.latency.clone(), fleet.answers.clone());
    drain(fleet)?;
    let segments_after = segments::received(server.address.port(), &ports);
    let mut values = values(&from, &to);
    put_times(&mut values, "latency", &latency);
    if !answers.is_empty() {
        put_times(&mut values, "answer", &answers);
    }
    values.put("client_late_us", paced.latest as f64 / 1e3);
    values.put("sockets", paced.sockets as f64);
    if let (Some(before), Some(after)) = (segments_before, segments_after) {
        let segments = after.saturating_sub(before).max(1) as f64;
        let per_write = fleet.counts.heard as f64 / segments;
        values.put("per_write", per_write);
        if let Some(per_second) = values.get("deliveries_cpu_s") {
            values.put("cpu_write_us", per_write / per_second * 1e6);
        }
    }
    Ok(values)
}

/// Waits until every listener has every message.
pub fn drain(fleet: &mut Fleet) -> Res<()> {
    let until = Instant::now() + DRAIN;
    while !fleet.settled() && Instant::now() < until {
        fleet.turn(Some(Duration::from_millis(50)))?;
    }
    let counts = fleet.counts;
    let wanted = counts.sent * fleet.listeners();
    if let Some(complaint) = &fleet.complaint {
        return Err(format!("{} errors, the first: {complaint}", counts.wrong).into());
    }
    match fleet.settled() && counts.heard == wanted {
        true => Ok(()),
        false => Err(format!(
            "LOST: for {} messages, {} of {wanted} deliveries arrived; {} were answered",
            counts.sent, counts.heard, counts.answered
        )
        .into()),
    }
}

fn values(from: &Mark, to: &Mark) -> Values {
    let seconds = (to.at - from.at).as_secs_f64();
    let (a, b) = (from.counts, to.counts);
    let heard = (b.heard - a.heard) as f64;
    let bytes = (b.bytes - a.bytes) as f64;
    let server = to.server.since(&from.server);
    let client = to.client.since(&from.client);
    let cpu = server.all as f64 / 1e9;
    let mut values = Values::default();
    values.put("seconds", seconds);
    values.put("messages_s", (b.sent - a.sent) as f64 / seconds);
    values.put("deliveries", heard);
    values.put("deliveries_s", heard / seconds);
    values.put("deliveries_cpu_s", heard / cpu);
    values.put("bytes_delivery", bytes / heard);
    values.put("mb_s", bytes / seconds / 1e6);
    values.put("mb_cpu_s", bytes / cpu / 1e6);
    values.put("per_read", heard / (b.reads - a.reads).max(1) as f64);
    values.put("server_core_pct", cpu / seconds * 100.0);
    let ticks = (server.user + server.system).max(1);
    values.put("user_pct", server.user as f64 / ticks as f64 * 100.0);
    values.put("client_core_pct", client.all as f64 / 1e7 / seconds);
    values
}

/// Puts percentiles in microseconds.
pub fn put_times(values: &mut Values, name: &str, times: &Histogram<u64>) {
    for (which, quantile) in [("p50", 0.5), ("p99", 0.99), ("p999", 0.999), ("max", 1.0)] {
        let micros = times.value_at_quantile(quantile) as f64 / 1e3;
        values.put(&format!("{name}_{which}_us"), micros);
    }
}

/// A pace in progress.
pub struct Paced {
    pace: Pace,
    start: u64,
    first: u64,
    /// The longest delay with which a message was sent, in nanoseconds.
    pub latest: u64,
    /// The peak of the kernel's memory for sockets, in bytes.
    pub sockets: u64,
    looked_at: u64,
}

impl Paced {
    /// A pace that begins now.
    pub fn new(pace: Pace, fleet: &Fleet) -> Paced {
        Paced {
            pace,
            start: fleet.now(),
            first: fleet.counts.sent,
            latest: 0,
            sockets: 0,
            looked_at: 0,
        }
    }

    /// Sends for this long.
    pub fn run(&mut self, fleet: &mut Fleet, time: Duration) -> Res<()> {
        let until = fleet.now() + time.as_nanos() as u64;
        loop {
            let now = fleet.now();
            if now >= until {
                return Ok(());
            }
            if now >= self.looked_at + LOOK {
                self.looked_at = now;
                self.sockets = self.sockets.max(usage::socket_memory()?);
            }
            let next = self.say_what_is_due(fleet, now)?.min(until);
            let wait = next.saturating_sub(fleet.now());
            fleet.turn(Some(Duration::from_nanos(wait)))?;
        }
    }

    /// Sends all messages that are due; returns the time of the next check.
    fn say_what_is_due(&mut self, fleet: &mut Fleet, now: u64) -> Res<u64> {
        match self.pace {
            Pace::Rate(rate) => loop {
                let number = fleet.counts.sent - self.first;
                let due = self.start + (number as f64 * 1e9 / rate) as u64;
                if due > now || !fleet.ready() {
                    fleet.push()?;
                    // If no sender is free, the next answer ends the wait.
                    return Ok(due.max(now + 1_000_000));
                }
                self.latest = self.latest.max(now - due);
                fleet.say()?;
            },
            Pace::Window(window) => {
                let listeners = fleet.listeners().max(1);
                loop {
                    let heard = fleet.counts.heard / listeners;
                    if !fleet.ready() || fleet.counts.sent >= heard.saturating_add(window) {
                        break;
                    }
                    fleet.say()?;
                }
                fleet.push()?;
                Ok(now + 10_000_000)
            }
        }
    }
}
