//! `make bench-replay`: replay beside cut, grep, ripgrep and wc, on one log, in turn, in interleaved
//! rounds. docs/PERFORMANCE.md explains the figures.
//!
//! The modules: [`log`] makes the log, [`run`] runs one command and measures it; [`through`] has the commands that
//! read all of the log, [`seek`] measures the time to the first line from any place, and [`pace`] the player's
//! timing.

mod log;
mod pace;
mod run;
mod seek;
mod through;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use bench_common::options::{Options, exit_code};
use bench_common::{Res, report, servers, stop, usage};
use log::Log;
use report::{Report, Saved};

/// The scenarios.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// From the start to the first line at twenty places
    Seek,
    /// Printing all of it
    Print,
    /// A rare word, a rare word in any case, and a frequent one
    Grep,
    /// Verifying and counting all of it, on two cores and on one
    Verify,
    /// The player's timing: two minutes
    Pace,
}

/// Measures replay beside common tools.
#[derive(Parser, Debug)]
#[command(name = "make bench-replay", bin_name = "make bench-replay ARGS='...'")]
struct Cli {
    /// The scenarios to run [default: all]
    #[arg(value_enum)]
    scenarios: Vec<Scenario>,

    /// The size of the log
    #[arg(long, value_name = "BYTES", default_value = "1G", value_parser = size)]
    size: u64,

    /// Also seek in a log of this size
    #[arg(long, value_name = "BYTES", value_parser = size)]
    seek: Option<u64>,

    /// The number of rounds
    #[arg(long, default_value_t = 5)]
    rounds: usize,

    #[command(flatten)]
    options: Options,
}

/// The settings that all scenarios share.
#[derive(Debug)]
pub struct Setting {
    /// The builds of chatroom that take part, by name.
    pub programs: Vec<(String, PathBuf)>,
    /// The number of rounds.
    pub rounds: usize,
    /// True for a short run that only shows that it works.
    pub quick: bool,
}

/// Parses a number of bytes: `64M`, `1G`.
fn size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(['M', 'G']);
    let unit = match &text[digits.len()..] {
        "M" => 1 << 20,
        "G" => 1 << 30,
        "" => 1,
        _ => 0,
    };
    let number: u64 = digits
        .parse()
        .map_err(|_| "give a size such as 64M or 1G".to_string())?;
    Some(number * unit)
        .filter(|n| *n > 0)
        .ok_or_else(|| "give a size such as 64M or 1G".to_string())
}

fn main() -> ExitCode {
    exit_code("bench-replay", measure(&Cli::parse()))
}

/// Measures; returns true if every run succeeded.
fn measure(cli: &Cli) -> Res<bool> {
    stop::watch()?;
    let setting = Setting {
        programs: servers::named_programs(&cli.options.chatroom)?,
        rounds: if cli.options.quick { 1 } else { cli.rounds },
        quick: cli.options.quick,
    };
    let log = Log::made(if cli.options.quick {
        64 << 20
    } else {
        cli.size
    })?;
    let mut versions: Vec<(String, String)> = Vec::new();
    for (name, program) in &setting.programs {
        versions.push((name.clone(), run::version(&program.to_string_lossy())));
    }
    for peer in ["cut", "grep", "rg", "wc"] {
        versions.push((peer.to_string(), run::version(peer)));
    }
    let mut machine = report::describe("make bench-replay", &versions);
    machine.insert(
        "log".into(),
        format!("{} bytes, {} lines", log.size, log.lines),
    );
    let mut report = Report {
        machine,
        ..Report::default()
    };
    report.publish_machine("replay-machine");
    let wanted = |s: &&Scenario| cli.scenarios.is_empty() || cli.scenarios.contains(s);
    for scenario in Scenario::value_variants().iter().filter(wanted) {
        match scenario {
            Scenario::Seek => {
                let larger = cli.seek.map(Log::made).transpose()?;
                let logs: Vec<&Log> = std::iter::once(&log).chain(&larger).collect();
                seek::seek(&setting, &logs, &mut report)?;
            }
            Scenario::Print => through::print(&setting, &log, &mut report)?,
            Scenario::Grep => through::grep(&setting, &log, &mut report)?,
            Scenario::Verify => through::verify(&setting, &log, &mut report)?,
            Scenario::Pace => pace::pace(&setting, &mut report)?,
        }
    }
    let saved = Saved {
        prefix: "replay-",
        page: "PERFORMANCE.md",
    };
    report::save(&report, &saved, cli.options.save)?;
    Ok(report.say_failures())
}
