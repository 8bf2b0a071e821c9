//! The `chatroom` command: parse the command line, run the mode, say at most one error line.

use std::io::Write;
use std::process::ExitCode;

use chatroom::failure::Failure;
use chatroom::supervisor::{Severity, marked};
use chatroom::{cli, modes};

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().collect();
    let ended = match words.len() {
        0 | 1 => welcome(),
        _ => match cli::parse(words) {
            Ok(mode) => {
                for sentence in cli::strays(std::env::vars_os()) {
                    eprintln!(
                        "{}",
                        marked(Severity::Warning, &format!("chatroom: {sentence}"))
                    );
                }
                modes::run(mode)
            }
            Err(answer) => answer.exit(),
        },
    };
    match ended {
        Ok(code) => code,
        Err(failure) if failure.is_broken_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            let text = format!("chatroom: {failure}");
            // Who cannot be told has the exit code all the same.
            let _ = writeln!(std::io::stderr(), "{}", marked(Severity::Error, &text));
            ExitCode::from(failure.code())
        }
    }
}

fn welcome() -> Result<ExitCode, Failure> {
    let mut stdout = std::io::stdout().lock();
    let said = stdout.write_all(cli::WELCOME.as_bytes());
    said.and_then(|()| stdout.flush())
        .map_err(Failure::output)?;
    Ok(ExitCode::SUCCESS)
}
