//! The question at a server's start whether to show the old conversation: when it is asked, and that nothing else
//! waits for the answer.

use std::net::TcpStream;
use std::sync::Arc;

use rustix::process::{Pid, Resource, Rlimit, prlimit};

use crate::console::Terminal;
use support::client::Client;
use support::program::{Folder, Run};
use support::server::Server;
use support::tmux::Tmux;
use support::waiting::wait_for;

const QUESTION: &str = "Show the old conversation here? It is kept either way. [yes/no] ";

/// A folder with a log of one message.
fn old_log() -> Arc<Folder> {
    let mut server = Server::start(&[]);
    let token = server.log_in("uthira");
    assert_eq!(server.say(&token, "as it was").status, 201);
    assert!(server.stop().success());
    Arc::clone(&server.folder)
}

/// The address in what a server says at its start.
fn address(screen: &str) -> String {
    let address = screen.split_once("http://").expect("an address").1;
    address.split('/').next().expect("it").to_string()
}

/// Posts a text to the room at this address, which answers within curl's time limit.
#[track_caller]
fn say(address: &str, text: &str) {
    let mut curl = std::process::Command::new("curl");
    let url = format!("http://{address}/messages");
    curl.args(["-sS", "--fail-with-body", "--max-time", "20", "-u", "ci:"]);
    Run::of(curl.args(["--data-raw", text, &url])).code(0);
}

#[test]
fn the_log_is_shown_for_yes_and_nothing_else() {
    for (answer, shown, asked_again) in [
        ("yes\n", true, 0),
        ("YES\n", true, 0),
        ("no\n", false, 0),
        ("\n", false, 0),
        ("yse\nmaybe\ny\n", true, 2),
        ("ja\n\x04", false, 1),
        ("\x04", false, 0),
    ] {
        let mut terminal = Terminal::start(old_log(), "");
        terminal.screen.wait_for(QUESTION);
        let before = terminal.screen.text();
        let (told, _) = before.split_once(QUESTION).expect("it");
        assert!(told.contains("Listening on port"), "{before}");
        terminal.type_in(answer);
        // The next message comes after all of it.
        say(&address(told), "next");
        terminal.screen.wait_for("[ci]: 0:00:00:next\r\n");
        let again = terminal.screen.text().matches("Answer yes or no").count();
        assert_eq!(again, asked_again, "{answer:?}");
        let screen = terminal.screen.text();
        let after = screen.split_once(QUESTION).expect("it").1;
        for line in ["as it was", "uthira", "entered room"] {
            assert_eq!(after.contains(line), shown, "{answer:?}: {screen}");
        }
        // The address to join is repeated below it.
        let below = after.split_once("as it was").map(|(_, below)| below);
        let said_again = below.is_some_and(|below| below.contains("Listening on port"));
        assert_eq!(said_again, shown, "{answer:?}: {screen}");
        terminal.interrupt();
    }
}

#[test]
fn the_room_is_open_while_the_question_stands() {
    let mut terminal = Terminal::start(old_log(), "");
    terminal.screen.wait_for(QUESTION);
    let address = address(&terminal.screen.text());
    say(&address, "one");
    // Important notices appear above the question, when half an answer is typed.
    terminal.type_in("y");
    let tasks = format!("/proc/{0}/task/{0}/children", terminal.script.id());
    let server = std::fs::read_to_string(tasks).expect("the server under script");
    let server = Pid::from_raw(server.trim().parse().expect("one")).expect("a process");
    let log = terminal.folder.path().join("log.txt");
    let size = std::fs::metadata(&log).expect("the log").len();
    let full = Rlimit {
        current: Some(size),
        maximum: None,
    };
    prlimit(Some(server), Resource::Fsize, full).expect("a limit");
    let mut curl = std::process::Command::new("curl");
    let url = format!("http://{address}/messages");
    curl.args([
        "-sS",
        "--max-time",
        "20",
        "-u",
        "ci:",
        "--data-raw",
        "two",
        &url,
    ]);
    Run::of(&mut curl).code(0).stdout_has("log_full");
    terminal
        .screen
        .wait_for("messages are refused until there is some");
    wait_for("the question again", || {
        terminal.screen.text().ends_with(QUESTION).then_some(())
    });
    let screen = terminal.screen.text();
    let (_, after) = screen.split_once(QUESTION).expect("it");
    assert!(after.starts_with("y\r\nThere is no space"), "{screen}");
    assert!(
        !screen.contains("[ci]: "),
        "the question is alone: {screen}"
    );
    terminal.type_in("es\n");
    terminal.screen.wait_for("[ci]: 0:00:00:one\r\n");
    let screen = terminal.screen.text();
    let old = screen.find("as it was").expect("the old conversation");
    assert!(
        old < screen.find("[ci]: 0:00:00:one").expect("it"),
        "{screen}"
    );
    prlimit(
        Some(server),
        Resource::Fsize,
        Rlimit {
            current: None,
            maximum: None,
        },
    )
    .expect("no limit");
    terminal.interrupt();
}

