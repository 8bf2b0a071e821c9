//! Everything that a server does once: what the machine allows, where it listens, what it says.

pub(super) mod announce;
pub(super) mod asking;
pub(super) mod listen;
pub(super) mod log;
mod qr;
pub(super) mod secret;
pub(super) mod signals;
pub(super) mod words;
