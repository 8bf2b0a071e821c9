//! The command line: clap types, help texts, and the error sentences for command lines that cannot be
//! parsed. The behaviour of the modes is elsewhere.
//!
//! The first paragraph of a field's comment is the flag's text in `-h`; all paragraphs together are
//! its text in `--help` and the manual (`modes::manual`). Literal input is between backticks.

mod about;
mod backup;
mod gui;
mod parse;
mod replay;
mod rotate;
mod server;
mod variables;

use std::time::Duration;

use clap::{Parser, Subcommand};

pub use about::{CompletionsArgs, ManArgs, Page, Shell, WELCOME};
pub use backup::BackupArgs;
pub use gui::GuiArgs;
pub use parse::{parse, typed};
pub use replay::{Colour, FileFormat, Kind, Output, ReplayArgs, Speed, StatsForm, When};
pub use rotate::RotateArgs;
pub use server::{ConsoleLevel, History, ServerArgs, Sync};
pub use variables::{distance, strays};

/// A chat room for a group, in one file.
#[derive(Parser, Debug)]
#[command(
    name = "chatroom",
    version = crate::version::VERSION.as_str(),
    about,
    long_about = None,
    after_help = "Try:\n  \
        chatroom server                start a room on this machine\n  \
        chatroom gui --name YOU        join it from another machine on the local network\n  \
        chatroom replay log.txt        play the conversation back\n\n\
        Help for each: chatroom server --help. The manual: chatroom man."
)]
pub struct Cli {
    /// The mode to run.
    #[command(subcommand)]
    pub mode: Mode,
}

/// The modes of the executable.
#[derive(Subcommand, Debug)]
pub enum Mode {
    /// Run a room that windows and any HTTP client can join
    Server(ServerArgs),
    /// Join a room in a window
    Gui(GuiArgs),
    /// Play a room's log.txt back, without a server
    Replay(ReplayArgs),
    /// Copy a room's log, or bring the copy up to date
    Backup(BackupArgs),
    /// Start a new log for a stopped room, and keep the old one beside it
    Rotate(RotateArgs),
    /// Show a page of the manual
    Man(ManArgs),
    /// Print what a shell needs to complete chatroom's flags
    Completions(CompletionsArgs),
}

/// Parses a length of time as people write it: `5`, `5s`, `250ms`, `15m`, `2h`, `1d`. Seconds
/// without a unit.
///
/// # Errors
/// A sentence with examples of the accepted forms.
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
        .ok_or_else(|| "give a length of time such as 5s, 250ms, 15m or 2h".to_string())
}

/// Parses the environment variable of a flag without a value.
///
/// # Errors
/// A sentence with the accepted values.
fn switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "yes" | "true" | "on" => Ok(true),
        "0" | "no" | "false" | "off" => Ok(false),
        _ => Err("use 1 or 0 (or yes or no)".to_string()),
    }
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
    fn every_flag_of_server_and_window_has_a_variable_of_its_name() {
        let program = Cli::command();
        for mode in ["server", "gui"] {
            let mode = program.find_subcommand(mode).expect("the mode");
            for arg in mode.get_arguments() {
                let name = format!("CHATROOM_{}", arg.get_id().as_str().to_uppercase());
                assert_eq!(arg.get_env(), Some(name.as_ref()), "{arg}");
            }
        }
    }

    #[test]
    fn the_key_file_is_named_by_one_variable() {
        let program = Cli::command();
        // replay needs it only with --into, and reads it there.
        for mode in ["server", "gui", "backup"] {
            let mode = program.find_subcommand(mode).expect("the mode");
            let mut flags = mode.get_arguments();
            let flag = flags.find(|arg| arg.get_id() == "key_file");
            let variable = flag.and_then(|flag| flag.get_env());
            assert_eq!(variable, Some("CHATROOM_KEY_FILE".as_ref()), "{mode}");
        }
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
