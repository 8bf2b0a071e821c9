use super::*;
use crate::nearby::interfaces::tests::interface;
use crate::nearby::net::PORT;
use crate::nearby::responder::Responder;

const SECOND: Duration = Duration::from_secs(1);
const DELAY: Duration = Duration::from_millis(70);

fn finder(interface: &Interface, now: Instant) -> Finder {
    let mut finder = Finder::default();
    finder.interfaces(std::slice::from_ref(interface), now, DELAY);
    finder
}

fn hear(finder: &mut Finder, interface: &Interface, bytes: &[u8], now: Instant) {
    let from = ([10, 0, 0, 9], PORT).into();
    finder.heard(
        &Incoming {
            interface,
            from,
            bytes,
            delay: DELAY,
        },
        now,
    );
}

/// A responder for a room on `interface`.
fn room(interface: &Interface, name: &str, id: &str, unique: &str, now: Instant) -> Responder {
    let mut responder = Responder::new(name, id, false, 1337, unique);
    responder.interfaces(std::slice::from_ref(interface), now, DELAY);
    responder
}

/// The responder's first announcement.
fn said(responder: &mut Responder, now: Instant) -> Vec<u8> {
    responder.due(now).remove(0).bytes
}

/// Hears it.
fn meet(finder: &mut Finder, interface: &Interface, responder: &mut Responder, now: Instant) {
    hear(finder, interface, &said(responder, now), now);
}

/// An interface, the time, and a finder that begins there and then.
fn begun() -> (Interface, Instant, Finder) {
    let (ours, now) = (interface(2, &["10.0.0.1/24"]), Instant::now());
    let finder = finder(&ours, now);
    (ours, now, finder)
}

/// The rooms as a list: id, name, addresses.
fn rooms(finder: &Finder) -> Vec<(String, String, Vec<String>)> {
    let list = |room: FoundRoom| {
        let addresses = room.addresses.iter().map(ToString::to_string);
        (room.id, room.name, addresses.collect())
    };
    finder.rooms().into_values().map(list).collect()
}

fn one(id: &str, name: &str, addresses: &[&str]) -> Vec<(String, String, Vec<String>)> {
    let addresses = addresses.iter().map(ToString::to_string).collect();
    vec![(id.to_string(), name.to_string(), addresses)]
}

#[test]
fn the_address_to_try_first_stands_first() {
    let ours = interface(2, &["10.0.0.1/24", "fe80::1/64", "2001:db8::1/64"]);
    let now = Instant::now();
    let mut finder = finder(&ours, now);
    let theirs = interface(
        9,
        &[
            "10.0.0.7/24",
            "fe80::7/64",
            "2001:db8::7/64",
            "192.168.7.7/24",
        ],
    );
    meet(
        &mut finder,
        &ours,
        &mut room(&theirs, "kitchen", "abc", "1", now),
        now,
    );
    // An address off this network leads elsewhere and is not shown.
    let addresses = ["10.0.0.7:1337", "[2001:db8::7]:1337", "[fe80::7%eth2]:1337"];
    assert_eq!(rooms(&finder), one("abc", "kitchen", &addresses));
}

#[test]
fn rooms_of_one_name_stay_apart_and_one_room_stays_one() {
    let (ours, now, mut finder) = begun();
    for (address, id, unique) in [
        ("10.0.0.7/24", "aaa", "1"),
        ("10.0.0.8/24", "bbb", "2"),
        ("10.0.0.9/24", "aaa", "3"),
    ] {
        let theirs = interface(9, &[address]);
        meet(
            &mut finder,
            &ours,
            &mut room(&theirs, "chatroom", id, unique, now),
            now,
        );
    }
    let mut both = one("aaa", "chatroom", &["10.0.0.7:1337", "10.0.0.9:1337"]);
    both.extend(one("bbb", "chatroom", &["10.0.0.8:1337"]));
    assert_eq!(rooms(&finder), both);
}

#[test]
fn a_room_is_gone_a_second_after_its_good_bye() {
    let (ours, now, mut finder) = begun();
    let mut kitchen = room(&ours, "kitchen", "abc", "1", now);
    meet(&mut finder, &ours, &mut kitchen, now);
    let bye = kitchen.farewell().remove(0).bytes;
    hear(&mut finder, &ours, &bye, now);
    assert_eq!(rooms(&finder).len(), 1);
    assert_eq!(
        finder.next(),
        Some(now + DELAY),
        "nothing but the first question"
    );
    finder.due(now + SECOND);
    assert_eq!(rooms(&finder), []);
    assert!(finder.instances.is_empty() && finder.hosts.is_empty());
    // A good-bye of an unknown room has no effect.
    hear(&mut finder, &ours, &bye, now);
    assert!(finder.instances.is_empty());
}

