//! The X server: whether one answers, its keyboard, and its input methods.

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixStream};

use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

/// Tells whether a server on this machine accepts connections for the display with this number.
pub(crate) fn answers(number: u16) -> bool {
    let path = format!("/tmp/.X11-unix/X{number}");
    let abstract_name = SocketAddr::from_abstract_name(&path);
    UnixStream::connect(&path).is_ok()
        || abstract_name.is_ok_and(|name| UnixStream::connect_addr(&name).is_ok())
}

/// The symbols on the keys of a keyboard.
#[derive(Debug)]
pub(crate) struct Keymap {
    /// The number of the first key.
    pub(crate) first: u8,
    /// The number of symbols of a key, in all its layouts and levels.
    pub(crate) each: u8,
    /// The symbols, key after key.
    pub(crate) symbols: Vec<u32>,
}

/// The keyboard as it is now, with the layout that is chosen.
pub(crate) fn keymap() -> Option<Keymap> {
    let (connection, _) = RustConnection::connect(None).ok()?;
    let (first, last) = {
        let setup = connection.setup();
        (setup.min_keycode, setup.max_keycode)
    };
    let count = last.checked_sub(first)?.checked_add(1)?;
    let asked = connection.get_keyboard_mapping(first, count).ok()?;
    let reply = asked.reply().ok()?;
    Some(Keymap {
        first,
        each: reply.keysyms_per_keycode,
        symbols: reply.keysyms,
    })
}

/// Tells whether the input method with this name runs on the display; `None` where that cannot be asked.
pub(crate) fn runs_input_method(name: &str) -> Option<bool> {
    let (connection, _) = RustConnection::connect(None).ok()?;
    let server = format!("@server={name}");
    let atom = connection.intern_atom(true, server.as_bytes()).ok()?;
    let atom = atom.reply().ok()?.atom;
    if atom == x11rb::NONE {
        return Some(false);
    }
    let owner = connection.get_selection_owner(atom).ok()?;
    Some(owner.reply().ok()?.owner != x11rb::NONE)
}
