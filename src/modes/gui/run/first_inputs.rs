//! The first inputs of the model, from the command line and the settings: pure.
//!
//! What always holds: no room is told a key unless the user chose it.

use crate::address::Address;
use crate::modes::gui::model::Input;
use crate::modes::gui::window::LoginFields;

/// The note about a link to a room that was not used before, with a room key at hand.
const STRANGE: &str = "You have not been in the room of this link before. If its address is right, \
                       log in: only then does it get the room key.";

/// Returns a login, a search for the room to log in to, or an offer of rooms. `named` is the
/// address on the command line, `recent` are the rooms used before.
pub fn first_inputs(
    fields: &LoginFields,
    named: Option<&str>,
    search: bool,
    recent: &[String],
) -> Vec<Input> {
    if named.is_some_and(|named| is_strange_link(named, fields, recent)) {
        let offer = Input::OfferRooms { search: false };
        return vec![offer, Input::Note(STRANGE.to_string())];
    }
    let search = search && named.is_none();
    let (name, key) = (fields.name.clone(), fields.key.clone());
    vec![match (name.is_empty(), search) {
        (true, search) => Input::OfferRooms { search },
        (false, true) => Input::JoinOnlyRoom { name, key },
        (false, false) => Input::LogIn {
            address: fields.address.clone(),
            name,
            key,
            persist: true,
        },
    }]
}

/// Returns whether a clicked link leads to a room never used: it may come from anybody's page or
/// message, and the desktop passes it on with the key from the environment.
fn is_strange_link(named: &str, fields: &LoginFields, recent: &[String]) -> bool {
    let scheme = named.trim().split_once("://").map(|(scheme, _)| scheme);
    if fields.key.is_empty() || !scheme.is_some_and(|it| it.eq_ignore_ascii_case("chatroom")) {
        return false;
    }
    let known = |address: &Address| {
        let known = recent.iter().filter_map(|text| Address::parse(text).ok());
        known.into_iter().any(|old| old == *address)
    };
    // The login reports an invalid address.
    Address::parse(named).is_ok_and(|address| !known(&address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_was_not_used_before_gets_no_key_by_itself() {
        let begins = |named: &str, key: &str| {
            let fields = LoginFields {
                address: named.to_string(),
                name: "eve".to_string(),
                key: key.to_string(),
            };
            let recent = ["10.0.0.1:1337".to_string()];
            let inputs = first_inputs(&fields, Some(named), true, &recent);
            let logs_in = matches!(inputs[0], Input::LogIn { .. });
            let said = inputs.iter().any(|input| matches!(input, Input::Note(_)));
            assert_ne!(logs_in, said);
            logs_in
        };
        assert!(!begins("chatroom://10.0.0.9", "secret"));
        assert!(!begins(" ChatRoom://10.0.0.1:1338/", "secret"));
        assert!(begins("chatroom://10.0.0.1/", "secret"));
        assert!(begins("chatroom://10.0.0.9", ""));
        // A user typed this, or a program means it.
        assert!(begins("10.0.0.9", "secret"));
        // The login reports what is wrong with it.
        assert!(begins("chatroom://a b", "secret"));
    }
}
