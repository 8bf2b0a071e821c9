//! The window while the connection breaks, while the server restarts, and in the back.

use std::time::Duration;

use super::*;

#[test]
fn a_break_is_said_and_nothing_is_doubled_after_it() {
    let mut model = in_the_room();
    say(&mut model, "hi", "k1");
    let why = "connection refused".to_string();
    let again = Duration::from_secs(4);
    hear(&mut model, Report::State(LinkState::Offline { why, again }));
    let status = |model: &Model| model.status();
    assert_eq!(
        status(&model),
        "offline: connection refused; trying again in 4 s"
    );
    model.update(Input::Time(Stamp::from_micros(2_100_000)));
    assert_eq!(
        status(&model),
        "offline: connection refused; trying again in 2 s"
    );
    assert_eq!(model.changes_in(), Some(Duration::from_secs(1)));
    assert_eq!(model.update(Input::TryNow), [Effect::TryNow]);
    assert_eq!(model.hint(), None, "who was in needs no hint");
    members(&mut model, 31, &["uthira", "bob", "eve"]);
    hear(&mut model, Report::State(LinkState::Connected));
    events(
        &mut model,
        vec![
            hello(Some(20)),
            said(9, "bob", "hello", None),
            join(20, "uthira"),
            said(30, "uthira", "hi", Some("k1")),
            join(31, "eve"),
        ],
    );
    let rest = [
        "[uthira]: 0:00:30:hi <sent>",
        "Client (eve) entered room",
        "Here (3) bob, eve, uthira (you)",
        "connected",
    ];
    assert_eq!(screen(&model), with_backlog(&rest));
}

#[test]
fn a_restart_empties_the_list_unless_it_is_newer() {
    let mut model = in_the_room();
    events(&mut model, vec![opened(30)]);
    assert_eq!(
        screen(&model),
        with_backlog(&["* Room opened (chatroom 0.1.0)", "Here (0) ", "connected"])
    );
    events(&mut model, vec![join(31, "uthira")]);
    assert_eq!(names(&model), ["uthira"]);

    let mut model = in_the_room();
    members(&mut model, 40, &["uthira"]);
    events(&mut model, vec![opened(30), join(40, "uthira")]);
    assert_eq!(names(&model), ["uthira"]);
}

fn names(model: &Model) -> Vec<String> {
    model
        .people()
        .into_iter()
        .map(|person| person.name)
        .collect()
}

const REPLACED: &str =
    "The room's log was replaced or restored: what you saw before is not in this one.";

#[test]
fn a_reset_after_a_rotation_names_the_earlier_log() {
    let mut model = in_the_room();
    // The list of members is as of the log that there is.
    let list = |model: &mut Model, log: u32| {
        let id = Id {
            log: LogId(log),
            ..id(3)
        };
        let members = model_members(&["uthira"]);
        hear(model, Report::Members(Members { id, members }));
    };
    list(&mut model, 2);
    events(
        &mut model,
        vec![Wire::Reset {
            message: "It is in an earlier log.".into(),
            earlier: Some("log.txt.\u{202e}old".into()),
        }],
    );
    let seen = transcript(&model).join("\n");
    let words = "what you saw before is in the earlier one, log.txt. old, which";
    assert!(seen.contains(words) && !seen.contains(REPLACED), "{seen}");
    // The next one is another matter.
    list(&mut model, 3);
    events(
        &mut model,
        vec![Wire::Reset {
            message: "It is in no log.".into(),
            earlier: None,
        }],
    );
    let seen = transcript(&model).join("\n");
    assert!(seen.contains(REPLACED), "{seen}");
}

#[test]
fn a_reset_starts_the_transcript_afresh_and_says_so() {
    let mut model = in_the_room();
    let other = Id {
        log: LogId(2),
        ..id(3)
    };
    // The list of members comes first, as it is in the other log.
    let list = Members {
        id: other,
        members: model_members(&["bob", "eve", "uthira"]),
    };
    hear(&mut model, Report::Members(list));
    events(
        &mut model,
        vec![
            Wire::Hello {
                id: Some(Id { offset: 2, ..other }),
                now: at(),
                heartbeat: 15,
            },
            Wire::Reset {
                message: "The log was replaced.".into(),
                earlier: None,
            },
            recorded(other, at(), Body::join("eve")),
        ],
    );
    assert_eq!(
        screen(&model),
        [
            TITLE,
            "~ earlier messages",
            "Client (eve) entered room",
            REPLACED,
            "Here (3) bob, eve, uthira (you)",
            "connected"
        ]
    );
    // What is said next stands below it, and the line goes up with the rest.
    let after = Id { offset: 9, ..other };
    let next = recorded(after, at(), Body::message("eve", "new").elapsed(9));
    events(&mut model, vec![next]);
    let seen = transcript(&model);
    assert_eq!(seen[2..], [REPLACED, "[eve]: 0:00:09:new"]);
    say(&mut model, "/clear", "c");
    let seen = transcript(&model).join("\n");
    assert!(!seen.contains(REPLACED), "{seen}");
}

