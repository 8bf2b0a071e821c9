//! The bots in docs/bots.md, copied unchanged and killed again and again: every question is answered once, whatever
//! happens to the bot and the server.

use regex::Regex;

use super::markdown::Document;
use super::shell::{Job, Shell, script};
use support::waiting::wait_for;

const SERVER: &str = "chatroom server --console quiet --max-rate 0 --history no";

fn serve(shell: &mut Shell) -> Job {
    let server = shell.begin(SERVER);
    wait_for("the server", || {
        shell.so_far(&server).contains("Listening").then_some(())
    });
    server
}

/// Waits until there are so many listeners.
fn listeners(shell: &mut Shell, wanted: usize) {
    let wanted = format!("\"listeners\":{wanted},");
    wait_for("the bot listens", || {
        let (_, health) = shell.run("curl -s http://127.0.0.1:1337/health");
        health.contains(&wanted).then_some(())
    });
}

fn answers(shell: &mut Shell, name: &str) -> usize {
    let log = std::fs::read_to_string(shell.here().join("log.txt")).expect("the log");
    log.matches(&format!(" [{name}]: ")).count()
}

/// The offset in the log of the first id in a text.
fn place(text: &str) -> Option<u64> {
    let id = Regex::new(r"[0-9a-f]{8}-(\d+)-[0-9a-f]{4}").expect("a pattern");
    id.captures(text)?[1].parse().ok()
}

fn misses_nothing(file: &str, name: &str, start: &str, note: &str) {
    let document = Document::read("docs/bots.md");
    let mut shell = Shell::start(None);
    std::fs::write(shell.here().join(file), document.file(file)).expect("written");
    // A slow disk leaves time for a kill between an answer and its note.
    let slow = shell.folder.path().join("bin/mv");
    script(&slow, "#!/bin/sh\nsleep .05\nexec /usr/bin/mv \"$@\"\n");
    let mut server = serve(&mut shell);
    // The notes are empty at first, as the page says.
    std::fs::write(shell.here().join(note), "").expect("written");
    let mut bot = shell.begin(start);
    listeners(&mut shell, 1);
    let mut asked = 0;
    for round in 0..5_usize {
        for _ in 0..6 {
            let ask =
                "curl -s -o answer.eve -u eve: --data-raw '!time' http://127.0.0.1:1337/messages";
            assert_eq!(shell.run(ask).0, 0);
            asked += 1;
        }
        // At some moment during its answers.
        wait_for("an answer", || {
            (answers(&mut shell, name) + 5 >= asked + round).then_some(())
        });
        shell.stop(&bot, "KILL");
        if round % 3 == 1 {
            shell.stop(&server, "KILL");
            server = serve(&mut shell);
        }
        bot = shell.begin(start);
    }
    wait_for("the answers", || {
        (answers(&mut shell, name) >= asked).then_some(())
    });
    // Once the bot has noted one more question, it has handled all before it, and all answers are posted.
    let (_, last) = shell.run("curl -s -u eve: --data-raw '!time' http://127.0.0.1:1337/messages");
    let last = place(&last);
    wait_for("the last note", || {
        let noted = std::fs::read_to_string(shell.here().join(note)).ok()?;
        (place(&noted)? >= last?).then_some(())
    });
    let said = shell.so_far(&bot);
    assert_eq!(answers(&mut shell, name), asked + 1, "{said}");
    let (code, said) = shell.run("chatroom replay --verify log.txt");
    assert_eq!(code, 0, "{said}");
}

#[test]
fn both_bots_can_be_in_one_folder() {
    let document = Document::read("docs/bots.md");
    let mut shell = Shell::start(None);
    for file in ["timebot.sh", "timebot.py"] {
        std::fs::write(shell.here().join(file), document.file(file)).expect("written");
    }
    // A slow disk leaves time for each to write between the other's writing and renaming.
    let slow = shell.folder.path().join("bin/mv");
    script(&slow, "#!/bin/sh\nsleep .05\nexec /usr/bin/mv \"$@\"\n");
    let _server = serve(&mut shell);
    std::fs::write(shell.here().join("last"), "").expect("written");
    let bots = ["sh timebot.sh", "python3 timebot.py"].map(|start| shell.begin(start));
    listeners(&mut shell, 2);
    for _ in 0..10 {
        let ask = "curl -s -o answer.eve -u eve: --data-raw '!time' http://127.0.0.1:1337/messages";
        assert_eq!(shell.run(ask).0, 0);
    }
    for name in ["clock", "pyclock"] {
        wait_for("the answers", || {
            (answers(&mut shell, name) >= 10).then_some(())
        });
    }
    // Each has noted the last event, without an error.
    let log = std::fs::metadata(shell.here().join("log.txt")).expect("the log");
    for note in ["last", "last.txt"] {
        wait_for("the last note", || {
            let noted = std::fs::read_to_string(shell.here().join(note)).ok()?;
            (place(&noted)? + 200 > log.len()).then_some(())
        });
    }
    for bot in &bots {
        assert_eq!(shell.so_far(bot), "");
    }
    for name in ["clock", "pyclock"] {
        assert_eq!(answers(&mut shell, name), 10, "{name}");
    }
}

#[test]
fn the_bot_in_shell_answers_every_question_once() {
    misses_nothing("timebot.sh", "clock", "sh timebot.sh", "last");
}

#[test]
fn the_bot_in_python_answers_every_question_once() {
    misses_nothing("timebot.py", "pyclock", "python3 timebot.py", "last.txt");
}
