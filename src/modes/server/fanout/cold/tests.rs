use super::*;
use crate::modes::server::room::tests::room;
use futures_lite::future::{block_on, poll_once};
use std::future::Future;
use std::pin::pin;
use std::sync::mpsc;

const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// Waits for it, and fails long before anybody loses patience.
fn soon<T>(work: impl Future<Output = T>) -> T {
    let limit = Duration::from_secs(20);
    let work = async_std::future::timeout(limit, work);
    block_on(work).expect("it waits for something else")
}

#[test]
fn the_work_ends_with_whoever_wanted_it_and_keeps_its_place_until_then() {
    let (_dir, room, _) = room(Duration::ZERO);
    let queue: &'static Permits = Box::leak(Box::new(Permits::new(1)));
    let (reads, read) = mpsc::channel();
    let endless = move |reader: &Reader| {
        loop {
            // As a search does, but without an end of its own.
            reader.bytes(0, 1, 1)?;
            let _ = reads.send(());
        }
    };
    let mut asked = Box::pin(wait_for::<(), io::Error>(
        queue,
        &room.reader,
        HERE,
        endless,
    ));
    assert!(block_on(poll_once(asked.as_mut())).is_none());
    read.recv().expect("it reads");
    let mut next = pin!(wait_for(queue, &room.reader, HERE, |reader| reader.bytes(0, 1, 1)));
    assert!(block_on(poll_once(next.as_mut())).is_none());
    drop(asked);
    assert_eq!(soon(next).expect("read").len(), 1);
    // Nobody is left who could say that something was read.
    while read.recv().is_ok() {}
}

#[test]
fn what_is_short_does_not_wait_for_what_is_long() {
    let (_dir, room, _) = room(Duration::ZERO);
    let (free, held) = mpsc::channel::<()>();
    let held = Arc::new(std::sync::Mutex::new(held));
    // Every place for pieces is taken by somebody who reads slowly, and more wait.
    let mut long = Vec::new();
    for _ in 0..8 {
        let held = Arc::clone(&held);
        let slow = move |_: &Reader| {
            let _ = held.lock().expect("whole").recv();
            Ok(())
        };
        let mut asked = Box::pin(piece(&room, HERE, slow));
        assert!(block_on(poll_once(asked.as_mut())).is_none());
        long.push(asked);
    }
    let short = look(&room, HERE, |reader| reader.bytes(0, 1, 1));
    assert!(soon(short).is_ok());
    drop(free);
    for asked in long {
        soon(asked).expect("read");
    }
}
