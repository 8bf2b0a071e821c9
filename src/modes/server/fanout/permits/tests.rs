use super::*;
use futures_lite::future::{block_on, poll_once};
use std::future::Future;
use std::pin::Pin;

fn at(last: u8) -> IpAddr {
    IpAddr::from([10, 0, 0, last])
}

type Task = Pin<Box<dyn Future<Output = Permit>>>;

/// A task that waits.
fn waits(permits: &Permits, who: u8) -> Task {
    let permits = permits.clone();
    let mut waiting = Box::pin(async move { permits.get(at(who)).await });
    assert!(block_on(poll_once(waiting.as_mut())).is_none());
    waiting
}

/// The permit that a task has by now.
fn has(mut waiting: Task) -> Permit {
    block_on(poll_once(waiting.as_mut())).expect("a permit")
}

/// Frees permits one after the other: the order in which the tasks have one.
fn order(mut permit: Permit, mut waiting: Vec<(&'static str, Task)>) -> Vec<&'static str> {
    let mut order = Vec::new();
    while !waiting.is_empty() {
        drop(permit);
        let has = |(_, one): &mut (_, Task)| block_on(poll_once(one.as_mut()));
        let mut let_in = waiting
            .iter_mut()
            .enumerate()
            .filter_map(|(n, one)| Some((n, has(one)?)));
        let (index, next) = let_in.next().expect("a permit is not left free");
        assert!(let_in.next().is_none(), "there is one permit");
        drop(let_in);
        order.push(waiting.remove(index).0);
        permit = next;
    }
    order
}

#[test]
fn a_permit_comes_back_after_those_who_wait() {
    let permits = Permits::new(1);
    let permit = block_on(permits.get(at(1)));
    let waiting = waits(&permits, 1);
    drop(permit);
    let mut again = waits(&permits, 1);
    let permit = has(waiting);
    assert!(block_on(poll_once(again.as_mut())).is_none());
    drop(permit);
    has(again);
}

#[test]
fn addresses_take_turns_and_one_of_many_connections_has_no_more_than_others() {
    let permits = Permits::new(1);
    let permit = block_on(permits.get(at(1)));
    let crowd = ["1a", "1b", "1c", "1d"];
    let mut waiting: Vec<_> = crowd.map(|name| (name, waits(&permits, 1))).into();
    waiting.push(("2a", waits(&permits, 2)));
    waiting.push(("3a", waits(&permits, 3)));
    waiting.push(("2b", waits(&permits, 2)));
    let order = order(permit, waiting);
    assert_eq!(order, ["1a", "2a", "3a", "1b", "2b", "1c", "1d"]);
}

#[test]
fn a_task_that_goes_away_takes_no_turn_and_leaves_no_permit_taken() {
    let permits = Permits::new(2);
    let both = [(); 2].map(|()| block_on(permits.get(at(1))));
    let gone = [(); 3].map(|()| waits(&permits, 2));
    let stays = waits(&permits, 3);
    drop(gone);
    let [first, second] = both;
    drop(first);
    // It has its permit, and goes away before it takes it.
    drop(stays);
    drop(second);
    let waiting = permits.waiting();
    assert_eq!((waiting.len(), waiting.free), (0, 2));
}
