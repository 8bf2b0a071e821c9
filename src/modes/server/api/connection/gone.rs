//! Whether the peer is still there while its request is being worked on.
//!
//! A peer that has ended its side may have gone away, or only have said all that it wants to say
//! (`nc -N`): the system cannot tell. It is sent an interim answer, which means nothing to whoever
//! waits for the answer, and which a machine where nobody waits any more refuses.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use async_io::Timer;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// How often it is looked. What is answered sooner costs nothing for it.
pub const OFTEN: Duration = Duration::from_millis(100);
/// The interim answer; HTTP/1.0 knows none.
const INTERIM: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// What is known of the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Peer {
    /// Nothing else than that it is there.
    There,
    /// It sends nothing more.
    Ended,
    /// It takes nothing more.
    Gone,
}

/// Ends once nobody is there any more. Nothing else may be written meanwhile.
pub async fn gone(stream: &TcpStream, minor: u8, often: Duration) {
    let mut asked = minor == 0;
    loop {
        Timer::after(often).await;
        match look(stream) {
            Peer::There => {}
            Peer::Ended if asked => {}
            Peer::Ended => {
                asked = true;
                // All that was answered before has been taken, so there is space for it.
                let mut stream = stream;
                if !matches!(stream.write(INTERIM), Ok(all) if all == INTERIM.len()) {
                    return;
                }
            }
            Peer::Gone => return,
        }
    }
}

/// Whether it is known that the peer takes nothing more.
pub fn is_gone(stream: &TcpStream) -> bool {
    look(stream) == Peer::Gone
}

fn look(stream: &TcpStream) -> Peer {
    let mut fds = [PollFd::new(stream, PollFlags::RDHUP)];
    // An error is nothing that is known of the peer.
    let _ = poll(&mut fds, Some(&Timespec::default()));
    let seen = fds[0].revents();
    if seen.intersects(PollFlags::ERR | PollFlags::HUP) {
        Peer::Gone
    } else if seen.contains(PollFlags::RDHUP) {
        Peer::Ended
    } else {
        Peer::There
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_lite::future::{block_on, or};
    use std::future::Future;
    use std::io::Read;
    use std::net::{Shutdown, TcpListener};

    const SOON: Duration = Duration::from_millis(1);

    /// Waits for it, and fails long before anybody loses patience.
    fn soon<T>(work: impl Future<Output = T>) -> T {
        let limit = Duration::from_secs(20);
        block_on(async_std::future::timeout(limit, work)).expect("it is not noticed")
    }

    fn pair() -> (TcpStream, TcpStream) {
        let door = TcpListener::bind("127.0.0.1:0").expect("a port");
        let far = TcpStream::connect(door.local_addr().expect("an address")).expect("connected");
        let (near, _) = door.accept().expect("accepted");
        near.set_nonblocking(true).expect("set");
        (near, far)
    }

    #[test]
    fn who_hangs_up_is_gone() {
        for minor in [0, 1] {
            let (near, mut far) = pair();
            assert_eq!(look(&near), Peer::There);
            if minor == 0 {
                // There are bytes for it, as of an answer that has begun.
                (&near).write_all(b"HTTP/1.1 200 OK\r\n").expect("sent");
                far.read_exact(&mut [0; 1]).expect("come");
            }
            drop(far);
            soon(gone(&near, minor, SOON));
            assert!(is_gone(&near));
        }
    }

    #[test]
    fn who_only_has_said_all_is_told_to_wait_and_is_there() {
        let (near, mut far) = pair();
        far.shutdown(Shutdown::Write).expect("shut");
        let answered = soon(or(
            async {
                gone(&near, 1, SOON).await;
                false
            },
            async {
                let mut come = vec![0; INTERIM.len()];
                let read = async_std::task::spawn_blocking(move || {
                    far.read_exact(&mut come).expect("come");
                    (come, far)
                });
                let (come, far) = read.await;
                assert_eq!(come, INTERIM);
                assert_eq!(look(&near), Peer::Ended);
                drop(far);
                true
            },
        ));
        assert!(answered, "it was taken for gone");
    }
}
