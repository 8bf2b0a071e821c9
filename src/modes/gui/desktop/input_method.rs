//! The input method that `XMODIFIERS` names.
//!
//! If that one does not run, X opens none at all, and dead keys and Compose, which make one letter of
//! two keys, are lost. A name to which nothing answers is therefore removed, and X composes by itself.

use std::io;

use crate::system::executable::become_this_without;
use crate::system::x11::runs_input_method;

/// The environment variable that names the input method.
pub const VARIABLE: &str = "XMODIFIERS";

/// Starts this program again without the variable if the input method that it names does not run.
/// Returns if it runs, or if nothing can be done.
///
/// # Errors
/// The system does not start this program again.
pub fn settle() -> io::Result<()> {
    let modifiers = std::env::var(VARIABLE).unwrap_or_default();
    let named = name(&modifiers);
    if named.is_none_or(|name| runs_input_method(name).unwrap_or(true)) {
        return Ok(());
    }
    // The environment of a process with threads cannot be changed.
    Err(become_this_without(VARIABLE))
}

/// The input method's name, unless it is X's own.
fn name(modifiers: &str) -> Option<&str> {
    let parts = modifiers.split('@');
    let name = parts.filter_map(|part| part.strip_prefix("im=")).next()?;
    (!matches!(name, "" | "none" | "local")).then_some(name)
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
