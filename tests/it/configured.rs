//! Flags, then the environment, then defaults.

use std::process::Command;
use std::sync::Arc;

use support::display::Display;
use support::program::{Folder, Run};
use support::server::Server;
use support::waiting::wait_for;

/// The command with these variables.
fn with(folder: &Folder, args: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = folder.command(args);
    command.envs(variables.iter().copied());
    command
}

/// Every flag of the server with its variable, a value for each, and one that makes no sense.
const SERVER: [(&str, &str, &str, Option<&str>); 14] = [
    ("--listen", "CHATROOM_LISTEN", "127.0.0.1:0", None),
    (
        "--host-name",
        "CHATROOM_HOST_NAME",
        "a.example,b.example",
        Some("http://x"),
    ),
    (
        "--no-announce",
        "CHATROOM_NO_ANNOUNCE",
        "1",
        Some("perhaps"),
    ),
    ("--no-qr", "CHATROOM_NO_QR", "1", Some("perhaps")),
    (
        "--trust-proxy",
        "CHATROOM_TRUST_PROXY",
        "127.0.0.1,10.0.0.0/8",
        Some("everybody"),
    ),
    (
        "--no-address-limits",
        "CHATROOM_NO_ADDRESS_LIMITS",
        "1",
        Some("perhaps"),
    ),
    ("--room", "CHATROOM_ROOM", "lobby", Some(" ")),
    ("--key-file", "CHATROOM_KEY_FILE", "key", None),
    ("--max-name", "CHATROOM_MAX_NAME", "12", Some("65")),
    ("--grace", "CHATROOM_GRACE", "1s", Some("soon")),
    ("--max-rate", "CHATROOM_MAX_RATE", "7", Some("lots")),
    ("--sync", "CHATROOM_SYNC", "never", Some("sometimes")),
    ("--history", "CHATROOM_HISTORY", "no", Some("all")),
    ("--console", "CHATROOM_CONSOLE", "lines", Some("http2")),
];

#[test]
fn a_misspelt_variable_is_told_and_the_run_goes_on() {
    let folder = Folder::new();
    folder.file("log.txt", "");
    let wrong = [
        ("CHATROOM_LISTN", "127.0.0.1:1"),
        ("CHATROOM_KEYFILE", "key"),
    ];
    let run = Run::of(&mut with(
        &folder,
        &["replay", "log.txt", "--verify"],
        &wrong,
    ));
    let said = String::from_utf8_lossy(&run.output.stderr).into_owned();
    let wanted = [
        "chatroom: The variable CHATROOM_KEYFILE is not known and has no effect; did you mean CHATROOM_KEY_FILE?",
        "chatroom: The variable CHATROOM_LISTN is not known and has no effect; did you mean CHATROOM_LISTEN?",
    ];
    assert_eq!(said.lines().take(2).collect::<Vec<_>>(), wanted, "{said}");
}

#[test]
fn a_value_that_makes_no_sense_is_refused_with_its_variable() {
    let folder = Folder::new();
    for (flag, variable, _, wrong) in SERVER {
        let Some(wrong) = wrong else { continue };
        let refused = Run::of(&mut with(&folder, &["server"], &[(variable, wrong)])).code(2);
        let said = refused.story();
        assert!(
            said.contains(&format!("'{wrong}' for '{variable}'")),
            "{said}"
        );
        assert!(!said.contains(&format!("'{flag}")), "{said}");
        // If the flag is wrong, the sentence names the flag.
        if !["--no-announce", "--no-qr", "--no-address-limits"].contains(&flag) {
            let flag_too = ["server", flag, wrong];
            let said = Run::of(&mut with(&folder, &flag_too, &[(variable, wrong)]))
                .code(2)
                .story();
            assert!(said.contains(&format!("'{flag}")), "{said}");
        }
    }
    let color = [("CHATROOM_COLOR", "blue")];
    let refused = Run::of(&mut with(&folder, &["replay", "log.txt"], &color)).code(2);
    let said = refused.story();
    assert!(said.contains("'blue' for 'CHATROOM_COLOR'"), "{said}");
    assert!(folder.contents().is_empty());
}

