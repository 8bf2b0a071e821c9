//! The ledger with its real numbers.

use std::time::Duration;

use crate::ledger::kills;

#[test]
fn two_hundred_kills_lose_nothing() {
    let ready = kills::kills(200, Duration::from_millis(150));
    let longest = ready[ready.len() - 1];
    assert!(longest <= Duration::from_millis(200), "{longest:?}");
}
