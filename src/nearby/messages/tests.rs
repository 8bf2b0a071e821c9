use super::*;
use proptest::prelude::*;

fn read_txt(strings: &[&[u8]]) -> Option<RecordText> {
    let mut txt = TXT::new();
    for text in strings {
        let text = simple_dns::CharacterString::new(text).expect("short");
        txt.add_char_string(text.into_owned());
    }
    told(&txt)
}

#[test]
fn what_is_told_is_what_is_read() {
    let long = "ж".repeat(300);
    for (room, shown) in [
        ("kitchen", "kitchen"),
        ("غرفة المطبخ 🏠", "غرفة المطبخ 🏠"),
        ("a=b", "a=b"),
        ("👩‍👩‍👧", "👩‍👩‍👧"),
        (long.as_str(), &long[..250]),
    ] {
        let told = told(&txt(room, "5d2f0a11", true)).expect(room);
        assert_eq!((told.room.as_str(), told.key), (shown, true));
        assert_eq!(told.id, "5d2f0a11");
    }
    assert!(!told(&txt("a", "5d2f0a11", false)).expect("it").key);
}

#[test]
fn labels_are_cut_where_a_character_begins() {
    assert_eq!(label("kitchen", "1-2"), "kitchen 1-2");
    for room in ["x".repeat(300), "ж".repeat(300), "🏠".repeat(300)] {
        let label = label(&room, "5d2f0a11-00c0ffee");
        assert!((60..=LABEL).contains(&label.len()), "{label}");
        assert!(label.ends_with(" 5d2f0a11-00c0ffee"));
    }
}

#[test]
fn names_from_the_network_cannot_hide_or_turn_round() {
    for (room, shown) in [
        ("  a \u{3000} b\t", "a b"),
        ("a\nb\u{7}", "ab"),
        ("\u{202e}evil\u{2066}\u{200b}\u{feff}", "evil"),
        ("a\u{2028}b\u{85}", "ab"),
        ("\u{1b}[31mred", "[31mred"),
    ] {
        let text = format!("room={room}");
        let told = read_txt(&[text.as_bytes(), b"id=abc"]).expect(room);
        assert_eq!(told.room, shown);
    }
    for nothing in [
        "",
        " ",
        "\u{202e}",
        "\u{200d}\u{200c}",
        "\n",
        "\u{3164}\u{2800}",
    ] {
        let text = format!("room={nothing}");
        assert_eq!(read_txt(&[text.as_bytes(), b"id=abc"]), None, "{nothing:?}");
    }
    // The valid part of a name that is not UTF-8 is shown.
    let told = read_txt(&[b"room=a\xff\xfeb", b"id=abc"]).expect("it");
    assert_eq!(told.room, "a\u{fffd}\u{fffd}b");
}

#[test]
fn what_is_no_room_is_none() {
    for strings in [
        &[&b"room=a"[..]][..],
        &[b"id=abc"],
        &[b"room=a", b"id="],
        &[b"room=a", b"id"],
        &[b"room=a", b"id=a b"],
        &[b"room=a", b"id=../../x"],
        &[b"room=a", b"id=0123456789012345678901234567890123"],
        &[b"room=a", b"id=\xff\xff"],
        &[b"", b"=x"],
        &[],
    ] {
        assert_eq!(read_txt(strings), None, "{strings:?}");
    }
    // The first of two keys counts, and keys ignore case.
    let told = read_txt(&[b"ROOM=a", b"room=b", b"Id=ABC", b"key=0", b"KEY=1"]);
    let told = told.expect("a room");
    assert_eq!(
        (told.room.as_str(), told.id.as_str(), told.key),
        ("a", "abc", false)
    );
}

#[test]
fn a_message_fits_into_one_packet() {
    let many = || (0..200).map(said).collect::<Vec<_>>();
    fn said(n: u16) -> ResourceRecord<'static> {
        let host = name(&[&format!("host{n}"), "local"]);
        record(host, 120, address([10, 0, 0, 1].into())).with_cache_flush(true)
    }
    let bytes = response(many(), None);
    assert!(
        (LONGEST - 60..=LONGEST).contains(&bytes.len()),
        "{}",
        bytes.len()
    );
    assert!(read(&bytes).is_some_and(|records| records.len() > 20));
    assert!(query(vec![question(service(), TYPE::PTR)], many()).len() <= LONGEST);
}

#[test]
fn no_message_is_longer_than_a_packet() {
    let label = |at: usize| format!("{at:0>60}");
    let questions = |count| (0..count).map(|at| question(name(&[&label(at), "x"]), TYPE::SRV));
    let known = record(service(), 120, RData::PTR(PTR(service())));
    for count in [1, 20, 21, 22, 23, 100] {
        let sent = query(questions(count).collect(), vec![known.clone(); 50]);
        assert!(sent.len() <= LONGEST, "{count}: {}", sent.len());
        let read = Packet::parse(&sent).expect("a message");
        assert!(read.questions.len() >= count.min(20), "{count}");
    }
}

proptest! {
    /// Any bytes are parsed or refused; nothing else happens.
    #[test]
    fn bytes_of_any_kind_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = read(&bytes);
    }

    /// Messages that are almost valid do no harm either.
    #[test]
    fn damaged_messages_do_no_harm(
        room in ".{0,80}",
        changes in prop::collection::vec((0_usize..1_000, any::<u8>()), 1..12),
        length in 0_usize..1_000,
    ) {
        let instance = name(&[&label(&room, "abc-1"), "_chatroom", "_tcp", "local"]);
        let mut bytes = response(
            vec![
                record(service(), 120, RData::PTR(PTR(instance.clone()))),
                record(instance.clone(), 120, at(name(&["host", "local"]), 1337)).with_cache_flush(true),
                record(instance, 120, RData::TXT(txt(&room, "abc", true))).with_cache_flush(true),
                record(name(&["host", "local"]), 120, address([10, 0, 0, 1].into())).with_cache_flush(true),
            ],
            None,
        );
        for (at, byte) in changes {
            if let Some(old) = bytes.get_mut(at) {
                *old = byte;
            }
        }
        bytes.truncate(length);
        for record in read(&bytes).unwrap_or_default() {
            if let RecordData::Of(Some(told)) = record.says {
                prop_assert!(!told.room.is_empty() && told.room.len() <= ROOM);
                prop_assert!(!told.room.chars().any(char::is_control));
            }
        }
    }
}
