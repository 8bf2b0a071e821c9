//! Starting a server: its output, its refusals, its repairs, and what it leaves alone.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::Arc;

use support::program::{CHATROOM, Folder, Run};
use support::server::Server;

/// A log of two messages, closed in good order.
fn old_log() -> Arc<Folder> {
    let mut server = Server::start(&[]);
    let token = server.log_in("uthira");
    for text in ["hi", "two\nlines"] {
        assert_eq!(server.say(&token, text).status, 201);
    }
    assert!(server.stop().success());
    Arc::clone(&server.folder)
}

/// Starts a server that cannot start, in a folder; expects one sentence and an unchanged folder.
#[track_caller]
fn cannot_start(folder: &Folder, args: &[&str], parts: &[&str]) {
    let before = folder.contents();
    let listen = ["--listen", "127.0.0.1:0"];
    let listen = if args.contains(&"--listen") {
        &[]
    } else {
        &listen[..]
    };
    let args = [&["server"], listen, args].concat();
    let run = folder.run(&args).code(1).one_sentence(parts).stdout("");
    let story = run.story();
    assert!(
        !story.contains("os error") && !story.contains("panicked"),
        "{story}"
    );
    let after = folder.contents();
    assert!(after == before, "something was touched: {story}");
}

#[test]
fn it_says_where_it_listens_and_how_to_join() {
    let mut server = Server::start(&["--room", "lobby"]);
    let said = server.console.text();
    let first = format!(
        "Open this address in any browser on this machine:\n  http://{}/\nOr join by ",
        server.address
    );
    assert!(said.contains(&first), "{said}");
    assert!(
        said.contains(&format!("chatroom gui --name YOU {}", server.address)),
        "{said}"
    );
    assert!(
        said.contains(&format!("curl -N http://{}/events", server.address)),
        "{said}"
    );
    assert!(!said.contains("power cut"), "{said}");
    let log = server.log();
    let new = format!("The log is {} (new).\n", log.display());
    assert!(said.contains(&new), "{said}");
    assert!(server.stop().success());
    let said = server.said();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].starts_with("* Room opened (chatroom "), "{said:?}");
    assert_eq!(said[1], "* Room closed");
    assert_eq!(server.notices.text(), "");
    let length = fs::metadata(&log).expect("the log").len();
    let again = Server::start_in(Arc::clone(&server.folder), "127.0.0.1:0", &[]);
    again
        .console
        .wait_for(&format!("log.txt ({length} bytes).\n"));
    for sync in ["2", "never"] {
        let server = Server::start(&["--sync", sync]);
        server
            .console
            .wait_for("a power cut may lose the latest messages");
    }
}

#[test]
fn the_commands_it_suggests_work_as_they_stand() {
    let folder = Arc::new(Folder::new());
    let away = folder.path().join("not on the PATH");
    fs::create_dir(&away).expect("a folder");
    let program = away.join("chatroom");
    fs::copy(CHATROOM, &program).expect("copied");
    // By its path, and by its name if the shell finds it.
    for by_name in [false, true] {
        let mut path = std::ffi::OsString::from("/usr/bin:/bin");
        let mut command = Command::new(&program);
        if by_name {
            path = format!("{}:/usr/bin:/bin", away.display()).into();
        }
        command.args(["server", "--listen", "127.0.0.1:0"]);
        folder.settle(&mut command);
        command.env("PATH", &path);
        let server = Server::spawn(Arc::clone(&folder), command);
        server.console.wait_for("chatroom://");
        let text = server.console.text();
        let lines: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("  "))
            .collect();
        let [page, window, listen, say, _link] = lines[..] else {
            panic!("{text}");
        };
        assert_eq!(window.starts_with("chatroom gui"), by_name, "{window}");
        let window = window.replace("gui --name YOU", "replay --verify log.txt #");
        let page = &format!("curl --fail {page}");
        for line in [
            page,
            say,
            &listen.replace("/events", "/events?poll=1"),
            &window,
        ] {
            let mut shell = Command::new("sh");
            folder.settle(&mut shell);
            shell
                .env("PATH", &path)
                .args(["-c", &format!("set -e; {line}")]);
            Run::of(&mut shell).code(0);
        }
        let said = server.said();
        assert_eq!(said.last().expect("it"), "[YOU]: 0:00:00:hello");
    }
}

