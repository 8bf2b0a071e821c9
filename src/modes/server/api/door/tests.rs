use super::*;
use crate::cli;
use crate::modes::server::api::tests::open_to_all;
use crate::modes::server::room::tests::room;
use futures_lite::future::{block_on, poll_once};
use std::net::TcpStream;
use std::pin::pin;

#[test]
fn a_crowd_before_the_door_comes_in_one_by_one() {
    let (_dir, room, _) = room(Duration::ZERO);
    let api = open_to_all(room);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let crowd: Vec<_> = (0..20)
        .map(|_| TcpStream::connect(address).expect("connected"))
        .collect();
    let listener = Async::new(listener).expect("a listener");
    let door = Door::new(
        listener,
        api,
        Console::start(cli::ConsoleLevel::Quiet),
        1_000,
    );
    let open = Arc::clone(&door.open);
    let mut running = pin!(door.run());
    for before in 0..crowd.len() {
        assert_eq!(open.load(Ordering::Relaxed), before);
        assert!(block_on(poll_once(running.as_mut())).is_none());
    }
    assert_eq!(open.load(Ordering::Relaxed), crowd.len());
}
