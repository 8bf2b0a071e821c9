//! `chatroom gui`: the room in a window.
//!
//! The main thread owns the widgets and the model and never waits for the network; the link's
//! thread owns the socket and never touches a widget. They exchange values ([`talk`]).
//!
//! In reading order: [`talk`]; [`history`], [`items`], [`view`] and [`lines`], which make the
//! transcript; [`model`], which decides; [`link`]; then [`window`] and [`transcript`], which are the
//! only ones that know FLTK; and [`mod@run`], which has them meet.

pub mod badge;
mod begin;
mod browser;
mod clerk;
pub mod commands;
pub mod complete;
pub mod display;
mod files;
pub mod frames;
pub mod history;
pub mod items;
mod keeping;
pub mod kept;
pub mod layout;
pub mod limits;
pub mod lines;
pub mod link;
mod looking;
mod method;
pub mod model;
pub mod notify;
mod outside;
pub mod recall;
pub mod rooms;
mod run;
pub mod settings;
pub mod spans;
pub mod talk;
pub mod theme;
pub mod transcript;
pub mod view;
pub mod window;

pub use run::run;
