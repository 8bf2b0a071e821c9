//! The new messages, the missing ones, and their loading.

use super::*;

/// uthira comes back and had read up to the event at `read`.
fn back_after(read: u64, as_of: u64) -> Model {
    let mut model = model();
    log_in(&mut model, "uthira");
    let kept = SavedSession {
        read: Some(id(read)),
        ..SavedSession::default()
    };
    model.update(Input::Restored(Box::new(kept)));
    enter(&mut model, "uthira");
    members(&mut model, as_of, &["uthira", "bob"]);
    hear(&mut model, Report::State(LinkState::Connected));
    model
}

#[test]
fn it_opens_where_its_reader_left_off() {
    let mut model = back_after(90, 120);
    let effects = events(
        &mut model,
        vec![
            hello(Some(90)),
            said(100, "bob", "one", None),
            said(110, "bob", "two", None),
        ],
    );
    assert_eq!(effects, [], "not before everything is here");
    let effects = events(&mut model, vec![join(120, "uthira")]);
    assert_eq!(effects, [Effect::GoToUnread]);
    assert_eq!(
        transcript(&model),
        [
            "~ earlier messages",
            "--- new messages ---",
            "[bob]: 0:01:40:one",
            "  0:01:50:two",
            "Client (uthira) entered room",
        ]
    );
    assert_eq!(model.title(), format!("(2) {TITLE}"));
    assert_eq!(model.session_to_save().expect("kept").read, Some(id(90)));
    // The view shows the end too: it is read, and the line stays for now.
    scroll_to_end(&mut model, 100);
    assert_eq!(model.title(), TITLE);
    assert_eq!(model.session_to_save().expect("kept").read, Some(id(120)));
    assert!(transcript(&model).contains(&"--- new messages ---".to_string()));
    say(&mut model, "hi", "k");
    assert!(!transcript(&model).contains(&"--- new messages ---".to_string()));
}

#[test]
fn after_months_the_newest_come_first_with_a_gap_before_them() {
    let mut model = back_after(90, 9020);
    let gap = Wire::Gap {
        message: "Older events are left out.".into(),
    };
    let effects = events(
        &mut model,
        vec![
            hello(Some(9000)),
            gap,
            said(9010, "bob", "new", None),
            join(9020, "uthira"),
        ],
    );
    assert_eq!(effects, [Effect::GoToEnd]);
    assert_eq!(
        transcript(&model)[..3],
        [
            "~ earlier messages",
            "--- new messages ---",
            "[bob]: 2:30:10:new"
        ]
    );
}

#[test]
fn who_comes_for_the_first_time_finds_nothing_new() {
    let model = in_the_room();
    assert_eq!(model.title(), TITLE);
    assert!(!transcript(&model).contains(&"--- new messages ---".to_string()));
}

#[test]
fn who_reads_further_up_has_everything_counted_that_comes_below() {
    let mut model = in_the_room();
    scroll_up(&mut model, 5);
    events(
        &mut model,
        vec![
            said(30, "bob", "one", None),
            said(40, "uthira", "from my other window", None),
        ],
    );
    assert_eq!(model.unread(), (1, 0));
    scroll_to_end(&mut model, 20);
    assert_eq!(model.unread(), (0, 0));
}

#[test]
fn what_is_scrolled_through_is_read() {
    let mut model = back_after(90, 130);
    events(
        &mut model,
        vec![
            hello(Some(90)),
            said(100, "bob", "one", None),
            said(110, "bob", "two, uthira", None),
            said(120, "bob", "three", None),
            join(130, "uthira"),
        ],
    );
    assert_eq!(model.unread(), (3, 1));
    let mut see = |lowest_visible: u64| {
        scroll_up(&mut model, lowest_visible);
        (model.unread(), model.session_to_save().expect("kept").read)
    };
    assert_eq!(see(110), ((1, 0), Some(id(110))));
    assert_eq!(
        see(100),
        ((1, 0), Some(id(110))),
        "going up unreads nothing"
    );
}

#[test]
fn who_is_named_is_told_unless_the_window_is_in_front() {
    let mut model = in_the_room();
    let effects = events(&mut model, vec![said(30, "bob", "Uthira: look", None)]);
    assert_eq!(effects, []);
    assert!(transcript(&model).contains(&"! [bob]: 0:00:30:Uthira: look".to_string()));
    model.update(Input::Front(false));
    let effects = events(
        &mut model,
        vec![
            said(40, "bob", "psst", None),
            said(50, "bob", "@uthira?", None),
        ],
    );
    let (from, text) = ("bob".to_string(), "@uthira?".to_string());
    assert_eq!(effects, [Effect::Notify { from, text }]);
    assert_eq!(model.title(), format!("(2, 1 for you) {TITLE}"));
}

#[test]
fn a_gap_in_sight_is_filled_once_and_from_where_it_is_seen() {
    let mut model = back_after(90, 100);
    events(
        &mut model,
        vec![hello(Some(90)), said(100, "bob", "live", None)],
    );
    let missing = gap_in_sight(&model);
    let before = HistoryQuery::Before(id(100));
    assert_eq!(
        model.update(missing.clone()),
        [Effect::Fetch(before.clone())]
    );
    assert_eq!(transcript(&model)[0], "~ loading earlier messages…");
    assert_eq!(model.status(), "connected, loading earlier messages");
    assert_eq!(model.update(missing), [], "it is on its way");
    range(
        &mut model,
        before,
        vec![said(80, "eve", "older", None)],
        Some(80),
    );
    assert_eq!(transcript(&model)[1], "[eve]: 0:01:20:older");
    let missing = gap_in_sight(&model);
    model.update(missing);
    let oldest = vec![said(10, "eve", "oldest", None)];
    range(&mut model, HistoryQuery::Before(id(80)), oldest, None);
    assert_eq!(
        transcript(&model)[0],
        "[eve]: 0:00:10:oldest",
        "no gap any more"
    );
    assert_eq!(model.unread(), (1, 0), "what is old is not new");
}

