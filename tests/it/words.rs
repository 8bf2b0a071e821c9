//! The program's help and man pages against its command line.

use std::collections::BTreeSet;
use std::path::Path;

use chatroom::cli::Cli;
use clap::CommandFactory;

#[test]
fn every_flag_is_in_its_man_page() {
    let man = Path::new(env!("CARGO_MANIFEST_DIR")).join("man");
    let program = Cli::command();
    let mut flags = 0;
    for mode in program.get_subcommands() {
        let name = mode.get_name();
        // A subcommand without its own page is on that of the program.
        let own = man.join(format!("chatroom-{name}.1"));
        let page = std::fs::read_to_string(own)
            .or_else(|_| std::fs::read_to_string(man.join("chatroom.1")))
            .expect("a man page");
        // An item of a list of options: all its flags, a comma between.
        let items = page.lines().filter_map(|line| line.strip_prefix(".It "));
        let told: BTreeSet<&str> = items
            .flat_map(|item| item.split("Fl Fl ").skip(1))
            .filter_map(|rest| rest.split([' ', ',']).next())
            .collect();
        for flag in mode.get_arguments().filter_map(|arg| arg.get_long()) {
            assert!(
                told.contains(flag),
                "{name} --{flag} is not in the man page"
            );
            flags += 1;
        }
    }
    assert!(flags > 30, "{flags}");
}

#[test]
fn chatroom_alone_says_what_to_try() {
    let folder = support::program::Folder::new();
    let run = folder.run(&[]).code(0).stderr("");
    let said = run.said();
    assert_eq!(said.lines().count(), 10, "{said}");
    for part in [
        "chatroom server",
        "chatroom gui --name YOU",
        "chatroom replay log.txt",
        "chatroom man",
        "backup and rotate",
        "--help",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn a_mistyped_word_gets_a_suggestion() {
    let folder = support::program::Folder::new();
    folder.file("evening", "");
    for (args, part) in [
        (&["evening"][..], "chatroom replay evening"),
        (&["log.txt", "--times"], "chatroom replay log.txt --times"),
        (&["192.168.1.20:1337"], "chatroom gui 192.168.1.20:1337"),
        (&["--name", "x"], "chatroom gui --name x"),
        (&["server", "--speed", "2"], "'chatroom replay'"),
        (&["gui", "--room", "x"], "'chatroom server'"),
        (&["sevrer"], "'server'"),
    ] {
        let run = folder.run(args).code(2).stdout("");
        let said = run.story();
        assert!(said.contains("tip: ") && said.contains(part), "{said}");
    }
}

#[test]
fn help_and_version_are_no_failures() {
    let folder = support::program::Folder::new();
    for args in [
        &["--help"][..],
        &["server", "--help"],
        &["gui", "--help"],
        &["replay", "--help"],
    ] {
        folder.run(args).code(0).stdout_has("Usage:");
    }
    let version = concat!("chatroom ", env!("CARGO_PKG_VERSION"), " (");
    folder.run(&["--version"]).code(0).stdout_has(version);
    // A usage error exits with 2 and suggests the intended word.
    let run = folder.run(&["server", "--listne", "x"]).code(2);
    assert!(String::from_utf8_lossy(&run.output.stderr).contains("--listen"));
}
