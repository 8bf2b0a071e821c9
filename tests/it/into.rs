//! `chatroom replay FILE --into ADDR`: a log replayed into a real room.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use chatroom::event::{Body, Event, Stamp};
use chatroom::line::{parse_line, to_line};
use rustix::process::{Pid, Signal, kill_process};

use support::fake::{Fake, answer};
use support::program::{Folder, Run};
use support::server::Server;
use support::waiting::wait_for;
use support::written::Written;

const SAMPLE: &[u8] = include_bytes!("../../log.txt");

/// An event of a log, so many seconds after its beginning.
pub fn at(seconds: f64, body: Body) -> Event {
    let at = Stamp::from_micros(1_795_473_240_000_000 + (seconds * 1e6) as i64);
    Event { at, body }
}

/// A room's log with these events.
pub fn log(events: &[Event]) -> Vec<u8> {
    let opened = Body::opened("chatroom 0.1.0", "6f1d0c5be2a94c07");
    let mut bytes = Vec::new();
    to_line(&at(0.0, opened), &mut bytes);
    for event in events {
        to_line(event, &mut bytes);
    }
    bytes
}

/// The joins, leaves and messages of a room's log, without times; other events are left out.
pub fn heard(log: &[u8]) -> Vec<String> {
    let lines = log.split(|b| *b == b'\n').filter(|line| !line.is_empty());
    let events = lines.map(|line| parse_line(line).expect("a good line"));
    events
        .filter_map(|event| match event.body {
            Body::Message { from, text, .. } => Some(format!("{from}: {text}")),
            Body::Join { name } => Some(format!("+{name}")),
            Body::Leave { name } => Some(format!("-{name}")),
            _ => None,
        })
        .collect()
}

/// The joins, leaves and messages of a running room.
pub fn heard_in(server: &Server) -> Vec<String> {
    heard(&std::fs::read(server.log()).expect("the room's log"))
}

/// The arguments that replay `old.txt` in the server's folder into that server.
pub fn args<'a>(server: &'a Server, more: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["replay", "old.txt", "--into", &server.address];
    args.extend_from_slice(more);
    args
}

/// Replays it to the end.
pub fn run(server: &Server, events: &[Event], more: &[&str]) -> Run {
    server.folder.file("old.txt", log(events));
    server.folder.run(&args(server, more))
}

/// A run during the rest of a test; returns its output, stderr first.
fn begin(server: &Server, events: &[Event], more: &[&str]) -> (Child, Written, Written) {
    server.folder.file("old.txt", log(events));
    let mut command = server.folder.command(&args(server, more));
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the replay starts");
    let notices = Written::follow(child.stderr.take().expect("a pipe"));
    let summary = Written::follow(child.stdout.take().expect("a pipe"));
    (child, notices, summary)
}

fn ended(child: &mut Child) -> Option<i32> {
    let end = wait_for("the replay's end", || child.try_wait().expect("its state"));
    end.code()
}

fn members(server: &Server) -> Vec<String> {
    let members = server.get("/members").json();
    let members = members["members"].as_array().expect("a list").clone();
    members
        .iter()
        .map(|member| member["name"].as_str().expect("a name").to_string())
        .collect()
}

#[test]
fn the_sample_happens_again_as_it_did() {
    let server = Server::start(&[]);
    server.folder.file("old.txt", SAMPLE);
    let run = server.folder.run(&args(&server, &["--speed", "max"]));
    let run = run.code(0).stderr("");
    let words = format!(
        "27 messages of old.txt by 5 people posted again in the room at {}, in ",
        server.address
    );
    let run = run
        .stdout_has(&words)
        .stdout_has("Came in: 10. Left: 10.\n");
    run.stdout_has("Not posted again: 3 lines that only a server writes");
    // At a restart in the log everybody leaves before joining again.
    let mut wanted = heard(SAMPLE);
    let again = wanted
        .iter()
        .rposition(|line| line == "+eve")
        .expect("two evenings");
    let leaves = ["-uthira", "-bob", "-eve", "-மலர்", "-山田"].map(str::to_string);
    wanted.splice(again..again, leaves);
    assert_eq!(heard_in(&server), wanted);
    assert!(members(&server).is_empty());
}

