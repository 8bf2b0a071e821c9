//! `chatroom gui`: the room in a window.
//!
//! The main thread owns the widgets and the model and never waits for the network; the link's
//! thread owns the socket and never touches a widget. They exchange values ([`talk`]).
//!
//! In reading order: [`talk`]; [`transcript::history`], [`transcript::items`], [`transcript::view`] and [`transcript::styled`], which make the
//! transcript; [`model`], which decides; [`link`]; then [`window`] and [`window::transcript`], which are the
//! only ones that know FLTK; and [`mod@run`], which has them meet.

mod desktop;
mod keep;
mod link;
mod model;
mod rooms;
mod run;
mod talk;
mod text;
pub mod theme;
mod transcript;
mod window;

pub use run::run;
