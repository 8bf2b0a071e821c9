//! The messages that an earlier window left: shown before a server answers, sent once one does.

use super::*;

fn message(text: &str) -> OutboxMessage {
    OutboxMessage {
        key: key(&text.replace(' ', "-")),
        text: text.into(),
        after: Some(id(5)),
    }
}

fn kept(draft: &str, messages: &[&str]) -> SavedSession {
    SavedSession {
        read: Some(id(9)),
        read_at: None,
        token: Some("old".into()),
        draft: draft.into(),
        messages: messages.iter().map(|text| message(text)).collect(),
        geometry: None,
    }
}

fn offline() -> Report {
    Report::State(LinkState::Offline {
        why: "nobody answers".into(),
        again: Duration::from_secs(5),
    })
}

#[test]
fn it_is_seen_while_the_room_is_away_and_said_once_it_is_back() {
    let mut model = model();
    log_in(&mut model, "uthira");
    let left = kept("half a", &["one", "two"]);
    let effects = model.update(Input::Restored(Box::new(left.clone())));
    assert_eq!(effects, [Effect::Restore("half a".into())]);
    hear(&mut model, offline());
    let waits = ["[uthira]: one <waiting>", "[uthira]: two <waiting>"];
    assert_eq!(transcript(&model), waits);
    assert_eq!(
        model.session_to_save(),
        Some(left.clone()),
        "nothing is given up"
    );
    // What is written on the way in is kept with the rest.
    model.update(Input::Draft("half a sentence".into()));
    let draft = "half a sentence".to_string();
    assert_eq!(
        model.session_to_save(),
        Some(SavedSession { draft, ..left })
    );
    let effects = enter(&mut model, "uthira");
    let said = effects.iter().filter_map(|effect| match effect {
        Effect::Send(message) => Some(message.text.clone()),
        Effect::Restore(text) => panic!("{text} is there already"),
        _ => None,
    });
    assert_eq!(said.collect::<Vec<_>>(), ["one", "two"]);
    assert_eq!(transcript(&model), waits, "and shown once");
    assert_eq!(
        model.session_to_save().expect("kept").draft,
        "half a sentence"
    );
}

#[test]
fn what_is_another_rooms_is_not_seen_in_this_one() {
    let mut model = model();
    log_in(&mut model, "uthira");
    model.update(Input::Restored(Box::new(kept("", &["for the other"]))));
    hear(&mut model, offline());
    log_in(&mut model, "eve");
    assert_eq!(
        model.session_to_save(),
        None,
        "not before it is known what eve left"
    );
    model.update(Input::Restored(Box::new(kept("", &["mine"]))));
    assert_eq!(transcript(&model), ["[eve]: mine <waiting>"]);
    let effects = enter(&mut model, "eve");
    let says = |effect: &&Effect| matches!(effect, Effect::Send(_));
    assert_eq!(effects.iter().filter(says).count(), 1);
}

#[test]
fn who_is_in_a_room_sees_nothing_of_the_one_that_is_asked_for() {
    let mut model = in_the_room();
    let before = transcript(&model);
    log_in(&mut model, "eve");
    model.update(Input::Restored(Box::new(kept("draft", &["later"]))));
    assert_eq!(transcript(&model), before);
    let effects = enter(&mut model, "eve");
    assert!(effects.contains(&Effect::Restore("draft".into())));
    assert!(effects.contains(&Effect::Send(message("later"))));
}

#[test]
fn what_waits_is_on_the_disk() {
    let mut model = in_the_room();
    for text in ["one", "two"] {
        let key = key(text);
        let text = text.to_string();
        model.update(Input::Send { text, key });
    }
    let last = |model: &Model| transcript(model)[3..].to_vec();
    let saving = ["[uthira]: one <saving>", "[uthira]: two <saving>"];
    assert_eq!(last(&model), saving);
    model.update(Input::Durable(vec![key("one"), key("other")]));
    let sure = ["[uthira]: one <waiting>", "[uthira]: two <saving>"];
    assert_eq!(last(&model), sure);
    // One that was refused is not kept, so it begins anew.
    let refused = Err("no".into());
    let answer = Report::Answer {
        key: key("one"),
        answer: refused,
    };
    hear(&mut model, answer);
    model.update(Input::Retry(key("one")));
    assert_eq!(last(&model), saving);
    // Where nothing can be kept, nothing is said to be.
    model.update(Input::Saving(false));
    let not = ["[uthira]: one <not kept>", "[uthira]: two <not kept>"];
    assert_eq!(last(&model), not);
}