#[test]
fn console_lines_behind_an_open_question_are_bounded() {
    let args = "--console lines --max-rate 0 --sync never";
    let mut terminal = Terminal::start(old_log(), args);
    terminal.screen.wait_for(QUESTION);
    let stream = TcpStream::connect(address(&terminal.screen.text())).expect("a connection");
    let mut client = Client::new(stream);
    for part in 0..25 {
        let requests: String = (part * 200..(part + 1) * 200)
            .map(|n| format!("POST /messages HTTP/1.1\r\nHost: a\r\nAuthorization: Basic Y2k6\r\nContent-Length: 5\r\n\r\n{n:05}"))
            .collect();
        client.send(requests);
        for _ in 0..200 {
            assert_eq!(client.answer("POST").status, 201);
        }
    }
    terminal.type_in("no\n");
    terminal.screen.wait_for("04999\r\n");
    let screen = terminal.screen.text();
    let (_, after) = screen.split_once(QUESTION).expect("it");
    let mut lines = after.lines().skip(1);
    let lost = lines.next().expect("what is missing").to_string();
    let lost = lost
        .strip_prefix('(')
        .and_then(|rest| rest.split_once(" console lines were lost"));
    let lost: usize = lost.expect("it is counted").0.parse().expect("a number");
    // Every other line is there, in order.
    let kept: Vec<usize> = lines
        .filter_map(|line| line.rsplit(':').next()?.parse().ok())
        .collect();
    assert_eq!(kept, (lost..5_000).collect::<Vec<_>>());
    assert!(kept.len() >= 4_096, "{}", kept.len());
    terminal.interrupt();
}

#[test]
fn ctrl_c_is_an_answer_too() {
    let mut terminal = Terminal::start(old_log(), "");
    terminal.screen.wait_for(QUESTION);
    let address = address(&terminal.screen.text());
    say(&address, "and yet");
    terminal.interrupt();
    let screen = terminal.screen.text();
    let (_, after) = screen.split_once(QUESTION).expect("it");
    assert!(!after.contains("as it was"), "{screen}");
    // Lines held back during the question are shown, and the room closes in good order.
    let said = after.find("[ci]: 0:00:00:and yet").expect("what was said");
    assert!(
        said < after.find("The room is closed.").expect("the end"),
        "{screen}"
    );
    let log = std::fs::read_to_string(terminal.folder.path().join("log.txt")).expect("it");
    assert!(
        log.trim_end()
            .split('\t')
            .rev()
            .nth(1)
            .is_some_and(|l| l.ends_with("* Room closed")),
        "{log}"
    );
}

#[test]
fn in_the_background_nobody_is_asked() {
    let folder = old_log();
    let tmux = Tmux::start(&folder, 120, 40);
    tmux.shell("clear; \"$CHATROOM\" server --listen 127.0.0.1:0 &");
    let screen = tmux.wait_text("chatroom://127.0.0.1:");
    // A stopped server would hold its port and answer nobody.
    say(&address(&screen), "one");
    let screen = tmux.wait_text("[ci]: 0:00:00:one");
    assert!(!screen.contains("[yes/no]"), "{screen}");
    tmux.shell("clear; jobs");
    tmux.wait_text("Running");
    tmux.shell("kill %1; wait");
    tmux.wait_text("The room is closed.");
}

