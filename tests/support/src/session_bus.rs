//! A test's own D-Bus session bus, which has no services but those that the test serves.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

use futures_lite::StreamExt as _;
use zbus::connection::Builder;
use zbus::{Connection, Message, MessageStream, OwnedVariant};

use crate::program::Folder;
use crate::waiting::PATIENCE;

/// The bus, which ends with this value.
pub struct SessionBus {
    daemon: Child,
    /// The value of `DBUS_SESSION_BUS_ADDRESS`.
    pub address: String,
    _folder: Folder,
}

impl SessionBus {
    /// Starts a bus.
    pub fn start() -> SessionBus {
        let folder = Folder::new();
        let text = format!(
            "<busconfig><type>session</type><listen>unix:dir={}</listen>\
             <policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/>\
             <allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>",
            folder.path().display()
        );
        let config = folder.file("bus.conf", text);
        let mut daemon = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--nopidfile", "--print-address=1"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null()) // It warns of a limit that it cannot raise.
            .spawn()
            .expect("a bus starts (scripts/setup.sh test installs it)");
        let mut address = String::new();
        BufReader::new(daemon.stdout.take().expect("a pipe"))
            .read_line(&mut address)
            .expect("the bus says where it is");
        SessionBus {
            daemon,
            address: address.trim().to_string(),
            _folder: folder,
        }
    }

    /// Serves the service `name` until the bus ends: each call goes to `answer`, and what that
    /// returns to the receiver.
    pub fn serve<T: Send + 'static>(
        &self,
        name: &'static str,
        answer: impl AsyncFn(&Connection, &Message) -> Option<T> + Send + 'static,
    ) -> Receiver<T> {
        let (results, received) = channel();
        let (ready, is_ready) = channel();
        let address = self.address.clone();
        std::thread::spawn(move || zbus::block_on(serve(address, name, answer, results, ready)));
        is_ready.recv_timeout(PATIENCE).expect("the service");
        received
    }

    /// Serves notifications, with these capabilities; the receiver gets what is to be shown.
    pub fn serve_notifications(
        &self,
        capabilities: &'static [&'static str],
    ) -> Receiver<Notification> {
        self.serve("org.freedesktop.Notifications", async move |bus, call| {
            let header = call.header();
            if header.member().is_none_or(|member| member != "Notify") {
                bus.reply(&header, &capabilities).await.expect("answered");
                return None;
            }
            let arguments: NotifyArguments =
                call.body().deserialize().expect("the arguments of Notify");
            bus.reply(&header, &7u32).await.expect("answered");
            let (app, _, _, summary, body, ..) = arguments;
            Some(Notification {
                at: Instant::now(),
                app,
                summary,
                body,
            })
        })
    }
}

/// A notification that a service was told to show.
pub struct Notification {
    /// The time at which it came.
    pub at: Instant,
    /// The program's name.
    pub app: String,
    /// The line above.
    pub summary: String,
    /// The text below.
    pub body: String,
}

/// The arguments of `Notify` (Desktop Notifications Specification 1.2).
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

async fn serve<T>(
    address: String,
    name: &'static str,
    answer: impl AsyncFn(&Connection, &Message) -> Option<T>,
    results: Sender<T>,
    ready: Sender<()>,
) {
    let builder = Builder::address(address.as_str());
    let bus = builder.build().await.expect("the bus");
    let mut calls = MessageStream::from(&bus);
    bus.request_name(name).await.expect("the name");
    ready.send(()).expect("the test waits");
    while let Some(Ok(call)) = calls.next().await {
        let is_call = call.header().message_type() == zbus::message::Type::MethodCall;
        if is_call && let Some(result) = answer(&bus, &call).await {
            // The test may be over.
            let _ = results.send(result);
        }
    }
}

impl Drop for SessionBus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}
