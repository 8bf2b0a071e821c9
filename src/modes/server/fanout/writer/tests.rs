use std::io::{ErrorKind, Read};
use std::net::TcpStream;

use futures_lite::future::{self, block_on};

use crate::event::{Body, Event, Id, Stamp};
use crate::journal::LogRange;
use crate::line;
use crate::modes::server::room::order::SessionId;
use crate::modes::server::room::presence::Change;
use crate::modes::server::room::tail::Batch;
use crate::modes::server::room::tests::room;

use crate::sse::Form;

use super::super::SeatGuard;
use super::super::peer::tests::pair;
use super::*;

/// How the listeners here are sent the events.
const SSE: Encoding = Encoding {
    form: Form::Sse,
    chunked: true,
};

/// A room with one writer, which works when the test says so, and what was published in it.
struct Scene {
    _dir: tempfile::TempDir,
    room: Arc<Room>,
    fanout: Arc<Fanout>,
    writer: Writer,
    now: Instant,
    sent: Vec<u8>,
}

impl Scene {
    fn new() -> Scene {
        let (dir, room, _) = room(Duration::ZERO);
        let end = room.end();
        let fanout = Arc::new(Fanout::new(Arc::clone(&room), 1));
        let inbox = Arc::clone(&fanout.inboxes[0]);
        let now = Instant::now();
        Scene {
            _dir: dir,
            writer: Writer {
                room: Arc::clone(&room),
                inbox,
                seats: Vec::new(),
                at: end,
                passed: now,
                ticked: now,
            },
            room,
            fanout,
            now,
            sent: Vec::new(),
        }
    }

    /// A listener, and its other end.
    fn listener(&self, session: Option<SessionId>) -> (Arc<SharedPeer>, TcpStream) {
        let (near, far, from) = pair();
        (self.fanout.share(near, from.ip(), SSE, session), far)
    }

    fn publish(&mut self, text: &str, changes: &[Change]) {
        let offset = self.room.end();
        let mut bytes = Vec::new();
        let at = Stamp::from_micros(0);
        let body = Body::notice(text);
        line::to_line(&Event { at, body }, &mut bytes);
        let next = offset + bytes.len() as u64;
        let log = self.room.reader.log();
        let range = LogRange {
            offset,
            bytes,
            next,
        };
        let batch = Arc::new(Batch::new(log, range));
        self.sent.extend(&batch.encoded(SSE).bytes);
        let last = Id {
            log,
            offset,
            check: 0,
        };
        let end = batch.end();
        self.room.publish(batch, last, changes);
        let left: Vec<SessionId> = changes.iter().filter_map(Change::left).collect();
        self.fanout.publish(end, &left);
    }

    /// The writer does what there is to do.
    fn work(&mut self) {
        let pending = self.writer.inbox.pending().take();
        self.writer.serve(pending, self.now);
    }
}

/// Expects exactly these bytes next.
#[track_caller]
fn expect(far: &mut TcpStream, bytes: &[u8]) {
    far.set_nonblocking(false).expect("set");
    let patience = Some(Duration::from_secs(20));
    far.set_read_timeout(patience).expect("set");
    let mut got = vec![0; bytes.len()];
    far.read_exact(&mut got).expect("as much as was sent");
    assert!(got == bytes, "{:?}", String::from_utf8_lossy(&got));
}

/// Expects that nothing more has come.
#[track_caller]
fn nothing_more(far: &mut TcpStream) {
    far.set_nonblocking(true).expect("set");
    let more = far.read(&mut [0; 8]);
    assert!(matches!(more, Err(error) if error.kind() == ErrorKind::WouldBlock));
}

fn unseated(sitting: SeatGuard<'_>) -> Option<Unseated> {
    block_on(future::poll_once(sitting))
}

#[test]
fn everybody_who_sits_is_sent_everything_once_wherever_they_sat_down() {
    let mut scene = Scene::new();
    let (room, fanout) = (Arc::clone(&scene.room), Arc::clone(&scene.fanout));
    let (first, mut first_far) = scene.listener(None);
    let _first = fanout.sit(&first, room.end()).expect("a seat");
    scene.publish("one", &[]);
    let whole = scene.sent.len();
    // Sits down between two events that then go out in one pass.
    let (second, mut second_far) = scene.listener(None);
    let _second = fanout.sit(&second, room.end()).expect("a seat");
    scene.publish("two", &[]);
    scene.publish("three", &[]);
    scene.work();
    expect(&mut first_far, &scene.sent);
    expect(&mut second_far, &scene.sent[whole..]);
    scene.work();
    nothing_more(&mut first_far);
    nothing_more(&mut second_far);
}

#[test]
fn a_listener_that_missed_something_takes_no_seat() {
    let mut scene = Scene::new();
    let (room, fanout) = (Arc::clone(&scene.room), Arc::clone(&scene.fanout));
    let before = room.end();
    let (shared, _far) = scene.listener(None);
    scene.publish("missed", &[]);
    assert!(fanout.sit(&shared, before).is_none());
    assert!(fanout.sit(&shared, room.end()).is_some());
    room.close();
    fanout.close();
    assert!(fanout.sit(&shared, room.end()).is_none());
}

