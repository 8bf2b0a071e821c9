//! The bots in docs/bots.md, as they stand there, killed again and again: every question is answered
//! once, whatever happened to the bot and to the server.

use super::markdown::Document;
use super::shell::{Job, Shell, script};
use crate::server::wait_for;

const SERVER: &str = "chatroom server --console quiet --max-rate 0 --history no";

fn serve(shell: &mut Shell) -> Job {
    let server = shell.begin(SERVER);
    wait_for("the server", || {
        shell.so_far(&server).contains("Listening").then_some(())
    });
    server
}

/// Waits until so many listen.
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

fn misses_nothing(file: &str, name: &str, start: &str, before: &str) {
    let document = Document::read("docs/bots.md");
    let mut shell = Shell::start(None);
    std::fs::write(shell.here().join(file), document.file(file)).expect("written");
    // With a slow disk there is time to be killed between an answer and its note.
    let slow = shell.folder.path().join("bin/mv");
    script(&slow, "#!/bin/sh\nsleep .05\nexec /usr/bin/mv \"$@\"\n");
    let mut server = serve(&mut shell);
    assert_eq!(shell.run(before).0, 0);
    let mut bot = shell.begin(start);
    listeners(&mut shell, 1);
    let mut asked = 0;
    for round in 0..8_usize {
        for _ in 0..10 {
            let ask = "curl -s -o answer.eve -u eve: -d '!time' http://127.0.0.1:1337/messages";
            assert_eq!(shell.run(ask).0, 0);
            asked += 1;
        }
        // Somewhere in the middle of its answers.
        wait_for("an answer", || {
            (answers(&mut shell, name) + 9 >= asked + round % 9).then_some(())
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
    // One question more: whatever was to be said twice would be said before its answer.
    let last = "curl -s -o answer.eve -u eve: -d '!time' http://127.0.0.1:1337/messages";
    assert_eq!(shell.run(last).0, 0);
    wait_for("the last answer", || {
        (answers(&mut shell, name) > asked).then_some(())
    });
    assert_eq!(
        answers(&mut shell, name),
        asked + 1,
        "{}",
        shell.so_far(&bot)
    );
    let (code, said) = shell.run("chatroom replay --verify log.txt");
    assert_eq!(code, 0, "{said}");
}

#[test]
fn the_bot_in_shell_answers_every_question_once() {
    misses_nothing("timebot.sh", "clock", "sh timebot.sh", ": >last");
}

#[test]
fn the_bot_in_python_answers_every_question_once() {
    misses_nothing("timebot.py", "pyclock", "python3 timebot.py", "true");
}
