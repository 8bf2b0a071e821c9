//! `make bench-window`: the window beside HexChat, from a user's point of view, on the benchmark's own screen, in
//! interleaved rounds. docs/window/figures.md explains the figures.
//!
//! The harness uses only what a user has: processes (/proc), pixels, keys and clicks, the clipboard, the server. The
//! one exception is the line that chatroom writes about its frames when `CHATROOM_GUI_FRAMES` names a file.
//!
//! The modules: [`screen`] drives and watches Xvfb, [`client`] opens the windows, [`speaker`] posts to the room,
//! [`chat`] has the messages; [`start`], [`memory`], [`idle`], [`flood`], [`latency`] and [`long`] are the scenarios,
//! whose first lines name their sources of error; [`figures`] makes the tables.

mod chat;
mod client;
mod figures;
mod flood;
mod idle;
mod latency;
mod long;
mod memory;
mod picture;
mod screen;
mod speaker;
mod start;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use bench_common::options::{Options, exit_code, turns};
use bench_common::{Res, protocol, report, servers, stop, usage};
use client::Client;
use report::{Report, Saved};
use screen::Screen;

/// The scenarios.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// The time from the start to the window, with a server and without
    Start,
    /// Memory: empty, 10,000 messages, a history of 1,000,000
    Memory,
    /// Processor time in silence
    Idle,
    /// Typing while 500 messages a second come in
    Flood,
    /// The time from sending a message to its pixels
    Latency,
    /// Scrolling through very long texts while typing
    Long,
}

/// Measures the window beside HexChat.
#[derive(Parser, Debug)]
#[command(name = "make bench-window", bin_name = "make bench-window ARGS='...'")]
struct Cli {
    /// The scenarios to run [default: all]
    #[arg(value_enum)]
    scenarios: Vec<Scenario>,

    /// Without HexChat
    #[arg(long)]
    alone: bool,

    #[command(flatten)]
    options: Options,
}

/// The settings that all scenarios share.
#[derive(Debug)]
pub struct Setting {
    /// The windows that take part.
    pub clients: Vec<Client>,
    /// Their screen.
    pub screen: Screen,
    /// True for a short run that only shows that it works.
    pub quick: bool,
}

impl Setting {
    fn of(cli: &Cli) -> Res<Setting> {
        let mut clients = Vec::new();
        for (name, program) in servers::named_programs(&cli.options.chatroom)? {
            clients.push(Client::chatroom(&name, program)?);
        }
        if !cli.alone {
            clients.push(Client::hexchat()?);
        }
        Ok(Setting {
            clients,
            screen: Screen::start()?,
            quick: cli.options.quick,
        })
    }

    /// The windows in the order of this round, each round beginning with another.
    pub fn turns(&self, round: usize) -> Vec<&Client> {
        turns(&self.clients, round)
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    // This executable is also its own launcher: see `servers::launch`.
    let outcome = match args.first().map(String::as_str) {
        Some("launch") => servers::launch(&args[1..]).map(|()| true),
        _ => measure(&Cli::parse()),
    };
    exit_code("bench-window", outcome)
}

/// Measures; returns true if every run succeeded.
fn measure(cli: &Cli) -> Res<bool> {
    stop::watch()?;
    servers::sweep()?;
    let setting = Setting::of(cli)?;
    let versions: Vec<_> = setting.clients.iter().flat_map(Client::versions).collect();
    let mut report = Report {
        machine: report::describe("make bench-window", &versions),
        ..Report::default()
    };
    report.publish_machine("machine");
    let wanted = |s: &&Scenario| cli.scenarios.is_empty() || cli.scenarios.contains(s);
    for scenario in Scenario::value_variants().iter().filter(wanted) {
        match scenario {
            Scenario::Start => start::start(&setting, &mut report)?,
            Scenario::Memory => memory::memory(&setting, &mut report)?,
            Scenario::Idle => idle::idle(&setting, &mut report)?,
            Scenario::Flood => flood::flood(&setting, &mut report)?,
            Scenario::Latency => latency::latency(&setting, &mut report)?,
            Scenario::Long => long::long(&setting, &mut report)?,
        }
    }
    figures::frames(&mut report);
    let saved = Saved {
        prefix: "window-",
        page: "window/figures.md",
    };
    report::save(&report, &saved, cli.options.save)?;
    Ok(report.say_failures())
}