#[test]
fn who_cannot_take_it_all_is_handed_back_at_its_place_and_holds_up_nobody() {
    let mut scene = Scene::new();
    let (room, fanout) = (Arc::clone(&scene.room), Arc::clone(&scene.fanout));
    let (slow, mut slow_far) = scene.listener(None);
    let (quick, mut quick_far) = scene.listener(None);
    let sitting = fanout.sit(&slow, room.end()).expect("a seat");
    let _quick = fanout.sit(&quick, room.end()).expect("a seat");
    let mut taken = 0;
    let cursor = loop {
        scene.publish(&"x".repeat(9_000), &[]);
        scene.work();
        expect(&mut quick_far, &scene.sent[taken..]);
        taken = scene.sent.len();
        if scene.writer.seats.len() == 1 {
            break match unseated(sitting) {
                Some(Unseated::Full(cursor)) => cursor,
                other => panic!("{other:?}"),
            };
        }
    };
    // From the cursor on, its own task sends exactly what is missing.
    let batches = room.published(cursor.offset, room.end(), usize::MAX);
    let batches = Batches::new(batches).expect("it is in memory");
    let position = batches.position(SSE, cursor);
    let rest = &batches.joined(SSE)[position..];
    assert!(!rest.is_empty() && scene.sent.ends_with(rest));
    expect(&mut slow_far, &scene.sent[..scene.sent.len() - rest.len()]);
    nothing_more(&mut slow_far);
}

#[test]
fn who_is_quiet_gets_a_sign_of_life_and_who_was_written_to_does_not() {
    let mut scene = Scene::new();
    let (room, fanout) = (Arc::clone(&scene.room), Arc::clone(&scene.fanout));
    let (shared, mut far) = scene.listener(None);
    let _sitting = fanout.sit(&shared, room.end()).expect("a seat");
    scene.work();
    scene.now += Duration::from_secs(HEARTBEAT - 1);
    scene.work();
    nothing_more(&mut far);
    scene.now += Duration::from_secs(1);
    scene.work();
    expect(&mut far, b"00003\r\n:\n\n\r\n");
    scene.now += Duration::from_secs(HEARTBEAT - 1);
    scene.publish("hi", &[]);
    scene.work();
    scene.now += Duration::from_secs(1);
    scene.work();
    expect(&mut far, &scene.sent);
    nothing_more(&mut far);
}

#[test]
fn a_session_that_is_over_is_handed_back_after_its_leave() {
    let mut scene = Scene::new();
    let (room, fanout) = (Arc::clone(&scene.room), Arc::clone(&scene.fanout));
    let (ann, mut ann_far) = scene.listener(Some([1; 16]));
    let (bob, _bob_far) = scene.listener(Some([2; 16]));
    let ann = fanout.sit(&ann, room.end()).expect("a seat");
    let bob = fanout.sit(&bob, room.end()).expect("a seat");
    scene.publish("ann leaves", &[Change::Left([1; 16])]);
    scene.work();
    expect(&mut ann_far, &scene.sent);
    assert_eq!(unseated(ann), Some(Unseated::More(Cursor::at(room.end()))));
    assert_eq!(unseated(bob), None);
}

#[test]
fn who_goes_away_gives_up_the_seat_and_the_connection() {
    let mut scene = Scene::new();
    let (room, fanout) = (Arc::clone(&scene.room), Arc::clone(&scene.fanout));
    let (shared, mut far) = scene.listener(None);
    let (stays, mut stays_far) = scene.listener(None);
    let sitting = fanout.sit(&shared, room.end()).expect("a seat");
    let _stays = fanout.sit(&stays, room.end()).expect("a seat");
    scene.work();
    drop(sitting);
    drop(shared);
    scene.work();
    far.set_nonblocking(false).expect("set");
    assert_eq!(far.read(&mut [0; 8]).expect("the end"), 0);
    scene.publish("still here", &[]);
    scene.work();
    expect(&mut stays_far, &scene.sent);
}

#[test]
fn at_the_rooms_end_everybody_is_handed_back_having_been_sent_everything() {
    let mut scene = Scene::new();
    let (room, fanout) = (Arc::clone(&scene.room), Arc::clone(&scene.fanout));
    let (shared, mut far) = scene.listener(None);
    let sitting = fanout.sit(&shared, room.end()).expect("a seat");
    scene.publish("the last", &[]);
    room.close();
    fanout.close();
    scene.work();
    expect(&mut far, &scene.sent);
    assert_eq!(
        unseated(sitting),
        Some(Unseated::More(Cursor::at(room.end())))
    );
}

#[test]
fn a_writer_with_whom_nobody_sits_is_not_woken_and_misses_nothing() {
    let mut scene = Scene::new();
    let (room, fanout) = (Arc::clone(&scene.room), Arc::clone(&scene.fanout));
    let asleep = |scene: &Scene| scene.writer.inbox.pending().asleep;
    scene.writer.sleep(&mut scene.writer.inbox.pending());
    scene.publish("to nobody", &[Change::Left([1; 16])]);
    assert!(asleep(&scene), "woken for nothing");
    // Who sits down wakes it, and is written what comes from there on, however late it looks.
    let (shared, mut far) = scene.listener(None);
    let _sitting = fanout.sit(&shared, room.end()).expect("a seat");
    assert!(!asleep(&scene));
    let before = scene.sent.len();
    scene.publish("to one", &[]);
    scene.work();
    expect(&mut far, &scene.sent[before..]);
    nothing_more(&mut far);
    // With somebody there, sleep ends with each message.
    scene.writer.sleep(&mut scene.writer.inbox.pending());
    scene.publish("to one again", &[]);
    assert!(!asleep(&scene));
}

#[test]
#[cfg(debug_assertions)]
#[should_panic(expected = "an inbox is locked before a holder")]
fn an_inbox_is_never_locked_while_a_holder_is() {
    let scene = Scene::new();
    let (shared, _far) = scene.listener(None);
    shared.with_holder(|_| drop(scene.writer.inbox.pending()));
}