#[test]
fn a_room_that_says_nothing_any_more_is_asked_for_and_then_gone() {
    let (ours, start, mut finder) = begun();
    let mut kitchen = room(&ours, "kitchen", "abc", "1", start);
    meet(&mut finder, &ours, &mut kitchen, start);
    let mut asked = Vec::new();
    let mut now = start;
    while !finder.rooms().is_empty() {
        now = finder.next().expect("something to do");
        for message in finder.due(now) {
            let packet = simple_dns::Packet::parse(&message.bytes).expect("a message");
            if packet.questions.len() > 1 {
                assert_eq!(packet.questions.len(), 4, "SRV, TXT, A, AAAA");
                asked.push((now - start).as_secs());
            }
        }
    }
    assert_eq!(asked, [96, 102, 108, 114]);
    assert_eq!(now - start, SECOND * 120);
    // A room that answers stays.
    let mut finder = self::finder(&ours, start);
    hear(
        &mut finder,
        &ours,
        &said(&mut kitchen, start + SECOND),
        start,
    );
    for minute in 1..10 {
        let mut now = start + SECOND * 60 * minute;
        while finder.next().is_some_and(|next| next < now + SECOND * 60) {
            now = finder.next().expect("it").max(now);
            for message in finder.due(now) {
                let from = ([10, 0, 0, 1], PORT).into();
                let (interface, bytes) = (&ours, &message.bytes);
                kitchen.heard(
                    &Incoming {
                        interface,
                        from,
                        bytes,
                        delay: DELAY,
                    },
                    now,
                );
                let answered = kitchen.next().map_or(now, |at| at.max(now));
                for message in kitchen.due(answered) {
                    hear(&mut finder, &ours, &message.bytes, answered);
                }
            }
        }
        assert_eq!(rooms(&finder).len(), 1, "minute {minute}");
    }
}

#[test]
fn what_is_missing_is_asked_for() {
    let (ours, now, mut finder) = begun();
    let instance = messages::name(&["kitchen", "_chatroom", "_tcp", "local"]);
    let pointer = messages::record(messages::service(), 4_500, RData::PTR(PTR(instance)));
    hear(
        &mut finder,
        &ours,
        &messages::response(vec![pointer], None),
        now,
    );
    let mut times = Vec::new();
    let mut at = now;
    while at < now + SECOND * 300 {
        at = finder.next().expect("something to do");
        let single = finder.due(at).iter().any(|message| {
            simple_dns::Packet::parse(&message.bytes).is_ok_and(|p| p.questions.len() == 2)
        });
        if single {
            times.push((at - now).as_millis());
        }
    }
    assert_eq!(
        times,
        [100, 2_100, 6_100, 14_100, 30_100],
        "and then no more"
    );
    assert_eq!(rooms(&finder), []);
}

#[test]
fn the_question_of_all_is_asked_ever_more_seldom() {
    let (ours, now, mut finder) = begun();
    let mut times = Vec::new();
    while times.len() < 16 {
        let at = finder.next().expect("something to do");
        assert_eq!(finder.due(at).len(), 1);
        times.push((at - now - DELAY).as_secs());
    }
    assert_eq!(times[..6], [0, 1, 3, 7, 15, 31]);
    assert_eq!(times[15] - times[14], 3_600);
    // A new network starts the queries again.
    finder.interfaces(std::slice::from_ref(&ours), now, DELAY);
    assert_eq!(finder.next(), Some(now + DELAY));
}

#[test]
fn what_answers_from_another_port_or_for_others_is_not_heard() {
    let (ours, now, mut finder) = begun();
    let bytes = said(&mut room(&ours, "kitchen", "abc", "1", now), now);
    let from = ([10, 0, 0, 9], 40_000).into();
    finder.heard(
        &Incoming {
            interface: &ours,
            from,
            bytes: &bytes,
            delay: DELAY,
        },
        now,
    );
    assert!(finder.instances.is_empty());
    // An instance of another service with a room's name.
    let printer = messages::name(&["printer", "_ipp", "_tcp", "local"]);
    let pointer = messages::record(messages::service(), 4_500, RData::PTR(PTR(printer)));
    hear(
        &mut finder,
        &ours,
        &messages::response(vec![pointer], None),
        now,
    );
    assert!(finder.instances.is_empty());
}

#[test]
fn a_flood_is_bounded_and_over_when_it_is_over() {
    let (ours, now, mut finder) = begun();
    for n in 0..5_000_u32 {
        let theirs = interface(9, &["10.0.0.7/24"]);
        let mut noise = room(&theirs, "noise", &format!("{n:x}"), "1", now);
        meet(&mut finder, &ours, &mut noise, now);
    }
    assert_eq!(
        (finder.instances.len(), finder.rooms().len()),
        (ROOMS, ROOMS)
    );
    // One host with a thousand addresses, and addresses of hosts without a room.
    let host = finder
        .instances
        .values()
        .next()
        .expect("one")
        .at
        .clone()
        .expect("it")
        .0;
    for n in 0..1_000_u32 {
        let ip = IpAddr::from([10, 0, 0, u8::try_from(n % 250).expect("it")]);
        for name in [host.clone(), messages::name(&[&format!("h{n}"), "local"])] {
            let record = messages::record(name, u32::MAX, messages::address(ip));
            hear(
                &mut finder,
                &ours,
                &messages::response(vec![record], None),
                now,
            );
        }
    }
    assert!(
        finder
            .hosts
            .values()
            .all(|addresses| addresses.len() <= ADDRESSES)
    );
    assert!(finder.hosts.len() <= ROOMS);
    finder.due(now + LONGEST);
    assert!(finder.instances.is_empty() && finder.hosts.is_empty());
}

#[test]
fn without_its_network_a_room_is_gone() {
    let (ours, now, mut finder) = begun();
    meet(
        &mut finder,
        &ours,
        &mut room(&ours, "kitchen", "abc", "1", now),
        now,
    );
    finder.interfaces(&[], now, DELAY);
    assert_eq!(rooms(&finder), []);
    assert!(finder.instances.is_empty());
}
