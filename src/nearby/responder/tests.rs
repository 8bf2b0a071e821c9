use super::*;
use crate::nearby::links::tests::link;
use crate::nearby::said::{Record, Says, question};

const SECOND: Duration = Duration::from_secs(1);
const DELAY: Duration = Duration::from_millis(70);

fn responder() -> Responder {
    Responder::new("kitchen", "5d2f0a11", true, 1337, "00c0ffee")
}

/// What a message says, one line a record.
fn shown(bytes: &[u8]) -> Vec<String> {
    let say = |record: &Record| {
        let says = match &record.says {
            Says::Instance(name) => format!("PTR {name}"),
            Says::At { host, port } => format!("SRV {host} {port}"),
            Says::Of(told) => format!("TXT {told:?}"),
            Says::Address(ip) => format!("A {ip}"),
        };
        let flush = if record.flush { " flush" } else { "" };
        format!("{} {}{flush} {says}", record.name, record.ttl)
    };
    crate::nearby::said::read(bytes)
        .expect("a response")
        .iter()
        .map(say)
        .collect()
}

fn ask(responder: &mut Responder, link: &Link, from: &str, bytes: &[u8], now: Instant) {
    let heard = Heard {
        link,
        from: from.parse().expect(from),
        bytes,
        delay: DELAY,
    };
    responder.heard(&heard, now);
}

fn query(name: Name<'static>, kind: TYPE) -> Vec<u8> {
    said::query(vec![question(name, kind)], Vec::new())
}

/// A responder that has said of itself what it says, and when that was over.
fn settled(link: &Link) -> (Responder, Instant) {
    let (mut responder, start) = (responder(), Instant::now());
    responder.links(std::slice::from_ref(link), start, DELAY);
    for second in [0, 1, 3] {
        assert_eq!(responder.due(start + SECOND * second).len(), 1, "{second}");
    }
    assert_eq!(responder.next(), None, "nothing is left to do");
    (responder, start + SECOND * 10)
}

#[test]
fn a_room_is_told_of_three_times_and_then_when_asked() {
    let link = link(3, &["10.0.0.7/24", "fe80::7/64"]);
    let (mut responder, start) = (responder(), Instant::now());
    responder.links(std::slice::from_ref(&link), start, DELAY);
    let first = responder.due(start);
    assert_eq!((first.len(), first[0].link, first[0].to), (1, 3, None));
    let instance = "kitchen 5d2f0a11-00c0ffee._chatroom._tcp.local";
    let told = "Some(Told { room: \"kitchen\", id: \"5d2f0a11\", key: true })";
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
    // The same networks again are no news; another address is.
    responder.links(std::slice::from_ref(&link), start + SECOND * 4, DELAY);
    assert_eq!(responder.next(), None);
    let other = super::super::links::tests::link(3, &["10.0.0.8/24"]);
    responder.links(&[other], start + SECOND * 5, DELAY);
    let moved = responder.due(start + SECOND * 5);
    assert!(shown(&moved[0].bytes).contains(&format!("{host} 120 flush A 10.0.0.8")));
}

#[test]
fn all_who_ask_at_once_get_one_answer() {
    let link = link(1, &["10.0.0.7/24"]);
    let (mut responder, now) = settled(&link);
    for from in ["10.0.0.9:5353", "10.0.0.10:5353", "[fe80::9]:5353"] {
        ask(
            &mut responder,
            &link,
            from,
            &query(said::service(), TYPE::PTR),
            now,
        );
    }
    assert_eq!(
        responder.due(now),
        [],
        "it waits a little, for others ask and answer too"
    );
    assert_eq!(responder.due(now + DELAY).len(), 1);
    // Asked again it waits until a second has passed.
    ask(
        &mut responder,
        &link,
        "10.0.0.9:5353",
        &query(said::service(), TYPE::PTR),
        now + DELAY,
    );
    assert_eq!(responder.next(), Some(now + DELAY + SECOND));
    assert_eq!(responder.due(now + DELAY + SECOND).len(), 1);
}

