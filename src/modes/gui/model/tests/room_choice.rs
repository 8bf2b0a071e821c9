//! Which room: found, asked about, or none.

use super::*;
use crate::nearby::{FoundRoom, RoomChange};

fn address(text: &str) -> Address {
    Address::parse(text).expect("an address")
}

/// A window with these recent rooms that searches for one to join as uthira.
fn looking(recent: &[&str]) -> Model {
    let mut model = model();
    let recent = recent.iter().map(|text| text.to_string()).collect();
    model.update(Input::RecentRooms(recent));
    let effects = model.update(Input::JoinOnlyRoom {
        name: "uthira".into(),
        key: "secret".into(),
    });
    assert_eq!(effects, [Effect::Focus(Field::Message)]);
    assert!(model.searches_for_rooms() && model.may_write());
    assert_eq!(model.status(), "looking for rooms on this network…");
    assert!(model.offers(false).is_empty(), "they may all be coming yet");
    model
}

fn find(model: &mut Model, name: &str, at: &str, key: bool) {
    let room = FoundRoom {
        id: format!("id of {name}"),
        name: name.into(),
        addresses: vec![address(at)],
        key,
    };
    assert_eq!(model.update(Input::Nearby(RoomChange::There(room))), []);
}

fn answers(model: &mut Model, name: &str, at: &str) {
    let answered = ProbedRoom {
        address: address(at),
        aliases: Vec::new(),
        id: Some(format!("id of {name}")),
        name: Some(name.into()),
    };
    assert_eq!(model.update(Input::RoomAnswered(answered)), []);
}

fn searched_long(model: &mut Model) -> Vec<Effect> {
    model.update(Input::SearchedLongEnough { busy: false })
}

/// The address of the login, and the key that is told there.
fn goes_to(effects: &[Effect]) -> (String, Option<&str>) {
    let [Effect::FillAddress(filled), Effect::LogIn(login)] = effects else {
        panic!("nobody logs in: {effects:?}");
    };
    assert_eq!(*filled, login.address);
    assert_eq!(login.name, "uthira");
    assert!(login.persist);
    (login.address.short(), login.key.as_deref())
}

fn offered(model: &Model) -> Vec<String> {
    let offers = model.offers(false);
    offers.iter().map(|offer| offer.address.short()).collect()
}

#[test]
fn the_only_room_is_joined_and_said() {
    let mut model = looking(&[]);
    model.update(Input::Note("The settings are odd.".into()));
    find(&mut model, "Lobby", "192.168.1.20", false);
    let effects = searched_long(&mut model);
    assert_eq!(model.status(), "The settings are odd.");
    // It wants no key and is told none.
    assert_eq!(goes_to(&effects), ("192.168.1.20".to_string(), None));
    enter(&mut model, "uthira");
    let words = "Joined Lobby at 192.168.1.20, found on this network.";
    assert_eq!(model.notes, [words]);
    assert!(!model.searches_for_rooms(), "nothing is searched in a room");
    assert!(!model.has_offers());
}

#[test]
fn a_room_of_this_machine_counts_once() {
    let mut model = looking(&[]);
    find(&mut model, "Lobby", "192.168.1.20", true);
    answers(&mut model, "Lobby", "127.0.0.1");
    let effects = searched_long(&mut model);
    let there = ("127.0.0.1".to_string(), Some("secret"));
    assert_eq!(goes_to(&effects), there);
    enter(&mut model, "uthira");
    let words = "Joined Lobby at 127.0.0.1, on this machine.";
    assert_eq!(model.notes, [words]);
}

#[test]
fn the_room_that_was_used_last_needs_no_words() {
    let mut model = looking(&["10.0.0.1"]);
    find(&mut model, "Lobby", "10.0.0.1", false);
    goes_to(&searched_long(&mut model));
    enter(&mut model, "uthira");
    assert!(model.notes.is_empty());
}

#[test]
fn a_key_is_told_to_no_stranger_unasked() {
    let mut model = looking(&["10.0.0.1"]);
    find(&mut model, "Lobby", "192.168.1.20", true);
    assert_eq!(
        searched_long(&mut model),
        [Effect::LoginFailed, Effect::ChooseRoom]
    );
    assert_eq!(offered(&model), ["192.168.1.20"]);
    let words = model.rooms_words().expect("it is said");
    assert!(words.starts_with("This room wants a key"), "{words}");
    // Where somebody was before, it is what it was.
    let mut model = looking(&["192.168.1.20"]);
    find(&mut model, "Lobby", "192.168.1.20", true);
    let there = ("192.168.1.20".to_string(), Some("secret"));
    assert_eq!(goes_to(&searched_long(&mut model)), there);
    // Who has given no key is asked for it by the room.
    let mut model = model_without_key();
    find(&mut model, "Lobby", "192.168.1.20", true);
    let there = ("192.168.1.20".to_string(), None);
    assert_eq!(goes_to(&searched_long(&mut model)), there);
}

fn model_without_key() -> Model {
    let mut model = model();
    let (name, key) = ("uthira".into(), String::new());
    model.update(Input::JoinOnlyRoom { name, key });
    model
}

