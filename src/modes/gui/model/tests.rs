//! The window as drawn lines: what a user would see after what happened.

mod breaks;
mod counting;
mod edges;
mod left;
mod log_change;
mod room_choice;
mod search;
mod unread;
mod words;

use std::time::Duration;

use super::*;
use crate::event::{Body, Elapsed, LogId, MAX_TEXT};
use crate::modes::gui::keep::settings::TimeDisplay;
use crate::modes::gui::tests::{at, id, key, recorded};
use crate::modes::gui::transcript::items::{ItemRank, items};
use crate::modes::gui::transcript::styled::{Placement, text_of};
use crate::wire::{HistoryRange, Member, Members, Said, Session, Wire};

/// The window, drawn as a user sees it: title, hint, transcript, who is here, status.
fn screen(model: &Model) -> Vec<String> {
    let mut lines = vec![model.title()];
    if let Some((field, sentence)) = model.hint() {
        lines.push(format!("! {field:?}: {sentence}"));
    }
    lines.extend(transcript(model));
    let people = model.people().into_iter().map(|person| {
        let you = if person.me { " (you)" } else { "" };
        let idle = person.idle.map(|idle| format!(" {idle}"));
        format!("{}{you}{}", person.name, idle.unwrap_or_default())
    });
    let people: Vec<String> = people.collect();
    lines.push(format!("Here ({}) {}", people.len(), people.join(", ")));
    lines.push(model.status());
    lines
}

/// The transcript, without its beginning and the day: every test has those.
fn transcript(model: &Model) -> Vec<String> {
    let surroundings = model.surroundings();
    let items = items(model.history(), &surroundings);
    let items = items
        .iter()
        .filter(|item| !matches!(item.id.rank, ItemRank::Day | ItemRank::Start));
    let drawn = items.map(|item| {
        let line = text_of(item, model.history(), &surroundings, TimeDisplay::Elapsed);
        let text = match line.placement {
            Placement::Rule => format!("--- {} ---", line.text),
            Placement::Grouped => format!("  {}", line.text),
            Placement::Note => format!("> {}", line.text),
            _ => line.text.clone(),
        };
        let mention = if line.mention { "! " } else { "" };
        let delivery = match line.delivery {
            "" => String::new(),
            delivery => format!(" <{delivery}>"),
        };
        match item.id.rank {
            ItemRank::Gap => format!("~ {text}"),
            _ => format!("{mention}{text}{delivery}"),
        }
    });
    drawn.collect()
}

fn model() -> Model {
    Model::new(|at| at.utc().naive_utc())
}

fn said(offset: u64, from: &str, text: &str, with: Option<&str>) -> Wire {
    recorded(
        id(offset),
        at(),
        Body::message(from, text)
            .elapsed(offset)
            .keyed(with.map(key)),
    )
}

fn join(offset: u64, name: &str) -> Wire {
    recorded(id(offset), at(), Body::join(name))
}

fn leave(offset: u64, name: &str) -> Wire {
    recorded(id(offset), at(), Body::leave(name))
}

fn opened(offset: u64) -> Wire {
    let body = Body::opened("chatroom 0.1.0", "");
    recorded(id(offset), at(), body)
}

fn log_in(model: &mut Model, name: &str) -> Vec<Effect> {
    model.update(Input::LogIn {
        address: "10.0.0.1".into(),
        name: name.into(),
        key: String::new(),
        persist: false,
    })
}

fn hear(model: &mut Model, report: Report) -> Vec<Effect> {
    model.update(Input::Link(report))
}

fn events(model: &mut Model, events: Vec<Wire>) -> Vec<Effect> {
    hear(model, Report::Events(events))
}

/// The stream begins, after the event at this offset (or with the log).
fn hello(after: Option<u64>) -> Wire {
    Wire::Hello {
        id: after.map(id),
        now: at(),
        heartbeat: 15,
    }
}

/// The link reports these events for a query; `next` is the event from which the next query goes on.
fn range(
    model: &mut Model,
    query: HistoryQuery,
    events: Vec<Wire>,
    next: Option<u64>,
) -> Vec<Effect> {
    let next = next.map(id);
    let range = Ok(HistoryRange { events, next });
    hear(model, Report::Range { query, range })
}

/// The first gap of the transcript.
fn gap(model: &Model) -> Gap {
    model.history().gaps().next().expect("a gap")
}

/// The input of a user who scrolls up until the first gap is visible.
fn gap_in_sight(model: &Model) -> Input {
    Input::GapInSight {
        gap: gap(model),
        from_above: false,
    }
}

/// The user scrolls to where the end is visible.
fn scroll_to_end(model: &mut Model, lowest_visible: u64) {
    model.update(Input::Viewed {
        at_end: true,
        lowest_visible,
    });
}