#[test]
fn names_that_the_room_does_not_take_become_others() {
    let server = Server::start(&[]);
    let bob = server.log_in("bob");
    let people = [
        "alexander",
        "alexandra",
        "a]b:c",
        "bob",
        "server",
        "",
        "MiII",
        "Mill",
    ];
    let events: Vec<_> = people
        .iter()
        .map(|name| at(1.0, Body::message(*name, "hello")))
        .collect();
    run(&server, &events, &["--speed", "max"])
        .code(0)
        .stdout_has(
            "Under another name, since the room did not accept their own: alexander as alexande, \
             alexandra as alexandr, a]b:c as a-b-c, bob as bob2, server as server2, nobody's as \
             guest, Mill as Mill2.\n",
        );
    let heard = heard_in(&server);
    let spoken: Vec<_> = heard.iter().filter(|line| line.contains(": ")).collect();
    let names = [
        "alexande", "alexandr", "a-b-c", "bob2", "server2", "guest", "MiII", "Mill2",
    ];
    assert_eq!(
        spoken,
        names
            .map(|name| format!("{name}: hello"))
            .iter()
            .collect::<Vec<_>>()
    );
    assert_eq!(
        members(&server),
        ["bob"],
        "whoever was there is still there"
    );
    assert_eq!(server.say(&bob, "my name is mine").status, 201);
}

#[test]
fn the_rooms_rate_is_respected_and_everything_arrives() {
    let server = Server::start(&["--max-rate", "5"]);
    let texts: Vec<String> = (0..56).map(|n| format!("number {n}")).collect();
    let mut events: Vec<_> = texts
        .iter()
        .map(|text| at(1.0, Body::message("ann", text)))
        .collect();
    events.push(at(2.0, Body::message("bob", "well said")));
    let run = run(&server, &events, &["--speed", "max"]).code(0);
    run.one_sentence(&["chatroom: The room asks for a slower pace (You are sending too fast."])
        .stdout_has("57 messages of old.txt by 2 people");
    let mut wanted = vec!["+ann".to_string()];
    wanted.extend(texts.iter().map(|text| format!("ann: {text}")));
    wanted.extend(["+bob", "bob: well said", "-ann", "-bob"].map(str::to_string));
    assert_eq!(heard_in(&server), wanted);
}

#[test]
fn a_room_that_is_killed_and_started_again_hears_everything_once_and_in_order() {
    let mut server = Server::start(&["--max-rate", "0"]);
    let names = ["ann", "bob", "eve"];
    let events: Vec<_> = (0..300)
        .map(|n| {
            at(
                f64::from(n) / 100.0,
                Body::message(names[n as usize % 3], format!("{n}")),
            )
        })
        .collect();
    let (mut child, notices, summary) = begin(&server, &events, &[]);
    for spoken in [60, 120] {
        wait_for("messages", || {
            (heard_in(&server).len() > spoken).then_some(())
        });
        server.kill();
        notices.wait_for("chatroom: The room is away: ");
        server.start_again(&["--max-rate", "0"]);
    }
    assert_eq!(ended(&mut child), Some(0), "{}", notices.text());
    assert!(
        notices.text().contains("chatroom: The room is back after "),
        "{}",
        notices.text()
    );
    summary.wait_for("300 messages of old.txt by 3 people");
    let heard = heard_in(&server);
    let spoken: Vec<_> = heard.iter().filter(|line| line.contains(": ")).collect();
    let wanted: Vec<_> = (0..300).map(|n| format!("{}: {n}", names[n % 3])).collect();
    assert_eq!(spoken, wanted.iter().collect::<Vec<_>>());
    assert!(members(&server).is_empty());
}

