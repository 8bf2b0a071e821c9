//! The tools that tests share: the real binary in a folder of its own, a server and its clients, windows on a screen,
//! terminals, networks.
//!
//! Everything waits for conditions, with a limit that only a failure reaches. Every process started here ends with
//! its owner.

pub mod client;
pub mod display;
pub mod fake;
pub mod network;
pub mod picture;
pub mod program;
pub mod server;
pub mod session_bus;
pub mod strace;
pub mod tmux;
pub mod waiting;
pub mod window;
pub mod written;
