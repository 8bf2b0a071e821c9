//! The desktop, asked over the session bus: a notification for a mention, and whether the desktop is
//! dark.
//!
//! The window never waits for it: notifications have a thread of their own, which begins with the
//! first one, and every question to the bus has a limit. A bus is used only where there is one.
//! Sources: Desktop Notifications Specification 1.2; XDG Desktop Portal, Settings.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use async_io::Timer;
use futures_lite::future;
use unicode_segmentation::UnicodeSegmentation;
use zbus::connection::Builder;
use zbus::{Connection, DynamicType, Message, OwnedVariant, Variant};

use crate::modes::gui::text::drawable;

/// Minimum interval between two notifications, and between two rings of the bell.
const INTERVAL: Duration = Duration::from_secs(2);
/// Time limit of a notification; its service may have to be started for it.
const SHOW_TIMEOUT: Duration = Duration::from_secs(10);
/// Time limit of the question for the colour scheme.
const COLOURS: Duration = Duration::from_secs(1);
/// Longest name and longest text in a notification, in characters.
const NAME_SHOWN: usize = 40;
const TEXT_SHOWN: usize = 200;

/// A mention of our name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// The room.
    pub room: String,
    /// The sender's name.
    pub from: String,
    /// The text of the message.
    pub text: String,
}

/// Shows mentions as desktop notifications: at most one every 2 s, which says how many more it
/// stands for.
pub struct Notifier {
    shared: Arc<Shared>,
    /// The bus and the callback, until the thread takes them.
    start: Option<(Bus, OnTrouble)>,
}

/// The bell: rings at most once every 2 s, however many mentions come.
#[derive(Debug, Default)]
pub struct Bell {
    rang: Option<Instant>,
}

impl Bell {
    /// Returns whether to ring for a mention that came `now`. `true` counts as a ring.
    pub fn rings(&mut self, now: Instant) -> bool {
        let rests = |rang| now.saturating_duration_since(rang) < INTERVAL;
        let rings = !self.rang.is_some_and(rests);
        if rings {
            self.rang = Some(now);
        }
        rings
    }
}

type OnTrouble = Box<dyn FnOnce(String) + Send>;

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    /// The newest mention that was not shown.
    newest: Option<Mention>,
    /// The number of unshown mentions before it.
    others: usize,
    ended: bool,
}

impl Notifier {
    /// Creates a notifier that has no thread yet. If notifications do not work, `trouble` gets a
    /// sentence for the status line, once, on another thread.
    pub fn new(trouble: impl FnOnce(String) + Send + 'static) -> Notifier {
        Notifier::on(Bus::Session, trouble)
    }

    fn on(bus: Bus, trouble: impl FnOnce(String) + Send + 'static) -> Notifier {
        Notifier {
            shared: Arc::default(),
            start: Some((bus, Box::new(trouble))),
        }
    }

    /// Shows this mention, now or with the next notification. Returns at once.
    pub fn notify(&mut self, mention: Mention) {
        let mut waiting = self.shared.lock();
        if waiting.newest.replace(mention).is_some() {
            waiting.others += 1;
        }
        drop(waiting);
        self.shared.changed.notify_one();
        if let Some((bus, trouble)) = self.start.take() {
            let shared = Arc::clone(&self.shared);
            // Without a thread there are no notifications; the window still marks the mention.
            let _ = thread::Builder::new()
                .name("notifications".to_string())
                .spawn(move || show_all(&shared, &bus, trouble));
        }
    }

    /// Drops the mentions that wait: they have been seen in the window.
    pub fn forget(&mut self) {
        let mut waiting = self.shared.lock();
        waiting.newest = None;
        waiting.others = 0;
    }
}

