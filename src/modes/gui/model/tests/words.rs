//! Commands, what is kept, who is here.

use std::time::Duration;

use super::*;

#[test]
fn commands_are_answered_below_the_transcript_and_said_to_nobody() {
    let mut model = in_the_room();
    let effects = say(&mut model, "/who", "k");
    assert_eq!(effects, [Effect::Accepted("/who".into())]);
    assert_eq!(
        transcript(&model).last().expect("a line"),
        "> 2 here: bob, uthira (you)"
    );
    say(&mut model, "/help", "k");
    let help = transcript(&model);
    assert!(
        help.iter().any(|line| line.starts_with("> /who")),
        "{help:?}"
    );
    model.update(Input::Dismiss);
    assert_eq!(transcript(&model), BACKLOG);
    assert_eq!(say(&mut model, "/quit", "k"), [Effect::Quit]);
    assert_eq!(say(&mut model, "/dance", "k"), [], "it stays in the input");
    assert!(
        model
            .status()
            .starts_with("There is no command /dance. /help"),
        "{}",
        model.status()
    );
    // What works next takes the sentence away.
    for works in ["/who", "/help", "/clear"] {
        say(&mut model, "/dance", "k");
        assert!(model.status().starts_with("There is no"), "{works}");
        say(&mut model, works, "k");
        assert_eq!(model.status(), "connected", "{works}");
    }
    assert_eq!(say(&mut model, "/me waves", "k").len(), 3, "that is said");
}

#[test]
fn what_was_not_answered_and_the_draft_outlive_the_window() {
    let mut model = in_the_room();
    model.update(Input::Draft("half a sent".into()));
    say(&mut model, "hi", "k1");
    say(&mut model, "ho", "k2");
    events(&mut model, vec![said(30, "uthira", "hi", Some("k1"))]);
    model.update(Input::Draft("half a sentence".into()));
    let kept = model.session_to_save().expect("it is in");
    assert_eq!(kept.messages.len(), 1);
    assert_eq!(kept.token.as_deref(), Some("t"));

    let mut model = super::model();
    log_in(&mut model, "uthira");
    let restored = Effect::Restore("half a sentence".into());
    assert_eq!(model.update(Input::Restored(Box::new(kept))), [restored]);
    let effects = enter(&mut model, "uthira");
    let said_again =
        |effect: &&Effect| matches!(effect, Effect::Send(message) if message.text == "ho");
    assert_eq!(effects.iter().filter(said_again).count(), 1);
    assert!(transcript(&model).contains(&"[uthira]: ho <waiting>".to_string()));
    assert_eq!(renew_session(&mut model, "uthira"), [], "once is enough");
}

#[test]
fn nothing_is_kept_before_the_login() {
    assert_eq!(model().session_to_save(), None);
}

#[test]
fn who_says_nothing_for_long_is_shown_as_idle() {
    let mut model = in_the_room();
    let later = |minutes: u64| Stamp::from_micros(0).plus(Duration::from_secs(minutes * 60));
    let here = |model: &Model| screen(model)[4].clone();
    model.update(Input::Time(later(4)));
    assert_eq!(here(&model), "Here (2) bob, uthira (you)");
    model.update(Input::Time(later(6)));
    assert_eq!(here(&model), "Here (2) bob 6 min, uthira (you) 6 min");
    model.update(Input::Time(later(60 * 25)));
    let body = Body::message("uthira", "still here");
    let spoken = recorded(id(40), later(60 * 25), body);
    events(&mut model, vec![spoken]);
    let shown = screen(&model);
    let here = shown
        .iter()
        .find(|line| line.starts_with("Here"))
        .expect("it is there");
    assert_eq!(here, "Here (2) bob 1 d, uthira (you)");
    assert_eq!(model.speakers(), ["bob"], "oneself is not completed");
}

