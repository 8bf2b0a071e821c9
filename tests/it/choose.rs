//! `chatroom replay --from --to --user --grep --only`: what is chosen, as its user sees it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use chatroom::event::{Body, Stamp};

use crate::logs::{self, line_at};
use support::program::{CHATROOM, Folder, Run};

/// Central Europe, as a rule that needs no files.
pub const BERLIN: &str = "CET-1CEST,M3.5.0,M10.5.0/3";

fn line_of(at: &str, body: Body) -> Vec<u8> {
    let at = Stamp::parse(format!("{at}.000000Z").as_bytes()).expect(at);
    line_at(at, body)
}

fn message(from: &str, text: &str) -> Body {
    logs::message(from, 7, text)
}

/// One message at each of these moments; its text is the moment.
pub fn log(moments: &[&str]) -> Vec<u8> {
    let line = |at: &&str| line_of(at, message("mira", at));
    moments.iter().flat_map(line).collect()
}

/// Replays `log.txt` on a machine whose clock is that of Berlin.
fn chosen(folder: &Folder, args: &[&str]) -> Run {
    let mut command = folder.command(&[&["replay", "log.txt"][..], args].concat());
    Run::of(command.env("TZ", BERLIN))
}

/// The output for the log above with these moments.
pub fn texts(moments: &[&str]) -> String {
    let line = |at: &&str| format!("[mira]: 0:00:07:{at}\n");
    moments.iter().map(line).collect()
}

/// The last lines of the output if nothing matches.
const NOTHING: &str =
    "chatroom: Nothing in log.txt is selected. Check --from, --to, --user, --grep and --only.\n";

/// A day in November, when Berlin is one hour before UTC.
const DAY: [&str; 6] = [
    "2026-11-22T22:30:00",
    "2026-11-23T08:00:00",
    "2026-11-23T21:34:00",
    "2026-11-23T21:34:57",
    "2026-11-23T22:59:59",
    "2026-11-23T23:00:00",
];

#[test]
fn every_form_of_a_time_is_understood() {
    let folder = Folder::new();
    folder.file("log.txt", log(&DAY));
    for (from, first) in [
        ("2026-11-23T21:34:00Z", 2),
        ("2026-11-23T22:34:00+01:00", 2),
        ("2026-11-23T21:34:57Z", 3),
        ("2026-11-23T21:34:57.000001Z", 4),
        ("2026-11-23 22:34", 2),
        ("2026-11-23T22:34", 2),
        ("2026-11-23 22:34:57", 3),
        ("2026-11-23 22:34:57.5", 4),
        ("2026-11-23", 1),
        ("2026-11-24", 5),
        // The first time that the clock shows this: the log begins at half past eleven at night.
        ("23:30", 0),
        ("23:30:01", 1),
        ("22:34:57", 3),
        ("21:59", 2),
        ("09:00", 1),
        // Before the end.
        ("-1s", 4),
        ("-1h", 4),
        ("-2h", 2),
        ("-90m", 2),
        ("-1000d", 0),
        ("1999-01-01", 0),
    ] {
        let run = chosen(&folder, &["--from", from]).code(0).stderr("");
        let wanted = texts(&DAY[first..]);
        assert_eq!(run.said(), wanted, "--from {from}\n{}", run.story());
        // The same moment as an end selects everything before it.
        if first > 0 {
            let run = chosen(&folder, &["--to", from]).code(0).stderr("");
            let wanted = texts(&DAY[..first]);
            assert_eq!(run.said(), wanted, "--to {from}\n{}", run.story());
        }
    }
    // The end is the first such time after the beginning.
    for (from, to, part) in [
        ("09:00", "22:34", 1..2),
        ("2026-11-23 09:00", "22:34:57", 1..3),
        ("22:34", "00:00", 2..5),
        ("-2h", "-1s", 2..4),
        ("-2h", "23:59:59", 2..4),
    ] {
        let run = chosen(&folder, &["--from", from, "--to", to]).code(0);
        assert_eq!(
            run.said(),
            texts(&DAY[part]),
            "{from} {to}\n{}",
            run.story()
        );
    }
}

