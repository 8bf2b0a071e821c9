//! The integration tests: the real binary, seen from outside. One file a subject.

mod browser;
mod client;
mod console;
mod crash;
mod disk;
mod display;
mod events;
mod faults;
mod framing;
mod hands;
mod history;
mod key;
#[path = "../ledger/mod.rs"]
mod ledger;
mod log_file;
mod messages;
mod picture;
mod play;
mod play_hostile;
mod play_pace;
#[path = "ledger.rs"]
mod promise;
mod reenact;
mod reenactment;
mod replay;
mod rot;
mod sample;
mod server;
mod session;
mod start;
mod stop;
mod streams;
mod tmux;
mod traced;
mod typing;
mod util;
mod verify;
mod window;
mod words;
