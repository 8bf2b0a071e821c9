//! Meetings of several things: cleared and searched, two logins at once, ranges that do not help.

use super::*;
use crate::modes::gui::transcript::history::Part;

fn logged_in(model: &mut Model, name: &str, as_name: &str) -> Vec<Effect> {
    let login = Login {
        address: Address::parse("10.0.0.1").expect("an address"),
        name: name.into(),
        key: None,
        persist: false,
        resume: Default::default(),
    };
    let session = Session {
        name: as_name.into(),
        token: "t2".into(),
        room: "lobby".into(),
        id: id(50),
        version: None,
    };
    let report = Report::LoggedIn {
        login: Box::new(login),
        session,
        fresh: false,
    };
    hear(model, report)
}

#[test]
fn an_old_range_on_the_screen_does_not_make_old_what_is_read_and_said() {
    let mut model = in_the_room();
    events(&mut model, vec![said(900_000, "bob", "now", None)]);
    say(&mut model, "/clear", "k");
    model.update(Input::GoToStart);
    let oldest = vec![opened(0), said(10, "bob", "long ago", None)];
    range(&mut model, HistoryQuery::Oldest, oldest, Some(10));
    let Effect::Send(message) = say(&mut model, "hi", "k1").remove(0) else {
        panic!("it is not said");
    };
    assert_eq!(message.after, Some(id(900_000)));
    scroll_to_end(&mut model, 10);
    assert_eq!(
        model.session_to_save().expect("kept").read,
        Some(id(900_000))
    );
}

#[test]
fn the_end_is_one_question_away_however_much_is_between() {
    let mut model = in_the_room();
    say(&mut model, "/clear", "k");
    model.update(Input::GoToStart);
    range(&mut model, HistoryQuery::Oldest, vec![opened(0)], Some(0));
    assert_eq!(
        model.update(Input::GoToEnd),
        [Effect::Fetch(HistoryQuery::Newest)]
    );
    let newest = vec![said(9, "bob", "hello", None), join(20, "uthira")];
    let effects = range(&mut model, HistoryQuery::Newest, newest, Some(9));
    assert_eq!(effects, [Effect::GoToEnd]);
    assert_eq!(transcript(&model)[1], "~ earlier messages");
    assert_eq!(
        model.update(Input::GoToEnd),
        [Effect::GoToEnd],
        "it is here"
    );
}

#[test]
fn comings_and_goings_without_end_are_not_fetched_and_dropped_in_turn() {
    let mut model = in_the_room();
    let many = 12_100;
    events(
        &mut model,
        (1..=many).map(|n| join(1_000 + n, "flaky")).collect(),
    );
    let dropped = gap(&model);
    let missing = gap_in_sight(&model);
    assert_eq!(model.update(missing.clone()), []);
    // Somebody scrolls up to it.
    scroll_up(&mut model, dropped.end);
    assert_eq!(model.update(missing).len(), 1);
}

#[test]
fn a_range_that_shows_nothing_is_asked_for_once() {
    let mut model = in_the_room();
    let stream = vec![hello(Some(900)), said(910, "bob", "after the gap", None)];
    events(&mut model, stream);
    let query = HistoryQuery::Before(id(910));
    let missing = gap_in_sight(&model);
    assert_eq!(model.update(missing), [Effect::Fetch(query.clone())]);
    range(&mut model, query, vec![Wire::Unknown], Some(500));
    let missing = gap_in_sight(&model);
    assert_eq!(model.update(missing), []);
    assert!(
        transcript(&model)
            .iter()
            .any(|line| line.contains("Click here to try again"))
    );
}

#[test]
fn a_range_that_is_ahead_of_the_stream_takes_nothing_from_it() {
    let mut model = in_the_room();
    model.update(Input::Front(false));
    say(&mut model, "mine", "k1");
    say(&mut model, "/clear", "k");
    model.update(Input::FillGaps);
    model.update(gap_in_sight(&model));
    let ahead = vec![
        join(20, "uthira"),
        said(30, "bob", "uthira?", None),
        said(40, "uthira", "mine", Some("k1")),
    ];
    range(&mut model, HistoryQuery::Newest, ahead.clone(), Some(20));
    let effects = events(&mut model, ahead);
    assert_eq!(effects.len(), 1, "bob is told of");
    assert_eq!(model.unread(), (1, 1));
    assert_eq!(model.pending, [], "it stands in the transcript");
    let entries = model.history().parts();
    assert_eq!(
        entries
            .filter(|part| matches!(part, Part::Entry(_)))
            .count(),
        3
    );
}

#[test]
fn a_session_that_renews_itself_is_not_the_login_that_is_asked_for() {
    let mut model = in_the_room();
    model.update(Input::Draft("half a word".into()));
    log_in(&mut model, "Uthira");
    let kept = SavedSession {
        draft: "the other one's".into(),
        ..SavedSession::default()
    };
    model.update(Input::Restored(Box::new(kept)));
    assert_eq!(logged_in(&mut model, "uthira", "uthira"), []);
    assert_eq!(model.session_to_save().expect("kept").draft, "half a word");
    let refused = Report::LoginRefused {
        field: Field::Key,
        sentence: "A wrong key.".into(),
        limit: None,
    };
    hear(&mut model, refused);
    assert_eq!(logged_in(&mut model, "uthira", "uthira"), []);
    assert_eq!(
        model.hint(),
        Some((Field::Key, "A wrong key.")),
        "it is still to be read"
    );
    assert_eq!(model.session_to_save().expect("kept").read, Some(id(20)));
}

#[test]
fn what_another_name_said_is_not_ours_any_more() {
    let mut model = in_the_room();
    events(&mut model, vec![said(30, "uthira", "hi bob", None)]);
    log_in(&mut model, "bob");
    logged_in(&mut model, "bob", "bob");
    let shown = transcript(&model);
    assert!(
        shown.contains(&"! [uthira]: 0:00:30:hi bob".to_string()),
        "{shown:?}"
    );
}

#[test]
fn a_command_leaves_no_draft_behind() {
    let mut model = in_the_room();
    for command in ["/who", "/help", "/clear", "/quit"] {
        model.update(Input::Draft(command.into()));
        say(&mut model, command, "k");
        assert_eq!(
            model.session_to_save().expect("kept").draft,
            "",
            "{command}"
        );
    }
}