#[test]
fn a_time_is_found_even_where_clocks_change() {
    let folder = Folder::new();
    // On 25 October 2026 02:30 comes twice: at 00:30 and at 01:30 UTC.
    let autumn = [
        "2026-10-24T20:00:00",
        "2026-10-25T00:30:00",
        "2026-10-25T01:30:00",
    ];
    folder.file("log.txt", log(&autumn));
    chosen(&folder, &["--from", "02:30"])
        .code(0)
        .stdout(&texts(&autumn[1..]));
    chosen(
        &folder,
        &["--from", "2026-10-25T00:40:00Z", "--to", "02:30:01"],
    )
    .code(0)
    .stdout(&texts(&autumn[2..]));
    // A day with a time that the clock skipped means the first moment after it.
    chosen(&folder, &["--from", "2026-03-29 02:30"])
        .code(0)
        .stdout(&texts(&autumn));
    // On 29 March 2026 there is no 02:30: the next is a day later, at 00:30 UTC.
    let spring = [
        "2026-03-28T20:00:00",
        "2026-03-29T12:00:00",
        "2026-03-30T00:30:00",
    ];
    folder.file("log.txt", log(&spring));
    chosen(&folder, &["--from", "02:30"])
        .code(0)
        .stdout(&texts(&spring[2..]));
}

#[test]
fn the_ends_are_those_of_good_lines() {
    let folder = Folder::new();
    let torn = |extra: &[u8]| {
        let mut bytes = b"something else\n".repeat(3_000);
        bytes.extend(log(&DAY));
        bytes.extend(extra);
        bytes
    };
    let mut changed = log(&["2026-12-24T00:00:00"]);
    changed[3] = b'7';
    let extras = [
        b"2026-12-24T00:00:00.000000Z [mira]: 0:00".to_vec(),
        vec![0; 700_000],
        changed.repeat(2_000),
    ];
    for extra in extras {
        folder.file("log.txt", torn(&extra));
        // So many bytes that are no line reveal nothing about the format.
        let room = ["--format", "room"];
        let run = chosen(
            &folder,
            &[&room[..], &["--from", "-2h", "--grep", "2026"]].concat(),
        );
        let run = run.code(0);
        assert_eq!(run.said(), texts(&DAY[2..]), "{}", run.story());
        let run = chosen(&folder, &[&room[..], &["--to", "22:00:01"]].concat()).code(0);
        assert!(run.said().ends_with(&texts(&DAY[..2])), "{}", run.story());
    }
    // A log of one line, and one without any.
    folder.file("log.txt", log(&DAY[..1]));
    for from in ["-0s", "-2h", "23:30", "2026-11-22"] {
        chosen(&folder, &["--from", from])
            .code(0)
            .stdout(&texts(&DAY[..1]));
    }
}

#[test]
fn a_choice_that_fits_nothing_is_said_and_ends_as_greps_does() {
    let folder = Folder::new();
    folder.file("log.txt", log(&DAY));
    for args in [
        &["--user", "nobodyx"][..],
        &["--grep", "zzz"],
        &["--output", "json", "--grep", "zzz"],
        &[
            "--from",
            "2026-11-23T22:00:00Z",
            "--to",
            "2026-11-23T22:00:01Z",
        ],
    ] {
        chosen(&folder, args).code(1).stdout("").stderr(NOTHING);
    }
    chosen(&folder, &["--user", "mira"]).code(0).stderr("");
}

#[test]
fn times_between_which_nothing_is_are_said_so() {
    let folder = Folder::new();
    folder.file("log.txt", log(&DAY));
    for (args, parts) in [
        (
            &["--from", "22:34", "--to", "2026-11-23 22:33"][..],
            &["--to (2026-11-23 22:33:00) is not after --from (2026-11-23 22:34:00)"],
        ),
        (
            &["--from", "2026-11-25"],
            &["log.txt ends at 2026-11-24 00:00:00, before --from (2026-11-25 00:00:00)"],
        ),
        (
            &["--to", "2026-11-22"],
            &["log.txt begins at 2026-11-22 23:30:00, not before --to (2026-11-22 00:00:00)"],
        ),
    ] {
        chosen(&folder, args).code(1).stdout("").one_sentence(parts);
    }
    for wrong in ["yesterday", "25:00", "2026-13-01", "-", "-2x"] {
        let run = chosen(&folder, &["--from", wrong]).code(2).stdout("");
        assert!(run.story().contains("give a time such as") || run.story().contains("--from"));
    }
}

