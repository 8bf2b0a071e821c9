//! `chatroom backup`: a copy that grows with the room's log, and never mixes two histories.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use support::fake::{Fake, nobody};
use support::program::{CHATROOM, Folder, Run};
use support::server::Server;

fn said(server: &Server, texts: &[&str]) {
    let token = server.log_in("uthira");
    for text in texts {
        assert_eq!(server.say(&token, text).status, 201);
    }
    server.ask(
        "DELETE",
        "/session",
        &[("Authorization", &format!("Bearer {token}"))],
        "",
    );
}

fn log(server: &Server) -> Vec<u8> {
    fs::read(server.log()).expect("the log")
}

fn copy(folder: &Folder) -> (PathBuf, Vec<u8>) {
    let path = folder.path().join("backup.txt");
    let bytes = fs::read(&path).expect("the copy");
    (path, bytes)
}

#[track_caller]
fn backup(folder: &Folder, address: &str) -> Run {
    folder.run(&["backup", address, "backup.txt"]).stdout("")
}

/// The names of the files in the folder, sorted.
fn names(folder: &Folder) -> Vec<String> {
    folder.contents().into_keys().collect()
}

#[test]
fn a_copy_is_made_and_then_grows_with_the_log() {
    let (server, folder) = (Server::start(&[]), Folder::new());
    said(&server, &["one", "zwei é", "[three]\n"]);
    backup(&folder, &server.address).code(0).stderr("");
    let (path, bytes) = copy(&folder);
    assert!(bytes == log(&server));
    let file = fs::metadata(&path).expect("it").ino();
    // With nothing new, with something new, and after a transfer that was killed within a line.
    for (text, torn) in [
        (None, ""),
        (Some("four"), ""),
        (Some("five"), "2026-11-23T22:3"),
    ] {
        said(&server, text.as_slice());
        let with_torn = [&fs::read(&path).expect("it"), torn.as_bytes()].concat();
        fs::write(&path, with_torn).expect("written");
        backup(&folder, &server.address).code(0).stderr("");
        assert!(copy(&folder).1 == log(&server), "{text:?}");
    }
    assert_eq!(
        fs::metadata(&path).expect("it").ino(),
        file,
        "the same file"
    );
    assert_eq!(names(&folder), ["backup.txt"]);
    folder.run(&["replay", "--verify", "backup.txt"]).code(0);
    // It was killed within the first line, also with zeros in place of the rest, as a power cut leaves them.
    for zeros in [0, 20] {
        let torn = [&log(&server)[..30], &vec![0; zeros]].concat();
        fs::write(&path, torn).expect("written");
        backup(&folder, &server.address).code(0).stderr("");
        assert!(copy(&folder).1 == log(&server), "{zeros}");
    }
    assert_eq!(names(&folder), ["backup.txt"]);
}

#[test]
fn a_log_whose_first_line_is_damaged_is_copied_as_it_is_served() {
    let (mut server, folder) = (Server::start(&[]), Folder::new());
    said(&server, &["one"]);
    assert!(server.stop().success());
    let mut damaged = log(&server);
    damaged[3] ^= 1;
    fs::write(server.log(), damaged).expect("written");
    server.start_again(&[]);
    for text in ["two", "three"] {
        said(&server, &[text]);
        backup(&folder, &server.address).code(0).stderr("");
        assert!(copy(&folder).1 == log(&server), "{text}");
    }
    assert_eq!(names(&folder), ["backup.txt"]);
}

#[test]
fn a_log_begun_anew_is_told_with_the_place_of_what_neither_copy_has() {
    let (mut server, folder) = (Server::start(&[]), Folder::new());
    said(&server, &["one"]);
    backup(&folder, &server.address).code(0);
    let first = copy(&folder).1;
    said(&server, &["after the backup"]);
    assert!(server.stop().success());
    server.folder.run(&["rotate", "log.txt"]).code(0);
    let all = server.folder.contents().into_keys();
    let earlier = all.filter(|name| name.starts_with("log-"));
    let earlier: Vec<String> = earlier.collect();
    server.start_again(&[]);
    let run = backup(&folder, &server.address).code(0);
    let place = format!("but in {} next to the room's log", earlier[0]);
    run.one_sentence(&["has rotated its log", "backup.txt.old now", &place]);
    assert!(copy(&folder).1 == log(&server));
    assert!(folder.contents()["backup.txt.old"] == first);
}

