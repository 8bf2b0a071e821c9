//! The plan of the source, checked and drawn from the code: which module imports which, and what its types and
//! comments are called.
//!
//! [`PLAN`] lists the modules directly below the server, the window and the player from top to bottom: imports go
//! down. Inside every module its children import each other without a circle. `CHATROOM_RENEW=1` writes the drawing anew.

mod comments;
mod drawing;
mod imports;
mod source;
mod types;

/// The parts that are drawn, and the modules of each from top to bottom.
const PLAN: &[(&str, &[&str])] = &[
    (
        "modes::server",
        &[
            "startup",
            "api",
            "commit",
            "fanout",
            "room",
            "console",
            "addresses",
            "page",
            "machine",
        ],
    ),
    (
        "modes::gui",
        &[
            "run",
            "window",
            "model",
            "transcript",
            "link",
            "keep",
            "rooms",
            "desktop",
            "theme",
            "talk",
            "text",
        ],
    ),
    (
        "modes::replay",
        &[
            "fuzzing",
            "scrollback",
            "play",
            "print",
            "stats",
            "plot",
            "into",
            "convert",
            "verify",
            "tally",
            "stdout",
            "painter",
            "progress",
            "read",
            "formats",
            "portions",
            "gzip",
            "locale",
            "wording",
        ],
    ),
    ("", &[]),
];