/// The user scrolls to where this event is the lowest visible one, above the end.
fn scroll_up(model: &mut Model, lowest_visible: u64) {
    model.update(Input::Viewed {
        at_end: false,
        lowest_visible,
    });
}

fn members(model: &mut Model, as_of: u64, names: &[&str]) {
    let list = Members {
        id: id(as_of),
        members: model_members(names),
    };
    hear(model, Report::Members(list));
}

fn model_members(names: &[&str]) -> Vec<Member> {
    let member = |name: &&str| Member {
        name: name.to_string(),
        since: at(),
        idle: 0,
    };
    names.iter().map(member).collect()
}

impl Model {
    /// The login that is under way, or the one that holds.
    fn login_asked(&self) -> Option<Login> {
        let held = match &self.phase {
            Phase::Out | Phase::Searching { .. } => None,
            Phase::LoggingIn(login) | Phase::In { login, .. } => Some(login.clone()),
        };
        self.requested
            .as_ref()
            .map(|(login, _)| login.clone())
            .or(held)
    }
}

/// The login is accepted, in another room than before.
fn enter(model: &mut Model, name: &str) -> Vec<Effect> {
    accept_login(model, name, true)
}

/// The link has logged in again by itself.
fn renew_session(model: &mut Model, name: &str) -> Vec<Effect> {
    accept_login(model, name, false)
}

fn accept_login(model: &mut Model, name: &str, fresh: bool) -> Vec<Effect> {
    let session = Session {
        name: name.into(),
        token: "t".into(),
        room: "lobby".into(),
        id: id(1),
        version: None,
    };
    let login = Box::new(model.login_asked().expect("somebody logs in"));
    let report = Report::LoggedIn {
        login,
        session,
        fresh,
    };
    hear(model, report)
}

/// uthira is in, bob too, and there is something to read.
fn in_the_room() -> Model {
    let mut model = model();
    log_in(&mut model, "uthira");
    enter(&mut model, "uthira");
    members(&mut model, 20, &["uthira", "bob"]);
    hear(&mut model, Report::State(LinkState::Connected));
    events(
        &mut model,
        vec![
            hello(None),
            join(5, "bob"),
            said(9, "bob", "hello", None),
            join(20, "uthira"),
        ],
    );
    model
}

/// Says something, on a machine whose disk is sure of it at once.
fn say(model: &mut Model, text: &str, with: &str) -> Vec<Effect> {
    let effects = model.update(Input::Send {
        text: text.into(),
        key: key(with),
    });
    model.update(Input::Durable(vec![key(with)]));
    effects
}

const TITLE: &str = "chatroom - lobby @ 10.0.0.1";
const BACKLOG: [&str; 3] = [
    "Client (bob) entered room",
    "[bob]: 0:00:09:hello",
    "Client (uthira) entered room",
];

fn with_backlog(rest: &[&str]) -> Vec<String> {
    let lines = [TITLE]
        .into_iter()
        .chain(BACKLOG)
        .chain(rest.iter().copied());
    lines.map(str::to_string).collect()
}

#[test]
fn a_refused_name_is_asked_for_again_as_often_as_it_takes() {
    let mut model = model();
    assert_eq!(screen(&model), ["chatroom", "Here (0) ", "not logged in"]);
    for name in ["uthiravenkat", "uthiravenkata"] {
        let effects = log_in(&mut model, name);
        assert!(matches!(&effects[..], [Effect::LogIn(login)] if login.name == name));
        assert_eq!(screen(&model)[2], "connecting to 10.0.0.1:1337");
        let effects = hear(
            &mut model,
            Report::LoginRefused {
                field: Field::Name,
                sentence: "A name has at most 8 characters.".into(),
                limit: Some(8),
            },
        );
        assert_eq!(effects, [Effect::LoginFailed, Effect::Focus(Field::Name)]);
        assert!(!model.is_in());
        assert_eq!(
            screen(&model),
            [
                "chatroom",
                "! Name: A name has at most 8 characters.",
                "Here (0) ",
                "not logged in"
            ]
        );
    }
    log_in(&mut model, "uthira");
    let effects = enter(&mut model, "uthira");
    let address = Address::parse("10.0.0.1").expect("an address");
    assert_eq!(
        effects,
        [Effect::LoggedIn(address), Effect::Focus(Field::Message)]
    );
    assert_eq!(model.hint(), None);
}

#[test]
fn a_wrong_address_is_said_without_asking_anybody() {
    let mut model = model();
    let effects = model.update(Input::LogIn {
        address: "a b".into(),
        name: "x".into(),
        key: String::new(),
        persist: false,
    });
    assert_eq!(effects, [Effect::Focus(Field::Address)]);
    assert_eq!(model.hint().map(|(field, _)| field), Some(Field::Address));
}