#[test]
fn the_beginning_is_one_key_away_however_long_the_log_is() {
    let mut model = back_after(90_000, 90_010);
    events(
        &mut model,
        vec![hello(Some(90_000)), said(90_010, "bob", "live", None)],
    );
    assert_eq!(
        model.update(Input::GoToStart),
        [Effect::Fetch(HistoryQuery::Oldest)]
    );
    let oldest = vec![opened(0), said(10, "eve", "first", None)];
    let effects = range(&mut model, HistoryQuery::Oldest, oldest, Some(10));
    assert_eq!(effects, [Effect::GoToStart]);
    assert_eq!(
        transcript(&model),
        [
            "* Room opened (chatroom 0.1.0)",
            "[eve]: 0:00:10:first",
            "~ earlier messages",
            "--- new messages ---",
            "[bob]: 25:00:10:live",
        ]
    );
    let missing = Input::GapInSight {
        gap: gap(&model),
        from_above: true,
    };
    assert_eq!(
        model.update(missing),
        [Effect::Fetch(HistoryQuery::After(id(10)))]
    );
    assert_eq!(
        model.update(Input::GoToStart),
        [Effect::GoToStart],
        "it is here"
    );
}

#[test]
fn a_room_that_said_nothing_since_shows_what_was_said_before() {
    let mut model = back_after(100, 100);
    events(&mut model, vec![hello(Some(100))]);
    let missing = gap_in_sight(&model);
    assert_eq!(model.update(missing), [Effect::Fetch(HistoryQuery::Newest)]);
    let newest = vec![said(90, "eve", "yesterday", None), leave(100, "eve")];
    range(&mut model, HistoryQuery::Newest, newest, Some(90));
    events(&mut model, vec![said(110, "bob", "today", None)]);
    assert_eq!(
        transcript(&model)[1..],
        [
            "[eve]: 0:01:30:yesterday",
            "Client (eve) is offline",
            "[bob]: 0:01:50:today"
        ]
    );
}

#[test]
fn what_cannot_be_loaded_is_said_and_tried_again_when_asked() {
    let mut model = back_after(90, 100);
    events(
        &mut model,
        vec![hello(Some(90)), said(100, "bob", "live", None)],
    );
    let missing = gap_in_sight(&model);
    model.update(missing.clone());
    let range = Err("The disk is gone.".to_string());
    let query = HistoryQuery::Before(id(100));
    hear(&mut model, Report::Range { query, range });
    assert_eq!(
        transcript(&model)[0],
        "~ Earlier messages could not be loaded: The disk is gone. Click here to try again."
    );
    assert_eq!(model.update(missing.clone()), []);
    model.update(Input::FillGaps);
    assert_eq!(model.update(missing).len(), 1);
}

#[test]
fn a_range_that_is_not_what_was_asked_for_is_not_asked_for_again() {
    let elsewhere = Id {
        log: LogId(9),
        ..id(50)
    };
    let foreign = recorded(elsewhere, at(), Body::join("eve"));
    for (events_of_it, next) in [
        (vec![], Some(100)),
        (vec![said(200, "eve", "from the future", None)], Some(200)),
        (vec![foreign], Some(50)),
    ] {
        let mut model = back_after(90, 100);
        events(
            &mut model,
            vec![hello(Some(90)), said(100, "bob", "live", None)],
        );
        let missing = gap_in_sight(&model);
        model.update(missing.clone());
        range(
            &mut model,
            HistoryQuery::Before(id(100)),
            events_of_it,
            next,
        );
        assert_eq!(model.update(missing), []);
        let shown = transcript(&model);
        assert!(shown[0].contains("does not match the request"), "{shown:?}");
        assert_eq!(shown.len(), 3, "{shown:?}");
    }
}

#[test]
fn a_range_of_a_newer_server_that_says_nothing_to_us_is_passed() {
    let mut model = back_after(90, 100);
    events(
        &mut model,
        vec![hello(Some(90)), said(100, "bob", "live", None)],
    );
    let missing = gap_in_sight(&model);
    model.update(missing);
    range(
        &mut model,
        HistoryQuery::Before(id(100)),
        vec![Wire::Unknown],
        Some(40),
    );
    let gap = gap(&model);
    assert_eq!(gap.end, 40);
}

#[test]
fn cleared_means_cleared_until_somebody_asks() {
    let mut model = in_the_room();
    assert_eq!(
        say(&mut model, "/clear", "k"),
        [Effect::Accepted("/clear".into())]
    );
    assert_eq!(
        transcript(&model),
        ["~ Cleared. Click here to see earlier messages."]
    );
    let missing = gap_in_sight(&model);
    assert_eq!(model.update(missing), []);
    model.update(Input::FillGaps);
    let missing = gap_in_sight(&model);
    assert_eq!(model.update(missing), [Effect::Fetch(HistoryQuery::Newest)]);
}
