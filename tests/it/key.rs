//! A room with a key: nobody gets in or reads without it.

use std::process::Command;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::client::{Answer, bearer};
use crate::server::Server;
use crate::util::Folder;

fn basic(pair: &str) -> String {
    format!("Basic {}", STANDARD.encode(pair))
}

/// A room with the key `open sesame`.
fn with_key() -> Server {
    let folder = Folder::new();
    folder.file("key", "open sesame\nand a second line\n");
    Server::start_in(Arc::new(folder), "127.0.0.1:0", &["--key-file", "key"])
}

fn log_in(server: &Server, body: &str) -> Answer {
    server.ask("POST", "/session", &[], body)
}

#[test]
fn nothing_answers_without_the_key() {
    let server = with_key();
    let wrong = basic("ci:guess");
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/events"),
        ("GET", "/events?poll=1"),
        ("GET", "/messages"),
        ("GET", "/messages/5d2f0a11-0-9d02"),
        ("GET", "/members"),
        ("GET", "/log.txt"),
        ("POST", "/session"),
        ("POST", "/messages"),
        ("DELETE", "/session"),
    ] {
        let answer = server.ask(method, path, &[], "uthira");
        answer.refused(401, "key_required");
        assert!(answer.field("www-authenticate").is_some(), "{path}");
        let answer = server.ask(method, path, &[("Authorization", &wrong)], "uthira");
        answer.refused(401, "key_wrong");
        assert!(answer.field("www-authenticate").is_some(), "{path}");
        let head = server.ask("HEAD", path, &[], "");
        assert_ne!(head.status, 200, "{path}");
    }
    let health = server.get("/health");
    assert_eq!(
        (health.status, health.text()),
        (200, "{\"status\":\"ok\"}\n".into())
    );
    assert_eq!(server.said().len(), 1, "nobody came in");
}

