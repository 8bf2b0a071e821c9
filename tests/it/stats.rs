//! `chatroom replay --stats` as its user sees it: the forms agree with each other and with an independent count, and
//! names can do no harm.

use std::collections::BTreeMap;

use chatroom::event::{Body, Stamp};
use serde_json::Value;

use crate::logs::line_at;
use support::program::Folder;

const SAMPLE: &str = include_str!("../../log.txt");

/// A log of these events, each so many seconds after 2026-10-24T22:00:00Z.
fn log(events: &[(i64, Body)]) -> Vec<u8> {
    let line = |(second, body): &(i64, Body)| {
        let at = Stamp::from_micros((1_792_879_200 + second) * 1_000_000);
        line_at(at, body.clone())
    };
    events.iter().flat_map(line).collect()
}

fn json(folder: &Folder, args: &[&str]) -> Value {
    let run = folder.run(&[&["replay", "log.txt", "--stats=json"], args].concat());
    let run = run.code(0).stderr("");
    serde_json::from_slice(&run.output.stdout).expect("one JSON object")
}

/// Rows of cells, as RFC 4180 has them.
fn sheet(text: &str) -> Vec<Vec<String>> {
    let mut rows = vec![vec![String::new()]];
    let mut letters = text.chars().peekable();
    let mut quoted = false;
    while let Some(letter) = letters.next() {
        let row = rows.last_mut().expect("a row");
        let cell = row.last_mut().expect("a cell");
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => cell.push(letters.next().expect("it")),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(String::new()),
            '\r' if !quoted && letters.peek() == Some(&'\n') => {
                letters.next();
                rows.push(vec![String::new()]);
            }
            letter => cell.push(letter),
        }
    }
    assert_eq!(
        rows.pop(),
        Some(vec![String::new()]),
        "the last row is ended"
    );
    rows
}

/// Messages and characters by name, counted by the marks around them.
fn counted_by_hand(log: &str) -> BTreeMap<String, (u64, u64)> {
    let mut counts = BTreeMap::new();
    for line in log.lines() {
        let Some(rest) = line[28..].strip_prefix('[') else {
            continue;
        };
        let (name, rest) = rest.split_once("]: ").expect("a name");
        let text = rest.splitn(4, ':').nth(3).expect("a text");
        let text = text
            .rsplit_once('\t')
            .expect("a checksum")
            .0
            .replace("\\n", "\n");
        let count: &mut (u64, u64) = counts.entry(name.to_string()).or_default();
        count.0 += 1;
        count.1 += text.chars().count() as u64;
    }
    counts
}

#[test]
fn table_json_and_csv_agree_with_a_count_by_hand() {
    let folder = Folder::new();
    folder.file("log.txt", SAMPLE);
    let wanted = counted_by_hand(SAMPLE);
    assert_eq!(wanted.len(), 5);
    let json = json(&folder, &[]);
    let csv = folder.run(&["replay", "log.txt", "--stats=csv"]);
    let rows = sheet(&csv.code(0).stderr("").said());
    let table = folder.run(&["replay", "log.txt", "--stats"]);
    let table = table.code(0).stderr("").said();
    assert_eq!(
        rows[0][0..5],
        ["name", "messages", "share_percent", "words", "characters"]
    );
    assert_eq!(rows.len(), wanted.len() + 1);
    let people = json["people"].as_array().expect("people");
    assert_eq!(people.len(), wanted.len());
    for (person, row) in people.iter().zip(&rows[1..]) {
        let name = person["name"].as_str().expect("a name");
        let (messages, characters) = wanted[name];
        assert_eq!(person["messages"], messages, "{name}");
        assert_eq!(person["characters"], characters, "{name}");
        assert_eq!(row.len(), rows[0].len());
        assert_eq!(row[0], name);
        assert_eq!(row[1], messages.to_string());
        assert_eq!(row[3], person["words"].to_string());
        assert_eq!(row[4], characters.to_string());
        assert_eq!(row[14], person["minutes_present"].to_string());
        let line = table.lines().find(|line| line.starts_with(name));
        let cells: Vec<_> = line.expect("a line").split_whitespace().collect();
        assert_eq!(cells[1], messages.to_string(), "{table}");
    }
    let all: u64 = wanted.values().map(|(messages, _)| messages).sum();
    assert_eq!(json["messages"], all);
    assert_eq!(json["by_weekday_and_hour"][0][18], all);
    assert_eq!(
        json["by_weekday"],
        serde_json::json!([all, 0, 0, 0, 0, 0, 0])
    );
    let over_time = json["over_time"].as_array().expect("stretches");
    let sum = over_time.iter().map(|stretch| stretch["messages"].as_u64());
    assert_eq!(sum.sum::<Option<u64>>(), Some(all));
    assert_eq!(json["from"], SAMPLE[..27]);
    assert_eq!(json["joins"], SAMPLE.matches(") entered room\t").count());
    assert_eq!(json["leaves"], SAMPLE.matches(") is offline\t").count());
    assert!(table.contains(&format!("\n{all} messages (")), "{table}");
}

