//! The manual in the binary: shown on a terminal by the best installed program, printed into a pipe, installed.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use support::program::{Folder, Run};
use support::tmux::Tmux;

const PAGES: [(&str, &str, &str); 5] = [
    ("chatroom", "man1/chatroom.1", "chatroom"),
    ("server", "man1/chatroom-server.1", "chatroom-server(1)"),
    ("gui", "man1/chatroom-gui.1", "chatroom-gui.1"),
    ("replay", "man1/chatroom-replay.1", "chatroom-replay"),
    ("log", "man5/chatroom-log.5", "chatroom-log(5)"),
];

fn in_the_repository(path: &str) -> String {
    let file = path.split_once('/').expect("a folder and a name").1;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("man").join(file);
    std::fs::read_to_string(path).expect("the page")
}

#[test]
fn into_a_pipe_goes_the_text_of_each_page_under_each_of_its_names() {
    let folder = Folder::new();
    for (name, path, spelt) in PAGES {
        let file = path.split_once('/').expect("a folder and a name").1;
        let file = file.rsplit_once('.').expect("a section").0;
        let source = in_the_repository(&format!("man/text/{file}.txt"));
        assert!(!source.contains(".Sh"), "{path}");
        for name in [name, spelt] {
            folder
                .run(&["man", name])
                .code(0)
                .stdout(&source)
                .stderr("");
        }
    }
    let first = folder.run(&["man"]).code(0).stdout_has("\nNAME\n");
    // Both are a part of the first page.
    let text = String::from_utf8(first.output.stdout).expect("ASCII");
    for mode in ["backup", "rotate"] {
        folder.run(&["man", mode]).code(0).stdout(&text);
    }
    let synopsis = text.split("\nDESCRIPTION\n").next().expect("it");
    let alone = synopsis.lines().any(|line| line.trim() == "chatroom");
    assert!(!alone, "{synopsis}");
}

#[test]
fn all_pages_are_written_to_where_man_finds_them() {
    let folder = Folder::new();
    let listed: String = PAGES
        .iter()
        .map(|(_, path, _)| format!("share/{path}\n"))
        .collect();
    // The second time replaces the files of an older version.
    for _ in 0..2 {
        folder
            .run(&["man", "--output", "share"])
            .code(0)
            .stdout(&listed)
            .stderr("");
    }
    for (_, path, _) in PAGES {
        let written = std::fs::read_to_string(folder.path().join("share").join(path));
        assert_eq!(written.expect(path), in_the_repository(path));
    }
    let mut man = Command::new("man");
    folder.settle(&mut man);
    man.args(["-M", "share", "5", "chatroom-log"])
        .env("MANPAGER", "cat")
        .env("LC_ALL", "C");
    Run::of(&mut man)
        .code(0)
        .stdout_has("the log of a chat room");
    folder.file("file", "");
    let refused = folder.run(&["man", "--output", "file"]).code(1);
    refused
        .one_sentence(&["file/man1", "cannot be written", "Name a folder"])
        .stdout("");
}

#[test]
fn the_executable_holds_its_system_files() {
    let folder = Folder::new();
    for (name, path) in [
        ("service", "chatroom.service"),
        ("chatroom.service", "chatroom.service"),
        ("desktop", "chatroom.desktop"),
        ("icon", "icons/hicolor/scalable/apps/chatroom.svg"),
    ] {
        let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
        let there = std::fs::read_to_string(assets.join(path)).expect(path);
        let run = folder.run(&["man", name]);
        run.code(0).stdout(&there).stderr("");
    }
}

#[test]
fn a_page_that_there_is_not_is_answered_with_the_list() {
    let refused = Folder::new().run(&["man", "sevrer"]).code(2).stdout("");
    let said = String::from_utf8_lossy(&refused.output.stderr).into_owned();
    assert!(
        said.contains("chatroom, server, gui, replay, log"),
        "{said}"
    );
    assert!(said.contains("'server'"), "{said}");
}

/// A terminal on which the manual is read with only these programs on the path.
fn read_with<'a>(folder: &'a Folder, programs: &[&str], page: &str, rows: u16) -> Tmux<'a> {
    let bin = folder.path().join("bin");
    std::fs::create_dir(&bin).expect("a folder");
    for program in programs {
        let from = ["/usr/bin", "/bin"].map(|place| Path::new(place).join(program));
        let from = from.into_iter().find(|path| path.exists());
        // Not every system has a `pager`.
        if let Some(from) = from {
            symlink(from, bin.join(program)).expect("a link");
        }
    }
    let tmux = Tmux::start(folder, 80, rows);
    tmux.shell(&format!(
        "clear; PATH=$PWD/bin \"$CHATROOM\" man {page}; echo \"code $?\""
    ));
    tmux
}

#[test]
fn without_any_program_a_terminal_gets_plain_text() {
    let folder = Folder::new();
    let tmux = read_with(&folder, &[], "server", 300);
    let screen = tmux.wait_text("code 0");
    let text = include_str!("../../man/text/chatroom-server.txt");
    assert!(
        screen.contains("chatroom-server - run a chat room"),
        "{screen}"
    );
    assert!(screen.contains("--max-name n\n"), "{screen}");
    assert!(
        !screen.contains(".Sh") && !text.contains('\u{8}'),
        "{screen}"
    );
}

#[test]
fn a_terminal_has_it_shown_by_what_is_there() {
    let all = "man groff nroff troff grotty preconv tbl cat pager less sh";
    // man draws a dash that the terminal has. Without groff man shows nothing, and less shows the text.
    for (programs, dash) in [(all, "\u{2014}"), ("man less", "-"), ("less", "-")] {
        let folder = Folder::new();
        let programs: Vec<&str> = programs.split(' ').collect();
        let tmux = read_with(&folder, &programs, "log", 24);
        // Its beginning stays on the screen until a key is pressed.
        tmux.wait_text(&format!("chatroom-log {dash} the log of a chat room"));
        tmux.keys(&["q"]);
        tmux.wait_text("code 0");
    }
}

#[test]
fn ctrl_c_is_the_pagers_and_the_shell_waits() {
    let folder = Folder::new();
    let tmux = read_with(&folder, &["less"], "log", 24);
    tmux.wait_text("chatroom-log - the log of a chat room");
    tmux.keys(&["C-c"]);
    // The next key goes to less, not to the shell.
    tmux.wait_for("the page's end", |screen| {
        tmux.keys(&["G"]);
        screen.contains("(END)")
    });
    tmux.keys(&["q"]);
    tmux.wait_text("code 0");
}
