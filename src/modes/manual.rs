//! `chatroom man` and `chatroom completions`: the manual and the completions that the program carries.
//!
//! Both are files of the repository. `make man` writes them, partly from the definitions of the command line;
//! a test in `generated` fails if they are stale. Each page is carried twice: as its source, and as plain
//! text for a pipe and for machines without a viewer.

#[cfg(test)]
mod generated;
#[cfg(test)]
mod mdoc;

use std::env;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use clap::ValueEnum;

use crate::cli::{CompletionsArgs, ManArgs, Page, Shell};
use crate::failure::{Failure, reason};
use crate::system::signals::{SIGINT, SIGQUIT, survive};

/// A manual page.
struct ManPage {
    name: &'static str,
    section: char,
    /// mdoc, for man.
    source: &'static str,
    /// Plain text of 78 columns.
    text: &'static str,
}

macro_rules! man_page {
    ($name:literal, $section:literal) => {
        ManPage {
            name: $name,
            section: $section,
            source: include_str!(concat!("../../man/", $name, ".", $section)),
            text: include_str!(concat!("../../man/text/", $name, ".txt")),
        }
    };
}

/// The page, or the text of a file that is not a page.
fn man_page(page: Page) -> Result<ManPage, &'static str> {
    Ok(match page {
        Page::Chatroom => man_page!("chatroom", '1'),
        Page::Server => man_page!("chatroom-server", '1'),
        Page::Gui => man_page!("chatroom-gui", '1'),
        Page::Replay => man_page!("chatroom-replay", '1'),
        Page::Log => man_page!("chatroom-log", '5'),
        Page::Service => return Err(include_str!("../../assets/chatroom.service")),
        Page::Desktop => return Err(include_str!("../../assets/chatroom.desktop")),
        Page::Icon => {
            return Err(include_str!(
                "../../assets/icons/hicolor/scalable/apps/chatroom.svg"
            ));
        }
    })
}

/// Shows a page of the manual on a terminal, prints it as plain text, or writes the sources of all pages.
///
/// # Errors
/// The output cannot be written.
pub fn man(args: &ManArgs) -> Result<ExitCode, Failure> {
    if let Some(folder) = &args.output {
        return write_all_below(folder);
    }
    let page = match man_page(args.page) {
        Ok(page) => page,
        Err(file) => return print(file),
    };
    if !io::stdout().is_terminal() {
        // For programs that read it; `--output` writes the sources.
        return print(page.text);
    }
    leave_keys_to_the_reader();
    let shown = is_shown_by("man", &["-l", "-"], page.source) || is_paged(page.text);
    if shown {
        Ok(ExitCode::SUCCESS)
    } else {
        print(page.text)
    }
}

/// Prints a shell's completions.
///
/// # Errors
/// The output cannot be written.
pub fn completions(args: &CompletionsArgs) -> Result<ExitCode, Failure> {
    print(match args.shell {
        Shell::Bash => include_str!("../../assets/completions/chatroom.bash"),
        Shell::Zsh => include_str!("../../assets/completions/_chatroom"),
        Shell::Fish => include_str!("../../assets/completions/chatroom.fish"),
    })
}

fn print(text: &str) -> Result<ExitCode, Failure> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes());
    let written = written.and_then(|()| stdout.flush());
    written.map_err(Failure::output)?;
    Ok(ExitCode::SUCCESS)
}

/// Leaves Ctrl-C to the pager, where it ends a search: if it ended this process, the pager and the shell
/// would both read the terminal. Children do not inherit a handler, as they would an ignored signal.
fn leave_keys_to_the_reader() {
    for signal in [SIGINT, SIGQUIT] {
        // Without it a search that is ended ends the reading.
        let _ = survive(signal);
    }
}

/// Runs a program on the input; `false` if it is missing or fails. Its complaints are hidden, since the next
/// one is tried.
fn is_shown_by(program: &str, args: &[&str], input: &str) -> bool {
    let mut command = Command::new(program);
    command
        .args(args)
        .stdin(Stdio::piped())
        .stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else {
        return false;
    };
    if let Some(mut stdin) = child.stdin.take() {
        // A reader that quits early has seen enough.
        let _ = stdin.write_all(input.as_bytes());
    }
    child.wait().is_ok_and(|status| status.success())
}

/// Shows plain text a screen at a time, with PAGER or the usual pagers.
fn is_paged(text: &str) -> bool {
    match env::var("PAGER") {
        Ok(pager) if !pager.trim().is_empty() => is_shown_by("sh", &["-c", &pager], text),
        _ => is_shown_by("less", &[], text) || is_shown_by("more", &[], text),
    }
}

/// Writes the sources in the folders in which `man` looks for them, one for each section.
fn write_all_below(folder: &Path) -> Result<ExitCode, Failure> {
    let mut list = String::new();
    let pages = Page::value_variants().iter();
    for page in pages.filter_map(|page| man_page(*page).ok()) {
        let section = folder.join(format!("man{}", page.section));
        let path = section.join(format!("{}.{}", page.name, page.section));
        fs::create_dir_all(&section)
            .and_then(|()| fs::write(&path, page.source))
            .map_err(|error| {
                Failure::new(format!(
                    "The page {} cannot be written: {}. Name a folder that you may write to.",
                    path.display(),
                    reason(&error)
                ))
            })?;
        list += &format!("{}\n", path.display());
    }
    print(&list)
}
