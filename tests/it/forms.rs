//! `chatroom replay --output json|http`: the output for listeners and on the console, from the log. The page is in
//! `page.rs`.

use std::io::Write;
use std::process::{Command, Stdio};

use chatroom::event::{Body, Key, Stamp};
use serde_json::Value;

use crate::logs::line_at;
use support::client::bearer;
use support::program::{CHATROOM, Folder, Run};
use support::server::Server;

/// A text that is harmful to an unprotected terminal or page.
pub const HOSTILE: &str =
    "<script>document.title='x'</script>\u{1b}[31m\u{202e}\0\u{7}\u{2028}</p>&amp;\r\n\"'`";

/// A line, one second after the other.
pub fn line_of(second: i64, body: Body) -> Vec<u8> {
    let at = Stamp::from_micros(1_795_473_297_000_000 + second * 1_000_000);
    line_at(at, body)
}

/// The line of a message.
pub fn says(second: i64, from: &str, text: &str) -> Vec<u8> {
    let body = Body::message(from, text).elapsed(7).keyed(Key::new("k1"));
    line_of(second, body)
}

/// Runs a replay of a pipe.
pub fn piped(folder: &Folder, args: &[&str], log: &[u8]) -> Run {
    let mut command = Command::new(CHATROOM);
    command.arg("replay").args(args).arg("-");
    folder.settle(&mut command);
    command.stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let mut pipe = child.stdin.take().expect("a pipe");
    let log = log.to_vec();
    let writer = std::thread::spawn(move || pipe.write_all(&log));
    let output = child.wait_with_output().expect("its end");
    writer.join().expect("written").expect("all was read");
    Run::ended(format!("replay {args:?} -"), output)
}

fn objects(run: &Run) -> Vec<Value> {
    let said = run.said();
    let objects = said.lines().map(serde_json::from_str);
    objects.map(|object| object.expect("JSON")).collect()
}

/// A room with a few messages, one of them hostile.
fn room() -> Server {
    let server = Server::start(&["--max-rate", "0"]);
    let token = server.log_in("uthira");
    for (key, text) in [("k1", "hi\nthere"), ("k2", HOSTILE), ("k3", "/me waves")] {
        let fields = [
            ("Idempotency-Key", key),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Authorization", &*bearer(&token)),
        ];
        let answer = server.ask("POST", "/messages", &fields, text);
        assert_eq!(answer.status, 201, "{}", answer.text());
    }
    let fields = [("Authorization", &*bearer(&token))];
    server.ask("DELETE", "/session", &fields, "");
    server
}