#[test]
fn a_log_begun_anew_more_than_once_since_is_told_with_every_place() {
    let (mut server, folder) = (Server::start(&[]), Folder::new());
    said(&server, &["one"]);
    backup(&folder, &server.address).code(0);
    let first = copy(&folder).1;
    // Each copy gets the next number in its name.
    for time in ["first", "second", "third"] {
        said(&server, &["after the backup"]);
        assert!(server.stop().success());
        server.folder.run(&["rotate", "log.txt"]).code(0);
        server.start_again(&[]);
        said(&server, &[time]);
    }
    let all = server.folder.contents().into_keys();
    let mut earlier: Vec<String> = all.filter(|name| name.starts_with("log-")).collect();
    // In alphabetical order, log-DAY.txt comes after log-DAY-2.txt.
    earlier.sort_by_key(|name| name.replace(".txt", ""));
    let [oldest, _, newest] = &earlier[..] else {
        panic!("{earlier:?}")
    };
    let run = backup(&folder, &server.address).code(0);
    let place = format!("but in {oldest}, {newest} and any log between these two");
    run.one_sentence(&[
        "rotated its log more than once",
        "backup.txt.old now",
        &place,
    ]);
    assert!(copy(&folder).1 == log(&server));
    assert!(folder.contents()["backup.txt.old"] == first);

    // If the room no longer has the copy's log, the output names the place where its own begins.
    assert!(server.stop().success());
    fs::remove_file(server.folder.path().join(newest)).expect("removed");
    fs::remove_file(server.folder.path().join(oldest)).expect("removed");
    server.start_again(&[]);
    fs::write(folder.path().join("backup.txt"), &first).expect("written");
    let run = backup(&folder, &server.address).code(0);
    run.one_sentence(&[
        "has another log",
        "backup.txt.old.1 now",
        &format!("continues {newest} next to it"),
    ]);
}

#[test]
fn a_file_size_limit_is_a_sentence_and_the_next_run_goes_on() {
    let (server, folder) = (Server::start(&[]), Folder::new());
    said(&server, &[&"long ".repeat(1_000)]);
    let mut shell = Command::new("bash");
    let limited = "ulimit -f 1; exec \"$0\" backup \"$1\" backup.txt";
    shell.args(["-c", limited, &CHATROOM, &server.address]);
    folder.settle(&mut shell);
    let run = Run::of(&mut shell).code(1);
    run.one_sentence(&["backup.txt cannot be written: file too large"]);
    backup(&folder, &server.address).code(0).stderr("");
    assert!(copy(&folder).1 == log(&server));
}

#[test]
fn a_room_that_went_back_gets_a_new_copy_and_the_old_one_stays() {
    let (mut server, folder) = (Server::start(&[]), Folder::new());
    said(&server, &["one"]);
    let older = log(&server);
    for round in ["", ".1"] {
        said(&server, &["lost one", "lost two"]);
        backup(&folder, &server.address).code(0).stderr("");
        let before = copy(&folder).1;
        // The room is restored from an older copy and grows longer than it was.
        server.kill();
        fs::write(server.log(), &older).expect("restored");
        server.start_again(&[]);
        let long = "x".repeat(before.len());
        said(&server, &[&long]);
        let story = backup(&folder, &server.address).code(0).story();
        let place = format!(
            "up to byte {}, and the {} bytes",
            older.len(),
            before.len() - older.len()
        );
        assert!(
            story.contains("has gone back") && story.contains(&place),
            "{story}"
        );
        assert!(
            story.contains(&format!("backup.txt.old{round} now")),
            "{story}"
        );
        assert!(
            copy(&folder).1 == log(&server),
            "all of it is the new history"
        );
        let all = folder.contents();
        assert!(
            all[&format!("backup.txt.old{round}")] == before,
            "all of it is the old one"
        );
    }
    assert_eq!(
        names(&folder),
        ["backup.txt", "backup.txt.old", "backup.txt.old.1"]
    );
    for name in names(&folder) {
        folder.run(&["replay", "--verify", &name]).code(0);
    }
    // A log that is shorter than the copy is treated likewise.
    server.kill();
    fs::write(server.log(), &older).expect("restored");
    server.start_again(&[]);
    backup(&folder, &server.address).code(0);
    assert!(copy(&folder).1 == log(&server));
}

#[test]
fn another_log_is_not_added_to_the_copy_of_the_first() {
    let (mut server, folder) = (Server::start(&[]), Folder::new());
    said(&server, &["one"]);
    backup(&folder, &server.address).code(0);
    let first = copy(&folder).1;
    assert!(server.stop().success());
    fs::remove_file(server.log()).expect("removed");
    server.start_again(&[]);
    // The new copy replaces the rest of an interrupted run, but no other file.
    folder.file("backup.txt.new", "Dear all");
    let run = backup(&folder, &server.address).code(1);
    run.one_sentence(&["backup.txt.new", "is something else"]);
    assert_eq!(folder.contents()["backup.txt.new"], b"Dear all");
    assert!(copy(&folder).1 == first);
    fs::write(folder.path().join("backup.txt.new"), &first).expect("written");
    let story = backup(&folder, &server.address).code(0).story();
    assert!(
        story.contains("has another log than the one in backup.txt"),
        "{story}"
    );
    assert!(copy(&folder).1 == log(&server));
    assert!(folder.contents()["backup.txt.old"] == first);
    assert_eq!(names(&folder), ["backup.txt", "backup.txt.old"]);
}

/// A proxy that forwards so many bytes of each answer and hangs up.
fn cutting(to: String, bytes: u64) -> Fake {
    Fake::start(move |request, _, stream| {
        let mut there = TcpStream::connect(&to).expect("the server");
        there.write_all(request.head.as_bytes()).expect("sent");
        let mut answer = Vec::new();
        there.take(bytes).read_to_end(&mut answer).expect("read");
        stream.write_all(&answer).expect("passed on");
        false
    })
}

