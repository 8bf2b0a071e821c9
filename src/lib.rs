//! chatroom: a group gets a chat room by downloading one file.
//!
//! One sentence carries the design: the log file is the truth, an offset in it is everyone's
//! cursor, one thread writes it, everybody else follows it.
//!
//! The modules, in the best order for reading:
//!
//! 1. [`event`]: the events that a room records, and the small types they are made of.
//! 2. [`mod@line`]: the form of an event as a line of `log.txt`, known to no other module.
//! 3. [`journal`]: `log.txt` on disk: open, repair, append and sync, read from an offset.
//! 4. [`name`]: the rules that a name must obey to log in.
//! 5. [`wire`], [`sse`], [`http`], [`address`], [`cidr`], [`mod@lookup`]: the protocol and its
//!    addresses, without sockets; `blocking`: the connection to a room that `replay --into` and
//!    `backup` wait on.
//! 6. [`hue`]: the colour of a name, in the window and on the terminal.
//! 7. [`urls`]: the web addresses in a text; [`text_forms`]: its code, quotes, links and names.
//! 8. [`modes`]: the server, the window and the player.
//! 9. [`nearby`]: rooms on the local network; [`carried`]: the window in a downloaded file;
//!    [`version`]: the identity of this build.
//! 10. [`cli`], [`room_key`], [`failure`]: the command line, the room key, and the sentence that ends
//!     a failed run.
//! 11. [`supervisor`]: reports to systemd, if it started the process.
//! 12. [`waited`]: loops that give way to other tasks.

pub(crate) mod address;
pub(crate) mod blocking;
pub mod carried;
pub(crate) mod cidr;
pub mod cli;
pub mod event;
pub mod failure;
#[cfg(test)]
mod golden;
pub mod http;
pub(crate) mod hue;
pub mod journal;
pub(crate) mod json;
pub mod line;
pub(crate) mod lookup;
pub mod modes;
pub mod name;
pub mod nearby;
pub(crate) mod remembered;
pub(crate) mod room_key;
pub mod sse;
pub mod supervisor;
pub(crate) mod system;
pub(crate) mod text_forms;
pub(crate) mod urls;
pub(crate) mod version;
pub(crate) mod waited;
pub mod wire;
