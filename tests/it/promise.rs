//! The quick half of the ledger (the whole of it is `make test-durability`): nothing acknowledged is
//! lost, doubled or reordered under kills, lost answers, listeners that do not read, and hostile ids.

use std::time::Duration;

use crate::ledger::{hostile, kills, lost_answers, refusals, stalled};

#[test]
fn kills_lose_nothing() {
    kills::kills(8, Duration::from_millis(100));
}

#[test]
fn lost_answers_double_nothing() {
    lost_answers::lost_answers(300);
}

#[test]
fn listeners_that_never_read_miss_nothing() {
    let measured = stalled::stalled(stalled::Plan {
        stalled: 20,
        readers: 5,
        rate: 200,
        length: 2_000,
        rounds: 1,
        at_most: 1,
        round: Duration::from_millis(500),
    });
    assert!(measured.memory < 1 << 20, "{}", measured.memory);
}

#[test]
fn refused_messages_never_appear() {
    refusals::refusals(2);
}

#[test]
fn hostile_places_are_no_places() {
    hostile::hostile(300);
}

#[test]
fn a_restored_log_is_another_from_there_on() {
    hostile::restored(1);
}
