use super::*;
use crate::nearby::interfaces::tests::interface;
use crate::nearby::messages::{Record, RecordData, question};

const SECOND: Duration = Duration::from_secs(1);
const DELAY: Duration = Duration::from_millis(70);

fn responder() -> Responder {
    Responder::new("kitchen", "5d2f0a11", true, 1337, "00c0ffee")
}

/// The contents of a message, one line per record.
fn shown(bytes: &[u8]) -> Vec<String> {
    let say = |record: &Record| {
        let says = match &record.says {
            RecordData::Instance(name) => format!("PTR {name}"),
            RecordData::At { host, port } => format!("SRV {host} {port}"),
            RecordData::Of(told) => format!("TXT {told:?}"),
            RecordData::Address(ip) => format!("A {ip}"),
        };
        let flush = if record.flush { " flush" } else { "" };
        format!("{} {}{flush} {says}", record.name, record.ttl)
    };
    crate::nearby::messages::read(bytes)
        .expect("a response")
        .iter()
        .map(say)
        .collect()
}

fn ask(responder: &mut Responder, interface: &Interface, from: &str, bytes: &[u8], now: Instant) {
    let heard = Incoming {
        interface,
        from: from.parse().expect(from),
        bytes,
        delay: DELAY,
    };
    responder.heard(&heard, now);
}

fn query(name: Name<'static>, kind: TYPE) -> Vec<u8> {
    messages::query(vec![question(name, kind)], Vec::new())
}

/// A responder after its announcements, and a time at which they are over.
fn settled(interface: &Interface) -> (Responder, Instant) {
    let (mut responder, start) = (responder(), Instant::now());
    responder.interfaces(std::slice::from_ref(interface), start, DELAY);
    for second in [0, 1, 3] {
        assert_eq!(responder.due(start + SECOND * second).len(), 1, "{second}");
    }
    assert_eq!(responder.next(), None, "nothing is left to do");
    (responder, start + SECOND * 10)
}

#[test]
fn a_room_is_told_of_three_times_and_then_when_asked() {
    let interface = interface(3, &["10.0.0.7/24", "fe80::7/64"]);
    let (mut responder, start) = (responder(), Instant::now());
    responder.interfaces(std::slice::from_ref(&interface), start, DELAY);
    let first = responder.due(start);
    assert_eq!((first.len(), first[0].interface, first[0].to), (1, 3, None));
    let instance = "kitchen 5d2f0a11-00c0ffee._chatroom._tcp.local";
    let told = "Some(RecordText { room: \"kitchen\", id: \"5d2f0a11\", key: true })";
    let host = "chatroom-5d2f0a11-00c0ffee.local";
    assert_eq!(
        shown(&first[0].bytes),
        [
            format!("_chatroom._tcp.local 4500 PTR {instance}"),
            format!("{instance} 120 flush SRV {host} 1337"),
            format!("{instance} 4500 flush TXT {told}"),
            format!("{host} 120 flush A 10.0.0.7"),
            format!("{host} 120 flush A fe80::7"),
        ]
    );
    assert_eq!(responder.due(start + SECOND / 2), []);
    assert_eq!(responder.next(), Some(start + SECOND));
    assert_eq!(responder.due(start + SECOND), first);
    assert_eq!(responder.due(start + SECOND * 3), first);
    assert_eq!(responder.next(), None);
    // The same networks again are no change; another address is one.
    responder.interfaces(std::slice::from_ref(&interface), start + SECOND * 4, DELAY);
    assert_eq!(responder.next(), None);
    let other = super::super::interfaces::tests::interface(3, &["10.0.0.8/24"]);
    responder.interfaces(&[other], start + SECOND * 5, DELAY);
    let moved = responder.due(start + SECOND * 5);
    assert!(shown(&moved[0].bytes).contains(&format!("{host} 120 flush A 10.0.0.8")));
}

#[test]
fn all_who_ask_at_once_get_one_answer() {
    let interface = interface(1, &["10.0.0.7/24"]);
    let (mut responder, now) = settled(&interface);
    for from in ["10.0.0.9:5353", "10.0.0.10:5353", "[fe80::9]:5353"] {
        ask(
            &mut responder,
            &interface,
            from,
            &query(messages::service(), TYPE::PTR),
            now,
        );
    }
    assert_eq!(
        responder.due(now),
        [],
        "it waits a little, for others ask and answer too"
    );
    assert_eq!(responder.due(now + DELAY).len(), 1);
    // A repeated query is answered once a second has passed.
    ask(
        &mut responder,
        &interface,
        "10.0.0.9:5353",
        &query(messages::service(), TYPE::PTR),
        now + DELAY,
    );
    assert_eq!(responder.next(), Some(now + DELAY + SECOND));
    assert_eq!(responder.due(now + DELAY + SECOND).len(), 1);
}