#[test]
fn attendance_and_silence_are_those_of_the_log() {
    let folder = Folder::new();
    folder.file("log.txt", SAMPLE);
    let json = json(&folder, &[]);
    let uthira = json["people"].as_array().expect("people");
    let uthira = uthira.iter().find(|p| p["name"] == "uthira").expect("her");
    // From 18:30:04.4 to 18:32:44.0, when the power failed, and from 18:33:20.2 to 18:36:08.3: 327.7 s.
    assert_eq!(uthira["minutes_present"], 5);
    assert_eq!(uthira["times_joined"], 2);
    assert_eq!(uthira["first_joined"], "2026-11-16T18:30:04.377911Z");
    assert_eq!(uthira["last_left"], "2026-11-16T18:36:08.250173Z");
    assert_eq!(uthira["present_at_end"], false);
    assert_eq!(
        json["longest_silence"]["from"],
        "2026-11-16T18:32:44.046576Z"
    );
    assert_eq!(json["longest_silence"]["to"], "2026-11-16T18:33:26.691953Z");
    assert_eq!(json["busiest_hour"]["from"], "2026-11-16T18:00:00.000000Z");
}

#[test]
fn only_the_selected_messages_are_counted() {
    let folder = Folder::new();
    folder.file("log.txt", SAMPLE);
    let eve = json(&folder, &["--user", "eve"]);
    assert_eq!(eve["messages"], SAMPLE.matches("Z [eve]: ").count());
    assert_eq!((&eve["joins"], &eve["names"]), (&2.into(), &1.into()));
    let toaster = json(&folder, &["--grep", "toaster"]);
    let wanted = SAMPLE
        .lines()
        .filter(|l| l.contains(": 0:") && l.contains("toaster"));
    assert_eq!(toaster["messages"], wanted.count());
    let late = json(&folder, &["--from", "18:35:00", "--only", "messages"]);
    let wanted = SAMPLE
        .lines()
        .filter(|l| &l[..19] >= "2026-11-16T18:35:00" && &l[28..29] == "[");
    assert_eq!(late["messages"], wanted.count());
    assert_eq!(late["joins"], 0);
    let piped = format!(
        "cat log.txt | '{}' replay - --stats=json",
        support::program::CHATROOM
    );
    let mut shell = std::process::Command::new("sh");
    folder.settle(shell.args(["-c", &piped]));
    let run = support::program::Run::of(&mut shell).code(0);
    let from_pipe: Value = serde_json::from_slice(&run.output.stdout).expect("JSON");
    assert_eq!(from_pipe["people"], json(&folder, &[])["people"]);
}

