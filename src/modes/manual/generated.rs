//! The files that `make man` writes: manual pages, their plain text, and completions. Each test fails if a
//! file is stale; with `CHATROOM_RENEW` set it writes the file instead.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use clap::{CommandFactory, ValueHint};
use clap_complete::aot::{Shell, generate};

use super::mdoc;
use crate::cli::Cli;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_default()
}

#[track_caller]
fn assert_fresh(name: &str, content: &str) {
    if std::env::var_os("CHATROOM_RENEW").is_some() {
        fs::write(path(name), content).expect("the file is written");
    }
    let there = read(name);
    let differs = there
        .lines()
        .zip(content.lines())
        .find(|(old, new)| old != new);
    assert!(
        there == content,
        "{name} is not what its sources make of it. Run make man, and commit what it writes.\n{differs:#?}"
    );
}

/// The command line without any environment.
fn program() -> clap::Command {
    let mut program = Cli::command();
    program.build();
    program
}

fn page(name: &str) -> String {
    let program = program();
    let mode = |name: &str| program.find_subcommand(name).expect("there is such a mode");
    let mut page = String::new();
    for line in read(&format!("man/parts/{name}")).lines() {
        let words: Vec<&str> = line.trim_matches('@').split(' ').collect();
        match (line.starts_with('@'), &words[..]) {
            (false, _) => page += &format!("{line}\n"),
            (true, ["SYNOPSIS", name]) => page += &mdoc::synopsis(mode(name)),
            (true, ["OPTIONS", name]) => page += &mdoc::options(mode(name)),
            (true, ["ENVIRONMENT"]) => page += &mdoc::environment(&program),
            (true, _) => panic!("man/parts/{name} asks for {line}, which is not known"),
        }
    }
    page
}

/// The page as mandoc sets it, without bold and underlining.
fn text(source: &str) -> String {
    let mut mandoc = Command::new("mandoc");
    mandoc
        .args(["-T", "ascii", "-I", "os=chatroom"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = mandoc
        .spawn()
        .expect("mandoc is there (scripts/setup.sh test)");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(source.as_bytes()).expect("mandoc reads");
    drop(stdin);
    let output = child.wait_with_output().expect("mandoc ends");
    let mut text = String::new();
    for letter in String::from_utf8(output.stdout).expect("ASCII").chars() {
        match letter {
            '\u{8}' => drop(text.pop()),
            letter => text.push(letter),
        }
    }
    text
}

#[test]
fn the_manual_is_fresh() {
    for name in [
        "chatroom",
        "chatroom-server",
        "chatroom-gui",
        "chatroom-replay",
    ] {
        let source = page(&format!("{name}.1"));
        assert_fresh(&format!("man/{name}.1"), &source);
        assert_fresh(&format!("man/text/{name}.txt"), &text(&source));
    }
    assert_fresh(
        "man/text/chatroom-log.txt",
        &text(&read("man/chatroom-log.5")),
    );
}

#[test]
fn the_completions_are_fresh() {
    for (shell, name) in [
        (Shell::Bash, "chatroom.bash"),
        (Shell::Zsh, "_chatroom"),
        (Shell::Fish, "chatroom.fish"),
    ] {
        let mut script = Vec::new();
        generate(shell, &mut Cli::command(), "chatroom", &mut script);
        let script = String::from_utf8(script).expect("UTF-8");
        let script = match shell {
            Shell::Bash => without_files_as_addresses(&script),
            Shell::Fish => script + &for_words_that_are_no_flags(),
            _ => script,
        };
        assert_fresh(&format!("assets/completions/{name}"), &script);
    }
}

/// Removes file names from the completions of addresses: clap_complete leaves those to bash, which offers
/// files.
fn without_files_as_addresses(script: &str) -> String {
    let gui = "        chatroom__subcmd__gui)\n";
    assert!(script.contains(gui), "clap_complete writes otherwise now");
    let no_files = "            compopt +o default +o bashdefault 2>/dev/null\n";
    script.replace(gui, &format!("{gui}{no_files}"))
}

/// Completions of positional arguments for fish, for which clap_complete writes none, so that fish would
/// offer files.
fn for_words_that_are_no_flags() -> String {
    let program = program();
    let modes = program.get_subcommands();
    modes
        .filter(|mode| {
            let mut words = mode.get_positionals();
            mode.get_name() != "help"
                && words.all(|word| word.get_value_hint() != ValueHint::FilePath)
        })
        .flat_map(|mode| mode.get_positionals().map(move |word| (mode, word)))
        .map(|(mode, word)| {
            let values = word.get_possible_values();
            let values: Vec<&str> = values.iter().map(|value| value.get_name()).collect();
            let offered = match values[..] {
                [] => String::new(),
                _ => format!(" -a \"{}\"", values.join(" ")),
            };
            format!(
                "complete -c chatroom -n \"__fish_chatroom_using_subcommand {}\" -f{offered}\n",
                mode.get_name()
            )
        })
        .collect()
}
