//! One run: warm-up, the measured interval, and the drain in which everything that was sent must
//! still arrive. The pace is the same for every server.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::fleet::{Counts, Fleet};
use crate::report::Values;
use crate::servers::Running;
use crate::usage::{self, Cpu};
use crate::{Res, segments};

/// How long the last messages may take.
const DRAIN: Duration = Duration::from_secs(30);
/// How often the sockets' memory is looked at, in nanoseconds.
const LOOK: u64 = 20_000_000;

/// When the next message is sent.
#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// So many a second, whatever is answered.
    Rate(f64),
    /// While fewer than so many are under way: sent, and not yet heard by the average listener.
    Window(u64),
}

/// How long and how fast.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The pace.
    pub pace: Pace,
    /// Not measured.
    pub warm: Duration,
    /// Measured.
    pub measured: Duration,
}

/// What stood at one end of the measured interval.
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

/// Runs the plan and says what was measured. Fails if a message was lost, repeated or misplaced.
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

/// Waits until everybody has everything.
pub fn drain(fleet: &mut Fleet) -> Res<()> {
    let until = Instant::now() + DRAIN;
    while !fleet.settled() && Instant::now() < until {
        fleet.turn(Some(Duration::from_millis(50)))?;
    }
    let counts = fleet.counts;
    let wanted = counts.sent * fleet.listeners();
    if let Some(complaint) = &fleet.complaint {
        return Err(format!("{} times wrong, first: {complaint}", counts.wrong).into());
    }
    match fleet.settled() && counts.heard == wanted {
        true => Ok(()),
        false => Err(format!(
            "LOST: of {} messages {} of {wanted} deliveries came; {} were answered",
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

/// A pace under way.
pub struct Paced {
    pace: Pace,
    start: u64,
    first: u64,
    /// How late a message was sent at most, in nanoseconds.
    pub latest: u64,
    /// The most that the kernel held for sockets, in bytes.
    pub sockets: u64,
    looked_at: u64,
}

impl Paced {
    /// One that begins now.
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

    /// Goes on for this long.
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

    /// Sends what may be sent; when to look again.
    fn say_what_is_due(&mut self, fleet: &mut Fleet, now: u64) -> Res<u64> {
        match self.pace {
            Pace::Rate(rate) => loop {
                let number = fleet.counts.sent - self.first;
                let due = self.start + (number as f64 * 1e9 / rate) as u64;
                if due > now || !fleet.ready() {
                    fleet.push()?;
                    // With nobody free, the answer that frees one ends the wait.
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