#[test]
fn nothing_chosen_is_a_sentence() {
    let folder = Folder::new();
    folder.file("log.txt", SAMPLE);
    for form in ["--stats", "--stats=json", "--stats=csv", "--plot=x.svg"] {
        let run = folder.run(&["replay", "log.txt", form, "--user", "nobody"]);
        run.code(1)
            .stdout("")
            .one_sentence(&["nothing to count", "log.txt", "--user"]);
    }
    let run = folder.run(&["replay", "log.txt", "--plot", "x.svg", "--only", "joins"]);
    run.code(1).stdout("").one_sentence(&["has no messages"]);
    assert!(!folder.path().join("x.svg").exists());
}

#[test]
fn hours_are_those_of_the_clock_on_the_wall_when_it_is_put_back() {
    let folder = Folder::new();
    let hour = |n: i64, name: &str| (n * 3600 + 60, Body::message(name, "x"));
    // In Berlin 0:01, 1:01, 2:01 in summer, 2:01 and 3:01 in winter, 23:01; then Monday 0:01.
    let events = [0, 1, 2, 3, 4, 24, 25].map(|n| hour(n, "a"));
    folder.file("log.txt", log(&events));
    let mut command = folder.command(&["replay", "log.txt", "--stats=json"]);
    command.env("TZ", "CET-1CEST,M3.5.0,M10.5.0/3");
    let run = support::program::Run::of(&mut command).code(0);
    let json: Value = serde_json::from_slice(&run.output.stdout).expect("JSON");
    let sunday = &json["by_weekday_and_hour"][6];
    assert_eq!(
        [&sunday[0], &sunday[1], &sunday[2], &sunday[3]],
        [1, 1, 2, 1]
    );
    assert_eq!(sunday[23], 1);
    assert_eq!(json["by_weekday_and_hour"][0][0], 1);
    assert_eq!(json["days"], 2);
    assert_eq!(json["busiest_hour"]["messages"], 1, "two hours are not one");
    assert_eq!(json["utc_offset_seconds"], 3600);
}

#[test]
fn a_member_who_only_joined_and_left_does_not_count_as_a_speaker() {
    let folder = Folder::new();
    let events = [
        (0, Body::join("ann")),
        (1, Body::join("bob")),
        (2, Body::message("ann", "hello")),
        (3, Body::message("ann", "anybody?")),
    ];
    folder.file("log.txt", log(&events));
    folder
        .run(&["replay", "log.txt", "--stats"])
        .code(0)
        .stdout_has("2 messages (2 words) by 1 of 2 names on 1 of 1 day\n");
    let drawn = folder.run(&["replay", "log.txt", "--plot", "talk.svg"]);
    drawn.code(0);
    let picture = std::fs::read_to_string(folder.path().join("talk.svg")).expect("a picture");
    assert!(picture.contains("2 messages by 1 of 2 names,"), "{picture}");
}

#[test]
fn names_can_do_no_harm() {
    let folder = Folder::new();
    let names = [
        "=cmd|' /C calc'!A0",
        "+1",
        "-1",
        "@x",
        "'=x",
        "a,b;c",
        "say \"hi\"",
        "two\nlines",
        "\u{1b}[2J\u{9b}31m\u{202e}evil\r",
        "a]b)c\\d",
        " spaces ",
        "",
    ];
    let mut events = Vec::new();
    for (n, name) in names.iter().enumerate() {
        for _ in n..names.len() {
            events.push((events.len() as i64, Body::message(*name, "hi")));
        }
    }
    folder.file("log.txt", log(&events));
    let json = json(&folder, &[]);
    let people = json["people"].as_array().expect("people").iter();
    let found: Vec<_> = people
        .map(|p| p["name"].as_str().expect("a name"))
        .collect();
    assert_eq!(found, names);
    let csv = folder
        .run(&["replay", "log.txt", "--stats=csv"])
        .code(0)
        .said();
    let rows = sheet(&csv);
    for (row, name) in rows[1..].iter().zip(names) {
        let cell = &row[0];
        assert!(!cell.starts_with(['=', '+', '-', '@']), "{cell}");
        assert!(!cell.contains(char::is_control), "{cell:?}");
        let spelt = chatroom::line::escaped_name(name);
        assert_eq!(cell.strip_prefix('\'').unwrap_or(cell), spelt);
    }
    let table = folder
        .run(&["replay", "log.txt", "--stats", "--color", "never"])
        .code(0)
        .said();
    let steers = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
    assert!(!table.contains(steers), "{table:?}");
}

