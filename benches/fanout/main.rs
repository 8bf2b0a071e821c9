//! `make bench`: chatroom beside other servers and beside a bare loop, all under the same load, in
//! turn, in several interleaved rounds. docs/PERFORMANCE.md explains the figures.
//!
//! The modules: [`servers`] starts and ends the servers, [`protocol`] has the wire of each, [`fleet`] is the load's
//! sockets, [`drive`] its pace, [`usage`] reads /proc, [`scenarios`] are the measurements, [`report`] keeps and
//! prints the figures. Two loops are lower bounds: [`bare`] only fans out, [`disk`] only writes.

mod bare;
mod disk;
mod drive;
mod fleet;
mod plot;
mod scenarios;
mod segments;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};

use bench_common::options::{Options, exit_code, turns};
use bench_common::{Res, protocol, report, servers, stop, usage};
use report::{Report, Saved};
use servers::{Entrant, Kind};

/// The scenarios.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// 1,000 listeners, 50 messages a second
    Calm,
    /// 1,000 listeners, as fast as it goes
    Saturated,
    /// 10,000 listeners
    Crowd,
    /// 15,000 listeners and silence
    Idle,
    /// One sender, and many on a slow disk
    Posting,
    /// A listener that reads a million old messages
    CatchUp,
    /// A console that is not read
    Console,
    /// The delay for others while a client floods the room
    Disturbed,
    /// 100 to 10,000 listeners, 100 B to 10 KB
    Growth,
}

/// Measures chatroom beside other servers.
#[derive(Parser, Debug)]
#[command(name = "make bench", bin_name = "make bench ARGS='...'")]
struct Cli {
    /// The scenarios to run [default: all]
    #[arg(value_enum)]
    scenarios: Vec<Scenario>,

    /// The number of rounds
    #[arg(long, value_name = "N")]
    rounds: Option<usize>,

    /// The measured seconds of each run, after a warm-up
    #[arg(long, value_name = "S", default_value_t = 5.0)]
    seconds: f64,

    /// Only these servers, separated by commas: chatroom, nats, ngircd, nchan, bare
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    only: Vec<String>,

    /// Messages in flight when as many as possible are sent
    #[arg(long, value_name = "N", default_value_t = 256)]
    window: u64,

    /// Connections that send, if the server answers each message
    #[arg(long, value_name = "N", default_value_t = 64)]
    senders: usize,

    /// Listeners in `calm` and `saturated`
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    listeners: usize,

    /// Bytes in a text in `calm` and `saturated`
    #[arg(long, value_name = "BYTES", default_value_t = 100)]
    size: usize,

    #[command(flatten)]
    options: Options,
}

/// The settings that all scenarios share.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The servers that take part.
    pub entrants: Vec<Entrant>,
    /// The number of rounds.
    pub rounds: usize,
    /// Messages in flight.
    pub window: u64,
    /// Connections that send.
    pub senders: usize,
    /// Listeners.
    pub listeners: usize,
    /// Bytes in a text.
    pub size: usize,
    seconds: f64,
}

impl Setting {
    fn of(cli: &Cli) -> Res<Setting> {
        let mut entrants = Vec::new();
        for (name, program) in servers::named_programs(&cli.options.chatroom)? {
            let kind = Kind::Chatroom;
            entrants.push(Entrant {
                name,
                kind,
                program,
            });
        }
        let peers = [Kind::Nats, Kind::Ngircd, Kind::Nchan, Kind::Bare];
        entrants.extend(peers.map(Entrant::peer));
        let wanted = |entrant: &Entrant| {
            let kind = entrant.name.split(' ').next().unwrap_or_default();
            cli.only.is_empty() || cli.only.iter().any(|name| name == kind)
        };
        entrants.retain(wanted);
        Ok(Setting {
            entrants,
            rounds: cli.rounds.unwrap_or(if cli.options.quick { 1 } else { 3 }),
            window: cli.window,
            senders: cli.senders,
            listeners: cli.listeners,
            size: cli.size,
            seconds: if cli.options.quick { 1.0 } else { cli.seconds },
        })
    }

    /// The entrants in the order of this round, each round beginning with another.
    pub fn turns(&self, round: usize) -> Vec<&Entrant> {
        turns(&self.entrants, round)
    }

    /// The number of rounds for short measurements that little disturbs: the disk, a few listeners.
    pub fn more_rounds(&self) -> usize {
        match self.rounds {
            1 => 1,
            rounds => rounds * 2 + 1,
        }
    }

    /// The measured interval.
    pub fn measured(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }

    /// The warm-up.
    pub fn warm(&self) -> Duration {
        Duration::from_secs_f64(self.seconds / 3.0)
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    // This executable is also its own launcher and bare loops: see `servers::launch`, `bare`, `disk`.
    let outcome = match args.first().map(String::as_str) {
        Some("launch") => servers::launch(&args[1..]).map(|()| true),
        Some("bare-disk") => disk::child(&args[1]).map(|()| true),
        Some("bare-loop") => bare::serve(&args[1]).map(|()| true),
        _ => measure(&Cli::parse()),
    };
    exit_code("bench", outcome)
}

/// Measures; returns true if every run succeeded.
fn measure(cli: &Cli) -> Res<bool> {
    stop::watch()?;
    servers::raise_file_limit()?;
    servers::sweep()?;
    if report::disk() == "tmpfs" {
        return Err(
            "target/bench is in memory (tmpfs), where a sync costs nothing: \
                    set CARGO_TARGET_DIR to a folder on a disk"
                .into(),
        );
    }
    let setting = Setting::of(cli)?;
    let mut report = Report {
        machine: report::describe("make bench", &servers::versions(&setting.entrants)),
        ..Report::default()
    };
    report.publish_machine("machine");
    let all = Scenario::value_variants();
    let wanted = |s: &&Scenario| cli.scenarios.is_empty() || cli.scenarios.contains(s);
    for scenario in all.iter().filter(wanted) {
        match scenario {
            Scenario::Calm => scenarios::fanout::calm(&setting, &mut report)?,
            Scenario::Saturated => scenarios::fanout::saturated(&setting, &mut report)?,
            Scenario::Crowd => scenarios::crowd::crowd(&setting, &mut report)?,
            Scenario::Idle => scenarios::crowd::idle(&setting, &mut report)?,
            Scenario::Posting => scenarios::posting::posting(&setting, &mut report)?,
            Scenario::CatchUp => scenarios::catch_up::catch_up(&setting, &mut report)?,
            Scenario::Growth => scenarios::growth::growth(&setting, &mut report)?,
            Scenario::Console => scenarios::console::console(&setting, &mut report)?,
            Scenario::Disturbed => scenarios::disturbed::disturbed(&setting, &mut report)?,
        }
    }
    let saved = Saved {
        prefix: "",
        page: "PERFORMANCE.md",
    };
    report::save(&report, &saved, cli.options.save)?;
    Ok(report.say_failures())
}
