//! A listener that has closed its own side of the connection. `nc -N` has only said that it asks for
//! nothing more, and reads on; a client that was killed looks the same from here, until something is sent
//! to it and its system answers with a reset.
//!
//! What always holds: a client that is gone is found out at once where something can be sent that shows
//! nothing. Where nothing can (plain lines without chunks) the listener stays, and its member does not.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_io::Timer;

use super::FollowEnd;
use crate::modes::server::fanout::peer::Liveness;
use crate::modes::server::fanout::{Fanout, SharedPeer};
use crate::modes::server::room::Hold;
use crate::sse::Form;

/// The time between two looks for a reset: the first, and the longest later on.
const LOOKS: (Duration, Duration) = (Duration::from_millis(2), Duration::from_secs(1));
/// The age at which the second heartbeat is due. If the first went out in the moment in which the
/// client was still closing, only a second one shows the reset.
const AGAIN: Duration = Duration::from_secs(1);

/// The knowledge about the listener's side.
#[derive(Debug, Default)]
pub(super) struct HalfClosed {
    /// The time at which it was closed, if it was.
    since: Option<Instant>,
    /// The number of heartbeats that were sent on that account.
    pulses: u32,
}

impl HalfClosed {
    /// Watches a seated listener until it is gone. Gives `hold` up where nobody could tell soon
    /// whether the listener is still there.
    pub(super) async fn watch(
        &mut self,
        fanout: &Fanout,
        shared: &Arc<SharedPeer>,
        hold: &mut Option<Hold>,
    ) -> FollowEnd {
        if self.since.is_none() {
            if shared.peer.half_closed().await.is_err() {
                return FollowEnd::Gone;
            }
            self.since = Some(Instant::now());
            if shared.encoding.form == Form::Plain {
                shared.peer.probe_while_idle();
            }
            if shared.encoding.pulse().is_empty() {
                *hold = None;
            }
        }
        Box::pin(self.until_gone(fanout, shared)).await
    }

    async fn until_gone(&mut self, fanout: &Fanout, shared: &Arc<SharedPeer>) -> FollowEnd {
        loop {
            let age = self.since.map_or(Duration::ZERO, |since| since.elapsed());
            if self.pulses == 0 || self.pulses == 1 && age >= AGAIN {
                self.pulses += 1;
                fanout.pulse(shared);
            }
            Timer::after(age.clamp(LOOKS.0, LOOKS.1)).await;
            if shared.peer.liveness() == Liveness::Gone {
                return FollowEnd::Gone;
            }
        }
    }
}
