//! The input method that `XMODIFIERS` names.
//!
//! Where one is named that does not run, X opens none at all, and with it goes what makes one letter of
//! two keys: dead keys and Compose. So a name that nobody answers to is left out, and X does that
//! itself.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use x11rb::protocol::xproto::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

/// Where it is named.
pub const VARIABLE: &str = "XMODIFIERS";

/// Starts this program afresh without the name if nobody answers to it. Comes back where everything is
/// well, or nothing can be done about it.
///
/// # Errors
/// The system does not start this program again.
pub fn settle() -> io::Result<()> {
    let modifiers = std::env::var(VARIABLE).unwrap_or_default();
    let named = name(&modifiers);
    if named.is_none_or(|name| runs(name).unwrap_or(true)) {
        return Ok(());
    }
    let mut all = std::env::args_os();
    let own = all.next().unwrap_or_else(|| OsString::from("chatroom"));
    // What this process has in its environment cannot be changed once it has threads.
    let again = Command::new(OsStr::new("/proc/self/exe"))
        .arg0(own)
        .args(all)
        .env_remove(VARIABLE)
        .exec();
    Err(again)
}

/// The input method's name, unless it is X's own.
fn name(modifiers: &str) -> Option<&str> {
    let parts = modifiers.split('@');
    let name = parts.filter_map(|part| part.strip_prefix("im=")).next()?;
    (!matches!(name, "" | "none" | "local")).then_some(name)
}

/// Whether it runs on this display; `None` where that cannot be asked.
fn runs(name: &str) -> Option<bool> {
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

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn the_name_of_an_input_method_is_read() {
        for (modifiers, is) in [
            ("@im=ibus", Some("ibus")),
            ("@im=fcitx@other=x", Some("fcitx")),
            ("@other=x@im=SCIM", Some("SCIM")),
            ("@im=none", None),
            ("@im=local", None),
            ("@im=", None),
            ("", None),
            ("im=ibus ", Some("ibus ")),
        ] {
            assert_eq!(name(modifiers), is, "{modifiers}");
        }
    }
}