#[test]
fn several_rooms_are_asked_about() {
    let mut model = looking(&["10.0.0.9", "10.0.0.2", "10.0.0.8"]);
    find(&mut model, "one", "10.0.0.1", false);
    find(&mut model, "two", "10.0.0.2", false);
    assert_eq!(
        searched_long(&mut model),
        [Effect::LoginFailed, Effect::ChooseRoom]
    );
    // What was used comes first, and what is not there is no choice.
    assert_eq!(offered(&model), ["10.0.0.2", "10.0.0.1"]);
    let words = "There are several rooms. Choose one with the arrow keys and Enter, or click it.";
    assert_eq!(model.rooms_words(), Some(words));
    assert!(!model.may_write());
    // One more comes, one goes; nobody is taken anywhere.
    find(&mut model, "three", "10.0.0.3", false);
    assert_eq!(offered(&model), ["10.0.0.2", "10.0.0.1", "10.0.0.3"]);
    for gone in ["two", "one"] {
        let gone = RoomChange::Gone(format!("id of {gone}"));
        assert_eq!(model.update(Input::Nearby(gone)), []);
    }
    assert_eq!(offered(&model), ["10.0.0.3"]);
    let gone = RoomChange::Gone("id of three".into());
    model.update(Input::Nearby(gone));
    assert!(offered(&model).is_empty());
    let words = model.rooms_words().expect("it is said");
    assert!(words.starts_with("No room was found on this network"));
}

#[test]
fn without_any_room_the_last_one_is_tried_until_it_is_back() {
    let mut model = looking(&["10.0.0.1"]);
    let effects = searched_long(&mut model);
    assert_eq!(goes_to(&effects), ("10.0.0.1".to_string(), Some("secret")));
    assert!(model.offers(false).is_empty());
    let offline = LinkState::Offline {
        why: "connection refused".into(),
        again: std::time::Duration::from_secs(1),
    };
    hear(&mut model, Report::State(offline.clone()));
    let (field, sentence) = model.hint().expect("it is said");
    assert_eq!(field, Field::Address);
    assert_eq!(
        sentence,
        "No room was found on this network, and none answers at 10.0.0.1:1337: connection refused. \
         The window keeps trying; rooms that appear are listed here."
    );
    assert!(model.searches_for_rooms());
    // One turns up: it is offered, and nothing else happens.
    find(&mut model, "new", "10.0.0.7", false);
    assert_eq!(offered(&model), ["10.0.0.1", "10.0.0.7"]);
    enter(&mut model, "uthira");
    assert!(!model.searches_for_rooms());
}

#[test]
fn without_any_room_at_all_it_says_how_to_get_one() {
    let mut model = looking(&[]);
    let effects = searched_long(&mut model);
    let to_address = [Effect::LoginFailed, Effect::Focus(Field::Address)];
    assert_eq!(effects, to_address);
    assert_eq!(model.status(), "not logged in");
    let words = model.rooms_words().expect("it is said");
    assert!(words.contains("chatroom server"), "{words}");
    assert!(model.searches_for_rooms());
    // The first one that appears is offered, not joined.
    find(&mut model, "Lobby", "192.168.1.20", false);
    assert_eq!(offered(&model), ["192.168.1.20"]);
    assert_eq!(model.rooms_words(), None);
}

#[test]
fn who_fills_in_the_login_is_taken_nowhere() {
    let mut model = looking(&["10.0.0.1"]);
    find(&mut model, "Lobby", "192.168.1.20", false);
    let effects = model.update(Input::SearchedLongEnough { busy: true });
    assert_eq!(effects, [Effect::LoginFailed]);
    assert_eq!(offered(&model), ["10.0.0.1", "192.168.1.20"]);
    // Who was quicker than the search is not taken away again.
    let mut model = looking(&[]);
    log_in(&mut model, "uthira");
    find(&mut model, "Lobby", "192.168.1.20", false);
    assert_eq!(searched_long(&mut model), []);
    enter(&mut model, "uthira");
    assert!(model.notes.is_empty());
}

#[test]
fn a_login_is_offered_rooms_once_its_fields_matter() {
    // With an address, nothing is searched until the room refuses.
    let mut model = model();
    model.update(Input::RecentRooms(vec![
        "10.0.0.1".into(),
        "10.0.0.2".into(),
    ]));
    log_in(&mut model, "uthira");
    assert!(!model.searches_for_rooms() && model.offers(false).is_empty());
    let refused = Report::LoginRefused {
        field: Field::Name,
        sentence: "Taken.".into(),
        limit: None,
    };
    hear(&mut model, refused);
    assert!(model.searches_for_rooms());
    assert_eq!(offered(&model), ["10.0.0.1", "10.0.0.2"]);
    log_in(&mut model, "bob");
    enter(&mut model, "bob");
    assert!(!model.searches_for_rooms() && model.offers(false).is_empty());
    // Switching to another room; and back.
    model.update(Input::OfferRooms { search: true });
    assert!(model.searches_for_rooms());
    assert_eq!(model.offers(true).len(), 2);
    model.update(Input::CancelLogin);
    assert!(!model.searches_for_rooms());
}
