//! A desktop for a test: a session bus of its own, with a service that notes what it is to show.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, Sender, channel};

use futures_lite::StreamExt;
use zbus::connection::Builder;
use zbus::{MessageStream, OwnedVariant};

use support::session_bus::SessionBus;
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

/// A session bus with the service.
pub struct Desktop {
    bus: SessionBus,
    /// The notifications that were shown: what stands above, and below.
    pub shown: Receiver<(String, String)>,
}

impl Desktop {
    /// A new one.
    pub fn start() -> Desktop {
        let bus = SessionBus::start();
        let (show, shown) = channel();
        let (ready, is_ready) = channel();
        let address = bus.address.clone();
        // Ends with the bus.
        std::thread::spawn(move || zbus::block_on(serve(address, ready, show)));
        is_ready.recv_timeout(PATIENCE).expect("the service");
        Desktop { bus, shown }
    }

    /// For `DBUS_SESSION_BUS_ADDRESS`.
    pub fn address(&self) -> &str {
        &self.bus.address
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