#[test]
fn a_port_in_use_is_one_sentence_and_touches_nothing() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let folder = Folder::new();
    let parts = [&*address, "already in use", "--listen"];
    cannot_start(&folder, &["--listen", &address], &parts);
    assert!(folder.contents().is_empty());
}

#[test]
fn an_address_that_cannot_be_is_one_sentence() {
    let folder = Folder::new();
    for (listen, part) in [
        ("not an address", "is not an address to listen on"),
        ("127.0.0.1:99999", "is not an address to listen on"),
        ("127.0.0.1:port", "is not an address to listen on"),
        ("", "is not an address to listen on"),
    ] {
        let run = folder.run(&["server", "--listen", listen]);
        run.code(2).stdout("").one_sentence(&[part]);
    }
    // This one may be there later.
    let part = "does not have that address";
    cannot_start(&folder, &["--listen", "203.0.113.9:0"], &[part]);
    assert!(folder.contents().is_empty());
    let usage = folder.run(&["server", "--history", "perhaps"]).code(2);
    assert!(
        usage.story().contains("use ask, yes, no"),
        "{}",
        usage.story()
    );
    folder.run(&["server", "--max-name", "0"]).code(2);
    assert!(folder.contents().is_empty());
}

#[test]
fn a_file_that_is_no_log_is_left_alone() {
    let folder = Folder::new();
    fs::create_dir(folder.path().join("folder")).expect("a folder");
    folder.file("letter.txt", "Dear all,\nthis is not a log.\n");
    folder.file("zip", b"PK\x03\x04\x00\x00");
    folder.file(
        "old.txt",
        "\r[uthira]: 0:00:17:hi\r[bob]: 0:00:09:hello uthira",
    );
    for (log, parts) in [
        ("folder", ["folder", "is not a file"]),
        ("letter.txt", ["letter.txt", "is not a chatroom log"]),
        (
            "letter.txt",
            [
                "letter.txt",
                "`chatroom replay letter.txt --convert NEW.txt`",
            ],
        ),
        (
            "/proc/no-log.txt",
            ["/proc/no-log.txt", "its folder is not writable"],
        ),
        ("zip", ["zip", "is not a chatroom log"]),
        ("old.txt", ["by the original chat room", "chatroom replay"]),
        ("/dev/null", ["/dev/null", "is not a file"]),
        (
            "missing/log.txt",
            ["missing/log.txt", "folder does not exist"],
        ),
        (
            "letter.txt/log.txt",
            ["letter.txt/log.txt", "cannot be used: not a directory"],
        ),
    ] {
        cannot_start(&folder, &["--log", log], &[&parts[..], &["--log"]].concat());
    }
}

#[test]
fn a_log_that_may_not_be_written_is_left_alone() {
    let folder = old_log();
    let log = folder.path().join("log.txt");
    fs::set_permissions(&log, Permissions::from_mode(0o400)).expect("it is ours");
    if fs::File::options().append(true).open(&log).is_err() {
        cannot_start(&folder, &[], &["log.txt", "permission denied", "--log"]);
        return;
    }
    // Root may write everything, so another user tries.
    fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).expect("it is ours");
    let program = folder.path().join("chatroom");
    fs::copy(CHATROOM, &program).expect("a program that anybody may run");
    let mut nobody = Command::new("setpriv");
    nobody.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    nobody
        .arg(&program)
        .args(["server", "--listen", "127.0.0.1:0"]);
    folder.settle(&mut nobody);
    let before = folder.contents();
    let run = Run::of(&mut nobody).code(1);
    run.one_sentence(&["log.txt", "permission denied", "--log"])
        .stdout("");
    assert!(folder.contents() == before);
}

