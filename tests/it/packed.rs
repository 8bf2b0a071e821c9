//! Compressed logs, and logs with the line ends of other systems.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::into::heard;
use support::program::{CHATROOM, Folder, Run};
use support::server::Server;

const SAMPLE: &[u8] = include_bytes!("../../log.txt");

/// The bytes compressed by the system's gzip.
fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut command = Command::new("gzip");
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("gzip starts");
    let mut pipe = child.stdin.take().expect("a pipe");
    let bytes = bytes.to_vec();
    let feeding = std::thread::spawn(move || pipe.write_all(&bytes).expect("it reads"));
    let output = child.wait_with_output().expect("it ends");
    feeding.join().expect("it was fed");
    output.stdout
}

fn said(folder: &Folder, args: &[&str]) -> String {
    folder.run(&[&["replay"][..], args].concat()).code(0).said()
}

fn windows(bytes: &[u8]) -> String {
    let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
    text.replace('\n', "\r\n")
}

#[test]
fn a_compressed_log_is_as_good_as_the_log() {
    let folder = Folder::new();
    folder.file("log.txt", SAMPLE);
    folder.file("log.txt.gz", gzipped(SAMPLE));
    for args in [
        &["--plain"][..],
        &["--times", "--plain"],
        &["--output", "json"],
        &["--output", "html"],
        &["--grep", "e"],
        &["--user", "uthira"],
        &["--only", "joins"],
        &["--stats=csv"],
        &["--convert", "-"],
    ] {
        let plain = said(&folder, &[&["log.txt"][..], args].concat());
        let packed = said(&folder, &[&["log.txt.gz"][..], args].concat());
        assert!(!plain.is_empty(), "{args:?}");
        assert_eq!(packed.replace("log.txt.gz", "log.txt"), plain, "{args:?}");
    }
    folder
        .run(&["replay", "--verify", "log.txt.gz"])
        .code(0)
        .stdout_has(" 0 faults, ");
    let mut shell = Command::new("bash");
    shell.args(["-c", "cat log.txt.gz | \"$0\" replay - --plain", &CHATROOM]);
    folder.settle(&mut shell);
    let piped = Run::of(&mut shell).code(0).said();
    assert_eq!(piped, said(&folder, &["log.txt", "--plain"]));
    folder
        .run(&["replay", "log.txt.gz", "--follow", "--plain"])
        .code(1)
        .one_sentence(&["nothing is added to log.txt.gz", "Leave --follow out"]);
}

#[test]
fn a_compressed_log_is_drawn_and_said_again() {
    let server = Server::start(&["--max-rate", "0", "--no-address-limits"]);
    let folder = &server.folder;
    folder.file("old.txt", SAMPLE);
    folder.file("old.txt.gz", gzipped(SAMPLE));
    let drawn = |log: &str| {
        folder
            .run(&["replay", log, "--plot", "talk.svg"])
            .code(0)
            .stdout("Drew talk.svg.\n")
            .stderr("");
        let picture = String::from_utf8(folder.contents()["talk.svg"].clone());
        picture.expect("UTF-8").replace(log, "old.txt")
    };
    assert_eq!(drawn("old.txt.gz"), drawn("old.txt"));
    // Read once, from front to back, with all joins and leaves.
    let into = ["--into", &server.address, "--speed", "max"];
    let run = folder.run(&[&["replay", "old.txt.gz"][..], &into].concat());
    run.code(0);
    let spoken = |log: &[u8]| -> Vec<String> {
        let heard = heard(log).into_iter();
        heard.filter(|line| line.contains(": ")).collect()
    };
    let (before, now) = (spoken(SAMPLE), spoken(&fs::read(server.log()).expect("it")));
    assert!(before.len() == 27 && before == now, "{now:?}");
    // A selection is not the whole log.
    let some = ["--into", &server.address, "--speed", "max", "--user", "eve"];
    folder
        .run(&[&["replay", "old.txt.gz"][..], &some].concat())
        .code(0);
    let now = spoken(&fs::read(server.log()).expect("it"));
    let eve = |line: &&String| line.starts_with("eve: ");
    assert!(now[27..].iter().all(|line| eve(&line)), "{now:?}");
    assert_eq!(now.len() - 27, before.iter().filter(eve).count());
}

#[test]
fn other_programs_logs_are_read_compressed_too() {
    let folder = Folder::new();
    let day = "[22:34] <bob> hi\n[22:35] <eve> oh\n";
    folder.file("b-2026-11-23.txt.gz", gzipped(day.as_bytes()));
    let converted = said(&folder, &["b-2026-11-23.txt.gz", "--convert", "-"]);
    assert!(converted.contains("2026-11-23T22:34:00.000000Z [bob]: 0:00:00:hi\t"));
    // The original's times count back from when its file was written, through all of it.
    let original = b"\r[mira]: 0:00:05:tea?\r[mira]: 2 days, 2:03:04:at 4:15";
    let path = folder.file("old.gz", gzipped(original));
    let converted = said(&folder, &["old.gz", "--convert", "-"]);
    let last = converted.lines().last().expect("a line");
    let written = std::fs::metadata(&path).and_then(|data| data.modified());
    let written = chrono::DateTime::<chrono::Utc>::from(written.expect("a time"));
    let at = chrono::DateTime::parse_from_rfc3339(&last[..27]).expect("a time");
    assert_eq!(at.timestamp_micros(), written.timestamp_micros());
}