#[test]
fn a_line_stands_above_what_came_while_the_window_was_in_the_back() {
    let mut model = in_the_room();
    model.update(Input::Front(false));
    events(&mut model, vec![join(29, "eve")]);
    assert_eq!(model.title(), TITLE, "coming and going calls nobody");
    events(
        &mut model,
        vec![said(30, "bob", "psst", None), said(31, "bob", "hey", None)],
    );
    assert_eq!(model.title(), format!("(2) {TITLE}"));
    model.update(Input::Front(true));
    let rest = [
        "Client (eve) entered room",
        "--- new messages ---",
        "[bob]: 0:00:30:psst",
        "  0:00:31:hey",
        "Here (3) bob, eve, uthira (you)",
        "connected",
    ];
    assert_eq!(screen(&model), with_backlog(&rest));
    model.update(Input::Front(false));
    assert!(!screen(&model).contains(&"--- new messages ---".to_string()));
}

#[test]
fn pressing_log_in_again_in_the_room_only_hurries() {
    let mut model = in_the_room();
    assert_eq!(log_in(&mut model, " uthira ").len(), 1);
    assert!(
        model.is_in(),
        "the link does not report what has not changed"
    );
}

#[test]
fn another_name_that_is_refused_leaves_everything_as_it_was() {
    let mut model = in_the_room();
    log_in(&mut model, "eve");
    assert!(
        model.is_in(),
        "the old login goes on until there is another"
    );
    let refused = Report::LoginRefused {
        field: Field::Name,
        sentence: "Somebody has this name.".into(),
        limit: None,
    };
    hear(&mut model, refused);
    hear(&mut model, Report::State(LinkState::Connected));
    let mut expected = with_backlog(&["Here (2) bob, uthira (you)", "connected"]);
    expected.insert(1, "! Name: Somebody has this name.".to_string());
    assert_eq!(screen(&model), expected);
}

#[test]
fn a_session_that_is_refused_for_good_asks_for_another_login() {
    let mut model = in_the_room();
    hear(&mut model, Report::State(LinkState::Connecting));
    assert!(!model.is_over());
    let refused = Report::LoginRefused {
        field: Field::Key,
        sentence: "This room has a key.".into(),
        limit: None,
    };
    let effects = hear(&mut model, refused);
    assert_eq!(effects, [Effect::LoginFailed, Effect::Focus(Field::Key)]);
    assert!(model.is_in() && model.is_over() && model.asks_key());
    assert_eq!(model.status(), "not logged in");
    hear(&mut model, Report::State(LinkState::Connected));
    assert!(!model.is_over());
}

#[test]
fn a_login_behind_the_users_back_leaves_the_cursor_alone() {
    let mut model = in_the_room();
    assert_eq!(renew_session(&mut model, "uthira"), []);
    assert_eq!(
        screen(&model),
        with_backlog(&["Here (2) bob, uthira (you)", "connected"])
    );
}

#[test]
fn a_persistent_login_says_that_nobody_is_there_and_goes_on() {
    let mut model = model();
    model.update(Input::LogIn {
        address: "10.0.0.1:7".into(),
        name: "uthira".into(),
        key: "sesame".into(),
        persist: true,
    });
    let why = "connection refused".to_string();
    let again = Duration::from_millis(300);
    hear(&mut model, Report::State(LinkState::Offline { why, again }));
    let drawn = screen(&model);
    assert!(drawn[1].starts_with("! Address: No chatroom answers at 10.0.0.1:7: connection"));
    assert_eq!(drawn[3], "offline: connection refused; trying again in 1 s");
    assert_eq!(enter(&mut model, "uthira").len(), 2);
    assert_eq!(model.hint(), None);
}
