use super::*;
use crate::event::{Body, Event, Id, Stamp};
use crate::journal::LogRange;
use crate::line;
use crate::modes::server::fanout::peer::tests::pair;
use crate::modes::server::room::tests::room;
use crate::sse::Form;
use futures_lite::future::{block_on, poll_once};
use std::io::Read as _;
use std::pin::pin;
use std::time::Duration;

/// Publishes a line of its own batch.
fn publish(room: &Room) {
    let offset = room.end();
    let at = Stamp::from_micros(0);
    let body = Body::notice("x");
    let mut bytes = Vec::new();
    line::to_line(&Event { at, body }, &mut bytes);
    let next = offset + bytes.len() as u64;
    let log = room.reader.log();
    let range = LogRange {
        offset,
        bytes,
        next,
    };
    let check = 0;
    let id = Id { log, offset, check };
    room.publish(Arc::new(Batch::new(log, range)), id, &[]);
}

#[test]
fn who_catches_up_as_fast_as_it_is_sent_has_one_write_a_turn() {
    let (_dir, room, _) = room(Duration::ZERO);
    let (near, far, from) = pair();
    far.set_nonblocking(true).expect("set");
    let follower = Follower::new(
        &Arc::new(Fanout::new(Arc::clone(&room), 1)),
        near,
        from.ip(),
        None,
        Form::Plain.into(),
        room.end(),
    );
    let writes = 10;
    for _ in 0..writes * BATCHES {
        publish(&room);
    }
    let mut running = pin!(follower.run());
    for _ in 0..writes {
        assert!(block_on(poll_once(running.as_mut())).is_none());
        let mut come = Vec::new();
        let _ = (&far).read_to_end(&mut come);
        let lines = come.iter().filter(|byte| **byte == b'\n').count();
        assert_eq!(lines, BATCHES, "in one turn");
    }
}
