//! A clipboard that reports when its text was requested. A test that continues before that might paste something
//! else, or nothing.

use std::time::{Duration, Instant};

use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, ConnectionExt as _, CreateWindowAux, EventMask, PropMode, SELECTION_NOTIFY_EVENT,
    SelectionNotifyEvent, WindowClass,
};
use x11rb::wrapper::ConnectionExt as _;

use crate::waiting::PATIENCE;

/// Puts `text` into the clipboard of this display, calls `ask`, and returns once a program has received it.
pub fn hand_over(display: &str, text: &str, ask: impl FnOnce()) {
    let (connection, screen) = x11rb::connect(Some(display)).expect("the display");
    let root = connection.setup().roots[screen].root;
    let own = connection.generate_id().expect("an id");
    let (class, aux) = (WindowClass::INPUT_ONLY, CreateWindowAux::new());
    connection
        .create_window(0, own, root, 0, 0, 1, 1, 0, class, 0, &aux)
        .expect("asked");
    let atom = |name: &str| {
        let asked = connection.intern_atom(false, name.as_bytes());
        asked.expect("asked").reply().expect("an atom").atom
    };
    let (clipboard, targets) = (atom("CLIPBOARD"), atom("TARGETS"));
    let utf8 = atom("UTF8_STRING");
    connection
        .set_selection_owner(own, clipboard, x11rb::CURRENT_TIME)
        .expect("asked");
    connection.sync().expect("the display answers");
    ask();
    let until = Instant::now() + PATIENCE;
    let mut given = false;
    while !given {
        assert!(Instant::now() < until, "nobody asked for {text:?}");
        let Some(event) = connection.poll_for_event().expect("the display answers") else {
            std::thread::sleep(Duration::from_millis(2));
            continue;
        };
        let Event::SelectionRequest(asked) = event else {
            continue;
        };
        let (to, mut property) = (asked.requestor, asked.property);
        if asked.target == targets {
            let all = [targets, utf8];
            connection
                .change_property32(PropMode::REPLACE, to, property, AtomEnum::ATOM, &all)
                .expect("asked");
        } else if asked.target == utf8 {
            connection
                .change_property8(PropMode::REPLACE, to, property, utf8, text.as_bytes())
                .expect("asked");
            given = true;
        } else {
            property = x11rb::NONE;
        }
        let told = SelectionNotifyEvent {
            response_type: SELECTION_NOTIFY_EVENT,
            sequence: 0,
            time: asked.time,
            requestor: to,
            selection: asked.selection,
            target: asked.target,
            property,
        };
        connection
            .send_event(false, to, EventMask::NO_EVENT, told)
            .expect("asked");
        connection.sync().expect("the display answers");
    }
}
