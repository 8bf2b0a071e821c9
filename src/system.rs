//! The operating system: everything that only one system knows, under the name of what it does.
//!
//! What always holds: no other module names a system's own interface (its traits, its calls, its
//! `/proc`), so a port to another system is a change of this folder alone. The modules know nothing of
//! chat: they import nothing else of this crate.

pub(crate) mod clock;
pub(crate) mod executable;
pub(crate) mod files;
pub(crate) mod limits;
pub(crate) mod multicast;
pub(crate) mod networks;
pub(crate) mod replace;
pub(crate) mod signals;
pub(crate) mod sockets;
pub(crate) mod supervisor;
pub(crate) mod terminal;
pub(crate) mod wait;
#[cfg(feature = "gui")]
pub(crate) mod x11;
