//! Tells whether a future had to wait. A loop that never waits must yield by itself, or it keeps
//! its thread from all other tasks.

use std::future::{Future, poll_fn};
use std::pin::pin;

/// The outcome of `work`, and whether it was pending at least once.
pub async fn waited<T>(work: impl Future<Output = T>) -> (T, bool) {
    let mut work = pin!(work);
    let mut waited = false;
    let outcome = poll_fn(|context| {
        let polled = work.as_mut().poll(context);
        waited |= polled.is_pending();
        polled
    })
    .await;
    (outcome, waited)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_lite::future::{block_on, ready, yield_now};

    #[test]
    fn what_is_there_at_once_is_told_from_what_is_waited_for() {
        assert_eq!(block_on(waited(ready(1))), (1, false));
        let later = async {
            yield_now().await;
            2
        };
        assert_eq!(block_on(waited(later)), (2, true));
    }
}
