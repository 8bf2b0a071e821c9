//! The integration tests: the real binary, seen from outside. One file a subject.

<<<<<<< HEAD
mod display;
=======
mod client;
mod events;
mod history;
mod messages;
>>>>>>> apitests
mod reenact;
mod reenactment;
mod replay;
mod sample;
mod server;
mod session;
mod start;
mod util;
mod window;
