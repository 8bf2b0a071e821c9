//! The integration tests: the real binary, seen from outside. One file a subject.

mod reenact;
mod reenactment;
mod replay;
mod sample;
mod server;
mod start;
mod util;