#[test]
fn a_room_with_a_key_wants_it_and_nobody_else_sees_it() {
    let folder = Folder::new();
    folder.file("key", "open sesame\n");
    let server = Server::start_in(Arc::new(folder), "127.0.0.1:0", &["--key-file", "key"]);
    let events = [at(1.0, Body::message("ann", "hello"))];
    run(&server, &events, &[])
        .code(1)
        .stdout("")
        .one_sentence(&[
            "has a key. Ask the operator",
            "--key-file FILE",
            "CHATROOM_KEY",
        ]);
    let with = |key: &str| {
        let mut command = server.folder.command(&args(&server, &[]));
        Run::of(command.env("CHATROOM_KEY", key))
    };
    let wrong = with("guesswork").code(1).stdout("");
    let wrong = wrong.one_sentence(&["does not accept this key"]);
    assert!(!wrong.story().contains("guesswork\n"));
    let right = with("open sesame").code(0).stderr("");
    assert!(!right.said().contains("sesame"), "{}", right.story());
    assert_eq!(heard_in(&server), ["+ann", "ann: hello", "-ann"]);
}

#[test]
fn a_room_that_takes_no_key_from_here_for_a_while_is_said_to_be_so() {
    // So many clients guess at the room's key that no further one may wait.
    let body = r#"{"error":"too_many_keys","message":"Too many room keys are being tried from your address, so this one was not checked. Try again in 2 s."}"#;
    let room = Fake::saying(answer(
        "429 Too Many Requests",
        "Retry-After: 2\r\nConnection: close\r\n",
        body,
    ));
    let mut server = Server::start(&[]);
    server.folder.file("key", "open sesame\n");
    server.address = room.address;
    let events = [at(1.0, Body::message("ann", "hello"))];
    let (mut child, notices, _) = begin(&server, &events, &["--key-file", "key"]);
    notices.wait_for("Ctrl-C stops.\n");
    kill_process(Pid::from_child(&child), Signal::INT).expect("it runs");
    assert_eq!(ended(&mut child), Some(130), "{}", notices.text());
    let said = notices.text();
    assert!(
        said.contains(
            "chatroom: The room accepts no key from this machine's address for now (Too many room \
             keys are being tried from your address, so this one was not checked. Try again in 2 \
             s)"
        ) && !said.contains("slower"),
        "{said}"
    );
}

#[test]
fn ctrl_c_leaves_nobody_behind() {
    let server = Server::start(&[]);
    let names = ["ann", "bob", "eve", "zoë"];
    let mut events: Vec<_> = names
        .iter()
        .map(|name| at(1.0, Body::join(*name)))
        .collect();
    events.push(at(1.0, Body::message("ann", "so quiet")));
    events.push(at(9_000.0, Body::message("bob", "never said")));
    for signal in [Signal::INT, Signal::TERM] {
        let (mut child, notices, summary) = begin(&server, &events, &["--max-gap", "9000s"]);
        wait_for("everybody", || (members(&server).len() == 4).then_some(()));
        wait_for("ann", || {
            heard_in(&server)
                .last()
                .is_some_and(|l| l == "ann: so quiet")
                .then_some(())
        });
        kill_process(Pid::from_child(&child), signal).expect("it runs");
        assert_eq!(ended(&mut child), Some(130), "{}", notices.text());
        summary.wait_for("1 message of old.txt by 4 people");
        summary.wait_for("It ended before old.txt did");
        summary.wait_for("Came in: 4. Left: 4.");
        assert!(members(&server).is_empty(), "{:?}", members(&server));
    }
    let once = [
        "+ann",
        "+bob",
        "+eve",
        "+zoë",
        "ann: so quiet",
        "-ann",
        "-bob",
        "-eve",
        "-zoë",
    ];
    assert_eq!(heard_in(&server), [once, once].concat());
}

