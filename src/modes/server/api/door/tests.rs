use super::*;
use crate::cli;
use crate::modes::server::api::tests::open_to_all;
use crate::modes::server::room::tests::room;
use futures_lite::future::{block_on, poll_once};
use std::io::Write;
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
    let door = Door::new(listener, api, Console::start(cli::Console::Quiet), 1_000);
    let open = Arc::clone(&door.open);
    let mut running = pin!(door.run());
    for before in 0..crowd.len() {
        assert_eq!(open.load(Ordering::Relaxed), before);
        assert!(block_on(poll_once(running.as_mut())).is_none());
    }
    assert_eq!(open.load(Ordering::Relaxed), crowd.len());
}

#[test]
fn the_kernel_keeps_little_for_a_peer_that_does_not_read() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let far = TcpStream::connect(address).expect("connected");
    let (mut near, _) = listener.accept().expect("accepted");
    let own = sockopt::socket_send_buffer_size(&near).expect("a size");
    prepare(&near).expect("prepared");
    near.set_nonblocking(true).expect("set");
    let piece = [0; 16 * 1024];
    let mut taken = 0;
    let full = loop {
        match near.write(&piece) {
            Ok(count) => taken += count,
            Err(error) => break error,
        }
    };
    assert_eq!(full.kind(), io::ErrorKind::WouldBlock);
    // What the far side takes in before anybody reads it is its own.
    let theirs = sockopt::socket_recv_buffer_size(&far).expect("a size");
    let kept = taken.saturating_sub(theirs);
    assert!(kept <= 2 * follower::KERNEL as usize, "{kept} of {taken}");
    // What is on its way to a far one is the system's to decide: a bound for it would be one for how
    // fast a whole log comes.
    let now = sockopt::socket_send_buffer_size(&near).expect("a size");
    assert!(now >= own, "{now}, {own}");
}