#[test]
fn every_name_of_the_room_is_answered_for_and_no_other() {
    let interface = interface(1, &["10.0.0.7/24"]);
    let instance = |label: &str| messages::name(&[label, "_chatroom", "_tcp", "local"]);
    let (own, host) = ("KITCHEN 5d2f0a11-00c0ffee", "Chatroom-5d2f0a11-00c0ffee");
    for (name, kind, answered) in [
        (messages::service(), TYPE::PTR, true),
        (
            messages::name(&["_CHATROOM", "_tcp", "LOCAL"]),
            TYPE::PTR,
            true,
        ),
        (messages::types(), TYPE::PTR, true),
        (instance(own), TYPE::SRV, true),
        (instance(own), TYPE::TXT, true),
        (messages::name(&[host, "local"]), TYPE::A, true),
        (messages::name(&[host, "local"]), TYPE::AAAA, true),
        (instance("kitchen"), TYPE::SRV, false),
        (messages::name(&["_ipp", "_tcp", "local"]), TYPE::PTR, false),
        (messages::service(), TYPE::TXT, false),
        (messages::name(&["other", "local"]), TYPE::A, false),
        (messages::name(&[]), TYPE::PTR, false),
    ] {
        let (mut responder, now) = settled(&interface);
        ask(
            &mut responder,
            &interface,
            "10.0.0.9:5353",
            &query(name.clone(), kind),
            now,
        );
        assert_eq!(
            responder.due(now + DELAY).len(),
            usize::from(answered),
            "{name} {kind:?}"
        );
    }
    let (mut responder, now) = settled(&interface);
    ask(
        &mut responder,
        &interface,
        "10.0.0.9:5353",
        &query(messages::types(), TYPE::PTR),
        now,
    );
    let listed = "_services._dns-sd._udp.local 4500 PTR _chatroom._tcp.local";
    assert!(shown(&responder.due(now + DELAY)[0].bytes).contains(&listed.to_string()));
}

#[test]
fn who_knows_already_is_not_told_again() {
    let interface = interface(1, &["10.0.0.7/24"]);
    let (mut responder, now) = settled(&interface);
    let mut asked = |ttl: u32, label: &str| {
        let instance = messages::name(&[label, "_chatroom", "_tcp", "local"]);
        let known = messages::record(messages::service(), ttl, RData::PTR(PTR(instance)));
        let query = messages::query(vec![question(messages::service(), TYPE::PTR)], vec![known]);
        ask(&mut responder, &interface, "10.0.0.9:5353", &query, now);
        responder.due(now + DELAY).len()
    };
    assert_eq!(asked(4_000, "kitchen 5d2f0a11-00c0ffee"), 0);
    assert_eq!(
        asked(2_000, "kitchen 5d2f0a11-00c0ffee"),
        1,
        "for too short a time"
    );
}

#[test]
fn a_plain_resolver_on_the_link_is_answered_by_itself() {
    let interface = interface(1, &["10.0.0.7/24"]);
    let (mut responder, now) = settled(&interface);
    let mut bytes = query(messages::service(), TYPE::PTR);
    bytes[..2].copy_from_slice(&[0x12, 0x34]);
    ask(&mut responder, &interface, "10.0.0.9:40000", &bytes, now);
    let outgoing = responder.due(now);
    assert_eq!(outgoing.len(), 1);
    assert_eq!(outgoing[0].to, Some("10.0.0.9:40000".parse().expect("it")));
    let packet = Packet::parse(&outgoing[0].bytes).expect("a message");
    assert_eq!((packet.id(), packet.questions.len()), (0x1234, 1));
    assert!(
        packet
            .answers
            .iter()
            .all(|record| record.ttl == 10 && !record.cache_flush)
    );
    // A query from another network is not answered, so nothing leaves this one; nor is a flood.
    for from in ["8.8.8.8:40000", "10.0.1.9:40000", "[2001:db8::1]:40000"] {
        ask(&mut responder, &interface, from, &bytes, now);
        assert_eq!(responder.due(now), [], "{from}");
    }
    for _ in 0..1_000 {
        ask(&mut responder, &interface, "10.0.0.9:40000", &bytes, now);
    }
    assert_eq!(responder.due(now).len(), 19);
}

#[test]
fn what_is_no_question_changes_nothing() {
    let interface = interface(1, &["10.0.0.7/24"]);
    let (mut responder, now) = settled(&interface);
    let kind = ResponseKind::Multicast { lists_types: true };
    let own = messages::response(responder.records(&interface, kind), None);
    let mut update = query(messages::service(), TYPE::PTR);
    update[2] = 0x28;
    for bytes in [
        &own[..],
        &update,
        b"",
        b"\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff",
    ] {
        ask(&mut responder, &interface, "10.0.0.9:5353", bytes, now);
        assert_eq!(responder.next(), None, "{bytes:?}");
    }
}

#[test]
fn good_bye_takes_everything_back() {
    let interface = interface(1, &["10.0.0.7/24"]);
    let (mut responder, _) = settled(&interface);
    let outgoing = responder.farewell();
    assert_eq!(outgoing.len(), 1);
    let all = shown(&outgoing[0].bytes);
    assert_eq!(all.len(), 4);
    for line in all {
        assert!(line.contains("local 0 "), "{line}");
    }
}