#[test]
fn a_second_server_is_kept_off_the_log() {
    let server = Server::start(&[]);
    let token = server.log_in("uthira");
    let parts = ["log.txt", "in use by another server", "--log"];
    cannot_start(&server.folder, &[], &parts);
    assert_eq!(server.say(&token, "not affected").status, 201);
}

#[test]
fn a_secret_that_is_none_is_told() {
    let folder = old_log();
    let secret = folder.path().join("log.txt.secret");
    let mode = fs::metadata(&secret)
        .expect("a secret")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600, "for its owner alone");
    folder.file("log.txt.secret", "short");
    cannot_start(&folder, &[], &["log.txt.secret", "cannot be used"]);
}

#[test]
fn a_log_goes_on_where_it_ended() {
    let folder = old_log();
    let before = fs::read(folder.path().join("log.txt")).expect("the log");
    let server = Server::start_in(folder, "127.0.0.1:0", &[]);
    let after = fs::read(server.log()).expect("the log");
    assert!(after.starts_with(&before));
    let said = server.said();
    assert_eq!(said.len(), 6, "{said:?}");
    assert!(said[5].starts_with("* Room opened (chatroom "), "{said:?}");
    assert_eq!(server.notices.text(), "");
    assert_eq!(
        server.get("/members").json()["members"]
            .as_array()
            .map(Vec::len),
        Some(0)
    );
    assert!(
        !server.console.text().contains("old conversation"),
        "nobody is asked without a terminal"
    );
}

#[test]
fn an_end_that_a_crash_tore_is_saved_cut_off_and_told() {
    for tail in [&b""[..], &[0; 5000], b"2026-11-23T22:34:57.180845Z [uth"] {
        let folder = old_log();
        let path = folder.path().join("log.txt");
        let mut log = fs::read(&path).expect("the log");
        // The last line loses its second half; garbage from the disk follows.
        log.truncate(log.len() - 10);
        log.extend_from_slice(tail);
        fs::write(&path, &log).expect("written");
        let whole = log.iter().rposition(|b| *b == b'\n').expect("a line") + 1;

        let server = Server::start_in(folder, "127.0.0.1:0", &[]);
        let name = format!("log.txt.torn-{whole}");
        server.notices.wait_for(&name);
        let notice = server.notices.text();
        assert_eq!(notice.lines().count(), 1, "{notice}");
        let bytes = format!("{} bytes from byte {whole} on", log.len() - whole);
        assert!(notice.contains(&bytes), "{notice}");
        let contents = server.folder.contents();
        assert!(contents[&name] == log[whole..], "what was torn is kept");
        assert!(contents["log.txt"].starts_with(&log[..whole]));
        let kinds = server.events("since=all");
        let kinds: Vec<&str> = kinds
            .iter()
            .map(|e| e["type"].as_str().expect("it"))
            .collect();
        assert_eq!(
            kinds,
            ["hello", "opened", "join", "message", "message", "opened"]
        );
    }
}

#[test]
fn a_log_of_zeros_alone_is_begun_anew() {
    let folder = Folder::new();
    folder.file("log.txt", [0; 100]);
    let server = Server::start_in(Arc::new(folder), "127.0.0.1:0", &[]);
    server.notices.wait_for("log.txt.torn-0");
    assert_eq!(server.said().len(), 1);
    assert_eq!(server.events("since=all")[1]["type"], "opened");
}