impl Drop for Notifier {
    /// Ends the thread without waiting for it; nothing more is shown.
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.shared.changed.notify_one();
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the next mention, not before `earliest`; the number is that of the other mentions
    /// that it stands for. `None` ends the thread.
    fn next(&self, earliest: Option<Instant>) -> Option<(Mention, usize)> {
        let mut waiting = self.lock();
        loop {
            if waiting.ended {
                return None;
            }
            let left = earliest.map(|at| at.saturating_duration_since(Instant::now()));
            let left = left.filter(|left| !left.is_zero());
            waiting = match (left, waiting.newest.is_some()) {
                (None, true) => {
                    let others = std::mem::take(&mut waiting.others);
                    return waiting.newest.take().map(|mention| (mention, others));
                }
                (Some(left), true) => {
                    let woken = self.changed.wait_timeout(waiting, left);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
                (_, false) => {
                    let woken = self.changed.wait(waiting);
                    woken.unwrap_or_else(PoisonError::into_inner)
                }
            };
        }
    }
}

/// Shows the mentions, one notification after the other; the body of the thread.
fn show_all(shared: &Shared, bus: &Bus, trouble: OnTrouble) {
    let mut trouble = Some(trouble);
    let mut earliest = None;
    while let Some((mention, others)) = shared.next(earliest) {
        earliest = Some(Instant::now() + INTERVAL);
        let shown = within(SHOW_TIMEOUT, show(bus, &mention, others));
        if let Err(error) = shown
            && let Some(trouble) = trouble.take()
        {
            trouble(format!(
                "The desktop shows no notifications: {}. Start its notification service, or switch \
                 them off in the settings.",
                reason(&error)
            ));
        }
    }
}

/// Shows a notification (Notify, section 9.2 of the specification).
async fn show(bus: &Bus, mention: &Mention, others: usize) -> zbus::Result<()> {
    const SERVICE: Service = Service {
        name: "org.freedesktop.Notifications",
        path: "/org/freedesktop/Notifications",
        interface: "org.freedesktop.Notifications",
    };
    let connection = bus.connect().await?;
    let capabilities = SERVICE.call(&connection, "GetCapabilities", &()).await?;
    let capabilities: Vec<String> = capabilities.body().deserialize()?;
    let markup = capabilities.iter().any(|what| what == "body-markup");
    let (summary, body) = words(mention, others, markup);
    let hints = HashMap::from([("category", Variant::from("im.received"))]);
    let actions: [&str; 0] = [];
    let replaces = 0u32;
    let as_long_as_usual = -1i32;
    let arguments = (
        "chatroom",
        replaces,
        "",
        summary.as_str(),
        body.as_str(),
        &actions[..],
        hints,
        as_long_as_usual,
    );
    SERVICE.call(&connection, "Notify", &arguments).await?;
    Ok(())
}

/// Returns summary and body. The summary is plain text everywhere; some services read the body as
/// markup, in which case it is escaped.
fn words(mention: &Mention, others: usize, markup: bool) -> (String, String) {
    let from = shortened(&mention.from, NAME_SHOWN);
    let summary = match shortened(&mention.room, NAME_SHOWN) {
        room if room.is_empty() => from,
        room => format!("{from} in {room}"),
    };
    let mut body = shortened(&mention.text, TEXT_SHOWN);
    if markup {
        body = body.replace('&', "&amp;");
        body = body.replace('<', "&lt;").replace('>', "&gt;");
    }
    match others {
        0 => {}
        1 => body.push_str("\nand 1 more mention before it"),
        _ => body.push_str(&format!("\nand {others} more mentions before it")),
    }
    (summary, body)
}

/// Returns the text as one line of at most `limit` characters, without anything that changes its
/// direction.
fn shortened(text: &str, limit: usize) -> String {
    // A character may have many code points. A message has at most 16 KiB, but a name in the log
    // may be anything.
    let start: String = text.chars().take(8 * limit).collect();
    let line = drawable(&start);
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut = line.grapheme_indices(true).nth(limit).map(|(at, _)| at);
    match cut {
        Some(at) => format!("{}…", &line[..at]),
        None if start.len() < text.len() => format!("{line}…"),
        None => line,
    }
}

/// Returns whether the desktop prefers dark colours. `None` if it has no preference, if there is no
/// service to ask, or if there is no answer within 1 s: call it on a thread of its own.
pub fn system_is_dark() -> Option<bool> {
    is_dark(&Bus::Session)
}

fn is_dark(bus: &Bus) -> Option<bool> {
    const PORTAL: Service = Service {
        name: "org.freedesktop.portal.Desktop",
        path: "/org/freedesktop/portal/desktop",
        interface: "org.freedesktop.portal.Settings",
    };
    let which = ("org.freedesktop.appearance", "color-scheme");
    let preference = within(COLOURS, async {
        let connection = bus.connect().await?;
        let answer = match PORTAL.call(&connection, "ReadOne", &which).await {
            Err(zbus::Error::FDO(error)) if is_unknown_method(&error) => {
                // Before version 2 of the portal; it wraps its answer twice.
                PORTAL.call(&connection, "Read", &which).await?
            }
            answer => answer?,
        };
        answer.body().deserialize::<OwnedVariant>()
    });
    let mut value = Variant::from(preference.ok()?);
    while let Variant::Variant(inside) = value {
        value = *inside;
    }
    match value {
        Variant::U32(1) => Some(true),
        Variant::U32(2) => Some(false),
        _ => None,
    }
}

fn is_unknown_method(error: &zbus::fdo::Error) -> bool {
    matches!(error, zbus::fdo::Error::UnknownMethod(_))
}

/// The bus to use.
enum Bus {
    /// The bus of the user's session.
    Session,
    /// A bus of a test.
    #[cfg(test)]
    At(String),
}

impl Bus {
    async fn connect(&self) -> zbus::Result<Connection> {
        let builder = match self {
            Bus::Session => Builder::session(),
            #[cfg(test)]
            Bus::At(address) => Builder::address(address.as_str()),
        };
        builder.build().await
    }
}

/// A service on the bus.
struct Service {
    name: &'static str,
    path: &'static str,
    interface: &'static str,
}

impl Service {
    async fn call<B>(&self, bus: &Connection, method: &str, body: &B) -> zbus::Result<Message>
    where
        B: serde::Serialize + DynamicType,
    {
        let interface = Some(self.interface);
        bus.call_method(Some(self.name), self.path, interface, method, body)
            .await
    }
}

/// Blocks until `call` is done, but no longer than `limit`.
fn within<T>(limit: Duration, call: impl Future<Output = zbus::Result<T>>) -> zbus::Result<T> {
    zbus::block_on(future::or(call, async {
        Timer::after(limit).await;
        Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into())
    }))
}

fn reason(error: &zbus::Error) -> String {
    use std::io::ErrorKind;
    let words = match error {
        zbus::Error::FDO(error)
            if matches!(
                **error,
                zbus::fdo::Error::ServiceUnknown(_) | zbus::fdo::Error::NameHasNoOwner(_)
            ) =>
        {
            "it has no notification service".to_string()
        }
        zbus::Error::InputOutput(error) if error.kind() == ErrorKind::TimedOut => {
            "its notification service does not answer".to_string()
        }
        zbus::Error::Connection(..) | zbus::Error::Address(_) | zbus::Error::Handshake(_) => {
            "there is no session bus to reach it by".to_string()
        }
        error => error.to_string(),
    };
    shortened(words.trim_end_matches('.'), TEXT_SHOWN)
}

#[cfg(test)]
mod tests;
