//! The transcript as data: history, items, styled text, layout and scrolling. Pure; its widget is
//! `window::transcript`.

pub mod found;
pub mod history;
pub mod items;
pub mod layout;
pub mod styled;
pub mod surroundings;
pub mod view;
