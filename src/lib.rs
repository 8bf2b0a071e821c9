//! chatroom: a group gets a chat room by downloading one file.
//!
//! One sentence carries the design: the log file is the truth, an offset in it is everyone's
//! place, one thread writes it, everybody else follows it.
//!
//! The modules, in the order in which they are best read:
//!
//! 1. [`event`]: what a room records, and the small types an event is made of.
//! 2. [`mod@line`]: the one place that knows how an event is written as a line of `log.txt`.
//! 3. [`journal`]: `log.txt` on disk: open, repair, append and sync, read from an offset.
//! 4. [`name`]: the rules a name obeys before it gets into a room.
//! 5. [`wire`], [`sse`], [`http`], [`address`], [`cidr`], [`mod@lookup`]: what is said over a socket and where, without a socket.
//! 6. [`hue`]: the colour of a name, in the window and on the terminal.
//! 7. [`urls`]: the web addresses in a text.
//! 8. [`modes`]: the server, the window and the player.
//! 9. [`nearby`]: rooms on the local network; [`carried`]: the window in a downloaded file;
//!    [`version`]: which build this is.
//! 10. [`cli`], [`room_key`], [`failure`]: the command line, the room key, and the sentence a failed run
//!     ends with.
//! 11. [`supervisor`]: what is said to systemd, where that started us.
//! 12. [`waited`]: for loops that must give way to others.

pub mod address;
pub mod carried;
pub mod cidr;
pub mod cli;
pub mod event;
pub mod failure;
pub mod http;
pub mod hue;
pub mod journal;
pub mod json;
pub mod line;
pub mod lookup;
pub mod modes;
pub mod name;
pub mod nearby;
pub mod remembered;
pub mod room_key;
pub mod sse;
pub mod supervisor;
pub(crate) mod system;
pub mod urls;
pub mod version;
pub mod waited;
pub mod wire;
