//! A room with a key: nobody gets in or reads without it.

use std::ffi::OsStr;
use std::fs::Permissions;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use chatroom::wire::endpoint::{Access, Endpoint};
use support::client::{Answer, bearer};
use support::program::Folder;
use support::server::Server;
use support::waiting::{PATIENCE, wait_for};

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
    // The page at `/` asks for the key itself; the lines for terminals need it (tests/it/home.rs).
    let closed =
        |endpoint: &&Endpoint| **endpoint == Endpoint::Home || endpoint.access() != Access::Anybody;
    for endpoint in Endpoint::ALL.iter().filter(closed) {
        let method = endpoint.method().as_str();
        let path = match *endpoint {
            Endpoint::OneEvent => "/messages/5d2f0a11-0-9d02".to_string(),
            Endpoint::Events => "/events?poll=1".to_string(),
            other => other.path().to_string(),
        };
        let path = &*path;
        let answer = server.ask(method, path, &[], "uthira");
        answer.refused(401, "key_required");
        assert!(answer.field("www-authenticate").is_some(), "{path}");
        let answer = server.ask(method, path, &[("Authorization", &wrong)], "uthira");
        answer.refused(401, "key_wrong");
        assert!(answer.field("www-authenticate").is_some(), "{path}");
        let head = server.ask("HEAD", path, &[], "");
        assert_ne!(head.status, 200, "{path}");
    }
    server.get("/events").refused(401, "key_required");
    let open: Vec<&Endpoint> = Endpoint::ALL.iter().filter(|one| !closed(one)).collect();
    assert_eq!(open, [&Endpoint::Health], "nothing else is for anybody");
    let health = server.get("/health");
    assert_eq!(health.status, 200);
    let health = health.json();
    let told: Vec<&String> = health.as_object().expect("an object").keys().collect();
    assert_eq!(told, ["id", "key", "page", "status"], "what the page needs");
    assert_eq!(
        (&health["status"], &health["key"]),
        (&"ok".into(), &true.into())
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
    // A service manager that starts it again would not help.
    for (file, part) in [
        ("empty", "is empty"),
        ("blank", "is empty"),
        ("latin", "cannot be read"),
        ("missing", "cannot be read"),
        ("empty/key", "cannot be read"),
        (".", "cannot be read"),
    ] {
        let run = folder.run(&[&start[..], &[file]].concat());
        run.code(2).one_sentence(&["key", file, part]).stdout("");
    }
    for (value, part) in [(&b""[..], "is empty"), (b"caf\xe9", "is not UTF-8")] {
        let mut command = folder.command(&start[..3]);
        command.env("CHATROOM_KEY", OsStr::from_bytes(value));
        support::program::Run::of(&mut command)
            .code(2)
            .one_sentence(&["CHATROOM_KEY", part]);
    }
    assert!(!folder.path().join("log.txt").exists());
}

