//! The text of `--version`: the version, the commit and its day (build.rs finds them), and whether
//! there is a window.

use std::sync::LazyLock;

use crate::carried;

/// The text after the program's name: `0.1.0 (a1b2c3d, 2026-11-23, with the window)`.
pub static VERSION: LazyLock<String> = LazyLock::new(|| {
    let commit = match env!("CHATROOM_COMMIT") {
        "" => "unknown commit",
        commit => commit,
    };
    let window = match carried::find() {
        _ if cfg!(feature = "gui") => "with the window",
        Ok(Some(_)) => "with the window",
        Ok(None) => "without the window",
        Err(_) => "its window cannot be read",
    };
    format!("{} ({commit}, {window})", env!("CARGO_PKG_VERSION"))
});
