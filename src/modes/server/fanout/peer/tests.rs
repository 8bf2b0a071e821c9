use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::time::Instant;

use futures_lite::future::{block_on, poll_once};

use super::*;

/// A peer, and the client's end of its connection with its address.
pub fn pair() -> (Peer, TcpStream, SocketAddr) {
    let door = TcpListener::bind("127.0.0.1:0").expect("a port");
    let far = TcpStream::connect(door.local_addr().expect("an address")).expect("connected");
    let (near, from) = door.accept().expect("accepted");
    (Peer::new(Async::new(near).expect("a stream")), far, from)
}

#[test]
fn the_kernel_keeps_little_for_a_peer_that_does_not_read() {
    let (near, far, _) = pair();
    let own = sockets::send_buffer(near.stream.get_ref()).expect("a size");
    near.prepare().expect("prepared");
    let piece = [0; 16 * 1024];
    let mut taken = 0;
    loop {
        match near.send(&piece) {
            SendOutcome::All => taken += piece.len(),
            SendOutcome::Full(0) => break,
            SendOutcome::Full(sent) => taken += sent,
            SendOutcome::Gone => panic!("nobody went away"),
        }
    }
    // What the far side takes in before anybody reads it is its own.
    let theirs = sockets::receive_buffer(&far).expect("a size");
    let kept = taken.saturating_sub(theirs);
    assert!(kept <= 2 * UNSENT as usize, "{kept} of {taken}");
    // What is on its way to a far one is the system's to decide: a bound for it would be one for how
    // fast a whole log comes.
    let now = sockets::send_buffer(near.stream.get_ref()).expect("a size");
    assert!(now >= own, "{now}, {own}");
}

#[test]
fn bytes_are_sent_in_order_and_once_however_little_is_taken() {
    let (near, mut far, _) = pair();
    let all: Vec<u8> = (0..8u32 << 20).map(|n| (n % 251) as u8).collect();
    let (mut sent, mut come) = (0, Vec::new());
    while sent < all.len() {
        let (one, two) = all[sent..].split_at((all.len() - sent).min(1_000));
        match near.send_slices(&[IoSlice::new(one), IoSlice::new(two)]) {
            SendOutcome::All => sent = all.len(),
            SendOutcome::Full(0) => {
                assert!(!near.is_writable_within(Duration::ZERO));
                let mut piece = vec![0; sent - come.len()];
                far.read_exact(&mut piece).expect("as much as was taken");
                come.append(&mut piece);
                assert!(near.is_writable_within(Duration::from_secs(20)));
            }
            SendOutcome::Full(count) => sent += count,
            SendOutcome::Gone => panic!("nobody went away"),
        }
    }
    assert_eq!(near.send(b""), SendOutcome::All);
    drop(near);
    far.read_to_end(&mut come).expect("the rest");
    assert!(come == all);
}

#[test]
fn what_comes_after_the_last_answer_is_thrown_away_a_piece_a_turn() {
    let (near, mut far, _) = pair();
    let pieces = 50;
    far.write_all(&vec![b'x'; pieces * READ]).expect("sent");
    far.shutdown(Shutdown::Write).expect("shut");
    let mut closing = pin!(near.close());
    let mut turns = 1;
    while block_on(poll_once(closing.as_mut())).is_none() {
        turns += 1;
    }
    assert!(turns >= pieces, "{turns}");
}

#[test]
fn a_peer_that_only_stops_sending_is_told_from_one_that_is_gone() {
    let (near, mut far, _) = pair();
    assert_eq!(near.liveness(), Liveness::Open);
    far.write_all(b"unread").expect("sent");
    far.shutdown(Shutdown::Write).expect("shut");
    let limit = Duration::from_secs(20);
    let ended = block_on(async_std::future::timeout(limit, near.half_closed()));
    ended.expect("it is noticed").expect("no error");
    assert_eq!(near.liveness(), Liveness::HalfClosed);
    drop(far);
    // Its system answers what is sent now with a reset.
    assert_eq!(near.send(b"x"), SendOutcome::All);
    let until = Instant::now() + limit;
    while near.liveness() != Liveness::Gone {
        assert!(Instant::now() < until, "the reset is not noticed");
        std::thread::yield_now();
    }
}
