//! The ledger with its real numbers.

use std::time::Duration;

use crate::ledger::{hostile, kills, lost_answers, refusals, stalled};

#[test]
fn two_hundred_kills_lose_nothing() {
    let starts = kills::kills(200, Duration::from_millis(150));
    let judged = starts.judged.len();
    assert!(
        judged >= 150,
        "the disk is busy: only {judged} could be judged"
    );
    let longest = starts.judged[judged - 1];
    assert!(longest <= Duration::from_millis(200), "{longest:?}");
}

#[test]
fn lost_answers_double_nothing() {
    lost_answers::lost_answers(5_000);
}

#[test]
fn refused_messages_never_appear() {
    refusals::refusals(20);
}

#[test]
fn hostile_places_are_no_places() {
    hostile::hostile(5_000);
}

#[test]
fn a_restored_log_is_another_from_there_on() {
    hostile::restored(5);
}

#[test]
fn a_thousand_listeners_that_never_read_slow_nobody() {
    let measured = stalled::stalled(stalled::Plan {
        stalled: 1_000,
        readers: 50,
        rate: 1_000,
        length: 100,
        rounds: 7,
        at_most: 12,
        round: Duration::from_millis(2_200),
    });
    let (without, with) = measured.medians();
    let allowed = (without * 3 / 2).max(without + Duration::from_millis(2));
    assert!(with <= allowed, "{with:?} is more than {allowed:?}");
    assert!(measured.memory <= 32 * 1024, "{}", measured.memory);
    assert!(measured.kernel <= 256 * 1024, "{}", measured.kernel);
}
