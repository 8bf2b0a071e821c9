//! What is typed into a window is said once and in order, whatever is killed meanwhile.

use crate::typing::{kill_while_typing, type_through_kills};

#[test]
fn five_hundred_messages_typed_through_twenty_kills_of_the_server() {
    type_through_kills(500, 20, 50);
}

#[test]
fn a_window_killed_twenty_times_while_it_is_typed_into() {
    kill_while_typing(20);
}