#[test]
fn the_operator_reads_from_where_a_wrong_key_came_and_never_the_key() {
    let mut server = with_key();
    log_in(&server, r#"{"name":"eve","key":"t0pguess"}"#).refused(401, "key_wrong");
    server
        .notices
        .wait_for("A wrong room key came from 127.0.0.1.\n");
    // Once a minute is enough, whatever the way of asking.
    let wrong = basic("eve:t0pguess");
    let ask = |path| server.ask("GET", path, &[("Authorization", &wrong)], "");
    ask("/members").refused(401, "key_wrong");
    ask("/events").refused(401, "key_wrong");
    // No key at all is no guess.
    server.get("/members").refused(401, "key_required");
    assert!(server.stop().success());
    let notices = server.notices.text();
    assert_eq!(notices.lines().count(), 1, "{notices}");
    assert!(!notices.contains("t0pguess"), "{notices}");
    assert!(!notices.contains("eve"), "{notices}");
}

#[test]
fn a_client_that_guesses_keys_is_told_to_wait() {
    let server = with_key();
    let inside =
        log_in(&server, r#"{"name":"uthira","key":"open sesame"}"#).json()["token"].clone();
    let mut client = server.client();
    let wrong = basic("ci:guess");
    let guess = server.request("GET", "/members", &[("Authorization", &wrong)], "");
    client.send(guess.repeat(20));
    for _ in 0..20 {
        client.answer("GET").refused(401, "key_wrong");
    }
    server
        .notices
        .wait_for("Too many wrong room keys came from 127.0.0.1: 20 within a minute.");
    // At most thirty-two wait; a further one is refused without a check.
    let mut others: Vec<_> = (0..40).map(|_| server.client()).collect();
    for other in &mut others {
        other.send(&guess);
    }
    let answers: Vec<Answer> = others.iter_mut().map(|other| other.answer("GET")).collect();
    let unchecked = answers.iter().filter(|answer| answer.status == 429);
    let unchecked: Vec<&Answer> = unchecked.collect();
    assert!(unchecked.len() >= 8, "{}", unchecked.len());
    unchecked[0].refused(429, "too_many_keys");
    let wait = unchecked[0].field("retry-after").map(str::parse::<u64>);
    assert!(matches!(wait, Some(Ok(1..=60))), "{wait:?}");
    // A token waits for nothing.
    assert_eq!(
        server.say(inside.as_str().expect("it"), "still in").status,
        201
    );
    assert_eq!(server.get("/health").status, 200);
}

/// Five pupils guess on forty connections each as fast as they are answered; another, at the same address, has the
/// right key.
#[test]
fn a_guesser_does_not_keep_the_class_out() {
    let server = with_key();
    let over = AtomicBool::new(false);
    let (wrong, begun) = (AtomicUsize::new(0), Instant::now());
    let came = std::thread::scope(|scope| {
        for number in 0..200 {
            let (server, over, wrong) = (&server, &over, &wrong);
            scope.spawn(move || {
                let guess = basic(&format!("ci:guess {number}"));
                let guess = server.request("GET", "/members", &[("Authorization", &guess)], "");
                let mut client = server.client();
                while !over.load(Ordering::Relaxed) {
                    client.send(&guess);
                    match client.answer("GET").status {
                        401 => wrong.fetch_add(1, Ordering::Relaxed),
                        429 => 0,
                        other => panic!("{other}"),
                    };
                }
            });
        }
        wait_for("the guessers", || {
            (wrong.load(Ordering::Relaxed) >= 20).then_some(())
        });
        let (limit, body) = (
            Instant::now() + 3 * PATIENCE,
            r#"{"name":"bob","key":"open sesame"}"#,
        );
        let mut came = false;
        while !came && Instant::now() < limit {
            // Each attempt is on a new connection, as with a browser or curl.
            let answer = log_in(&server, body);
            match answer.status {
                201 => came = true,
                _ => drop(answer.refused(429, "too_many_keys")),
            }
        }
        over.store(true, Ordering::Relaxed);
        came
    });
    assert!(came, "nobody came in within a minute");
    let (wrong, minutes) = (
        wrong.into_inner(),
        begun.elapsed().as_secs() as usize / 60 + 1,
    );
    assert!(wrong <= 60 * minutes, "{wrong} guesses were answered");
}

#[test]
fn behind_a_proxy_each_client_has_its_own_address() {
    let folder = Folder::new();
    folder.file("key", "open sesame");
    let args = ["--key-file", "key", "--trust-proxy", "127.0.0.1"];
    let server = Server::start_in(Arc::new(folder), "127.0.0.1:0", &args);
    let mut client = server.client();
    let ask = |pair: &str, from: &str| {
        let basic = basic(pair);
        let fields = [("Authorization", &*basic), ("X-Forwarded-For", from)];
        server.request("GET", "/members", &fields, "")
    };
    client.send(ask("ci:guess", "192.0.2.1").repeat(20));
    for _ in 0..20 {
        client.answer("GET").refused(401, "key_wrong");
    }
    server
        .notices
        .wait_for("wrong room keys came from 192.0.2.1:");
    // Another address is answered at once, twenty times; a header from the client itself does not count.
    client.send(ask("ci:guess", "192.0.2.1, 192.0.2.2").repeat(20));
    for _ in 0..20 {
        client.answer("GET").refused(401, "key_wrong");
    }
    // All addresses of one IPv6 network count as one.
    for last in 1..=20 {
        client.send(ask("ci:guess", &format!("2001:db8::{last}")));
        client.answer("GET").refused(401, "key_wrong");
    }
    let mut waiting: Vec<_> = (0..33).map(|_| server.client()).collect();
    for other in &mut waiting {
        other.send(ask("ci:guess", "2001:db8::ffff"));
    }
    let answers = waiting.iter_mut().map(|other| other.answer("GET").status);
    assert!(answers.collect::<Vec<_>>().contains(&429));
    assert!(!server.notices.text().contains("seems to be a proxy"));
}

#[test]
fn a_proxy_that_nobody_named_is_told_once() {
    let server = Server::start(&["--host-name", "chat.example.org"]);
    assert_eq!(server.get("/members").status, 200);
    assert_eq!(server.notices.text(), "");
    for _ in 0..3 {
        let fields = [("Host", "chat.example.org")];
        assert_eq!(server.ask("GET", "/members", &fields, "").status, 200);
        let fields = [("X-Forwarded-For", "192.0.2.1")];
        assert_eq!(server.ask("GET", "/members", &fields, "").status, 200);
    }
    server.notices.wait_for("--trust-proxy 127.0.0.1");
    assert_eq!(
        server.notices.text().matches("seems to be a proxy").count(),
        1
    );
}

#[test]
fn a_key_that_everybody_on_the_machine_can_read_is_told() {
    let folder = Folder::new();
    let key = folder.file("key", "open sesame");
    for (path, mode) in [(folder.path(), 0o755), (&key, 0o644)] {
        std::fs::set_permissions(path, Permissions::from_mode(mode)).expect("set");
    }
    // If the folder for temporary files belongs to the user, nobody else can.
    let whole = folder.path().canonicalize().expect("a path");
    let everybody = whole.ancestors().all(|folder| {
        let about = std::fs::metadata(folder).expect("a folder");
        about.permissions().mode() & 1 != 0
    });
    let server = Server::start_in(Arc::new(folder), "127.0.0.1:0", &["--key-file", "key"]);
    let remark = "Everybody on this machine can read the room key in key (its mode is 644).";
    match everybody {
        true => server.notices.wait_for(remark),
        false => assert!(!server.notices.text().contains(remark)),
    }
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

/// The permissions of a file.
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
    // A log that was begun without a key, with a line torn by a crash.
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
    // The group that makes backups keeps its access.
    set(&server, "log.txt", 0o640);
    server.start_again(&["--key-file", "key"]);
    assert_eq!(mode(&server, "log.txt"), 0o640);
    server.kill();
    set(&server, "log.txt", 0o644);
    server.start_again(&[]);
    assert_eq!(mode(&server, "log.txt"), 0o644);
    assert_eq!(server.notices.text(), "");
}
