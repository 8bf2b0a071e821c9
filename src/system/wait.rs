//! Waiting for several things at once, and waking another thread that does.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Something that can be waited for: a socket, a terminal, a pipe, a [`Woken`].
pub(crate) use std::os::fd::AsFd as Handle;

/// Waits until one of the handles has something to read, its end or an error included, or until the
/// time is over; without one, for as long as it takes. Tells of each handle whether it has.
///
/// # Errors
/// [`ErrorKind::Interrupted`] if a signal ended the wait; or the system's.
pub(crate) fn readable(handles: &[&dyn Handle], time: Option<Duration>) -> io::Result<Vec<bool>> {
    let time = time.and_then(|time| Timespec::try_from(time).ok());
    let mut polled: Vec<PollFd<'_>> = handles
        .iter()
        .map(|handle| PollFd::from_borrowed_fd(handle.as_fd(), PollFlags::IN))
        .collect();
    poll(&mut polled, time.as_ref())?;
    Ok(polled.iter().map(|fd| !fd.revents().is_empty()).collect())
}

/// The end of a connection that wakes the other one: by a byte, and when it is dropped.
#[derive(Debug)]
pub(crate) struct Wake(UnixStream);

/// The end that is woken.
#[derive(Debug)]
pub(crate) struct Woken(UnixStream);

/// Two ends, the second of which is readable once the first has called [`Wake::wake`] or is gone.
///
/// # Errors
/// The process is out of descriptors.
pub(crate) fn waking() -> io::Result<(Wake, Woken)> {
    let (wake, woken) = UnixStream::pair()?;
    wake.set_nonblocking(true)?;
    woken.set_nonblocking(true)?;
    Ok((Wake(wake), Woken(woken)))
}

impl Wake {
    /// Wakes the other end. One that has not woken up yet is woken once.
    pub(crate) fn wake(&self) {
        // It is full of wishes to wake up already, or nobody waits any more.
        let _ = (&self.0).write(&[0]);
    }

    /// The connection itself, for a signal's handler, which may do little else than write into it.
    pub(super) fn into_stream(self) -> UnixStream {
        self.0
    }

    /// Another handle of the same end.
    ///
    /// # Errors
    /// The process is out of descriptors.
    pub(crate) fn try_clone(&self) -> io::Result<Wake> {
        self.0.try_clone().map(Wake)
    }
}

impl Woken {
    /// Takes the wishes to wake up that have come, so that only another one wakes again. Whether all
    /// ends that could wake are gone.
    pub(crate) fn settle(&self) -> bool {
        loop {
            match (&self.0).read(&mut [0; 256]) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
    }
}

impl AsFd for Woken {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Option<Duration> = Some(Duration::ZERO);

    #[test]
    fn a_wish_wakes_once_and_an_end_for_good() {
        let (wake, woken) = waking().expect("two ends");
        let another = wake.try_clone().expect("an end");
        assert_eq!(readable(&[&woken], NOW).expect("waited"), [false]);
        wake.wake();
        another.wake();
        assert_eq!(readable(&[&woken], None).expect("waited"), [true]);
        assert!(!woken.settle());
        assert_eq!(readable(&[&woken], NOW).expect("waited"), [false]);
        drop((wake, another));
        assert_eq!(readable(&[&woken], None).expect("waited"), [true]);
        assert!(woken.settle());
        assert_eq!(readable(&[&woken], NOW).expect("waited"), [true]);
    }

    #[test]
    fn each_handle_is_told_of_by_itself() {
        let ((one, woken), (_other, asleep)) = (waking().expect("ends"), waking().expect("ends"));
        one.wake();
        let told = readable(&[&asleep, &woken, &asleep], None).expect("waited");
        assert_eq!(told, [false, true, false]);
        assert_eq!(readable(&[], NOW).expect("waited"), Vec::<bool>::new());
    }
}
