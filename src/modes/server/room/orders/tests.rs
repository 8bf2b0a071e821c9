use super::*;
use crate::modes::server::room::order::{Command, Speaker};
use std::net::IpAddr;
use std::time::{Duration, Instant};

fn sender(address: u8, number: u16) -> Sender {
    let mut session = [0; 16];
    session[..2].copy_from_slice(&number.to_be_bytes());
    Sender {
        from: IpAddr::from([10, 0, 0, address]).into(),
        speaker: Speaker::Session(session),
    }
}

fn order(job: Job) -> Order {
    Order {
        job,
        request: None,
        reply: None,
    }
}

fn leave(name: &str) -> Order {
    order(Job::Record(Command::Leave([1; 16], name.into(), None)))
}

#[test]
fn the_servers_own_wishes_go_first_and_the_rooms_end_last() {
    let (orders, taker) = Orders::new(AddressLimits::Kept);
    assert!(orders.push(sender(1, 1), None, leave("ann")).is_ok());
    assert!(orders.push_own(order(Job::CheckLog)));
    assert!(orders.push_own(order(Job::Sync)));
    assert!(
        orders.push_own(order(Job::CheckLog)),
        "it is wanted already"
    );
    assert!(orders.push_end(order(Job::Record(Command::Close))));
    let late = orders.push(sender(1, 2), None, leave("bob"));
    assert!(matches!(late, Err(NotQueued::Closed)), "the room ends");
    let mut all = Vec::new();
    taker.gather(|_| true, &mut all);
    let jobs: Vec<Job> = all.into_iter().map(|order| order.job).collect();
    let end = Job::Record(Command::Close);
    assert_eq!(jobs, [Job::CheckLog, Job::Sync, leave("ann").job, end]);
    drop(taker);
    assert!(orders.is_closed() && !orders.push_own(order(Job::CheckLog)));
}

#[test]
fn beyond_the_queues_length_one_may_lose_patience_and_an_address_has_its_bound() {
    let (orders, taker) = Orders::new(AddressLimits::Kept);
    for count in 0..QUEUE_LENGTH {
        let queued = orders.push(sender(1, count as u16), None, leave("x"));
        assert!(!queued.expect("queued").late, "{count}");
    }
    let late = orders.push(sender(2, 0), None, leave("y")).expect("queued");
    assert!(late.late);
    assert!(orders.withdraw(&sender(2, 0), late));
    assert!(!orders.withdraw(&sender(2, 0), late), "once");
    for count in QUEUE_LENGTH..MAX_WAITING {
        let queued = orders.push(sender(1, count as u16), None, leave("x"));
        assert!(queued.is_ok(), "{count}");
    }
    let over = orders.push(sender(1, 9_999), None, leave("x"));
    assert!(matches!(over, Err(NotQueued::TooMany)));
    // Somebody else is next but one all the same.
    assert!(orders.push(sender(2, 0), None, leave("y")).is_ok());
    let next: Vec<Job> = (0..2).map(|_| taker.take().expect("one").job).collect();
    assert_eq!(next[1], leave("y").job);
    let (free, _taker) = Orders::new(AddressLimits::Lifted);
    for count in 0..=MAX_WAITING {
        assert!(free.push(sender(1, count as u16), None, leave("x")).is_ok());
    }
}

#[test]
fn who_waits_is_woken_and_hears_the_end() {
    let (orders, taker) = Orders::new(AddressLimits::Kept);
    let (says, heard) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut taken = Vec::new();
        while let Some(order) = taker.wait() {
            taken.push(order.job);
        }
        says.send(taken).expect("somebody waits");
    });
    // Each time it sleeps, so that somebody has to wake it.
    let until = Instant::now() + Duration::from_secs(60);
    let asleep = || {
        while !orders.state().sleeps {
            assert!(Instant::now() < until, "it was not woken");
            std::thread::yield_now();
        }
    };
    for _ in 0..1_000 {
        asleep();
        assert!(orders.push(sender(1, 1), None, leave("x")).is_ok());
    }
    asleep();
    orders.close();
    let taken = heard.recv_timeout(Duration::from_secs(60));
    assert_eq!(taken.expect("it hears the end").len(), 1_000);
}
