//! A room whose log was restored from an older copy, or is another one: what was read is not new,
//! what was said since is.

use super::*;

/// A message of bob's, so many seconds after the beginning, in this log. The check depends on the
/// time, so that no two histories have an id in common by chance.
fn bob(log: u32, offset: u64, second: i64) -> Wire {
    let at = Stamp::from_micros(second * 1_000_000);
    recorded(
        place(log, offset, second),
        at,
        Body::message("bob", "hi").elapsed(second as u64),
    )
}

fn place(log: u32, offset: u64, second: i64) -> Id {
    Id {
        log: LogId(log),
        offset,
        check: second as u16,
    }
}

/// The stream goes on in that log after this event, and the list is as of another one.
fn turn(model: &mut Model, after: Option<Id>, as_of: Id, earlier: Option<&str>, brings: Vec<Wire>) {
    let members = model_members(&["uthira", "bob"]);
    hear(model, Report::Members(Members { id: as_of, members }));
    let hello = Wire::Hello {
        id: after,
        now: at(),
        heartbeat: 15,
    };
    let reset = Wire::Reset {
        message: "It is not in this log.".into(),
        earlier: earlier.map(str::to_string),
    };
    hear(model, Report::State(LinkState::Connected));
    let brings = [hello, reset].into_iter().chain(brings);
    events(model, brings.collect());
}

/// uthira has read what bob said in the seconds 1 to 4.
fn reader() -> Model {
    let mut model = model();
    log_in(&mut model, "uthira");
    enter(&mut model, "uthira");
    let members = model_members(&["uthira", "bob"]);
    let id = place(1, 40, 4);
    hear(&mut model, Report::Members(Members { id, members }));
    hear(&mut model, Report::State(LinkState::Connected));
    let all = (1..=4).map(|n| bob(1, 10 * n as u64, n));
    events(
        &mut model,
        std::iter::once(hello(None)).chain(all).collect(),
    );
    scroll_to_end(&mut model, 40);
    assert_eq!(model.session_to_save().expect("kept").read, Some(id));
    model
}

/// The next window of a reader whose last one has just been closed.
fn next_window(model: &Model) -> Model {
    let kept = model.session_to_save().expect("kept");
    let mut model = self::model();
    log_in(&mut model, "uthira");
    model.update(Input::Restored(Box::new(kept)));
    enter(&mut model, "uthira");
    model
}

const RESTORED: &str = "The room's log was restored from an older copy: the newest of what you saw before is not in it.";

/// The copy has the seconds 1 and 2, and bob said more in the seconds 7 and 8.
fn restored() -> Vec<Wire> {
    [(10, 1), (20, 2), (30, 7), (40, 8)]
        .map(|(offset, second)| bob(1, offset, second))
        .to_vec()
}

#[test]
fn in_a_restored_copy_only_what_was_said_since_is_new() {
    let seen = [
        "[bob]: 0:00:01:hi",
        "  0:00:02:hi",
        RESTORED,
        "--- new messages ---",
        "[bob]: 0:00:07:hi",
        "  0:00:08:hi",
    ];
    // Seen as it comes, in the back, and by the next window.
    let mut open = reader();
    let mut back = reader();
    back.update(Input::Front(false));
    let mut next = next_window(&reader());
    for (model, unread) in [(&mut open, 0), (&mut back, 2), (&mut next, 2)] {
        turn(model, None, place(1, 40, 8), None, restored());
        assert_eq!(transcript(model), seen);
        assert_eq!(model.unread(), (unread, 0));
    }
    // Once it was seen, nothing of it is new in the window after that.
    let mut after = next_window(&open);
    let list = Members {
        id: place(1, 40, 8),
        members: model_members(&["uthira", "bob"]),
    };
    hear(&mut after, Report::Members(list));
    hear(&mut after, Report::State(LinkState::Connected));
    events(
        &mut after,
        vec![Wire::Hello {
            id: Some(place(1, 40, 8)),
            now: at(),
            heartbeat: 15,
        }],
    );
    assert_eq!(after.unread(), (0, 0));
    assert_eq!(after.new_from(), None);
}

