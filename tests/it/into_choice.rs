//! The part of a log that `chatroom replay FILE --into ADDR` posts, and its sentence if no room listens.

use chatroom::event::Body;

use crate::into::{args, at, heard_in, log, run};
use support::fake::nobody;
use support::program::Folder;
use support::server::Server;

#[test]
fn only_what_is_chosen_is_said_and_the_rest_is_counted() {
    let events = [
        at(1.0, Body::join("ann")),
        at(2.0, Body::message("ann", "one")),
        at(3.0, Body::message("bob", " \n ")),
        at(4.0, Body::notice("tea")),
        at(5.0, Body::message("bob", "two")),
        at(6.0, Body::leave("ann")),
        at(7.0, Body::message("ann", "three")),
        at(8.0, Body::Closed),
    ];
    let all = [
        "+ann",
        "ann: one",
        "+bob",
        "bob: two",
        "-ann",
        "+ann",
        "ann: three",
        "-bob",
        "-ann",
    ];
    let of_ann = ["+ann", "ann: one", "-ann", "+ann", "ann: three", "-ann"];
    let from = "2026-11-23T22:34:05Z";
    for (more, wanted) in [
        (&[][..], &all[..]),
        (&["--user", "ann"], &of_ann),
        (&["--only", "joins"], &["+ann", "-ann"]),
        (
            &["--only", "messages"],
            &[
                "+ann",
                "ann: one",
                "+bob",
                "bob: two",
                "ann: three",
                "-ann",
                "-bob",
            ],
        ),
        (
            &["--grep", "t"],
            &["+bob", "bob: two", "+ann", "ann: three", "-bob", "-ann"],
        ),
        (
            &["--from", from],
            &["+bob", "bob: two", "+ann", "ann: three", "-bob", "-ann"],
        ),
    ] {
        let server = Server::start(&[]);
        let run = run(&server, &events, &[&["--speed", "max"], more].concat()).code(0);
        assert_eq!(heard_in(&server), wanted, "{more:?}\n{}", run.story());
        if more.is_empty() {
            run.stdout_has("Not posted again: 3 lines that only a server writes")
                .stdout_has("Not posted again: 1 empty text.");
        }
    }
}

#[test]
fn damaged_lines_are_counted_and_the_rest_is_said() {
    let server = Server::start(&[]);
    let mut old = log(&[
        at(1.0, Body::message("ann", "one")),
        at(2.0, Body::message("ann", "two")),
    ]);
    let first = old.iter().position(|b| *b == b'\n').expect("a line") + 1;
    old[first + 35] ^= 1;
    server.folder.file("old.txt", &old);
    let run = server
        .folder
        .run(&args(&server, &["--speed", "max"]))
        .code(0);
    run.stdout_has(&format!(
        "Not posted again: 1 damaged line, first at byte {first}; chatroom replay --verify old.txt \
         says where and why."
    ));
    assert_eq!(heard_in(&server), ["+ann", "ann: two", "-ann"]);
}

#[test]
fn an_address_without_a_room_is_said_at_once() {
    let folder = Folder::new();
    folder.file("old.txt", log(&[at(1.0, Body::message("ann", "hello"))]));
    let address = nobody();
    let run = folder
        .run(&["replay", "old.txt", "--into", &address])
        .code(1)
        .stdout("");
    run.one_sentence(&[
        "There is no chatroom at 127.0.0.1:",
        "connection refused. Check the address",
    ]);
    // A log without messages fails, too, if no room listens.
    folder.file("empty.txt", log(&[at(1.0, Body::Closed)]));
    folder
        .run(&["replay", "empty.txt", "--into", &address])
        .code(1)
        .stdout("")
        .one_sentence(&["There is no chatroom at 127.0.0.1:"]);
    let server = Server::start(&[]);
    folder
        .run(&["replay", "empty.txt", "--into", &server.address])
        .code(0)
        .stdout_has("No message of empty.txt was posted in the room at ");
    let run = folder
        .run(&["replay", "old.txt", "--into", "host:0"])
        .code(1)
        .stdout("");
    run.one_sentence(&["\"host:0\" has no valid port"]);
}
