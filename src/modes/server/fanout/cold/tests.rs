use super::*;
use crate::modes::server::room::tests::room;
use futures_lite::future::{block_on, poll_once};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Mutex, mpsc};

const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// Waits for it, and fails long before anybody loses patience.
fn soon<T>(work: impl Future<Output = T>) -> T {
    let limit = Duration::from_secs(20);
    let work = async_std::future::timeout(limit, work);
    block_on(work).expect("it waits for something else")
}

type Reading<'a> = Pin<Box<dyn Future<Output = io::Result<()>> + 'a>>;

/// More readings than the lane has permits, none of which ends before the sender is dropped.
fn crowd(lane: &Lane) -> (mpsc::Sender<()>, Vec<Reading<'_>>) {
    let (free, held) = mpsc::channel::<()>();
    let held = Arc::new(Mutex::new(held));
    let mut readings = Vec::new();
    for _ in 0..8 {
        let held = Arc::clone(&held);
        let slow = move |_: &Reader| {
            let _ = held.lock().expect("whole").recv();
            Ok(())
        };
        let mut reading: Reading<'_> = Box::pin(lane.read(HERE, slow));
        assert!(block_on(poll_once(reading.as_mut())).is_none());
        readings.push(reading);
    }
    (free, readings)
}

#[test]
fn the_work_ends_with_whoever_wanted_it_and_keeps_its_permit_until_then() {
    let (_dir, room, _) = room(Duration::ZERO);
    let lane = Lane {
        reader: room.reader.clone(),
        permits: Permits::new(1),
    };
    let (reads, read) = mpsc::channel();
    let endless = move |reader: &Reader| {
        loop {
            // As a search does, but without an end of its own.
            reader.bytes(0, 1, 1)?;
            let _ = reads.send(());
        }
    };
    let mut asked = Box::pin(lane.read::<(), io::Error>(HERE, endless));
    assert!(block_on(poll_once(asked.as_mut())).is_none());
    read.recv().expect("it reads");
    let mut next = pin!(lane.read(HERE, |reader| reader.bytes(0, 1, 1)));
    assert!(block_on(poll_once(next.as_mut())).is_none());
    drop(asked);
    assert_eq!(soon(next).expect("read").len(), 1);
    // Nobody is left who could say that something was read.
    while read.recv().is_ok() {}
}

#[test]
fn what_is_short_does_not_wait_for_what_is_long() {
    let (_dir, room, _) = room(Duration::ZERO);
    let cold = ColdReader::new(room.reader.clone(), 1);
    let (free, long) = crowd(&cold.pieces);
    let short = cold.lookups.read(HERE, |reader| reader.bytes(0, 1, 1));
    assert!(soon(short).is_ok());
    drop(free);
    for reading in long {
        soon(reading).expect("read");
    }
}

#[test]
fn of_two_servers_in_one_process_none_waits_for_the_others_readers() {
    let ((_one, busy, _), (_two, calm, _)) = (room(Duration::ZERO), room(Duration::ZERO));
    let [busy, calm] = [busy, calm].map(|room| ColdReader::new(room.reader.clone(), 1));
    let (free, crowds): (Vec<_>, Vec<_>) = [&busy.lookups, &busy.pieces, &busy.searches]
        .map(crowd)
        .into_iter()
        .unzip();
    for lane in [&calm.lookups, &calm.pieces, &calm.searches] {
        let reading = lane.read(HERE, |reader| reader.bytes(0, 1, 1));
        assert!(soon(reading).is_ok());
    }
    drop(free);
    for reading in crowds.into_iter().flatten() {
        soon(reading).expect("read");
    }
}
