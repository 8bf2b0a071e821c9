//! A desktop for a test: a session bus of its own, with a service that notes what it is to show.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};

use futures_lite::StreamExt;
use zbus::connection::Builder;
use zbus::{MessageStream, OwnedVariant};

use support::program::Folder;
use support::waiting::PATIENCE;

/// The arguments of `Notify` (Desktop Notifications Specification 1.2).
type Arguments = (
    String,
    u32,
    String,
    String,
    String,
    Vec<String>,
    HashMap<String, OwnedVariant>,
    i32,
);

/// A session bus that starts no services.
pub struct Desktop {
    daemon: Child,
    /// For `DBUS_SESSION_BUS_ADDRESS`.
    pub address: String,
    /// The notifications that were shown: what stands above, and below.
    pub shown: Receiver<(String, String)>,
    _folder: Folder,
}

impl Desktop {
    /// A new one.
    pub fn start() -> Desktop {
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
            .stderr(Stdio::null())
            .spawn()
            .expect("a bus starts (scripts/setup.sh test installs it)");
        let mut address = String::new();
        BufReader::new(daemon.stdout.take().expect("a pipe"))
            .read_line(&mut address)
            .expect("the bus says where it is");
        let address = address.trim().to_string();
        let (show, shown) = channel();
        let (ready, is_ready) = channel();
        let to_serve = address.clone();
        // Ends with the bus.
        std::thread::spawn(move || zbus::block_on(serve(to_serve, ready, show)));
        is_ready.recv_timeout(PATIENCE).expect("the service");
        Desktop {
            daemon,
            address,
            shown,
            _folder: folder,
        }
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

async fn serve(address: String, ready: Sender<()>, show: Sender<(String, String)>) {
    let builder = Builder::address(address.as_str());
    let bus = builder.build().await.expect("the bus");
    let mut calls = MessageStream::from(&bus);
    let name = "org.freedesktop.Notifications";
    bus.request_name(name).await.expect("the name");
    ready.send(()).expect("the test waits");
    while let Some(Ok(call)) = calls.next().await {
        let header = call.header();
        if header.message_type() != zbus::message::Type::MethodCall {
            continue;
        }
        if header.member().is_some_and(|what| what == "Notify") {
            let arguments: Arguments = call.body().deserialize().expect("the arguments");
            bus.reply(&header, &7u32).await.expect("answered");
            // The test may be over.
            let _ = show.send((arguments.3, arguments.4));
        } else {
            let capabilities: &[&str] = &["body"];
            bus.reply(&header, &capabilities).await.expect("answered");
        }
    }
}
