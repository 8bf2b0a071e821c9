//! The desktop of these tests is a bus of their own, with services that note the calls.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};

use support::session_bus::SessionBus;

use super::*;

/// The limit for anything that is waited for; only a failure reaches it.
const LONG: Duration = Duration::from_secs(20);
const PORTAL: &str = "org.freedesktop.portal.Desktop";

/// Serves a portal that knows one method and has this preference.
fn serve_portal(bus: &SessionBus, method: &'static str, preference: u32) {
    bus.serve(PORTAL, async move |bus, call| {
        let header = call.header();
        let asked: (String, String) = call.body().deserialize().expect("two strings");
        assert_eq!(asked.0, "org.freedesktop.appearance");
        assert_eq!(asked.1, "color-scheme");
        let value = Variant::U32(preference);
        match header.member().map(|member| member.as_str()) {
            Some("ReadOne") if method == "ReadOne" => bus.reply(&header, &value).await,
            Some("Read") if method == "Read" => {
                let twice = Variant::Variant(Box::new(value));
                bus.reply(&header, &twice).await
            }
            _ => {
                let unknown = "org.freedesktop.DBus.Error.UnknownMethod";
                bus.reply_error(&header, unknown, &"no such method").await
            }
        }
        .expect("answered");
        None::<()>
    });
}

/// The bus as the notifier takes it.
fn at(bus: &SessionBus) -> Bus {
    Bus::At(bus.address.clone())
}

fn mention(text: &str) -> Mention {
    Mention {
        room: "lobby".into(),
        from: "bob".into(),
        text: text.into(),
    }
}

fn notifier(bus: &SessionBus) -> (Notifier, Receiver<String>) {
    let (sender, sentences) = channel();
    let trouble = move |sentence| sender.send(sentence).expect("the test hears it");
    (Notifier::on(at(bus), trouble), sentences)
}

#[test]
fn a_mention_arrives_in_its_words() {
    let bus = SessionBus::start();
    let notices = bus.serve_notifications(&["body", "body-markup"]);
    let (mut notifier, sentences) = notifier(&bus);
    notifier.notify(mention("uthira: is 1 < 2 & <b>true</b>?\nsay"));
    let notice = notices.recv_timeout(LONG).expect("a notification");
    assert_eq!(notice.app, "chatroom");
    assert_eq!(notice.summary, "bob in lobby");
    let literally = "uthira: is 1 &lt; 2 &amp; &lt;b&gt;true&lt;/b&gt;? say";
    assert_eq!(notice.body, literally);
    drop(notifier);
    // The thread is over when nobody can say anything any more.
    assert_eq!(
        sentences.recv_timeout(LONG),
        Err(RecvTimeoutError::Disconnected)
    );
}

#[test]
fn many_mentions_are_few_notifications() {
    let bus = SessionBus::start();
    let notices = bus.serve_notifications(&["body"]);
    let (mut notifier, _sentences) = notifier(&bus);
    let start = Instant::now();
    notifier.notify(mention("1 < 2"));
    let first = notices.recv_timeout(LONG).expect("a notification");
    assert_eq!(
        first.body, "1 < 2",
        "plain for a service that shows it plain"
    );
    for number in 0..50 {
        notifier.notify(mention(&number.to_string()));
    }
    let second = notices.recv_timeout(LONG).expect("a notification");
    assert_eq!(second.body, "49\nand 49 more mentions before it");
    assert!(second.at >= start + INTERVAL);
    notifier.notify(mention("seen in the window"));
    notifier.forget();
    notifier.notify(mention("last"));
    let third = notices.recv_timeout(LONG).expect("a notification");
    assert_eq!(third.body, "last");
    assert!(third.at >= start + 2 * INTERVAL);
}

#[test]
fn what_does_not_work_is_said_once() {
    let bus = SessionBus::start();
    let (mut notifier, sentences) = notifier(&bus);
    notifier.notify(mention("1"));
    let sentence = sentences.recv_timeout(LONG).expect("a sentence");
    assert!(
        sentence.contains("it has no notification service"),
        "{sentence}"
    );
    // It is tried again with the next one, and nothing is said whatever comes of it.
    let notices = bus.serve_notifications(&[]);
    notifier.notify(mention("2"));
    assert_eq!(
        notices.recv_timeout(LONG).expect("a notification").body,
        "2"
    );
    drop(notifier);
    assert_eq!(
        sentences.recv_timeout(LONG),
        Err(RecvTimeoutError::Disconnected)
    );
}

#[test]
fn without_a_bus_it_is_said_and_asked_in_vain_at_once() {
    let nowhere = || Bus::At("unix:path=/nonexistent/bus".into());
    let (sender, sentences) = channel();
    let mut notifier = Notifier::on(nowhere(), move |sentence| {
        sender.send(sentence).expect("heard")
    });
    notifier.notify(mention("1"));
    let sentence = sentences.recv_timeout(LONG).expect("a sentence");
    assert!(sentence.contains("there is no session bus"), "{sentence}");
    let asked = Instant::now();
    assert_eq!(is_dark(&nowhere()), None);
    assert!(asked.elapsed() < COLOURS);
}

#[test]
fn the_desktop_says_whether_it_is_dark() {
    for (method, preference, dark) in [
        ("ReadOne", 1, Some(true)),
        ("ReadOne", 2, Some(false)),
        ("ReadOne", 0, None),
        ("Read", 1, Some(true)),
        ("Read", 2, Some(false)),
        ("Neither", 1, None),
    ] {
        let bus = SessionBus::start();
        serve_portal(&bus, method, preference);
        assert_eq!(is_dark(&at(&bus)), dark, "{method} {preference}");
    }
    let bus = SessionBus::start();
    assert_eq!(is_dark(&at(&bus)), None, "no portal");
}

#[test]
fn a_desktop_that_does_not_answer_is_not_waited_for() {
    let bus = SessionBus::start();
    bus.serve(PORTAL, async |_, _| None::<()>);
    let asked = Instant::now();
    assert_eq!(is_dark(&at(&bus)), None);
    assert!(asked.elapsed() < COLOURS * 5);
}

#[test]
fn a_notification_is_short_and_its_own() {
    let long = Mention {
        room: "r".repeat(1000),
        from: "\u{202e}bob\n".into(),
        text: format!("{}🫖", "e\u{301}".repeat(10_000)),
    };
    let (summary, body) = words(&long, 1, true);
    assert!(summary.starts_with("\\u{202e}bob in rrr"), "{summary}");
    assert!(summary.graphemes(true).count() <= 2 * NAME_SHOWN + 6);
    assert!(body.starts_with("e\u{301}e\u{301}"), "{body}");
    assert!(body.ends_with("…\nand 1 more mention before it"), "{body}");
    assert!(body.graphemes(true).count() < TEXT_SHOWN + 40);
    let mut bare = mention("hi");
    bare.room.clear();
    assert_eq!(words(&bare, 0, true), ("bob".into(), "hi".into()));
}

#[test]
fn the_bell_rings_once_for_many_mentions() {
    let (mut bell, start) = (Bell::default(), Instant::now());
    let at = [0, 1, 1999, 2000, 2001, 3999, 4000];
    let rings = at.map(|millis| bell.rings(start + Duration::from_millis(millis)));
    assert_eq!(rings, [true, false, false, true, false, false, true]);
}
