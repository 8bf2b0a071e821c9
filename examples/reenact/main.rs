//! Re-enacts a day of an IRC channel in a running room, each speaker a client of its own:
//!
//! ```text
//! cargo run --example reenact -- FILE ADDR [--speed 1000|max]
//! ```

mod cast;
mod client;
mod day;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use chatroom::line;
use clap::Parser;

/// Re-enact a day of an IRC channel in a running room
#[derive(Parser)]
struct Args {
    /// The day: `[HH:MM] <nick> text` or `channel YYYY-MM-DD [HH:MM:SS] <nick> text`
    file: PathBuf,
    /// The room's address, such as 127.0.0.1:1337
    address: String,
    /// How many times as fast as it happened; `max` waits for nothing
    #[arg(long, default_value = "1000")]
    speed: String,
    /// Say afterwards what the room took, as `[name]: text`
    #[arg(long)]
    show: bool,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("reenact: {sentence}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), String> {
    let speed = match args.speed.as_str() {
        "max" => None,
        number => match number.parse::<f64>() {
            Ok(speed) if speed.is_finite() && speed > 0.0 => Some(speed),
            _ => return Err("--speed is a number above 0, or max".to_string()),
        },
    };
    let bytes = std::fs::read(&args.file)
        .map_err(|error| format!("{} cannot be read: {error}", args.file.display()))?;
    let day = day::Day::parse(&bytes);
    // Two runs against one room must not take each other's messages for repeats.
    let run = format!("{:x}", chatroom::event::Stamp::now().micros());
    let summary = cast::reenact(&day, &args.address, speed, &run)
        .map_err(|stopped| format!("{}: {stopped}", args.address))?;
    let mut out = io::stdout().lock();
    if args.show {
        for posted in &summary.posted {
            writeln!(
                out,
                "[{}]: {}",
                line::escaped(&posted.name),
                line::escaped(&posted.text)
            )
            .map_err(|error| error.to_string())?;
        }
    }
    writeln!(
        out,
        "the day:   {} said, {} notices, {} empty, {} not UTF-8, {} in no known form",
        day.said.len(),
        day.notices,
        day.empty,
        day.undecodable,
        day.unknown
    )
    .and_then(|()| write!(out, "{summary}"))
    .map_err(|error| error.to_string())
}