#[test]
fn a_pipe_is_chosen_from_line_by_line() {
    let folder = Folder::new();
    folder.file("log.txt", log(&DAY));
    let piped = |args: &str| {
        let mut shell = Command::new("bash");
        shell.args([
            "-c",
            &format!("cat log.txt | \"$0\" replay - {args}"),
            &CHATROOM,
        ]);
        folder.settle(&mut shell);
        Run::of(shell.env("TZ", BERLIN))
    };
    piped("--from '2026-11-23 22:34' --to 2026-11-24")
        .code(0)
        .stdout(&texts(&DAY[2..5]))
        .stderr("");
    for unknown in ["-2h", "22:34"] {
        piped(&format!("--from {unknown}"))
            .code(1)
            .stdout("")
            .one_sentence(&[
                "standard input is read from front to back",
                "give a date and a time",
            ]);
    }
}

#[test]
fn piped_lines_are_shown_as_they_arrive() {
    let folder = Folder::new();
    let mut replay = folder.command(&["replay", "-"]);
    replay.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = replay.spawn().expect("it starts");
    let mut pipe = child.stdin.take().expect("a pipe");
    let mut said = BufReader::new(child.stdout.take().expect("a pipe"));
    for moment in DAY {
        pipe.write_all(&log(&[moment])).expect("it reads");
        let mut line = String::new();
        said.read_line(&mut line).expect("it writes");
        assert_eq!(line, texts(&[moment]));
    }
    drop(pipe);
    assert!(child.wait().expect("it ends").success());
}

#[test]
fn a_time_in_a_long_log_is_found_where_it_is() {
    let folder = Folder::new();
    let at = |n: i64| Stamp::from_micros(1_795_473_297_000_000 + n / 3 * 1_000_000).to_string();
    let mut bytes = Vec::new();
    let mut said = Vec::new();
    for n in 0..9_000 {
        let moment = at(n)[..19].to_string();
        let text = format!("{n} {}", "words ".repeat(n as usize * n as usize % 50));
        bytes.extend(line_of(&moment, message("mira", &text)));
        said.push(format!("[mira]: 0:00:07:{text}\n"));
    }
    folder.file("log.txt", bytes);
    for (from, to) in [
        (0, 9_000),
        (0, 3),
        (3, 6),
        (1_500, 1_530),
        (8_997, 9_000),
        (4_002, 8_100),
    ] {
        let mut args = vec!["--from".to_string(), at(from)];
        if to < 9_000 {
            args.extend(["--to".to_string(), at(to)]);
        }
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let wanted = said[from as usize..to as usize].concat();
        let run = chosen(&folder, &args).code(0).stderr("");
        assert!(run.said() == wanted, "{from} to {to}");
    }
}

/// Two people, one of whom has a strange name, and the room.
fn room() -> Vec<u8> {
    let moment = "2026-11-23T21:34:00";
    let name = |name: &str| name.to_string();
    let opened = Body::opened(name("chatroom 0.1.0"), name("6f1d0c5be2a94c07"));
    let bodies = [
        opened,
        Body::join(name("mira")),
        Body::join(name("a]b")),
        message("mira", "Tea, a]b?"),
        message("a]b", "yes\nplease, mira"),
        message("mira", "C:\\temp"),
        Body::notice(name("mira: tea is over")),
        Body::leave(name("a]b")),
        message("mira", "no more TEA"),
    ];
    bodies.map(|body| line_of(moment, body)).concat()
}

