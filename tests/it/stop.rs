//! Stopping a server, in good order or not: nothing acknowledged is lost, and idle clients do not delay it.

use std::collections::HashSet;
use std::fs::File;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use rustix::process::Signal;

use support::client::{Answer, bearer};
use support::program::{CHATROOM, Folder};
use support::server::Server;
use support::waiting::wait_for;

/// Has four members post as fast as they can until `end`, called once some messages are acknowledged, has ended the
/// server. Returns the acknowledged texts.
fn posts_under_way(server: &mut Server, end: impl FnOnce(&mut Server)) -> Vec<String> {
    let acknowledged = Mutex::new(Vec::new());
    let names = ["ann", "bob", "cat", "dan"];
    let tokens = names.map(|name| bearer(&server.log_in(name)));
    thread::scope(|scope| {
        for (name, authorised) in names.iter().zip(&tokens) {
            let mut stream = server.connect();
            let mut reader = std::io::BufReader::new(stream.try_clone().expect("a handle"));
            let request = |n: usize| {
                let fields = [("Host", "x"), ("Authorization", authorised)];
                server.request("POST", "/messages", &fields, format!("{name} {n}"))
            };
            let requests: Vec<Vec<u8>> = (0..5_000).map(request).collect();
            let acknowledged = &acknowledged;
            scope.spawn(move || {
                for (n, request) in requests.iter().enumerate() {
                    use std::io::BufRead;
                    let gone = stream.write_all(request).is_err()
                        || reader.fill_buf().map_or(true, <[u8]>::is_empty);
                    if gone {
                        return;
                    }
                    let answer = Answer::read(&mut reader, "POST");
                    if answer.status == 201 {
                        acknowledged.lock().expect("it").push(format!("{name} {n}"));
                    } else {
                        answer.refused(503, "stopping");
                        assert!(answer.field("retry-after").is_some());
                        return;
                    }
                }
            });
        }
        wait_for("some messages", || {
            (acknowledged.lock().expect("it").len() > 100).then_some(())
        });
        end(server);
    });
    acknowledged.into_inner().expect("it")
}

/// Expects each acknowledged text in the log exactly once.
fn all_there(server: &Server, acknowledged: &[String]) {
    let said = server.said();
    let texts = said.iter().filter_map(|line| line.rsplit_once(':'));
    let texts: Vec<&str> = texts.map(|(_, text)| text).collect();
    let different: HashSet<&str> = texts.iter().copied().collect();
    assert_eq!(texts.len(), different.len(), "nothing is there twice");
    for text in acknowledged {
        assert!(
            different.contains(&**text),
            "{text:?} was acknowledged and is lost"
        );
    }
}

#[test]
fn it_stops_in_good_order_whatever_goes_on() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut server = Server::start(&["--max-rate", "0"]);
        let mut listeners: Vec<_> = (0..3)
            .map(|_| server.listen("/events?since=latest", &[]))
            .collect();
        // One client never reads, one is in the middle of a request, one keeps its connection.
        let _deaf = server.listen("/events?since=all", &[]);
        let mut half = server.client();
        half.send("POST /messages HTTP/1.1\r\nHost: x\r\nContent-Le");
        let mut kept = server.client();
        kept.send(server.request("GET", "/health", &[], ""));
        kept.answer("GET");
        let acknowledged = posts_under_way(&mut server, |server| {
            server.signal(signal);
            // Waiting for the deaf one would take 65 s, which is longer than this waits.
            assert!(server.ended().success(), "{signal:?}");
        });
        // If the server had waited for it, it would have got a 408.
        half.ended();
        all_there(&server, &acknowledged);
        let said = server.said();
        assert_eq!(said.last().expect("it"), "* Room closed");
        assert!(
            !said.iter().any(|line| line.ends_with("offline")),
            "nobody left: it closed"
        );
        let heard = listeners.pop().expect("one").rest();
        let heard: Vec<&str> = heard.lines().collect();
        assert!(heard[heard.len() - 1].contains("The server is stopping"));
        let from = said.len() + 1 - heard.len();
        assert_eq!(
            heard[..heard.len() - 1],
            said[from..],
            "all of it was heard"
        );
        assert_eq!(server.notices.text(), "");
    }
}

#[test]
fn two_signals_at_once_are_one_wish() {
    for _ in 0..5 {
        let mut server = Server::start(&[]);
        // `timeout` and make send one to the process and one to its group.
        server.signal(Signal::TERM);
        server.signal(Signal::INT);
        assert!(server.ended().success());
        assert_eq!(server.said().last().expect("it"), "* Room closed");
    }
}

#[test]
fn nothing_acknowledged_is_lost_when_it_is_killed() {
    let mut server = Server::start(&["--max-rate", "0"]);
    let acknowledged = posts_under_way(&mut server, |server| server.kill());
    server.start_again(&[]);
    all_there(&server, &acknowledged);
    assert_eq!(
        server
            .events("since=all")
            .iter()
            .filter(|e| e["type"] == "damaged")
            .count(),
        0
    );
}

#[test]
fn the_port_is_free_at_once() {
    let mut server = Server::start(&[]);
    let _listener = server.listen("/events", &[]);
    for _ in 0..3 {
        assert!(server.stop().success());
        server.start_again(&[]);
        assert_eq!(server.get("/health").status, 200);
    }
}

#[test]
fn a_closed_terminal_stops_it_in_good_order() {
    let folder = Arc::new(Folder::new());
    let mut command = Command::new("script");
    // The tests themselves may run where SIGHUP is ignored.
    let server = format!("env --default-signal=HUP {CHATROOM} server --listen 127.0.0.1:0");
    command.args(["-qfc", &server, "/dev/null"]);
    folder.settle(&mut command);
    command.stdin(Stdio::piped());
    let mut server = Server::spawn(folder, command);
    server.log_in("uthira");
    // At the terminal's end the kernel sends SIGHUP to its foreground processes.
    server.kill();
    wait_for("the room's end", || {
        (server.said().last().expect("a line") == "* Room closed").then_some(())
    });
    // It is not a child of the test, so only its lock shows that it has ended.
    let log = File::open(server.log()).expect("the log");
    wait_for("the server's end", || log.try_lock().ok());
}

#[test]
fn without_a_terminal_a_hangup_stops_nothing() {
    for (before, told) in [("", 1), ("trap '' HUP; ", 0)] {
        let folder = Arc::new(Folder::new());
        let mut command = Command::new("setsid");
        let server = format!("{before}exec {CHATROOM} server --listen 127.0.0.1:0");
        command.args(["env", "--default-signal=HUP", "sh", "-c", &server]);
        folder.settle(&mut command);
        let mut server = Server::spawn(folder, command);
        server.signal(Signal::HUP);
        if told == 1 {
            server
                .notices
                .wait_for("SIGHUP received; the room keeps running");
        }
        let token = server.log_in("uthira");
        assert_eq!(server.say(&token, "still here").status, 201);
        assert!(server.stop().success());
        assert_eq!(server.notices.text().lines().count(), told, "{before}");
    }
}
