//! Notices a client that goes away while its request is being worked on.
//!
//! A client that has ended its side may have gone away, or only have said all that it wants to say
//! (`nc -N`): the system cannot tell the two apart. It is sent an interim answer, which a client that still waits
//! ignores, and which the machine of a client that is gone refuses.

use std::time::Duration;

use async_io::Timer;

use crate::modes::server::fanout::peer::{Liveness, Peer, SendOutcome};

/// The time between two checks. A request that is answered sooner is never checked.
pub(super) const OFTEN: Duration = Duration::from_millis(100);
/// The interim answer; HTTP/1.0 knows none.
const INTERIM: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// Returns once the peer is gone. Nothing else may be sent meanwhile.
pub(super) async fn gone(peer: &Peer, minor: u8, often: Duration) {
    let mut asked = minor == 0;
    loop {
        Timer::after(often).await;
        match peer.liveness() {
            Liveness::Open => {}
            Liveness::HalfClosed if asked => {}
            Liveness::HalfClosed => {
                asked = true;
                // All that was answered before has been taken, so there is space for it.
                if peer.send(INTERIM) != SendOutcome::All {
                    return;
                }
            }
            Liveness::Gone => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_lite::future::{block_on, or};
    use std::future::Future;
    use std::io::Read;
    use std::net::Shutdown;

    use crate::modes::server::fanout::peer::tests::pair;

    const SOON: Duration = Duration::from_millis(1);

    /// The outcome of `work`, which must come within 20 seconds.
    fn soon<T>(work: impl Future<Output = T>) -> T {
        let limit = Duration::from_secs(20);
        block_on(async_std::future::timeout(limit, work)).expect("in time")
    }

    #[test]
    fn a_client_that_hangs_up_is_gone() {
        for minor in [0, 1] {
            let (near, mut far, _) = pair();
            assert_eq!(near.liveness(), Liveness::Open);
            if minor == 0 {
                // There are bytes for it, as of an answer that has begun.
                assert_eq!(near.send(b"HTTP/1.1 200 OK\r\n"), SendOutcome::All);
                far.read_exact(&mut [0; 1]).expect("come");
            }
            drop(far);
            soon(gone(&near, minor, SOON));
            assert_eq!(near.liveness(), Liveness::Gone);
        }
    }

    #[test]
    fn a_client_that_only_closed_its_side_is_told_to_wait_and_is_there() {
        let (near, mut far, _) = pair();
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
                assert_eq!(near.liveness(), Liveness::HalfClosed);
                drop(far);
                true
            },
        ));
        assert!(answered, "the client was taken for gone");
    }
}