#[test]
fn a_value_that_is_not_utf_8_is_refused_with_its_variable() {
    use std::os::unix::ffi::OsStrExt;
    let folder = Folder::new();
    let mut command = folder.command(&["server", "--listen", "127.0.0.1:0"]);
    command.env("CHATROOM_ROOM", std::ffi::OsStr::from_bytes(b"caf\xe9"));
    let said = Run::of(&mut command).code(2).story();
    assert!(said.contains("CHATROOM_ROOM is not UTF-8"), "{said}");
}

#[test]
fn the_help_names_every_variable() {
    let folder = Folder::new();
    let server = folder.run(&["server", "--help"]).code(0).said();
    for (flag, variable, _, _) in SERVER {
        assert!(
            server.contains(&format!("[env: {variable}=")),
            "{flag}: {server}"
        );
    }
    assert!(server.contains("[env: CHATROOM_LOG="), "{server}");
    let gui = folder.run(&["gui", "--help"]).code(0).said();
    for variable in ["NAME", "ADDRESS", "KEY_FILE", "NO_SEARCH"] {
        assert!(
            gui.contains(&format!("[env: CHATROOM_{variable}=")),
            "{gui}"
        );
    }
    let replay = folder.run(&["replay", "--help"]).code(0).said();
    assert!(replay.contains("[env: CHATROOM_COLOR="), "{replay}");
    for help in [server, gui, replay] {
        assert!(
            help.contains("CHATROOM_KEY ") || help.contains("CHATROOM_KEY."),
            "the key itself: {help}"
        );
    }
}

/// A server configured by the environment alone, apart from `args`.
fn server(folder: &Arc<Folder>, args: &[&str], variables: &[(&str, &str)]) -> Server {
    let words = [&["server"], args].concat();
    let mut command = with(folder, &words, &[("CHATROOM_LISTEN", "127.0.0.1:0")]);
    command.envs(variables.iter().copied());
    Server::spawn(Arc::clone(folder), command)
}

#[test]
fn the_environment_sets_a_server_up() {
    let folder = Arc::new(Folder::new());
    folder.file("key", "open sesame\n");
    let mut variables: Vec<_> = SERVER
        .iter()
        .map(|(_, name, value, _)| (*name, *value))
        .collect();
    variables.push(("CHATROOM_LOG", "own.txt"));
    let server = server(&folder, &[], &variables);
    assert!(folder.path().join("own.txt").exists());
    assert!(!folder.path().join("log.txt").exists());
    let basic = [("Authorization", "Basic Y2k6b3BlbiBzZXNhbWU=")];
    server.get("/members").refused(401, "key_required");
    for host in ["a.example", "b.example"] {
        let fields = [basic[0], ("Host", host)];
        assert_eq!(
            server.ask("GET", "/members", &fields, "").status,
            200,
            "{host}"
        );
    }
    let long = r#"{"name":"twelve chars","key":"open sesame"}"#;
    let json = [("Content-Type", "application/json")];
    let session = server.ask("POST", "/session", &json, long);
    assert_eq!(session.status, 201);
    assert_eq!(session.json()["room"], "lobby");
}

#[test]
fn a_flag_goes_before_its_variable_and_an_empty_one_counts_as_not_set() {
    let folder = Arc::new(Folder::new());
    let variables = [
        ("CHATROOM_ROOM", "from the environment"),
        ("CHATROOM_MAX_NAME", ""),
        ("CHATROOM_HOST_NAME", ""),
        ("CHATROOM_CONSOLE", ""),
        ("CHATROOM_NO_ANNOUNCE", "1"),
        ("CHATROOM_LOG", ""),
    ];
    let server = server(&folder, &["--room", "from the flag"], &variables);
    assert!(folder.path().join("log.txt").exists());
    let session = server.ask("POST", "/session", &[], "uthira");
    assert_eq!(session.json()["room"], "from the flag");
    server
        .ask("POST", "/session", &[], "ninechars")
        .refused(422, "name_too_long");
}

