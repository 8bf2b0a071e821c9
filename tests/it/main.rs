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
mod history;
mod key;
mod log_file;
mod messages;
mod reenact;
mod reenactment;
mod replay;
mod sample;
mod server;
mod session;
mod start;
mod stop;
mod streams;
mod traced;
mod util;
mod window;
