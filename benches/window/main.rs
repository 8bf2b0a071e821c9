//! `make bench-window`: the window beside HexChat, as their user meets them, on a screen of the
//! benchmark's own, in turn, in interleaved rounds. What the figures mean is in docs/window/figures.md.
//!
//! Nothing is known of either program but what a user has: its processes (/proc), its pixels, keys and
//! clicks, the clipboard, its server. The one exception is the line that our window writes about its
//! frames when `CHATROOM_GUI_FRAMES` names a file.
//!
//! The modules: [`screen`] is Xvfb with hands and eyes, [`client`] opens the windows, [`speaker`] says
//! things in the room, [`chat`] is what is said; [`start`], [`memory`], [`idle`], [`flood`],
//! [`latency`] and [`long`] are what is measured, each with what could be wrong with it in its first lines;
//! [`figures`] are the tables.

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

use client::Client;
use bench_common::{Res, protocol, report, servers, stop, usage};
use report::{Report, Saved};
use screen::Screen;

/// What to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// From the start to the window, with a server and without
    Start,
    /// Memory: empty, 10,000 messages, a history of 1,000,000
    Memory,
    /// Processor time in silence
    Idle,
    /// Typing while 500 messages a second come in
    Flood,
    /// From sending a message to its pixels
    Latency,
    /// Very long texts, scrolled through while somebody writes
    Long,
}

/// Measures the window beside HexChat.
#[derive(Parser, Debug)]
#[command(name = "make bench-window", bin_name = "make bench-window ARGS='...'")]
struct Cli {
    /// Which scenarios [default: all]
    #[arg(value_enum)]
    scenarios: Vec<Scenario>,

    /// Two minutes: does it work?
    #[arg(long)]
    quick: bool,

    /// Another executable to measure; may be repeated: old=PATH new=PATH
    #[arg(long, value_name = "[NAME=]PATH")]
    chatroom: Vec<String>,

    /// Without HexChat
    #[arg(long)]
    alone: bool,

    /// Put the tables into docs/window/figures.md
    #[arg(long)]
    save: bool,

    /// What cargo adds
    #[arg(long, hide = true)]
    bench: bool,
}

/// What every scenario is told.
#[derive(Debug)]
pub struct Setting {
    /// The windows that take part.
    pub clients: Vec<Client>,
    /// Their screen.
    pub screen: Screen,
    /// Only to see whether it works.
    pub quick: bool,
}

impl Setting {
    fn of(cli: &Cli) -> Res<Setting> {
        let mut clients = Vec::new();
        for (name, program) in servers::named_programs(&cli.chatroom)? {
            clients.push(Client::chatroom(&name, program)?);
        }
        if !cli.alone {
            clients.push(Client::hexchat()?);
        }
        Ok(Setting {
            clients,
            screen: Screen::start()?,
            quick: cli.quick,
        })
    }

    /// The windows, in the order of this round: each has the first turn once.
    pub fn turns(&self, round: usize) -> Vec<&Client> {
        let mut turns: Vec<&Client> = self.clients.iter().collect();
        let first = (round - 1) % turns.len().max(1);
        turns.rotate_left(first);
        turns
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    // This executable is its own launcher: see `servers::launch`.
    let outcome = match args.first().map(String::as_str) {
        Some("launch") => servers::launch(&args[1..]).map(|()| true),
        _ => measure(&Cli::parse()),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench-window: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Measures; whether every run was good.
fn measure(cli: &Cli) -> Res<bool> {
    stop::watch()?;
    servers::sweep()?;
    let setting = Setting::of(cli)?;
    let versions: Vec<_> = setting.clients.iter().flat_map(Client::versions).collect();
    let mut report = Report {
        machine: report::describe("make bench-window", &versions),
        ..Report::default()
    };
    report.publish_machine();
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
    report::save(&report, &saved, cli.save)?;
    Ok(report.say_failures())
}