#[test]
fn names_texts_and_kinds_are_chosen() {
    const TEA: &str = "[mira]: 0:00:07:Tea, a]b?\n";
    const YES: &str = "[a\\]b]: 0:00:07:yes\\nplease, mira\n";
    const TEMP: &str = "[mira]: 0:00:07:C:\\\\temp\n";
    const MORE: &str = "[mira]: 0:00:07:no more TEA\n";
    const HER: &str = "Client (mira) entered room\n";
    const HIM: &str = "Client (a\\]b) entered room\n";
    const GONE: &str = "Client (a\\]b) is offline\n";
    let folder = Folder::new();
    folder.file("log.txt", room());
    for (args, wanted) in [
        (&["--user", "mira"][..], [HER, TEA, TEMP, MORE].concat()),
        (&["--user", "a]b"], [HIM, YES, GONE].concat()),
        (&["--user", "mir"], String::new()),
        (
            &["--user", "mira", "--user", "a]b"],
            [HER, HIM, TEA, YES, TEMP, GONE, MORE].concat(),
        ),
        (&["--only", "messages"], [TEA, YES, TEMP, MORE].concat()),
        (&["--only", "joins"], [HER, HIM, GONE].concat()),
        (&["--only", "joins", "--user", "a]b"], [HIM, GONE].concat()),
        (&["--grep", "Tea"], TEA.to_string()),
        (&["--grep", "(?i)tea"], [TEA, MORE].concat()),
        // Compared with the text as it was posted, not as the log has it.
        (&["--grep", r"C:\\temp$"], TEMP.to_string()),
        (&["--grep", r"\n"], YES.to_string()),
        (&["--grep", "(?m)^please"], YES.to_string()),
        (&["--grep", "npl"], String::new()),
        // Only the text is searched.
        (&["--grep", "mira"], YES.to_string()),
        (&["--grep", "2026|0:00|Client"], String::new()),
        (&["--grep", "e", "--user", "a]b"], YES.to_string()),
        (&["--grep", "e", "--only", "joins"], String::new()),
    ] {
        let code = i32::from(wanted.is_empty());
        for more in [&[][..], &["--plain"]] {
            let run = chosen(&folder, &[args, more].concat());
            run.code(code).stdout(&wanted);
        }
    }
    let run = chosen(&folder, &["--grep", "a("]).code(2).stdout("");
    assert!(
        run.story().contains("this is not a regular expression"),
        "{}",
        run.story()
    );
}

#[test]
fn a_hit_in_a_damaged_line_is_not_shown_but_said() {
    let folder = Folder::new();
    let mut bytes = room();
    let at = bytes.windows(3).position(|w| w == b"TEA").expect("it");
    bytes[at - 2] = b'E';
    folder.file("log.txt", &bytes);
    let start = bytes[..at]
        .iter()
        .rposition(|b| *b == b'\n')
        .expect("a line")
        + 1;
    chosen(&folder, &["--grep", "TEA"])
        .code(1)
        .stdout("")
        .stderr(&format!(
            "chatroom: log.txt has at least 1 damaged line, first at byte {start}. Damage is not shown; chatroom replay --verify log.txt says where and why.\n{NOTHING}"
        ));
}

#[test]
fn a_file_and_a_pipe_agree_where_time_goes_back() {
    let folder = Folder::new();
    let back = [
        "2026-11-23T10:00:00",
        "2026-11-23T12:00:00",
        "2026-11-23T11:00:00",
        "2026-11-23T13:00:00",
    ];
    folder.file("log.txt", log(&back));
    let args = ["--from", "2026-11-23T11:30:00Z"];
    let file = chosen(&folder, &args).code(0);
    assert_eq!(file.said(), texts(&[back[1], back[3]]));
    let mut piped = folder.command(&[&["replay", "-"][..], &args].concat());
    let log = std::fs::File::open(folder.path().join("log.txt")).expect("the log");
    assert_eq!(Run::of(piped.stdin(log)).code(0).said(), file.said());
}

#[test]
fn times_and_colours_are_printed_where_they_are_asked_for() {
    let folder = Folder::new();
    folder.file("log.txt", log(&DAY[3..4]));
    for args in [&["--times"][..], &["--times", "--plain"]] {
        let wanted = format!("2026-11-23 22:34:57 [mira]: 0:00:07:{}\n", DAY[3]);
        chosen(&folder, args).code(0).stdout(&wanted);
    }
    let run = chosen(&folder, &["--color", "always"]).code(0);
    assert!(run.said().starts_with("[\u{1b}[38;5;"), "{}", run.story());
    // Other forms have their own times, and a verification covers the whole log.
    for args in [
        &["--times", "--output", "json"][..],
        &["--verify", "--from", "22:34"],
        &["--follow", "--to", "22:34"],
    ] {
        let run = chosen(&folder, args).code(2);
        let said = String::from_utf8_lossy(&run.output.stderr).into_owned();
        assert!(said.contains("cannot be used with"), "{said}");
    }
}
