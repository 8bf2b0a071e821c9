//! The desktop of these tests is a bus of their own, with services that note what they are told.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};

use futures_lite::StreamExt as _;
use support::session_bus::SessionBus;
use zbus::MessageStream;

use super::*;

/// How long anything may take before a test fails.
const LONG: Duration = Duration::from_secs(20);
const NOTIFICATIONS: &str = "org.freedesktop.Notifications";
const PORTAL: &str = "org.freedesktop.portal.Desktop";

/// A session bus whose services are the test's.
struct Desktop {
    bus: SessionBus,
}

impl Desktop {
    fn start() -> Desktop {
        Desktop {
            bus: SessionBus::start(),
        }
    }

    fn bus(&self) -> Bus {
        Bus::At(self.bus.address.clone())
    }

    /// Has `name` served: each call goes to `answer`, and what that gives to the test.
    fn serve<T: Send + 'static>(
        &self,
        name: &'static str,
        answer: impl AsyncFn(&Connection, &Message) -> Option<T> + Send + 'static,
    ) -> Receiver<T> {
        let (heard, hear) = channel();
        let (ready, is_ready) = channel();
        let address = self.bus.address.clone();
        // Ends with the bus.
        thread::spawn(move || zbus::block_on(serve(address, name, answer, heard, ready)));
        is_ready.recv_timeout(LONG).expect("the service is there");
        hear
    }

    /// A notification service with these capabilities.
    fn notifications(&self, capabilities: &'static [&'static str]) -> Receiver<Notice> {
        self.serve(NOTIFICATIONS, async move |bus, call| {
            let header = call.header();
            if header.member().is_some_and(|what| what == "Notify") {
                let (app, _, _, summary, body, _, _, _): NotifyArguments =
                    call.body().deserialize().expect("the arguments of Notify");
                bus.reply(&header, &7u32).await.expect("answered");
                let at = Instant::now();
                return Some(Notice {
                    at,
                    app,
                    summary,
                    body,
                });
            }
            bus.reply(&header, &capabilities).await.expect("answered");
            None
        })
    }

    /// A portal that knows one method and has this preference.
    fn portal(&self, method: &'static str, preference: u32) {
        self.serve(PORTAL, async move |bus, call| {
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
}

async fn serve<T>(
    address: String,
    name: &'static str,
    answer: impl AsyncFn(&Connection, &Message) -> Option<T>,
    heard: Sender<T>,
    ready: Sender<()>,
) {
    let builder = Builder::address(address.as_str());
    let bus = builder.build().await.expect("the bus");
    let mut calls = MessageStream::from(&bus);
    bus.request_name(name).await.expect("the name");
    ready.send(()).expect("the test waits");
    while let Some(Ok(call)) = calls.next().await {
        let is_call = call.header().message_type() == zbus::message::Type::MethodCall;
        if is_call && let Some(what) = answer(&bus, &call).await {
            // The test may be over.
            let _ = heard.send(what);
        }
    }
}

type NotifyArguments = (
    String,
    u32,
    String,
    String,
    String,
    Vec<String>,
    HashMap<String, OwnedVariant>,
    i32,
);

/// What a notification service was told.
struct Notice {
    at: Instant,
    app: String,
    summary: String,
    body: String,
}

fn mention(text: &str) -> Mention {
    Mention {
        room: "lobby".into(),
        from: "bob".into(),
        text: text.into(),
    }
}

fn notifier(desktop: &Desktop) -> (Notifier, Receiver<String>) {
    let (say, said) = channel();
    let trouble = move |sentence| say.send(sentence).expect("the test hears it");
    (Notifier::on(desktop.bus(), trouble), said)
}

#[test]
fn a_mention_arrives_in_its_words() {
    let desktop = Desktop::start();
    let notices = desktop.notifications(&["body", "body-markup"]);
    let (mut notifier, said) = notifier(&desktop);
    notifier.tell(mention("uthira: is 1 < 2 & <b>true</b>?\nsay"));
    let notice = notices.recv_timeout(LONG).expect("a notification");
    assert_eq!(notice.app, "chatroom");
    assert_eq!(notice.summary, "bob in lobby");
    let literally = "uthira: is 1 &lt; 2 &amp; &lt;b&gt;true&lt;/b&gt;? say";
    assert_eq!(notice.body, literally);
    drop(notifier);
    // The thread is over when nobody can say anything any more.
    assert_eq!(said.recv_timeout(LONG), Err(RecvTimeoutError::Disconnected));
}

#[test]
fn many_mentions_are_few_notifications() {
    let desktop = Desktop::start();
    let notices = desktop.notifications(&["body"]);
    let (mut notifier, _said) = notifier(&desktop);
    let start = Instant::now();
    notifier.tell(mention("1 < 2"));
    let first = notices.recv_timeout(LONG).expect("a notification");
    assert_eq!(
        first.body, "1 < 2",
        "plain for a service that shows it plain"
    );
    for number in 0..50 {
        notifier.tell(mention(&number.to_string()));
    }
    let second = notices.recv_timeout(LONG).expect("a notification");
    assert_eq!(second.body, "49\nand 49 more mentions before it");
    assert!(second.at >= start + INTERVAL);
    notifier.tell(mention("seen in the window"));
    notifier.forget();
    notifier.tell(mention("last"));
    let third = notices.recv_timeout(LONG).expect("a notification");
    assert_eq!(third.body, "last");
    assert!(third.at >= start + 2 * INTERVAL);
}

#[test]
fn what_does_not_work_is_said_once() {
    let desktop = Desktop::start();
    let (mut notifier, said) = notifier(&desktop);
    notifier.tell(mention("1"));
    let sentence = said.recv_timeout(LONG).expect("a sentence");
    assert!(
        sentence.contains("it has no notification service"),
        "{sentence}"
    );
    // It is tried again with the next one, and nothing is said whatever comes of it.
    let notices = desktop.notifications(&[]);
    notifier.tell(mention("2"));
    assert_eq!(
        notices.recv_timeout(LONG).expect("a notification").body,
        "2"
    );
    drop(notifier);
    assert_eq!(said.recv_timeout(LONG), Err(RecvTimeoutError::Disconnected));
}

#[test]
fn without_a_bus_it_is_said_and_asked_in_vain_at_once() {
    let nowhere = || Bus::At("unix:path=/nonexistent/bus".into());
    let (say, said) = channel();
    let mut notifier = Notifier::on(nowhere(), move |sentence| {
        say.send(sentence).expect("heard")
    });
    notifier.tell(mention("1"));
    let sentence = said.recv_timeout(LONG).expect("a sentence");
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
        let desktop = Desktop::start();
        desktop.portal(method, preference);
        assert_eq!(is_dark(&desktop.bus()), dark, "{method} {preference}");
    }
    let desktop = Desktop::start();
    assert_eq!(is_dark(&desktop.bus()), None, "no portal");
}

#[test]
fn a_desktop_that_does_not_answer_is_not_waited_for() {
    let desktop = Desktop::start();
    desktop.serve(PORTAL, async |_, _| None::<()>);
    let asked = Instant::now();
    assert_eq!(is_dark(&desktop.bus()), None);
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