#[test]
fn a_broken_or_foreign_archive_is_refused_with_a_sentence() {
    let folder = Folder::new();
    let whole = gzipped(&SAMPLE.repeat(50));
    folder.file("cut.gz", &whole[..whole.len() - 30]);
    let run = folder.run(&["replay", "cut.gz", "--plain"]).code(1);
    assert!(run.said().len() > SAMPLE.len());
    let story = run.story();
    assert!(
        story.contains("cut.gz is a gzip file whose end is missing; the rest was read."),
        "{story}"
    );
    let mut damaged = whole;
    let sum = damaged.len() - 6;
    damaged[sum] ^= 1;
    folder.file("bad.gz", damaged);
    let run = folder.run(&["replay", "bad.gz", "--plain"]).code(1);
    let story = run.story();
    assert!(story.contains("bad.gz is a damaged gzip file"), "{story}");
    for (name, magic, tool) in [
        ("a.xz", &b"\xfd7zXZ\x00\x00\x04"[..], "xzcat a.xz"),
        ("a.zst", b"\x28\xb5\x2f\xfd\x04\x00\x00", "zstdcat a.zst"),
        ("a.zip", b"PK\x03\x04\x14\x00\x00\x00", "unzip -p a.zip"),
    ] {
        folder.file(name, magic);
        let run = folder.run(&["replay", name]).code(1);
        run.one_sentence(&[
            "only gzip is read",
            &format!("Try: {tool} | chatroom replay -"),
        ]);
    }
}

#[test]
fn a_log_with_windows_line_ends_is_read_and_made_again() {
    let folder = Folder::new();
    folder.file("log.txt", SAMPLE);
    let shown = said(&folder, &["log.txt", "--plain"]);
    let text = windows(SAMPLE);
    for (name, bytes, which) in [
        (
            "windows.txt",
            text.clone().into_bytes(),
            "CR LF, as on Windows",
        ),
        (
            "notepad.txt",
            format!("\u{feff}{text}").into_bytes(),
            "CR LF, as on Windows",
        ),
        (
            "packed.txt.gz",
            gzipped(text.as_bytes()),
            "CR LF, as on Windows",
        ),
        (
            "mac.txt",
            text.replace('\n', "").into_bytes(),
            "CR only, as on old Macs",
        ),
    ] {
        folder.file(name, bytes);
        let run = folder.run(&["replay", name, "--plain"]).code(0);
        assert_eq!(run.said(), shown, "{name}");
        run.one_sentence(&[
            which,
            "Nothing in it is lost",
            "--convert NEW.txt restores it",
        ]);
        let run = folder
            .run(&["replay", name, "--convert", "out.txt"])
            .code(0);
        assert!(
            run.story().contains("Nothing in it is lost"),
            "{}",
            run.story()
        );
        let made = std::fs::read(folder.path().join("out.txt")).expect("the result");
        assert_eq!(made, SAMPLE, "{name}");
        std::fs::remove_file(folder.path().join("out.txt")).expect("removed");
        let run = folder.run(&["replay", "--verify", name]).code(1);
        let said = run.said();
        assert!(
            said.starts_with("byte 0 (line 1): its lines end with CR LF or CR"),
            "{said}"
        );
        assert!(said.contains(" 1 fault, "), "{said}");
    }
    // A damaged line is still reported.
    let damaged = text.replacen("Z [", "Z  [", 1);
    folder.file("damaged.txt", damaged);
    let run = folder.run(&["replay", "--verify", "damaged.txt"]).code(1);
    run.stdout_has(" 2 faults, ");
}

#[test]
fn another_programs_log_with_cr_alone_is_no_single_notice() {
    let folder = Folder::new();
    let day = "[22:34] <bob> hi\r[22:35] <eve> oh\r";
    folder.file("b-2026-11-23.txt", day);
    let converted = said(&folder, &["b-2026-11-23.txt", "--convert", "-"]);
    assert_eq!(converted.lines().count(), 3, "{converted}");
    assert!(converted.contains(" [eve]: 0:00:00:oh\t"), "{converted}");
    let told = said(&folder, &["b-2026-11-23.txt", "--format", "day", "--plain"]);
    assert_eq!(told, "[bob]: 0:00:00:hi\n[eve]: 0:00:00:oh\n");
}

#[test]
fn format_is_advised_where_it_helps() {
    let folder = Folder::new();
    folder.file("letter.txt", "Dear all,\n\nsee you on Monday.\n");
    let run = folder.run(&["replay", "letter.txt"]).code(1);
    run.one_sentence(&["Name a log.txt that a room wrote, or one of the formats"]);
    let mixed =
        "notes\nof\na\nmeeting\n22:34 -!- bob [b@x] has joined #b\n22:35 <bob> hi\nthe\nend\n";
    folder.file("mixed.txt", mixed);
    let run = folder.run(&["replay", "mixed.txt"]).code(1);
    run.one_sentence(&[
        "Some of its lines look like irssi's log",
        "--format irssi reads them",
    ]);
    let run = folder
        .run(&["replay", "mixed.txt", "--format", "irssi"])
        .code(0);
    run.stdout_has("[bob]: 0:01:00:hi\n");
    // The kind of a compressed file is not guessed from its compressed bytes.
    let packed = folder.file("letter.gz", gzipped(b"Dear all,\n\nsee you on Monday.\n"));
    assert!(Path::new(&packed).exists());
    folder
        .run(&["replay", "letter.gz"])
        .code(1)
        .one_sentence(&["letter.gz is not a chat log in a format"]);
}
