//! A listener that has closed its own side of the connection. `nc -N` has only said that it asks for
//! nothing more, and reads on; a client that was killed looks the same from here, until something is sent
//! to it and its system answers with a reset.
//!
//! What always holds: whoever is gone is found out at once where something can be sent that shows nothing.
//! Where nothing can (plain lines without chunks) the listener stays, and its member does not.

use std::io::{self, Read};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_io::{Async, Timer};
use async_std::task;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt;

use super::{FollowEnd, STALLED};
use crate::modes::server::fanout::Fanout;
use crate::modes::server::fanout::Seat;
use crate::modes::server::room::Hold;
use crate::sse::Form;

/// How soon a reset is looked for, and how seldom later on.
const LOOKS: (Duration, Duration) = (Duration::from_millis(2), Duration::from_secs(1));
/// When the second sign of life is due. The system tells of a reset only to who sends again, if the first
/// sign went out in the moment in which the client was still closing.
const AGAIN: Duration = Duration::from_secs(1);
/// How long a connection may be idle before the system asks whether the other side is there, and how often
/// it then asks in vain within the time that a listener may be stalled.
const IDLE: Duration = Duration::from_secs(1);
const PROBES: u32 = 4;

/// What is known of the listener's side.
#[derive(Debug, Default)]
pub struct Half {
    /// When it was closed; not yet, if there is nothing.
    since: Option<Instant>,
    /// How many signs of life it was sent on that account.
    pulses: u32,
}

impl Half {
    /// Watches a listener that sits, until it is gone. `hold` is given up where nobody could tell soon
    /// whether it still is.
    pub async fn watch(
        &mut self,
        fanout: &Fanout,
        seat: &Arc<Seat>,
        hold: &mut Option<Hold>,
    ) -> FollowEnd {
        let stream = &seat.stream;
        if self.since.is_none() {
            if finished(stream).await.is_err() {
                return FollowEnd::Gone;
            }
            self.since = Some(Instant::now());
            if seat.encoding.form == Form::Plain {
                keep_alive(stream.get_ref());
            }
            if seat.encoding.pulse().is_empty() {
                *hold = None;
            }
        }
        Box::pin(self.until_gone(fanout, seat)).await
    }

    async fn until_gone(&mut self, fanout: &Fanout, seat: &Arc<Seat>) -> FollowEnd {
        loop {
            let age = self.since.map_or(Duration::ZERO, |since| since.elapsed());
            if self.pulses == 0 || self.pulses == 1 && age >= AGAIN {
                self.pulses += 1;
                fanout.pulse(seat);
            }
            Timer::after(age.clamp(LOOKS.0, LOOKS.1)).await;
            if is_over(seat.stream.get_ref()) {
                return FollowEnd::Gone;
            }
        }
    }
}

/// Ready when the listener has closed its side. What it still sends is thrown away.
async fn finished(stream: &Async<TcpStream>) -> io::Result<()> {
    loop {
        stream.readable().await?;
        // Not in the match, which would keep the bytes over the await in it.
        let read = stream.get_ref().read(&mut [0; 512]);
        match read {
            Ok(0) => return Ok(()),
            Ok(_) => task::yield_now().await,
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                ) => {}
            Err(error) => return Err(error),
        }
    }
}

/// Has the system find out whether the other side is there while nothing is sent.
fn keep_alive(stream: &TcpStream) {
    let within = STALLED.saturating_sub(IDLE);
    // Where one of these cannot be had, the next message shows whether anybody is there.
    let _ = sockopt::set_tcp_keepidle(stream, IDLE);
    let _ = sockopt::set_tcp_keepintvl(stream, within / PROBES);
    let _ = sockopt::set_tcp_keepcnt(stream, PROBES);
    let _ = sockopt::set_socket_keepalive(stream, true);
}

/// Whether the connection was reset. Only that is asked for: it stays readable once one side is closed.
fn is_over(stream: &TcpStream) -> bool {
    let mut asked = [PollFd::new(stream, PollFlags::empty())];
    let polled = poll(&mut asked, Some(&Timespec::default()));
    let over = PollFlags::ERR | PollFlags::HUP;
    polled.is_ok() && asked[0].revents().intersects(over)
}