#[test]
fn a_question_is_withdrawn_in_the_background_and_asked_again_in_the_foreground() {
    let folder = old_log();
    let tmux = Tmux::start(&folder, 120, 40);
    tmux.shell("clear; \"$CHATROOM\" server --listen 127.0.0.1:0");
    let screen = tmux.wait_text(QUESTION.trim_end());
    let address = address(&screen);
    tmux.keys(&["C-z"]);
    tmux.wait_text("Stopped");
    tmux.shell("clear; fg");
    tmux.wait_text(QUESTION.trim_end());
    say(&address, "one");
    tmux.keys(&["C-z"]);
    tmux.wait_text("Stopped");
    tmux.shell("clear; bg");
    // It continues, shows the lines that it held back, and leaves the keyboard to the shell.
    tmux.wait_text("[ci]: 0:00:00:one");
    tmux.shell("echo to the shell");
    tmux.wait_for("the shell's answer", |screen| {
        screen.lines().any(|line| line == "to the shell")
    });
    say(&address, "two");
    tmux.wait_text(":two");
    tmux.shell("clear; jobs");
    let screen = tmux.wait_text("Running");
    assert!(!screen.contains("as it was"), "{screen}");
    tmux.shell("kill %1; wait");
    tmux.wait_text("The room is closed.");
}

#[test]
fn a_short_conversation_leaves_where_to_join_on_the_screen() {
    for (rows, times) in [(40, 1), (14, 2)] {
        let folder = old_log();
        let tmux = Tmux::start(&folder, 120, rows);
        tmux.shell("clear; \"$CHATROOM\" server --listen 127.0.0.1:0");
        let screen = tmux.wait_text(QUESTION.trim_end());
        let at = address(&screen);
        tmux.shell("yes");
        say(&at, "next");
        tmux.wait_text("[ci]: 0:00:00:next");
        // Including the lines that have left the screen.
        let said = tmux.run(&["capture-pane", "-p", "-S", "-"]);
        assert_eq!(said.matches("Listening on port").count(), times, "{said}");
        tmux.keys(&["C-c"]);
        tmux.wait_text("The room is closed.");
    }
}

#[test]
fn without_a_terminal_for_input_nothing_is_asked() {
    let folder = old_log();
    let mut terminal = Terminal::start(folder, "</dev/null");
    terminal.screen.wait_for("chatroom://127.0.0.1:");
    say(&address(&terminal.screen.text()), "one");
    terminal.screen.wait_for("[ci]: 0:00:00:one\r\n");
    let screen = terminal.screen.text();
    assert!(!screen.contains("[yes/no]"), "{screen}");
    terminal.interrupt();
}

#[test]
fn the_log_is_shown_without_asking_if_so_told() {
    let folder = old_log();
    for (history, wanted) in [
        (
            "yes",
            "entered room\n[uthira]: 0:00:00:as it was\n* Room closed\nListening",
        ),
        ("2", "as it was\n* Room closed\n"),
        ("1", "* Room closed\n"),
        ("0", ""),
        ("no", ""),
        ("ask", ""),
    ] {
        let copy = Arc::new(Folder::new());
        copy.file("log.txt", &folder.contents()["log.txt"]);
        let server = Server::start_in(copy, "127.0.0.1:0", &["--history", history]);
        let console = server.console.text();
        let (old, _) = console.split_once("Listening").expect("it listens");
        match history {
            "yes" => assert!(
                console.contains(wanted) && old.starts_with("* Room opened"),
                "{console}"
            ),
            "2" => assert_eq!(old, format!("[uthira]: 0:00:00:{wanted}")),
            _ => assert_eq!(old, wanted, "--history {history}"),
        }
    }
    let mut terminal = Terminal::start(folder, "--history no");
    terminal.screen.wait_for("chatroom://127.0.0.1:");
    assert!(!terminal.screen.text().contains(QUESTION));
    terminal.interrupt();
}