#[test]
fn who_is_here_is_completed_before_who_left() {
    let mut model = in_the_room();
    let talk = vec![
        join(30, "uthira1"),
        said(31, "uthira1", "hi", None),
        said(32, "bob", "ho", None),
        join(33, "uthira2"),
        said(34, "uthira2", "hi", None),
        leave(35, "uthira2"),
        join(36, "zoe"),
    ];
    events(&mut model, talk);
    assert_eq!(model.speakers(), ["bob", "uthira1", "zoe", "uthira2"]);
}

#[test]
fn what_the_desktop_lacks_is_said_while_the_room_is_there() {
    let mut model = in_the_room();
    model.update(Input::MinorNote("The desktop shows none.".into()));
    assert_eq!(model.status(), "The desktop shows none.");
    let (why, again) = ("gone".to_string(), Duration::from_secs(3));
    hear(&mut model, Report::State(LinkState::Offline { why, again }));
    assert_eq!(model.status(), "offline: gone; trying again in 3 s");
    hear(&mut model, Report::State(LinkState::Connected));
    assert_eq!(model.status(), "The desktop shows none.");
    say(&mut model, "hi", "k");
    assert_eq!(model.status(), "connected");
}

#[test]
fn who_logs_in_again_by_hand_has_the_cursor_in_the_input() {
    let mut model = in_the_room();
    // By itself, the cursor stays where it is.
    assert_eq!(renew_session(&mut model, "uthira"), []);
    log_in(&mut model, "uthira");
    let effects = renew_session(&mut model, "uthira");
    assert!(
        effects.contains(&Effect::Focus(Field::Message)),
        "{effects:?}"
    );
}

#[test]
fn a_server_of_another_version_is_named() {
    let mut model = model();
    log_in(&mut model, "uthira");
    let session = Session {
        name: "uthira".into(),
        token: "t".into(),
        room: "lobby".into(),
        id: id(1),
        version: Some("99.0.0".into()),
    };
    let fresh = true;
    let login = Box::new(model.login_asked().expect("somebody logs in"));
    let report = Report::LoggedIn {
        login,
        session,
        fresh,
    };
    hear(&mut model, report);
    assert!(model.notes[0].contains("99.0.0"), "{:?}", model.notes);
}

/// The line of who is here.
fn here(model: &Model) -> String {
    let lines = screen(model).into_iter();
    let mut lines = lines.filter(|line| line.starts_with("Here ("));
    lines.next().expect("it is always there")
}

#[test]
fn nobody_is_idle_by_a_wrong_clock_or_by_what_they_said_before_they_came_in() {
    const HOUR: i64 = 3_600_000_000;
    // The server's clock is three hours ahead of this machine's.
    for ahead in [0, 3 * HOUR] {
        let mut model = model();
        model.update(Input::Time(Stamp::from_micros(48 * HOUR)));
        log_in(&mut model, "uthira");
        enter(&mut model, "uthira");
        members(&mut model, 20, &["uthira", "bob"]);
        let greeting = Wire::Hello {
            id: None,
            now: Stamp::from_micros(48 * HOUR + ahead),
            heartbeat: 15,
        };
        let two_days_ago = said(9, "bob", "hello", None);
        events(&mut model, vec![greeting, two_days_ago, join(20, "uthira")]);
        assert_eq!(here(&model), "Here (2) bob, uthira (you)");
        model.update(Input::Time(Stamp::from_micros(60 * HOUR)));
        assert_eq!(here(&model), "Here (2) bob 12 h, uthira (you) 12 h");
    }
}

#[test]
fn what_is_wrong_with_another_login_is_not_said_once_it_is_given_up() {
    let mut model = in_the_room();
    log_in(&mut model, "waytoolong");
    let refused = Report::LoginRefused {
        field: Field::Name,
        sentence: "A name has at most 8 characters.".into(),
        limit: Some(8),
    };
    hear(&mut model, refused);
    assert!(model.hint().is_some());
    model.update(Input::CancelLogin);
    assert_eq!(model.hint(), None);
}
