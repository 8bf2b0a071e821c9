use super::*;
use futures_lite::future::{block_on, poll_once};
use std::future::Future;
use std::pin::Pin;

fn queue(places: usize) -> &'static Permits {
    Box::leak(Box::new(Permits::new(places)))
}

fn at(last: u8) -> IpAddr {
    IpAddr::from([10, 0, 0, last])
}

type Waiting = Pin<Box<dyn Future<Output = Permit>>>;

/// Somebody who waits.
fn waits(queue: &'static Permits, who: u8) -> Waiting {
    let mut waiting = Box::pin(queue.enter(at(who)));
    assert!(block_on(poll_once(waiting.as_mut())).is_none());
    waiting
}

/// The place that somebody has by now.
fn has(mut waiting: Waiting) -> Permit {
    block_on(poll_once(waiting.as_mut())).expect("a place")
}

/// Frees places one after the other: in which order those who wait have one.
fn order(mut place: Permit, mut waiting: Vec<(&'static str, Waiting)>) -> Vec<&'static str> {
    let mut order = Vec::new();
    while !waiting.is_empty() {
        drop(place);
        let has = |(_, one): &mut (_, Waiting)| block_on(poll_once(one.as_mut()));
        let mut let_in = waiting
            .iter_mut()
            .enumerate()
            .filter_map(|(n, one)| Some((n, has(one)?)));
        let (index, next) = let_in.next().expect("a place is not left free");
        assert!(let_in.next().is_none(), "there is one place");
        drop(let_in);
        order.push(waiting.remove(index).0);
        place = next;
    }
    order
}

#[test]
fn who_gives_up_a_place_gets_it_back_after_those_who_wait() {
    let queue = queue(1);
    let place = block_on(queue.enter(at(1)));
    let waiting = waits(queue, 1);
    drop(place);
    let mut again = waits(queue, 1);
    let place = has(waiting);
    assert!(block_on(poll_once(again.as_mut())).is_none());
    drop(place);
    has(again);
}

#[test]
fn addresses_take_turns_and_one_of_many_connections_has_no_more_than_others() {
    let queue = queue(1);
    let place = block_on(queue.enter(at(1)));
    let crowd = ["1a", "1b", "1c", "1d"];
    let mut waiting: Vec<_> = crowd.map(|name| (name, waits(queue, 1))).into();
    waiting.push(("2a", waits(queue, 2)));
    waiting.push(("3a", waits(queue, 3)));
    waiting.push(("2b", waits(queue, 2)));
    let order = order(place, waiting);
    assert_eq!(order, ["1a", "2a", "3a", "1b", "2b", "1c", "1d"]);
}

#[test]
fn who_goes_away_takes_no_turn_and_leaves_no_place_taken() {
    let queue = queue(2);
    let places = [(); 2].map(|()| block_on(queue.enter(at(1))));
    let gone = [(); 3].map(|()| waits(queue, 2));
    let stays = waits(queue, 3);
    drop(gone);
    let [first, second] = places;
    drop(first);
    // It has its place, and goes away before it takes it.
    drop(stays);
    drop(second);
    assert_eq!((queue.waiting(), queue.state().free), (0, 2));
}
