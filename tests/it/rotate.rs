//! `chatroom rotate`: a room continues with a new log, and still knows the old one.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use support::client::{Answer, bearer};
use support::program::Folder;
use support::server::Server;

fn say(server: &Server, token: &str, key: &str, text: &str) -> Answer {
    let fields = [
        ("Authorization", bearer(token)),
        ("Idempotency-Key", key.into()),
    ];
    let fields = fields
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    server.ask("POST", "/messages", &fields, text)
}

/// The names of the logs in a folder, in the order of the alphabet.
fn logs(folder: &Folder) -> Vec<String> {
    let files = folder.contents().into_keys();
    files.filter(|name| name.ends_with(".txt")).collect()
}

#[test]
fn a_room_goes_on_with_a_new_log_and_knows_what_was_before() {
    let mut server = Server::start(&[]);
    let (token, ended) = (server.log_in("uthira"), server.log_in("bob"));
    let unused = server.log_in("carl");
    let first = say(&server, &token, "k1", "hi").json();
    let fields = [("Authorization", bearer(&ended))];
    let fields = fields
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    assert_eq!(server.ask("DELETE", "/session", &fields, "").status, 204);
    let run = server.folder.run(&["rotate", "log.txt"]).code(1);
    let said = String::from_utf8_lossy(&run.output.stderr).into_owned();
    assert!(said.contains("a server is running on it"), "{said}");
    assert_eq!(logs(&server.folder), ["log.txt"]);
    server.stop();
    let old = fs::read(server.log()).expect("the log");
    fs::set_permissions(server.log(), fs::Permissions::from_mode(0o600)).expect("set");
    server.folder.run(&["rotate", "log.txt"]).code(0).stderr("");
    let run = server.folder.run(&["rotate", "log.txt"]).code(1);
    let said = String::from_utf8_lossy(&run.output.stderr).into_owned();
    assert!(said.contains("nothing to rotate"), "{said}");
    // Again on the same day, with messages in the log.
    server.start_again(&[]);
    assert_eq!(say(&server, &token, "k0", "hello").status, 201);
    server.stop();
    server.folder.run(&["rotate", "log.txt"]).code(0).stderr("");
    let [second, oldest, _] = &logs(&server.folder)[..] else {
        panic!("{:?}", logs(&server.folder))
    };
    assert!(
        second.starts_with("log-2") && second.ends_with("-2.txt"),
        "{second}"
    );
    assert_eq!(server.folder.contents()[oldest], old);
    let mode = fs::metadata(server.log()).expect("it").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    server.start_again(&[]);
    assert_eq!(server.notices.text(), "");
    // The name is held, its session comes back, an ended one does not.
    server
        .ask("POST", "/session", &[], "uthira")
        .refused(409, "name_taken");
    server
        .ask("GET", "/session", &fields, "")
        .refused(401, "session_over");
    let repeat = say(&server, &token, "k1", "hi");
    assert_eq!((repeat.status, repeat.json()), (200, first.clone()));
    say(&server, &token, "k1", "ho").refused(409, "key_reused");
    let next = say(&server, &token, "k2", "again");
    assert_eq!(next.status, 201);
    // A client with an older id is told where that log is.
    let id = first["id"].as_str().expect("an id");
    for path in [
        format!("/messages/{id}"),
        format!("/messages?before={id}"),
        format!("/messages?since={id}"),
        format!("/events?poll=1&since={id}"),
    ] {
        let told = server.get(&path).refused(410, "id_earlier");
        let message = told["message"].as_str().expect("one");
        assert!(message.contains(oldest.as_str()), "{path}: {message}");
        assert_eq!(told["earlier"].as_str(), Some(oldest.as_str()), "{path}");
    }
    let accept = ("Accept", "text/event-stream");
    let mut listener = server.listen("/events", &[accept, ("Last-Event-ID", id)]);
    let heard = listener.until("reset");
    let told = heard.last().map(|event| event.data["message"].clone());
    let told = told
        .as_ref()
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_string();
    assert!(told.contains(oldest.as_str()), "{told}");
    let named = heard
        .last()
        .and_then(|event| event.data["earlier"].as_str());
    assert_eq!(named, Some(oldest.as_str()));
    server
        .get("/messages/00000000-0-0000")
        .refused(410, "id_foreign");
    // Replay names the previous log.
    let run = server.folder.run(&["replay", "--plain", "log.txt"]).code(0);
    let said = String::from_utf8_lossy(&run.output.stderr).into_owned();
    assert!(said.contains(&format!("continues {second}")), "{said}");
    server
        .folder
        .run(&["replay", "--plain", oldest.as_str()])
        .code(0)
        .stderr("");
    // Without the old log its keys are not known, and tokens end that were not used since.
    server.stop();
    fs::remove_file(server.folder.path().join(second)).expect("removed");
    server.start_again(&[]);
    let missing = format!("The log continues {second}, which is not next to it.");
    server.notices.wait_for(&missing);
    assert_eq!(server.get(&format!("/messages/{id}")).status, 410);
    // The new log has the join of uthira's session; other sessions are unknown.
    assert_eq!(server.say(&token, "still here").status, 201);
    server.say(&unused, "hi").refused(401, "session_over");
}

#[test]
fn a_change_to_a_new_log_that_was_cut_off_is_finished_at_the_start() {
    let mut server = Server::start(&[]);
    let token = server.log_in("uthira");
    let first = say(&server, &token, "k1", "hi").json();
    server.stop();
    server.folder.run(&["rotate", "log.txt"]).code(0);
    // As after a power cut between the two steps on a disk without hard links.
    let log = server.log();
    fs::rename(&log, log.with_file_name("log.txt.new")).expect("renamed");
    server.start_again(&[]);
    server.notices.wait_for("was interrupted");
    let told = server.notices.text();
    assert!(
        told.contains("was interrupted") && told.contains("log.txt"),
        "{told}"
    );
    assert_eq!(say(&server, &token, "k1", "hi").json(), first);
}