#[test]
fn a_log_of_very_many_names_stays_bounded_and_says_so() {
    let folder = Folder::new();
    let mut events: Vec<_> = (0..60_000)
        .map(|n| (n, Body::join(format!("name {n}"))))
        .collect();
    events.push((60_000, Body::message("name 1", "here")));
    events.push((60_001, Body::message("somebody new", "hello")));
    folder.file("log.txt", log(&events));
    let json = json(&folder, &[]);
    assert_eq!(
        (&json["joins"], &json["names"]),
        (&60_000.into(), &50_000.into())
    );
    assert_eq!(json["messages"], 2);
    assert_eq!(json["others"]["times_joined"], 10_000);
    assert_eq!(json["others"]["messages"], 1);
    assert_eq!(json["others"]["name"], Value::Null);
    let table = folder.run(&["replay", "log.txt", "--stats"]).code(0).said();
    assert!(table.contains("more than 50,000 names"), "{table}");
    assert!(table.contains("and at least 49,980 more"), "{table}");
    let csv = folder.run(&["replay", "log.txt", "--stats=csv"]).code(0);
    csv.one_sentence(&["50000 names", "in no row"]);
}

#[test]
fn damaged_lines_are_not_counted_and_said() {
    let folder = Folder::new();
    let events = [
        (0, Body::join("a")),
        (60, Body::message("a", "one")),
        (120, Body::leave("a")),
    ];
    let mut bytes = log(&events);
    let at = bytes.windows(3).position(|w| w == b"one").expect("it");
    bytes[at] = b'O';
    bytes.extend_from_slice(b"2026-10-24T23");
    folder.file("log.txt", &bytes);
    let run = folder.run(&["replay", "log.txt", "--stats=json"]).code(0);
    let run = run.one_sentence(&[
        "1 damaged line and a torn last line",
        "at byte ",
        "--verify",
    ]);
    let json: Value = serde_json::from_slice(&run.output.stdout).expect("JSON");
    assert_eq!((&json["damaged"], &json["torn"]), (&1.into(), &true.into()));
    assert_eq!((&json["messages"], &json["lines"]), (&0.into(), &2.into()));
    assert_eq!(json["people"][0]["minutes_present"], 2);
    let table = folder.run(&["replay", "log.txt", "--stats"]);
    table.stdout_has("\nNot counted: 1 damaged line and a torn last line.\n");
}

#[test]
fn both_at_once_are_printed_and_drawn() {
    let folder = Folder::new();
    folder.file("log.txt", SAMPLE);
    let run = folder.run(&["replay", "log.txt", "--stats", "--plot", "talk.svg"]);
    run.code(0)
        .stdout_has("Who said how much")
        .stdout_has("\nDrew talk.svg.\n");
    // Data stay data.
    let json = json(&folder, &["--plot", "again.png"]);
    assert_eq!(json["names"], 5);
    assert!(folder.path().join("again.png").exists());
}

#[test]
fn a_clock_set_back_counts_as_no_silence() {
    let folder = Folder::new();
    let mut log = Vec::new();
    for (hour, text) in [(0, "a"), (2, "b"), (1, "c"), (3, "d")] {
        log.extend(crate::forms::says(hour * 3_600, "mira", text));
    }
    folder.file("log.txt", log);
    let run = folder.run(&["replay", "log.txt", "--stats=json"]).code(0);
    let counted: serde_json::Value = serde_json::from_str(&run.said()).expect("JSON");
    assert_eq!(counted["longest_silence"]["seconds"], 7_200.0, "{counted}");
    let last = &counted["people"][0]["last_message"];
    assert_eq!(last, &counted["to"], "{counted}");
}
