//! The list of rooms, as its lines.

use super::*;

fn address(text: &str) -> Address {
    Address::parse(text).expect("an address")
}

fn room(id: &str, name: &str, addresses: &[&str]) -> RoomChange {
    RoomChange::There(FoundRoom {
        id: id.into(),
        name: name.into(),
        addresses: addresses.iter().map(|text| address(text)).collect(),
        key: false,
    })
}

fn answered(at: &str, room: Option<(&str, &str)>, aliases: &[&str]) -> ProbedRoom {
    ProbedRoom {
        address: address(at),
        aliases: aliases.iter().map(|text| address(text)).collect(),
        id: room.map(|(id, _)| id.into()),
        name: room.map(|(_, name)| name.into()),
    }
}

fn rooms(recent: &[&str]) -> KnownRooms {
    let mut rooms = KnownRooms::default();
    let recent: Vec<String> = recent.iter().map(|text| text.to_string()).collect();
    rooms.set_recent(&recent);
    rooms
}

/// `name @ address`, with what stands beside it.
fn lines(offers: &[JoinableRoom]) -> Vec<String> {
    let line = |offer: &JoinableRoom| {
        let mut line = offer.name.clone().unwrap_or_default();
        line += &format!(" @ {}", offer.address.short());
        if offer.key {
            line += ", key";
        }
        if let Some(used) = offer.used {
            line += &format!(", used {used}");
        }
        if offer.there {
            line += ", there";
        }
        line
    };
    offers.iter().map(line).collect()
}

#[test]
fn what_was_used_comes_first_and_the_rest_as_it_is_found() {
    let mut rooms = rooms(&["10.0.0.2", "10.0.0.1", "nonsense!"]);
    assert_eq!(
        lines(&rooms.offers()),
        [" @ 10.0.0.2, used 0", " @ 10.0.0.1, used 1"]
    );
    assert!(rooms.present().is_empty());
    rooms.change(room("c", "third", &["10.0.0.3"]));
    rooms.change(room("a", "first", &["10.0.0.9", "10.0.0.1"]));
    rooms.change(room("b", "another", &["10.0.0.4"]));
    let all = [
        " @ 10.0.0.2, used 0",
        // Under the address that it was used by.
        "first @ 10.0.0.1, used 1, there",
        "third @ 10.0.0.3, there",
        "another @ 10.0.0.4, there",
    ];
    assert_eq!(lines(&rooms.offers()), all);
    assert_eq!(lines(&rooms.present()), all[1..]);
    // It is called otherwise now, and keeps its place.
    rooms.change(room("c", "3rd", &["10.0.0.3"]));
    assert_eq!(lines(&rooms.offers())[2], "3rd @ 10.0.0.3, there");
    rooms.change(RoomChange::Gone("a".into()));
    rooms.change(RoomChange::Gone("unknown".into()));
    assert_eq!(
        lines(&rooms.present()),
        ["3rd @ 10.0.0.3, there", "another @ 10.0.0.4, there"]
    );
    rooms.forget();
    assert_eq!(lines(&rooms.offers()).len(), 2);
}

#[test]
fn a_room_under_several_addresses_is_one() {
    let mut here = rooms(&[]);
    here.change(room("a", "lobby", &["192.168.1.20", "10.0.0.20"]));
    here.answer(answered("127.0.0.1", Some(("a", "lobby")), &[]));
    assert_eq!(lines(&here.offers()), ["lobby @ 127.0.0.1, there"]);
    // Two of its addresses were used: the last one counts.
    let mut there = rooms(&["10.0.0.20", "192.168.1.20"]);
    there.change(room("a", "lobby", &["192.168.1.20", "10.0.0.20"]));
    assert_eq!(lines(&there.offers()), ["lobby @ 10.0.0.20, used 0, there"]);
    // It was used by a name that nobody announces, and answers there.
    let mut named = rooms(&["box.example"]);
    named.change(room("a", "lobby", &["192.168.1.20"]));
    assert_eq!(named.present().len(), 1);
    named.answer(answered("box.example", Some(("a", "lobby")), &[]));
    let one = ["lobby @ box.example, used 0, there"];
    assert_eq!(lines(&named.offers()), one);
    assert_eq!(lines(&named.present()), one);
}

#[test]
fn rooms_with_the_same_name_or_port_are_still_two() {
    let mut rooms = rooms(&[]);
    rooms.change(room("a", "lobby", &["192.168.1.20"]));
    rooms.change(room("b", "lobby", &["192.168.1.21"]));
    rooms.answer(answered(
        "127.0.0.1",
        Some(("c", "lobby")),
        &["192.168.1.20"],
    ));
    assert_eq!(
        lines(&rooms.present()),
        [
            "lobby @ 192.168.1.20, there",
            "lobby @ 192.168.1.21, there",
            "lobby @ 127.0.0.1, there"
        ]
    );
}

#[test]
fn a_room_with_a_key_on_this_machine_is_one_too() {
    let mut rooms = rooms(&[]);
    rooms.answer(answered("127.0.0.1", None, &["192.168.1.20", "10.0.0.20"]));
    assert_eq!(lines(&rooms.present()), [" @ 127.0.0.1, key, there"]);
    let mut secret = FoundRoom {
        id: "a".into(),
        name: "secret".into(),
        addresses: vec![address("192.168.1.20")],
        key: true,
    };
    rooms.change(RoomChange::There(secret.clone()));
    assert_eq!(lines(&rooms.present()), ["secret @ 127.0.0.1, key, there"]);
    // Another machine's.
    secret.addresses = vec![address("192.168.1.30")];
    rooms.change(RoomChange::There(secret));
    assert_eq!(rooms.present().len(), 2);
}

#[test]
fn a_network_that_tells_of_thousands_fills_no_memory() {
    let mut rooms = rooms(&[]);
    for n in 0..10_000 {
        let id = n.to_string();
        rooms.change(room(&id, "x", &[&format!("10.0.{}.{}", n / 256, n % 256)]));
    }
    assert_eq!(rooms.offers().len(), MAX_FOUND);
    rooms.change(room("none", "nowhere", &[]));
    rooms.change(RoomChange::Gone("3".into()));
    rooms.change(room("new", "new", &["10.9.9.9"]));
    assert_eq!(rooms.offers().len(), MAX_FOUND);
    assert_eq!(
        lines(&rooms.offers())[MAX_FOUND - 1],
        "new @ 10.9.9.9, there"
    );
}