#[test]
fn the_room_hears_it_at_the_pace_that_is_asked_for() {
    let server = Server::start(&[]);
    let seconds = [0.0, 0.5, 1.5, 600.0, 601.0];
    let events: Vec<_> = seconds
        .iter()
        .map(|s| at(*s, Body::message("ann", "tick")))
        .collect();
    let more = ["--speed", "2", "--max-gap", "1.5s"];
    run(&server, &events, &more).code(0);
    let spoken = server.events("since=all");
    let spoken = spoken.iter().filter(|event| event["type"] == "message");
    let times: Vec<i64> = spoken
        .map(|event| Stamp::parse(event["at"].as_str().expect("a time").as_bytes()))
        .map(|at| at.expect("a time").micros())
        .collect();
    for (time, due) in times.iter().zip([0.0, 0.25, 0.75, 1.5, 2.0]) {
        let after = (time - times[0]) as f64 / 1e6;
        // The first may have been late itself.
        assert!(
            (due - 0.2..due + 20.0).contains(&after),
            "{after} s, due at {due} s"
        );
    }
}

#[test]
fn silent_members_stay_and_nobody_joins_twice() {
    // Without an open stream every member would leave after each silence.
    let server = Server::start(&["--grace", "300ms"]);
    let mut events = vec![at(0.0, Body::join("ann")), at(0.0, Body::join("bob"))];
    events.extend((0..5).map(|n| at(f64::from(n), Body::message("eve", "hm"))));
    events.push(at(5.0, Body::message("ann", "I was here all the time")));
    run(&server, &events, &["--speed", "2"]).code(0).stderr("");
    let mut wanted = vec!["+ann", "+bob", "+eve"];
    wanted.extend(["eve: hm"; 5]);
    wanted.extend(["ann: I was here all the time", "-ann", "-bob", "-eve"]);
    assert_eq!(heard_in(&server), wanted);
}

#[test]
fn more_people_than_connections_take_turns() {
    let server = Server::start(&[]);
    let events: Vec<_> = (0..60)
        .map(|n| {
            at(
                1.0,
                Body::message(format!("guest {}", n % 30), format!("{n}")),
            )
        })
        .collect();
    server.folder.file("old.txt", log(&events));
    let mut command = Command::new("sh");
    // The descriptors suffice for a dozen present members.
    let line = "ulimit -n 44; exec \"$0\" \"$@\"";
    command.args(["-c", line, &support::program::CHATROOM]);
    command.args(args(&server, &["--speed", "max"]));
    server.folder.settle(&mut command);
    let run = Run::of(&mut command).code(0);
    let run = run.one_sentence(&["This log has more people at once than the room allows (12)"]);
    run.stdout_has("60 messages of old.txt by 30 people")
        .stdout_has("Came in: 60. Left: 60.");
    let heard = heard_in(&server);
    let spoken: Vec<_> = heard.iter().filter(|line| line.contains(": ")).collect();
    let wanted: Vec<_> = (0..60).map(|n| format!("guest {}: {n}", n % 30)).collect();
    assert_eq!(spoken, wanted.iter().collect::<Vec<_>>());
    assert!(members(&server).is_empty());
}

#[test]
fn a_session_that_somebody_ends_begins_again() {
    let server = Server::start(&[]);
    let events = [
        at(0.0, Body::message("ann", "one")),
        at(2.0, Body::message("ann", "two")),
        at(4.0, Body::message("ann", "three")),
    ];
    let (mut child, notices, _) = begin(&server, &events, &[]);
    wait_for("ann", || (members(&server) == ["ann"]).then_some(()));
    // A new room key ends all sessions; taking the secret away does the same.
    let mut server = server;
    server.kill();
    std::fs::remove_file(server.folder.path().join("log.txt.secret")).expect("there is one");
    // Her name is held that long for a token that is lost.
    server.start_again(&["--grace", "300ms"]);
    assert_eq!(ended(&mut child), Some(0), "{}", notices.text());
    assert!(
        notices.text().contains("ended the session of ann"),
        "{}",
        notices.text()
    );
    let heard = heard_in(&server);
    let spoken: Vec<_> = heard.iter().filter(|line| line.contains(": ")).collect();
    assert_eq!(spoken, ["ann: one", "ann: two", "ann: three"]);
}