#[test]
fn a_log_with_windows_line_ends_is_mended_as_the_sentence_says() {
    let folder = old_log();
    let path = folder.path().join("log.txt");
    let before = fs::read(&path).expect("the log");
    let text = String::from_utf8(before.clone()).expect("UTF-8");
    let windows = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    fs::write(&path, &windows).expect("written");
    cannot_start(&folder, &[], &["Windows line ends", "Nothing is lost"]);
    let run = folder.run(&["server", "--listen", "127.0.0.1:0"]);
    let story = String::from_utf8_lossy(&run.output.stderr).into_owned();
    let advice = story.split('`').nth(1).expect("a command");
    let mut sh = Command::new("sh");
    folder.settle(&mut sh);
    Run::of(sh.args(["-c", advice])).code(0);
    assert!(
        fs::read(&path).expect("the log") == before,
        "to the last byte"
    );
}

#[test]
fn zeros_in_the_place_of_a_log_are_told() {
    let folder = Folder::new();
    folder.file("log.txt", [0; 5_000]);
    cannot_start(&folder, &[], &["NUL bytes (5000)", "a backup"]);
}

#[test]
fn a_torn_log_opens_on_a_full_disk_and_nothing_empty_is_left() {
    let folder = old_log();
    let log = folder.path().join("log.txt");
    let whole = fs::read(&log).expect("the log");
    let torn = [&whole[..], "half a line ".repeat(300).as_bytes()].concat();
    fs::write(&log, torn).expect("written");
    // A limit on file sizes stands for a full disk: the torn part does not fit elsewhere.
    let limited = |folder: &Folder, limit: &str| {
        let mut command = Command::new("prlimit");
        command.args([limit, &CHATROOM, "server", "--listen", "127.0.0.1:0"]);
        folder.settle(&mut command);
        command
    };
    let command = limited(&folder, "--fsize=2000");
    let mut server = Server::spawn(Arc::clone(&folder), command);
    server
        .notices
        .wait_for("The log ended in an incomplete line");
    let notices = server.notices.text();
    for part in [
        "3600 bytes from byte",
        "could not be saved, since the disk is full (they began with \"half a line half",
    ] {
        assert!(notices.contains(part), "{notices}");
    }
    assert!(server.stop().success());
    assert!(fs::read(&log).expect("the log").starts_with(&whole));
    let names: Vec<String> = folder.contents().into_keys().collect();
    assert_eq!(names, ["log.txt", "log.txt.secret"]);
    // No half secret stays either.
    let folder = Folder::new();
    let run = Run::of(&mut limited(&folder, "--fsize=20")).code(1);
    run.one_sentence(&["log.txt.secret", "file too large", "Free some"]);
    let left: Vec<_> = folder.contents().into_iter().collect();
    assert_eq!(left, [("log.txt".to_string(), Vec::new())]);
}

#[test]
fn a_broken_standard_error_is_no_crash() {
    let full = || fs::File::options().write(true).open("/dev/full");
    let folder = Folder::new();
    for (args, code) in [
        (&["replay", "missing.txt"][..], 1),
        (
            &["server", "--log", "no/log.txt", "--listen", "127.0.0.1:0"],
            1,
        ),
        (&["server", "--nonsense"], 2),
    ] {
        let mut command = folder.command(args);
        let status = command.stderr(full().expect("it")).status();
        assert_eq!(status.expect("it runs").code(), Some(code), "{args:?}");
    }
    // A room continues even if its notices cannot be written.
    let folder = old_log();
    let log = folder.path().join("log.txt");
    let torn = [&fs::read(&log).expect("the log")[..], b"half a line"].concat();
    fs::write(&log, torn).expect("written");
    let mut command = Command::new("sh");
    let line = format!("exec {CHATROOM} server --listen 127.0.0.1:0 2>/dev/full");
    command.args(["-c", &line]);
    folder.settle(&mut command);
    let mut server = Server::spawn(folder, command);
    let token = server.log_in("bob");
    assert_eq!(server.say(&token, "hi").status, 201);
    fs::remove_file(server.log()).expect("removed");
    assert_eq!(server.ended().code(), Some(1));
}
