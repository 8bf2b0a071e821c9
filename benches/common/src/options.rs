//! The options, the order of turns and the exit code that the benchmarks share.

use std::process::ExitCode;

use crate::Res;

/// The options that every benchmark has.
#[derive(clap::Args, Clone, Debug)]
pub struct Options {
    /// One short run, to see that it works
    #[arg(long)]
    pub quick: bool,

    /// Another executable to measure; can be repeated: old=PATH new=PATH
    #[arg(long, value_name = "[NAME=]PATH")]
    pub chatroom: Vec<String>,

    /// Save the tables and plots into docs/
    #[arg(long)]
    pub save: bool,

    /// Added by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

/// All of them in the order of this round, which counts from 1; each round begins with another.
pub fn turns<T>(all: &[T], round: usize) -> Vec<&T> {
    let mut turns: Vec<&T> = all.iter().collect();
    let first = (round - 1) % turns.len().max(1);
    turns.rotate_left(first);
    turns
}

/// The exit code of the benchmark `name`, which is a success if every run was one. Prints the error.
pub fn exit_code(name: &str, outcome: Res<bool>) -> ExitCode {
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{name}: {error}");
            ExitCode::FAILURE
        }
    }
}