#[test]
fn of_the_keys_the_flag_goes_first_then_the_file_then_the_variable() {
    let folder = Arc::new(Folder::new());
    folder.file("flag", "flag\n");
    folder.file("file", "file\n");
    let both = [("CHATROOM_KEY_FILE", "file"), ("CHATROOM_KEY", "variable")];
    for (args, variables, key) in [
        (&["--key-file", "flag"][..], &both[..], "flag"),
        (&[], &both, "file"),
        (&[], &both[1..], "variable"),
    ] {
        let server = server(&folder, args, variables);
        // The previous name is held for its token, so this takes another.
        let body = format!(r#"{{"name":"{key}","key":"{key}"}}"#);
        let json = [("Content-Type", "application/json")];
        assert_eq!(
            server.ask("POST", "/session", &json, body).status,
            201,
            "{key}"
        );
    }
    // An empty key does not open the room.
    let start = ["server", "--listen", "127.0.0.1:0"];
    for variable in ["CHATROOM_KEY_FILE", "CHATROOM_KEY"] {
        Run::of(&mut with(&folder, &start, &[(variable, "")]))
            .code(2)
            .one_sentence(&["room key in", variable, "is empty"]);
    }
}

#[test]
fn replay_takes_its_colours_and_its_key_from_the_environment() {
    let folder = Arc::new(Folder::new());
    let room = server(
        &folder,
        &["--log", "room.txt"],
        &[("CHATROOM_KEY", "open sesame")],
    );
    let line = "[10:00] <uthira> hi\n";
    folder.file("2026-11-23.txt", line);
    let log = folder
        .file("key", "open sesame\n")
        .with_file_name("2026-11-23.txt");
    let log = log.to_str().expect("UTF-8");
    let colours = |args: &[&str], value| {
        let words = [&["replay", log, "--speed", "max"], args].concat();
        Run::of(&mut with(&folder, &words, &[("CHATROOM_COLOR", value)]))
            .code(0)
            .said()
    };
    assert!(colours(&[], "always").contains('\u{1b}'));
    assert!(!colours(&["--color", "never"], "always").contains('\u{1b}'));
    assert!(!colours(&[], "").contains('\u{1b}'));
    // A preference for colours is no error if the output has none.
    colours(&["--stats"], "always");
    let into = [
        "replay",
        log,
        "--speed",
        "max",
        "--into",
        &room.address.to_string(),
    ];
    let wrong = with(&folder, &into, &[("CHATROOM_KEY", "wrong")])
        .output()
        .expect("it runs");
    assert_eq!(wrong.status.code(), Some(1), "{wrong:?}");
    let flag = [&into[..], &["--key-file", "key"]].concat();
    Run::of(&mut with(&folder, &flag, &[("CHATROOM_KEY", "wrong")])).code(0);
    Run::of(&mut with(&folder, &into, &[("CHATROOM_KEY_FILE", "key")])).code(0);
    let alone = folder.run(&["replay", log, "--key-file", "key"]).code(2);
    assert!(alone.story().contains("--into"), "{}", alone.story());
}

#[test]
fn the_window_takes_name_address_and_key_from_the_environment_unless_flags_say() {
    let display = Arc::new(Display::start(900, 600));
    let (room, own) = (Arc::new(Folder::new()), Arc::new(Folder::new()));
    room.file("key", "open sesame\n");
    own.file("key", "open sesame\n");
    let server = server(&room, &["--key-file", "key"], &[]);
    let log = room.path().join("log.txt");
    let there = [
        ("CHATROOM_ADDRESS", server.address.as_str()),
        ("CHATROOM_NAME", "uthira"),
        ("CHATROOM_KEY_FILE", "key"),
    ];
    let nowhere = [
        ("CHATROOM_ADDRESS", "127.0.0.1:1"),
        ("CHATROOM_NAME", "nobody"),
        ("CHATROOM_KEY_FILE", "gone"),
    ];
    let flags = ["--name", "eve", "--key-file", "key", &server.address];
    for (args, variables, name) in [(&[][..], there, "uthira"), (&flags[..], nowhere, "eve")] {
        let _window = display.open_with(Arc::clone(&own), args, &variables);
        wait_for(name, || {
            let said = std::fs::read_to_string(&log).ok()?;
            said.contains(&format!("({name}) entered")).then_some(())
        });
    }
}
