//! How much one connection is served before it is somebody else's turn: between two polls of its
//! task everybody else on the thread has one.

use super::*;
use crate::cli;
use crate::modes::server::api::tests::open_to_all;
use crate::modes::server::fanout::peer::{READ, tests::pair};
use crate::modes::server::room::Room;
use crate::modes::server::room::tests::{crowded, room};
use futures_lite::future::{block_on, poll_once};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::pin::pin;

/// A connection of a room without a key, and the client's end of it.
fn connection() -> (tempfile::TempDir, Connection, TcpStream) {
    let (dir, room, _) = room(Duration::ZERO);
    let (connection, far) = connection_to(room);
    (dir, connection, far)
}

fn connection_to(room: Arc<Room>) -> (Connection, TcpStream) {
    let api = open_to_all(room);
    let (near, far, from) = pair();
    far.set_nonblocking(true).expect("set");
    let console = Console::start(cli::ConsoleLevel::Quiet);
    (Connection::new(near, from.ip(), api, console), far)
}

/// What has come by now.
fn come(mut far: &TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    // The end is that there is nothing more yet.
    let _ = far.read_to_end(&mut all);
    all
}

/// How many answers those are.
fn answers(bytes: &[u8]) -> usize {
    let text = String::from_utf8_lossy(bytes);
    text.matches("HTTP/1.1 ").count()
}

#[test]
fn of_many_requests_at_once_each_turn_answers_one() {
    let (_dir, connection, mut far) = connection();
    let many = 300;
    let requests = "HEAD /health HTTP/1.1\r\nHost: x\r\n\r\n".repeat(many);
    far.write_all(requests.as_bytes()).expect("sent");
    let mut running = pin!(connection.run());
    let (mut answered, mut turns) = (0, 0);
    while answered < many && turns < 10 * many {
        assert!(block_on(poll_once(running.as_mut())).is_none());
        let now = answers(&come(&far));
        assert!(now <= 1, "{now} in one turn");
        answered += now;
        turns += 1;
    }
    assert_eq!(answered, many);
}

#[test]
fn a_body_that_never_pauses_is_read_a_piece_a_turn() {
    let (_dir, connection, mut far) = connection();
    let chunk = format!("1;{}\r\nx\r\n", "e".repeat(1000));
    let mut request =
        String::from("POST /messages HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    request.push_str(&chunk.repeat(100));
    request.push_str("0\r\n\r\n");
    far.write_all(request.as_bytes()).expect("sent");
    let mut running = pin!(connection.run());
    let mut turns = 0;
    while answers(&come(&far)) == 0 && turns < 1000 {
        assert!(block_on(poll_once(running.as_mut())).is_none());
        turns += 1;
    }
    assert!(turns >= request.len() / READ, "{turns}");
    assert!(turns < 1000, "never answered");
}

#[test]
fn who_takes_a_long_answer_at_once_is_given_a_piece_a_turn() {
    let (_dir, connection, far) = connection();
    let bytes = vec![b'x'; 20 * PIECE];
    let mut writing = pin!(connection.write(&bytes));
    let mut taken = 0;
    loop {
        let done = block_on(poll_once(writing.as_mut()));
        let now = come(&far).len();
        assert!(now <= PIECE, "{now} in one turn");
        taken += now;
        if done.is_some() {
            break;
        }
    }
    // The last piece may still be on its way.
    while taken < bytes.len() {
        taken += come(&far).len();
    }
    assert_eq!(taken, bytes.len());
}

#[test]
fn what_one_client_of_a_proxy_gave_is_not_held_against_the_next() {
    let (_dir, mut connection, _far) = connection();
    let client = |last| IpAddr::from([192, 0, 2, last]).into();
    connection.count(client(1)).expect("there is room");
    connection.gave_key = true;
    connection.count(client(1)).expect("it is counted already");
    assert!(connection.gave_key, "it is the same client");
    connection.count(client(2)).expect("there is room");
    assert!(!connection.gave_key);
}

#[test]
fn who_hangs_up_does_not_wait_to_come_in() {
    let (_dir, room, _taken) = room(Duration::ZERO);
    crowded(&room, 50);
    let (connection, mut far) = connection_to(room);
    let request = "POST /session HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nbob";
    far.write_all(request.as_bytes()).expect("sent");
    let mut running = pin!(connection.run());
    assert!(block_on(poll_once(running.as_mut())).is_none());
    drop(far);
    // Nobody answers what it would ask of the room in its turn, so nothing else ends it.
    let limit = Duration::from_secs(60);
    let over = block_on(async_std::future::timeout(limit, running));
    assert!(over.is_ok_and(|stream| stream.is_none()));
}

#[test]
fn a_listeners_task_is_a_kilobyte_at_most() {
    fn size<T, F>(_: impl FnOnce(T) -> F) -> usize {
        size_of::<F>()
    }
    let task = size(Stream::run);
    assert!(task <= 1_024, "{task} bytes");
}
