//! What is written about the program says what the program has.

use chatroom::cli::Cli;
use clap::CommandFactory;

#[test]
fn every_flag_is_in_the_man_page() {
    let man = include_str!("../../man/chatroom.1");
    for mode in Cli::command().get_subcommands() {
        for flag in mode.get_arguments().filter_map(|arg| arg.get_long()) {
            let (mode, spelt) = (mode.get_name(), flag.replace("--", ""));
            assert!(
                man.contains(&format!("Fl Fl {spelt}")),
                "{mode} --{flag} is not in the man page"
            );
        }
    }
}

#[test]
fn help_and_version_are_no_failures() {
    let folder = crate::util::Folder::new();
    for args in [
        &["--help"][..],
        &["server", "--help"],
        &["gui", "--help"],
        &["replay", "--help"],
    ] {
        folder.run(args).code(0).stdout_has("Usage:");
    }
    let version = concat!("chatroom ", env!("CARGO_PKG_VERSION"), "\n");
    folder.run(&["--version"]).code(0).stdout(version);
    // A usage error is 2, and what was meant is guessed.
    let run = folder.run(&["server", "--listne", "x"]).code(2);
    assert!(String::from_utf8_lossy(&run.output.stderr).contains("--listen"));
}
