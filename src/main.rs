//! The `chatroom` command: parse the command line, run the mode, say at most one error line.

use std::process::ExitCode;

use clap::Parser;

use chatroom::cli::Cli;
use chatroom::modes;
use chatroom::supervisor::{Severity, marked};

fn main() -> ExitCode {
    let cli = Cli::parse();
    match modes::run(cli.mode) {
        Ok(code) => code,
        Err(failure) if failure.is_broken_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            let text = format!("chatroom: {failure}");
            eprintln!("{}", marked(Severity::Error, &text));
            ExitCode::FAILURE
        }
    }
}
