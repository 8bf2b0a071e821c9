//! `chatroom gui`: the room in a window.
//!
//! The main thread owns the widgets and the model and never waits for the network; the link's
//! thread owns the socket and never touches a widget. They exchange values ([`talk`]).
//!
//! In reading order: [`talk`]; [`transcript::history`], [`transcript::items`], [`transcript::view`] and [`transcript::lines`], which make the
//! transcript; [`model`], which decides; [`link`]; then [`window`] and [`transcript::widget`], which are the
//! only ones that know FLTK; and [`mod@run`], which has them meet.

pub mod badge;
mod begin;
mod desktop;
pub mod frames;
mod keep;
pub mod link;
pub mod model;
mod outside;
pub mod rooms;
mod run;
pub mod talk;
pub mod theme;
pub mod transcript;
pub mod window;

pub use run::run;
