//! `chatroom gui`: the room in a window.
//!
//! The main thread owns the widgets and the model and never waits for the network; the link's
//! thread owns the sockets and never touches a widget. They exchange values ([`talk`]).
//!
//! In reading order: [`talk`]; [`transcript`], the log as data: history, items, styled text, layout and
//! scrolling; [`model`], which decides; [`link`], the connection to the room; [`keep`], the files;
//! [`rooms`], the rooms to join; [`desktop`] and [`theme`]; then [`window`], which alone knows FLTK;
//! and [`mod@run`], the event loop. [`text`] makes text that others wrote fit to be shown.

mod desktop;
mod keep;
mod link;
mod model;
mod rooms;
mod run;
mod talk;
#[cfg(test)]
mod tests;
mod text;
pub mod theme;
mod transcript;
mod window;

pub use run::run;