#[test]
fn every_name_of_the_room_is_answered_for_and_no_other() {
    let link = link(1, &["10.0.0.7/24"]);
    let instance = |label: &str| said::name(&[label, "_chatroom", "_tcp", "local"]);
    let (own, host) = ("KITCHEN 5d2f0a11-00c0ffee", "Chatroom-5d2f0a11-00c0ffee");
    for (name, kind, answered) in [
        (said::service(), TYPE::PTR, true),
        (said::name(&["_CHATROOM", "_tcp", "LOCAL"]), TYPE::PTR, true),
        (said::types(), TYPE::PTR, true),
        (instance(own), TYPE::SRV, true),
        (instance(own), TYPE::TXT, true),
        (said::name(&[host, "local"]), TYPE::A, true),
        (said::name(&[host, "local"]), TYPE::AAAA, true),
        (instance("kitchen"), TYPE::SRV, false),
        (said::name(&["_ipp", "_tcp", "local"]), TYPE::PTR, false),
        (said::service(), TYPE::TXT, false),
        (said::name(&["other", "local"]), TYPE::A, false),
        (said::name(&[]), TYPE::PTR, false),
    ] {
        let (mut responder, now) = settled(&link);
        ask(
            &mut responder,
            &link,
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
    let (mut responder, now) = settled(&link);
    ask(
        &mut responder,
        &link,
        "10.0.0.9:5353",
        &query(said::types(), TYPE::PTR),
        now,
    );
    let listed = "_services._dns-sd._udp.local 4500 PTR _chatroom._tcp.local";
    assert!(shown(&responder.due(now + DELAY)[0].bytes).contains(&listed.to_string()));
}

#[test]
fn who_knows_already_is_not_told_again() {
    let link = link(1, &["10.0.0.7/24"]);
    let (mut responder, now) = settled(&link);
    let mut asked = |ttl: u32, label: &str| {
        let instance = said::name(&[label, "_chatroom", "_tcp", "local"]);
        let known = said::say(said::service(), ttl, false, RData::PTR(PTR(instance)));
        let query = said::query(vec![question(said::service(), TYPE::PTR)], vec![known]);
        ask(&mut responder, &link, "10.0.0.9:5353", &query, now);
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
    let link = link(1, &["10.0.0.7/24"]);
    let (mut responder, now) = settled(&link);
    let mut bytes = query(said::service(), TYPE::PTR);
    bytes[..2].copy_from_slice(&[0x12, 0x34]);
    ask(&mut responder, &link, "10.0.0.9:40000", &bytes, now);
    let letters = responder.due(now);
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].to, Some("10.0.0.9:40000".parse().expect("it")));
    let packet = Packet::parse(&letters[0].bytes).expect("a message");
    assert_eq!((packet.id(), packet.questions.len()), (0x1234, 1));
    assert!(
        packet
            .answers
            .iter()
            .all(|record| record.ttl == 10 && !record.cache_flush)
    );
    // Whoever is elsewhere is not, so that nothing leaves the network; nor is a flood.
    for from in ["8.8.8.8:40000", "10.0.1.9:40000", "[2001:db8::1]:40000"] {
        ask(&mut responder, &link, from, &bytes, now);
        assert_eq!(responder.due(now), [], "{from}");
    }
    for _ in 0..1_000 {
        ask(&mut responder, &link, "10.0.0.9:40000", &bytes, now);
    }
    assert_eq!(responder.due(now).len(), 19);
}

#[test]
fn what_is_no_question_changes_nothing() {
    let link = link(1, &["10.0.0.7/24"]);
    let (mut responder, now) = settled(&link);
    let own = said::response(responder.records(&link, true, 0, true), None);
    let mut update = query(said::service(), TYPE::PTR);
    update[2] = 0x28;
    for bytes in [
        &own[..],
        &update,
        b"",
        b"\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff",
    ] {
        ask(&mut responder, &link, "10.0.0.9:5353", bytes, now);
        assert_eq!(responder.next(), None, "{bytes:?}");
    }
}

#[test]
fn good_bye_takes_everything_back() {
    let link = link(1, &["10.0.0.7/24"]);
    let (mut responder, _) = settled(&link);
    let letters = responder.farewell();
    assert_eq!(letters.len(), 1);
    let all = shown(&letters[0].bytes);
    assert_eq!(all.len(), 4);
    for line in all {
        assert!(line.contains("local 0 "), "{line}");
    }
}