#[test]
fn with_the_key_everything_does() {
    let server = with_key();
    for body in [r#"{"name":"uthira"}"#, "uthira"] {
        log_in(&server, body).refused(401, "key_required");
    }
    for key in [
        "Open sesame",
        "open sesame ",
        "open sesame\nand a second line",
    ] {
        let body = serde_json::json!({"name": "uthira", "key": key}).to_string();
        log_in(&server, &body).refused(401, "key_wrong");
    }
    let answer = log_in(&server, r#"{"name":"uthira","key":"open sesame"}"#);
    assert_eq!(answer.status, 201);
    let token = answer.json()["token"].as_str().expect("it").to_string();
    assert_eq!(server.say(&token, "inside").status, 201);
    let by_name = basic("bob:open sesame");
    let fields = [("Authorization", &*by_name)];
    assert_eq!(server.ask("POST", "/session", &fields, "bob").status, 201);
    for authorised in [
        &*bearer(&token),
        &basic("ci:open sesame"),
        &basic(":open sesame"),
    ] {
        let fields = [("Authorization", authorised)];
        for path in ["/", "/members", "/messages", "/log.txt", "/events?poll=1"] {
            assert_eq!(server.ask("GET", path, &fields, "").status, 200, "{path}");
        }
        let health = server.ask("GET", "/health", &fields, "").json();
        assert_eq!(health["members"], 2);
    }
    let stream = server.ask("GET", &format!("/events?poll=1&token={token}"), &[], "");
    assert_eq!(stream.status, 200);
    let fields = [("Authorization", &*basic("ci:open sesame"))];
    assert_eq!(
        server.ask("POST", "/messages", &fields, "one shot").status,
        201
    );
    let console = server.console.text();
    assert!(
        !console.contains("sesame") && !console.contains(&token),
        "{console}"
    );
    assert!(console.contains("curl -N -u YOU:KEY"), "{console}");
}

#[test]
fn the_key_may_come_from_the_environment() {
    let folder = Arc::new(Folder::new());
    let mut command = folder.command(&["server", "--listen", "127.0.0.1:0"]);
    command.env("CHATROOM_KEY", "ключ");
    let server = Server::spawn(Arc::clone(&folder), command);
    server.get("/members").refused(401, "key_required");
    let fields = [("Authorization", &*basic("ci:ключ"))];
    assert_eq!(server.ask("GET", "/members", &fields, "").status, 200);
    let curl = Command::new("curl")
        .args([
            "-sS",
            "-u",
            "ci:ключ",
            &format!("http://{}/members", server.address),
        ])
        .output()
        .expect("curl runs");
    assert!(
        String::from_utf8_lossy(&curl.stdout).contains("\"members\""),
        "{curl:?}"
    );
}

#[test]
fn a_new_key_ends_the_old_tokens() {
    let mut server = with_key();
    let token = log_in(&server, r#"{"name":"uthira","key":"open sesame"}"#).json()["token"].clone();
    let token = token.as_str().expect("it");
    server.kill();
    server.start_again(&["--key-file", "key"]);
    assert_eq!(server.say(token, "the same key").status, 201);
    server.kill();
    server.folder.file("key", "a new one");
    server.start_again(&["--key-file", "key"]);
    server.say(token, "x").refused(401, "token_invalid");
}

#[test]
fn a_key_that_protects_nothing_is_refused() {
    let folder = Folder::new();
    folder.file("empty", "");
    folder.file("blank", " \t\nsecret\n");
    folder.file("latin", b"caf\xe9\n");
    let start = ["server", "--listen", "127.0.0.1:0", "--key-file"];
    // What may mend itself, as a folder that is not mounted yet, is 1; what has to be mended is 2.
    for (file, part, code) in [
        ("empty", "is empty", 2),
        ("blank", "is empty", 2),
        ("latin", "cannot be read", 1),
        ("missing", "cannot be read", 1),
        (".", "cannot be read", 1),
    ] {
        let run = folder.run(&[&start[..], &[file]].concat());
        run.code(code).one_sentence(&["key", file, part]).stdout("");
    }
    let mut command = folder.command(&start[..3]);
    command.env("CHATROOM_KEY", "");
    crate::util::Run::of(&mut command)
        .code(2)
        .one_sentence(&["CHATROOM_KEY", "is empty"]);
    assert!(!folder.path().join("log.txt").exists());
}

#[test]
fn whoever_guesses_is_told_to_wait() {
    let server = with_key();
    let inside =
        log_in(&server, r#"{"name":"uthira","key":"open sesame"}"#).json()["token"].clone();
    let mut client = server.client();
    let wrong = basic("ci:guess");
    let guess = server.request("GET", "/members", &[("Authorization", &wrong)], "");
    client.send(guess.repeat(21));
    for _ in 0..20 {
        client.answer("GET").refused(401, "key_wrong");
    }
    let slow = client.answer("GET");
    slow.refused(429, "too_many_keys");
    let wait = slow.field("retry-after").map(str::parse::<u64>);
    assert!(matches!(wait, Some(Ok(1..=60))), "{wait:?}");
    // Even the right key has to wait, or a guess could be told from it; a token does not.
    let right = log_in(&server, r#"{"name":"bob","key":"open sesame"}"#);
    right.refused(429, "too_many_keys");
    assert_eq!(
        server.say(inside.as_str().expect("it"), "still in").status,
        201
    );
    assert_eq!(server.get("/health").status, 200);
    server
        .notices
        .wait_for("Too many wrong room keys came from 127.0.0.1: 20 within a minute.");
}

#[test]
fn a_name_alone_is_no_guess() {
    let server = with_key();
    let nobody = basic("ci:");
    for _ in 0..30 {
        let answer = server.ask("GET", "/members", &[("Authorization", &nobody)], "");
        answer.refused(401, "key_required");
        log_in(&server, r#"{"name":"ci","key":""}"#).refused(401, "key_required");
    }
    assert_eq!(
        log_in(&server, r#"{"name":"bob","key":"open sesame"}"#).status,
        201
    );
    assert_eq!(server.notices.text(), "");
}

/// What others on the machine may do with a file.
fn mode(server: &Server, name: &str) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    let file = server.folder.path().join(name).metadata();
    file.expect("it is there").permissions().mode() & 0o777
}

#[test]
fn nobody_else_on_the_machine_reads_a_room_with_a_key() {
    use std::os::unix::fs::PermissionsExt;
    let set = |server: &Server, name: &str, mode: u32| {
        let path = server.folder.path().join(name);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("set");
    };
    let mut server = with_key();
    assert_eq!(mode(&server, "log.txt"), 0o600);
    assert_eq!(server.notices.text(), "");
    server.kill();
    // As one has it that was begun without a key, with an end that a crash tore.
    set(&server, "log.txt", 0o644);
    set(&server, "log.txt.secret", 0o666);
    let whole = std::fs::read(server.log()).expect("the log");
    server
        .folder
        .file("log.txt", [&whole[..], b"2026-11"].concat());
    server.start_again(&["--key-file", "key"]);
    assert_eq!(mode(&server, "log.txt"), 0o600);
    assert_eq!(mode(&server, "log.txt.secret"), 0o600);
    assert_eq!(
        mode(&server, &format!("log.txt.torn-{}", whole.len())),
        0o600
    );
    server.notices.wait_for("(its mode was 666)");
    server.notices.wait_for("(its mode was 644)");
    server.kill();
    // A group that makes the backups may go on.
    set(&server, "log.txt", 0o640);
    server.start_again(&["--key-file", "key"]);
    assert_eq!(mode(&server, "log.txt"), 0o640);
    server.kill();
    set(&server, "log.txt", 0o644);
    server.start_again(&[]);
    assert_eq!(mode(&server, "log.txt"), 0o644);
    assert_eq!(server.notices.text(), "");
}
