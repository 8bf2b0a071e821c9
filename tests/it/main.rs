//! The integration tests: the real binary, seen from outside. One file a subject.

mod browser;
mod choose;
mod client;
mod console;
mod convert;
mod crash;
mod disk;
mod display;
mod events;
mod faults;
mod forms;
mod framing;
mod hands;
mod history;
mod into;
mod into_choice;
mod into_days;
mod into_faults;
mod key;
#[path = "../ledger/mod.rs"]
mod ledger;
mod log_file;
mod messages;
mod page;
mod picture;
mod play;
mod play_hostile;
mod play_pace;
mod plot;
#[path = "ledger.rs"]
mod promise;
mod replay;
mod rot;
mod sample;
mod server;
mod session;
mod start;
mod stats;
mod stop;
mod streams;
mod traced;
mod typing;
mod util;
mod verify;
mod window;
mod words;
