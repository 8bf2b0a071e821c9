//! The search, in what is loaded and in what is not.

use super::*;

/// The answer to the search for tea before an event.
fn matches(
    model: &mut Model,
    before: Option<u64>,
    found: Vec<Wire>,
    next: Option<u64>,
) -> Vec<Effect> {
    range(model, tea_before(before), found, next)
}

fn tea_before(before: Option<u64>) -> HistoryQuery {
    HistoryQuery::Find {
        text: "tea".into(),
        before: before.map(id),
    }
}

/// In the room, with tea in 100 and 120, and a gap before 100.
fn with_tea() -> Model {
    let mut model = model();
    log_in(&mut model, "uthira");
    enter(&mut model, "uthira");
    members(&mut model, 120, &["uthira"]);
    hear(&mut model, Report::State(LinkState::Connected));
    events(
        &mut model,
        vec![
            hello(Some(90)),
            said(100, "bob", "Tea?", None),
            said(110, "eve", "coffee", None),
            said(120, "bob", "no tea then", None),
        ],
    );
    model
}

fn ask(before: Option<u64>) -> Effect {
    Effect::Fetch(tea_before(before))
}

#[test]
fn what_is_loaded_is_found_at_once_and_the_rest_through_the_server() {
    let mut model = with_tea();
    let effects = model.update(Input::Search("tea".into()));
    assert_eq!(effects, [ask(None), Effect::GoToEvent(120)]);
    assert_eq!(model.find_words(), "1 of at least 2");
    let found = vec![
        said(100, "bob", "Tea?", None),
        said(120, "bob", "no tea then", None),
    ];
    assert_eq!(matches(&mut model, None, found, Some(95)), []);
    assert_eq!(
        model.update(Input::SearchStep { older: true }),
        [Effect::GoToEvent(100)]
    );
    assert_eq!(model.find_words(), "2 of at least 2");
    // Beyond what is loaded: the server searches on, and its match is shown alone.
    assert_eq!(
        model.update(Input::SearchStep { older: true }),
        [ask(Some(95))]
    );
    assert_eq!(model.find_words(), "searching…");
    let found = vec![said(50, "eve", "more tea", None)];
    assert_eq!(
        matches(&mut model, Some(95), found, None),
        [Effect::GoToEvent(50)]
    );
    assert_eq!(model.find_words(), "3 of 3");
    assert_eq!(
        transcript(&model)[..3],
        [
            "~ earlier messages",
            "[eve]: 0:00:50:more tea",
            "~ earlier messages"
        ]
    );
    assert_eq!(
        model.update(Input::SearchStep { older: true }),
        [],
        "there is none older"
    );
    assert_eq!(
        model.update(Input::SearchStep { older: false }),
        [Effect::GoToEvent(100)]
    );
    // What is said meanwhile is found too.
    events(&mut model, vec![said(130, "eve", "TEA!", None)]);
    assert_eq!(model.find_words(), "3 of 4");
}

#[test]
fn an_empty_segment_is_passed_and_nothing_found_is_said() {
    let mut model = in_the_room();
    assert_eq!(model.update(Input::Search("tea".into())), [ask(None)]);
    assert_eq!(model.find_words(), "searching…");
    assert_eq!(matches(&mut model, None, vec![], Some(15)), [ask(Some(15))]);
    assert_eq!(matches(&mut model, Some(15), vec![], None), []);
    assert_eq!(model.find_words(), "nothing found");
    model.update(Input::Search(String::new()));
    assert_eq!((model.needle(), model.find_words()), (None, String::new()));
}

#[test]
fn offline_only_what_is_loaded_is_searched_and_that_is_said() {
    let mut model = with_tea();
    let (why, again) = ("gone".to_string(), std::time::Duration::from_secs(5));
    hear(&mut model, Report::State(LinkState::Offline { why, again }));
    assert_eq!(
        model.update(Input::Search("tea".into())),
        [Effect::GoToEvent(120)]
    );
    assert_eq!(model.find_words(), "1 of 2 loaded here (offline)");
}

#[test]
fn answers_to_an_earlier_search_are_not_taken() {
    let mut model = with_tea();
    model.update(Input::Search("tea".into()));
    model.update(Input::Search("coffee".into()));
    matches(
        &mut model,
        None,
        vec![said(50, "eve", "more tea", None)],
        None,
    );
    assert_eq!(model.find_words(), "1 of at least 1");
}
