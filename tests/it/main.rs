//! The integration tests: the real binary, seen from outside. One file a subject.

mod display;
mod reenact;
mod reenactment;
mod replay;
mod sample;
mod server;
mod start;
mod util;
mod window;