#[test]
fn json_is_what_a_listener_is_sent() {
    let server = room();
    let accept = [("Accept", "application/x-ndjson")];
    let sent = server.ask("GET", "/events?poll=1&since=all", &accept, "");
    let sent = sent.text();
    let (hello, sent) = sent.split_once('\n').expect("lines");
    assert!(hello.contains(r#""type":"hello""#), "{hello}");
    let history = server.get("/messages?limit=1000").json();
    let run = server
        .folder
        .run(&["replay", "log.txt", "--output", "json"])
        .code(0)
        .stdout(sent)
        .stderr("");
    assert!(sent.contains(r#""text":"hi\nthere","key":"k1"}"#), "{sent}");
    let events = history["events"].as_array().expect("events");
    assert_eq!(&objects(&run), events);
}

#[test]
fn ids_are_the_rooms_whatever_is_left_out_and_wherever_it_comes_from() {
    let folder = Folder::new();
    let log: Vec<u8> = (0..2_000).flat_map(|n| says(n, "mira", "hello")).collect();
    folder.file("log.txt", &log);
    let all = objects(
        &folder
            .run(&["replay", "log.txt", "--output", "json"])
            .code(0),
    );
    assert_eq!(all.len(), 2_000);
    let from = ["--output", "json", "--from", "2026-11-23T22:51:40Z"];
    let of_file = folder.run(&[&["replay", "log.txt"], &from[..]].concat());
    let late = objects(&of_file.code(0).stderr(""));
    assert!(late.len() > 100 && late.len() < 1_900, "{}", late.len());
    let wanted = &all[all.len() - late.len()..];
    assert!(late == wanted, "{} is not {}", late[0], wanted[0]);
    let of_pipe = piped(&folder, &from, &log).code(0);
    assert!(objects(&of_pipe) == late, "{}", objects(&of_pipe)[0]);
}

#[test]
fn json_says_what_is_damaged_as_a_listener_is_told() {
    let folder = Folder::new();
    let lines = [
        says(0, "mira", "one"),
        says(1, "mira", "two"),
        says(2, "bob", "three"),
    ];
    let mut log = lines.concat();
    // The first line, whose checksum names the log, and the second.
    log[30] = b'X';
    log[lines[0].len() + 30] = b'X';
    let torn = [&log[..], b"2026-11-23T22:3"].concat();
    folder.file("log.txt", &torn);
    let run = folder
        .run(&["replay", "log.txt", "--output", "json"])
        .code(0);
    let found = objects(&run);
    let server = Server::start(&[]);
    let told = {
        std::fs::write(server.folder.path().join("old.txt"), &log).expect("written");
        let other = Server::start_in(
            std::sync::Arc::clone(&server.folder),
            "127.0.0.1:0",
            &["--log", "old.txt"],
        );
        other.events("since=all")
    };
    // hello, then the three lines; what the server added comes after.
    assert_eq!(found[..3], told[1..4], "{found:?}");
    assert_eq!(found[0]["type"], "damaged");
    assert_eq!(found[2]["text"], "three");
    assert_eq!(found[3]["type"], "damaged");
    let words = found[3]["message"].as_str().expect("words");
    assert!(words.starts_with(&format!("The log is torn at byte {}", log.len())));
    assert_eq!(found.len(), 4);
    // A selection of events has no damaged lines.
    let chosen = ["replay", "log.txt", "--output", "json", "--user", "bob"];
    let chosen = objects(&folder.run(&chosen).code(0));
    assert_eq!(chosen, found[2..3]);
}

#[test]
fn http_is_the_servers_console_without_what_no_log_knows() {
    let server = room();
    server.console.wait_for("Client (uthira) is offline\n");
    let console = server.console.text();
    let link = format!("  chatroom://{}\n", server.address);
    let (_, traffic) = console.split_once(&link).expect("how to join");
    let host = format!("Host: {}", server.address);
    let known: Vec<&str> = traffic
        .lines()
        .filter(|line| {
            !line.starts_with("Task number=") && *line != "Authorization: ***" && *line != host
        })
        .collect();
    let run = server
        .folder
        .run(&["replay", "log.txt", "--output", "http"]);
    let shown = run.code(0).stderr("").said();
    let (opened, shown) = shown.split_once('\n').expect("lines");
    assert!(opened.starts_with("* Room opened (chatroom "), "{opened}");
    assert_eq!(shown.lines().collect::<Vec<_>>(), known);
    assert_eq!(shown.matches("POST /messages HTTP/1.1\n").count(), 3);
    assert!(shown.chars().all(|c| c == '\n' || !c.is_control()));
    assert!(!shown.contains('\u{202e}'));
}

#[test]
fn http_shows_each_message_as_a_request() {
    let folder = Folder::new();
    let mut log = [
        says(0, "mira", "hi\nü"),
        says(1, "bob", "damaged"),
        says(2, "bob", "yes"),
    ];
    let at = log[0].len();
    log[1][30] = b'X';
    folder.file("log.txt", log.concat());
    let block = "POST /messages HTTP/1.1\nIdempotency-Key: k1\n\
        Content-Type: text/plain; charset=utf-8\nContent-Length: 5\n\
        Date: Mon, 23 Nov 2026 22:34:57 GMT\n\nhi\\nü\n[mira]: 0:00:07:hi\\nü\n";
    let damaged = format!("* The log is damaged at byte {at}: ");
    let run = folder
        .run(&["replay", "log.txt", "--output", "http"])
        .code(0);
    assert!(
        run.said().starts_with(&format!("{block}{damaged}")),
        "{}",
        run.story()
    );
    run.stdout_has("Date: Mon, 23 Nov 2026 22:34:59 GMT\n\nyes\n[bob]: 0:00:07:yes\n");
    folder
        .run(&["replay", "log.txt", "--output", "http", "--user", "mira"])
        .code(0)
        .stdout(block);
}
