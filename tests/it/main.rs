//! The integration tests: the real binary, seen from outside. One file a subject.

mod client;
mod display;
mod events;
mod history;
mod messages;
mod reenact;
mod reenactment;
mod replay;
mod sample;
mod server;
mod session;
mod start;
mod util;
mod window;