#[test]
fn a_connection_that_breaks_costs_nothing_that_came() {
    let (server, folder) = (Server::start(&["--max-rate", "0"]), Folder::new());
    let texts: Vec<String> = (0..100).map(|n| format!("number {n}")).collect();
    said(
        &server,
        &texts.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    let between = cutting(server.address.clone(), 2_000);
    backup(&folder, &between.address).code(0).stderr("");
    assert!(copy(&folder).1 == log(&server));
    assert!(between.seen("GET").len() > 3);
    // If nothing more arrives, it gives up and keeps what it has.
    said(&server, &[&"more ".repeat(1_000)]);
    let before = copy(&folder).1;
    let between = cutting(server.address.clone(), 2_000);
    let run = backup(&folder, &between.address).code(1);
    run.one_sentence(&[&between.address, "start this again"]);
    // One request is for the previous line, and one in vain.
    assert!(between.seen("GET").len() <= 2);
    assert!(copy(&folder).1.starts_with(&before));
    backup(&folder, &server.address).code(0);
    assert!(copy(&folder).1 == log(&server));
}

#[test]
fn a_room_with_a_key_is_copied_with_it_and_for_its_owner_alone() {
    let rooms = Folder::new();
    rooms.file("key", "open sesame\n");
    let server = Server::start_in(Arc::new(rooms), "127.0.0.1:0", &["--key-file", "key"]);
    let folder = Folder::new();
    folder.file("key", "open sesame\n");
    folder.file("wrong", "guess\n");
    let none = folder
        .run(&["backup", &server.address, "backup.txt"])
        .code(1);
    none.one_sentence(&[
        &server.address,
        "gives no copy",
        "--key-file FILE",
        "CHATROOM_KEY",
    ]);
    let wrong = [
        "backup",
        "--key-file",
        "wrong",
        &server.address,
        "backup.txt",
    ];
    folder.run(&wrong).code(1).one_sentence(&["gives no copy"]);
    assert_eq!(names(&folder), ["key", "wrong"], "nothing empty is left");
    let right = ["backup", "--key-file", "key", &server.address, "backup.txt"];
    folder.run(&right).code(0).stderr("");
    let (path, bytes) = copy(&folder);
    assert!(bytes == log(&server));
    let mode = |path| fs::metadata(path).expect("it").permissions().mode() & 0o7777;
    assert_eq!(mode(&path), 0o600);
    // A copy made while the room was open.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("set");
    folder.run(&right).code(0).stderr("");
    assert_eq!(mode(&path), 0o600);
    let mut command = folder.command(&["backup", &server.address, "other.txt"]);
    let run = Run::of(command.env("CHATROOM_KEY", "open sesame"));
    run.code(0);
}

#[test]
fn a_file_that_is_no_copy_is_left_alone() {
    let (server, folder) = (Server::start(&[]), Folder::new());
    folder.file("letter.txt", "Dear all,\nhello\n");
    // None has a line feed, and each begins with a digit; two begin like the first line of a log.
    for (name, text) in [
        ("budget.txt", "2026 budget: 1000 EUR"),
        ("year.txt", "1999"),
        ("begun.txt", "2001-02-03T04:05:06.789012Z * Room op"),
    ] {
        folder.file(name, text);
    }
    folder.file(
        "windows.txt",
        String::from_utf8(log(&server))
            .expect("UTF-8")
            .replace('\n', "\r\n"),
    );
    fs::create_dir(folder.path().join("folder")).expect("a folder");
    let before = folder.contents();
    let own = server.log();
    let own = own.to_str().expect("a name");
    for (file, code, part) in [
        ("letter.txt", 1, "is not a copy of a room's log"),
        ("windows.txt", 1, "is not a copy of a room's log"),
        ("budget.txt", 1, "is not a copy of a room's log"),
        ("year.txt", 1, "is not the beginning of this room's log"),
        ("begun.txt", 1, "is not the beginning of this room's log"),
        ("-", 2, "cannot go to standard output"),
        ("folder", 2, "is not a file"),
        ("no/backup.txt", 1, "no such file or directory"),
        (own, 1, "is in use"),
    ] {
        let run = folder.run(&["backup", &server.address, file]).code(code);
        run.stdout("").one_sentence(&[file, part]);
    }
    assert!(folder.contents() == before);
    // No server, and another server.
    let nobody = nobody();
    let run = folder.run(&["backup", &nobody, "backup.txt"]).code(1);
    run.one_sentence(&[&nobody, "cannot be reached: connection refused"]);
    let stranger =
        Fake::saying("HTTP/1.1 200 OK\r\nETag: \"abc\"\r\nContent-Length: 2\r\n\r\nhi").address;
    let run = folder.run(&["backup", &stranger, "backup.txt"]).code(1);
    run.one_sentence(&[&stranger, "does not say which log it sends"]);
    assert!(folder.contents() == before);
}