#[test]
fn in_a_restored_copy_that_nobody_went_on_with_nothing_is_new() {
    let mut model = reader();
    turn(
        &mut model,
        None,
        place(1, 20, 2),
        None,
        restored()[..2].to_vec(),
    );
    assert_eq!(model.unread(), (0, 0));
    assert_eq!(model.title(), TITLE);
    let all = ["[bob]: 0:00:01:hi", "  0:00:02:hi", RESTORED];
    assert_eq!(transcript(&model), all);
}

#[test]
fn what_was_not_read_yet_is_not_taken_for_read() {
    let mut model = reader();
    model.update(Input::Front(false));
    events(&mut model, vec![bob(1, 50, 5), bob(1, 60, 6)]);
    // The copy has the fifth second, not the sixth.
    let mut copy: Vec<Wire> = (1..=5).map(|n| bob(1, 10 * n as u64, n)).collect();
    copy.push(bob(1, 60, 9));
    turn(&mut model, None, place(1, 60, 9), None, copy);
    assert_eq!(model.unread(), (2, 0));
    let last = &transcript(&model)[4..];
    let lines = ["--- new messages ---", "[bob]: 0:00:05:hi"];
    assert_eq!(
        last,
        [&lines[..], &[RESTORED, "[bob]: 0:00:09:hi"]].concat()
    );
}

#[test]
fn where_more_was_said_since_than_comes_the_number_is_one_that_it_is_more_than() {
    let mut model = reader();
    model.update(Input::Front(false));
    let before = place(1, 90, 9);
    let brings = vec![bob(1, 100, 10), bob(1, 110, 11)];
    turn(&mut model, Some(before), place(1, 110, 11), None, brings);
    let words = |model: &Model| model.unread_words();
    assert_eq!(words(&model).as_deref(), Some("more than 2 new messages"));
    // What is missing comes: the copy has two of the four seconds.
    model.update(gap_in_sight(&model));
    let events = [(10, 1), (20, 2), (30, 7), (40, 8), (90, 9)]
        .map(|(offset, second)| bob(1, offset, second))
        .to_vec();
    let query = HistoryQuery::Before(place(1, 100, 10));
    range(&mut model, query, events, None);
    assert_eq!(words(&model).as_deref(), Some("5 new messages"));
}

#[test]
fn in_a_new_log_everything_that_was_said_since_is_new() {
    for (earlier, words) in [
        (Some("log.txt.1"), "the earlier one, log.txt.1"),
        (None, "replaced"),
    ] {
        let mut model = reader();
        model.update(Input::Front(false));
        let brings = vec![bob(2, 10, 7), bob(2, 20, 8)];
        turn(&mut model, None, place(2, 20, 8), earlier, brings);
        assert_eq!(model.unread(), (2, 0));
        let seen = transcript(&model);
        assert_eq!(seen[0], "--- new messages ---");
        assert!(seen[3].contains(words), "{seen:?}");
        // Nothing of it was read, and the next window knows.
        let mut next = next_window(&model);
        let members = model_members(&["uthira", "bob"]);
        let id = place(2, 20, 8);
        hear(&mut next, Report::Members(Members { id, members }));
        hear(&mut next, Report::State(LinkState::Connected));
        let all = vec![hello(None), bob(2, 10, 7), bob(2, 20, 8)];
        events(&mut next, all);
        assert_eq!(next.unread(), (2, 0));
    }
}

#[test]
fn who_kept_no_time_is_told_of_nothing_new() {
    let mut kept = reader().session_to_save().expect("kept");
    kept.read_at = None;
    let mut model = model();
    log_in(&mut model, "uthira");
    model.update(Input::Restored(Box::new(kept)));
    enter(&mut model, "uthira");
    turn(&mut model, None, place(1, 40, 8), None, restored());
    assert_eq!(model.unread(), (0, 0));
    assert_eq!(model.new_from(), None);
}
