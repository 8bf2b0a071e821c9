//! The number of new messages: the true one, or a round one that is smaller.

use super::*;

/// uthira had read up to 90; then so much was said that the stream left out what is before 9000. It
/// brought `count` messages and her own join.
fn back_after_a_gap(count: u64) -> Model {
    let mut model = model();
    log_in(&mut model, "uthira");
    let kept = SavedSession {
        read: Some(id(90)),
        ..SavedSession::default()
    };
    model.update(Input::Restored(Box::new(kept)));
    model.update(Input::Front(false));
    enter(&mut model, "uthira");
    let last = 9000 + 10 * (count + 1);
    members(&mut model, last, &["uthira", "bob"]);
    hear(&mut model, Report::State(LinkState::Connected));
    let gap = Wire::Gap {
        message: "Older events are left out.".into(),
    };
    let mut all = vec![hello(Some(9000)), gap];
    all.extend((1..=count).map(|n| said(9000 + 10 * n, "bob", "new", None)));
    all.push(join(last, "uthira"));
    events(&mut model, all);
    model
}

#[test]
fn of_more_than_the_stream_brings_a_round_number_is_said() {
    for (count, words) in [
        (1, "more than 1"),
        (42, "more than 42"),
        (519, "more than 510"),
        (2099, "more than 2,000"),
    ] {
        let model = back_after_a_gap(count);
        let title = format!("({words}) chatroom - lobby @ 10.0.0.1");
        assert_eq!(model.title(), title);
        let words = format!("{words} new messages");
        assert_eq!(model.unread_words(), Some(words));
    }
}

#[test]
fn once_what_was_left_out_is_here_the_number_is_the_true_one() {
    let mut model = back_after_a_gap(200);
    assert_eq!(
        model.unread_words().as_deref(),
        Some("more than 200 new messages")
    );
    let below = gap(&model).below.expect("what the stream brought");
    model.update(gap_in_sight(&model));
    // A part of it, then the rest.
    for (offsets, next, words) in [
        (300..330, Some(200), "more than 230 new messages"),
        (91..121, Some(90), "260 new messages"),
    ] {
        let query = HistoryQuery::Before(gap(&model).below.unwrap_or(below));
        model.update(gap_in_sight(&model));
        let events = offsets.map(|at| said(at, "ann", "old", None)).collect();
        range(&mut model, query, events, next);
        assert_eq!(model.unread_words().as_deref(), Some(words));
    }
}

#[test]
fn who_reads_on_has_fewer_left() {
    let mut model = back_after_a_gap(300);
    scroll_up(&mut model, 0);
    model.update(Input::Front(true));
    // After the gap: what is below is all here.
    scroll_up(&mut model, 9000 + 10 * 100);
    assert_eq!(model.unread_words().as_deref(), Some("200 new messages"));
    scroll_to_end(&mut model, 9000 + 10 * 300);
    assert_eq!(model.unread_words(), None);
    assert_eq!(model.title(), "chatroom - lobby @ 10.0.0.1");
}

#[test]
fn what_came_while_nobody_looked_is_counted_in_full() {
    let mut model = in_the_room();
    model.update(Input::Front(false));
    // Far more than a window keeps.
    for at in 0..15_000 {
        events(&mut model, vec![said(100 + at, "bob", "x", None)]);
    }
    assert!(model.history().len() < 13_000);
    assert_eq!(model.unread_words().as_deref(), Some("15,000 new messages"));
    assert_eq!(model.title(), "(15,000) chatroom - lobby @ 10.0.0.1");
}
