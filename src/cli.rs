//! The command line: clap types and help texts. No behaviour lives here.

mod gui;
mod replay;
mod server;

use std::time::Duration;

use clap::{Args, Parser, Subcommand};

pub use gui::GuiArgs;
pub use replay::{Colour, FileFormat, Kind, Output, ReplayArgs, Speed, StatsForm, When};
pub use server::{Console, History, ServerArgs, Sync};

/// The port a room listens on when none is named: the original's.
pub const DEFAULT_PORT: u16 = 1337;

/// A group gets a chat room by downloading one file.
#[derive(Parser, Debug)]
#[command(
    name = "chatroom",
    version = crate::version::VERSION.as_str(),
    about,
    long_about = None,
    after_help = "Try:\n  chatroom server                          start a room on this machine\n  \
                  chatroom gui --name x 192.168.1.20:1337  join it from another one\n  \
                  chatroom replay log.txt                  relive what was said"
)]
pub struct Cli {
    /// What to be.
    #[command(subcommand)]
    pub mode: Mode,
}

/// What the one executable can be: three modes, and two that tell about them.
#[derive(Subcommand, Debug)]
pub enum Mode {
    /// Hold a room that windows and any HTTP client can join
    Server(ServerArgs),
    /// Join a room in a window
    Gui(GuiArgs),
    /// Play a room's log.txt back, without a server
    Replay(ReplayArgs),
    /// Show a page of the manual
    Man(ManArgs),
    /// Print what a shell needs to complete chatroom's flags
    Completions(CompletionsArgs),
}

/// `chatroom man`
#[derive(Args, Debug, Clone)]
pub struct ManArgs {
    /// Which page
    #[arg(value_name = "PAGE", default_value = "chatroom")]
    pub page: String,
}

/// `chatroom completions`
#[derive(Args, Debug, Clone)]
pub struct CompletionsArgs {
    /// For which shell: bash, zsh or fish
    #[arg(value_name = "SHELL")]
    pub shell: String,
}

/// A length of time as people write it: `5`, `5s`, `250ms`, `15m`, `2h`, `1d`. Seconds without a unit.
///
/// # Errors
/// A sentence that says which forms are understood.
pub fn duration(text: &str) -> Result<Duration, String> {
    let unit_at = text
        .find(|c: char| c != '.' && !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let scale = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => f64::NAN,
    };
    number
        .parse::<f64>()
        .ok()
        .and_then(|n| Duration::try_from_secs_f64(n * scale).ok())
        .filter(|d| *d <= Duration::from_secs(100 * 366 * 86_400))
        .ok_or_else(|| "say a length of time such as 5s, 250ms, 15m or 2h".to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definitions_are_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn lengths_of_time_as_people_write_them() {
        assert_eq!(duration("5"), Ok(Duration::from_secs(5)));
        assert_eq!(duration("0.5s"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("15m"), Ok(Duration::from_secs(900)));
        for wrong in ["", "s", "-1", "5 s", "1w", "1e300d", "NaN", "."] {
            assert!(duration(wrong).is_err(), "{wrong:?} was understood");
        }
    }
}