#[test]
fn the_key_is_asked_for_when_the_room_wants_one() {
    let mut model = model();
    log_in(&mut model, "uthira");
    assert!(!model.asks_key());
    let sentence = "This room has a key.".to_string();
    let field = Field::Key;
    let refused = Report::LoginRefused {
        field,
        sentence,
        limit: None,
    };
    let effects = hear(&mut model, refused);
    assert_eq!(effects, [Effect::LoginFailed, Effect::Focus(Field::Key)]);
    assert!(model.asks_key());
}

#[test]
fn the_backlog_is_there_on_entry_and_others_appear_by_themselves() {
    let mut model = in_the_room();
    assert_eq!(
        screen(&model),
        with_backlog(&["Here (2) bob, uthira (you)", "connected"])
    );
    events(
        &mut model,
        vec![
            join(30, "Eve"),
            said(34, "Eve", "/me waves", None),
            leave(40, "bob"),
        ],
    );
    assert_eq!(
        screen(&model),
        with_backlog(&[
            "Client (Eve) entered room",
            "* Eve waves",
            "Client (bob) is offline",
            "Here (2) Eve, uthira (you)",
            "connected"
        ])
    );
}

#[test]
fn an_own_message_waits_until_the_server_has_it() {
    let mut model = in_the_room();
    let effects = say(&mut model, "hi", "k1");
    let message = OutboxMessage {
        key: key("k1"),
        text: "hi".into(),
        after: Some(id(20)),
    };
    let taken = Effect::Accepted("hi".into());
    assert_eq!(effects, [Effect::Send(message), taken, Effect::GoToEnd]);
    let rest = [
        "[uthira]: hi <waiting>",
        "Here (2) bob, uthira (you)",
        "connected",
    ];
    assert_eq!(screen(&model), with_backlog(&rest));
    let answer = Ok(Said {
        id: id(30),
        at: at(),
        elapsed: Elapsed(10),
    });
    hear(
        &mut model,
        Report::Answer {
            key: key("k1"),
            answer: answer.clone(),
        },
    );
    assert!(screen(&model).contains(&"[uthira]: hi <sent>".to_string()));
    let shown = [
        "[uthira]: 0:00:30:hi <sent>",
        "Here (2) bob, uthira (you)",
        "connected",
    ];
    events(&mut model, vec![said(30, "uthira", "hi", Some("k1"))]);
    assert_eq!(screen(&model), with_backlog(&shown));

    // The stream may be faster than the answer.
    say(&mut model, "ho", "k2");
    events(&mut model, vec![said(31, "uthira", "ho", Some("k2"))]);
    hear(
        &mut model,
        Report::Answer {
            key: key("k2"),
            answer,
        },
    );
    assert_eq!(model.surroundings().pending, []);
}

#[test]
fn a_refused_message_stays_with_the_reason_until_it_is_retried_or_dismissed() {
    let mut model = in_the_room();
    let refuse = |model: &mut Model| {
        let answer = Err("The room is closed for today.".into());
        let key = key("k1");
        hear(model, Report::Answer { key, answer });
    };
    let again = OutboxMessage {
        key: key("k1"),
        text: "hi".into(),
        after: None,
    };
    say(&mut model, "hi", "k1");
    refuse(&mut model);
    let rest = [
        "[uthira]: hi\nrefused: The room is closed for today.  Retry  Remove <refused>",
        "Here (2) bob, uthira (you)",
        "connected",
    ];
    assert_eq!(screen(&model), with_backlog(&rest));
    assert_eq!(
        model.update(Input::Retry(key("k1"))),
        [Effect::Send(again)],
        "under the same key, since it may be there, and without looking for it once more"
    );
    assert!(screen(&model).contains(&"[uthira]: hi <saving>".to_string()));
    assert_eq!(
        model.update(Input::Retry(key("k1"))),
        [],
        "it is on its way"
    );
    refuse(&mut model);
    model.update(Input::Dismiss);
    assert_eq!(model.surroundings().pending, []);
}

#[test]
fn what_cannot_be_sent_stays_in_the_input() {
    let mut model = model();
    assert_eq!(say(&mut model, "hi", "k"), []);
    assert!(model.status().starts_with("Log in first"));
    let mut model = in_the_room();
    assert_eq!(say(&mut model, " \n", "k"), []);
    assert_eq!(say(&mut model, &"x".repeat(MAX_TEXT + 1), "k"), []);
    assert!(model.status().contains("at most 16384 bytes"));
    for n in 0..1000 {
        assert_eq!(say(&mut model, "x", &n.to_string()).len(), 3);
    }
    assert_eq!(say(&mut model, "x", "one-more"), []);
    assert!(model.status().starts_with("1000 messages are waiting"));
}
