//! The ledger with its real numbers.

use std::time::Duration;

use crate::ledger::{hostile, kills, lost_answers};

#[test]
fn two_hundred_kills_lose_nothing() {
    let ready = kills::kills(200, Duration::from_millis(150));
    let longest = ready[ready.len() - 1];
    assert!(longest <= Duration::from_millis(200), "{longest:?}");
}

#[test]
fn lost_answers_double_nothing() {
    lost_answers::lost_answers(5_000);
}

#[test]
fn hostile_places_are_no_places() {
    hostile::hostile(5_000);
}

#[test]
fn a_restored_log_is_another_from_there_on() {
    hostile::restored(5);
}
