//! Tests of the checker: each kind of violation is planted in a made-up log and book, and must be found.

use chatroom::event::{Body, Event, Id, Key, Recorded, Stamp};
use chatroom::line::to_line;
use chatroom::wire::Wire;

use super::book::{Book, Entry, Fate, Heard, Segment};
use super::check::{Kind, check};
use super::line_up::LineUp;

/// A log of events, with a book that matches it.
struct World {
    events: Vec<Event>,
}

fn message(n: i64) -> Event {
    Event {
        at: Stamp::from_micros(1_000 * (10 + n)),
        body: Body::message(format!("p{}", n % 2), format!("text {n}"))
            .keyed(Key::new(&format!("k{n}"))),
    }
}

impl World {
    fn new() -> World {
        let opened = Body::opened("chatroom test", "6f1d0c5be2a94c07");
        let join = |n| Body::join(format!("p{n}"));
        let mut events: Vec<Event> = [opened, join(0), join(1)]
            .into_iter()
            .map(|body| Event {
                at: Stamp::from_micros(0),
                body,
            })
            .collect();
        events.extend((0..8).map(message));
        World { events }
    }

    fn log(&self) -> Vec<u8> {
        let mut log = Vec::new();
        for event in &self.events {
            to_line(event, &mut log);
        }
        log
    }

    fn ids(&self) -> Vec<Id> {
        let all = LineUp::read(&self.log());
        all.lines.iter().map(|line| line.id).collect()
    }

    fn book(&self) -> Book {
        let (all, ids) = (LineUp::read(&self.log()), self.ids());
        let entry = |(index, from, text, key): (usize, &str, &str, Option<&str>)| Entry {
            from: from.into(),
            key: key.map(String::from),
            text: text.into(),
            bad: false,
            fates: vec![Fate::Acknowledged(201, ids[index])],
        };
        let wires: Vec<Wire> = (ids.iter().zip(&self.events))
            .map(|(id, event)| Wire::of(Recorded::new(*id, event.clone())))
            .collect();
        let part = |after: usize, to: usize, resumed: bool| Segment {
            after: resumed.then(|| ids[after]),
            hello: Some(ids[after]),
            events: wires[after + 1..=to].to_vec(),
            ..Segment::default()
        };
        let plain = |from: usize, to: usize| Segment {
            lines: (from..=to)
                .map(|n| all.lines[n].plain.clone().expect("it is whole"))
                .collect(),
            ..Segment::default()
        };
        Book {
            entries: all.messages().map(entry).collect(),
            heard: vec![
                Heard {
                    who: "structured".into(),
                    segments: vec![part(1, 5, false), part(5, 5, true), part(5, 10, true)],
                    caught_up: true,
                },
                Heard {
                    who: "plain".into(),
                    segments: vec![plain(0, 6), plain(4, 10)],
                    caught_up: true,
                },
            ],
        }
    }
}

/// Plants a violation in a good world; returns the kinds that the checker finds.
fn planted(plant: impl FnOnce(&mut World, &mut Book)) -> Vec<Kind> {
    let mut world = World::new();
    let mut book = world.book();
    plant(&mut world, &mut book);
    kinds(&world.log(), &book)
}

fn kinds(log: &[u8], book: &Book) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = check(log, book).iter().map(|v| v.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

fn refused() -> Fate {
    Fate::Refused(507, "log_full".into())
}

#[test]
fn a_world_in_order_has_no_violation() {
    assert_eq!(planted(|_, _| {}), []);
    // Attempts with an unknown outcome may be in the log or not.
    assert_eq!(
        planted(|_, book| book.entries[3].fates = vec![Fate::Unknown]),
        []
    );
    let absent = |book: &mut Book, fates: Vec<Fate>| {
        book.entries.push(Entry {
            text: "absent".into(),
            key: Some("absent".into()),
            fates,
            ..book.entries[0].clone()
        });
    };
    assert_eq!(planted(|_, book| absent(book, vec![Fate::Unknown])), []);
    assert_eq!(planted(|_, book| absent(book, vec![refused()])), []);
    assert_eq!(planted(|_, book| absent(book, vec![])), []);
    // A repeat has the first one's id.
    let repeat = |book: &mut Book| {
        let Fate::Acknowledged(_, id) = book.entries[2].fates[0] else {
            panic!("it was acknowledged");
        };
        book.entries[2].fates = vec![refused(), Fate::Unknown, Fate::Acknowledged(200, id)];
    };
    assert_eq!(planted(|_, book| repeat(book)), []);
}

#[test]
fn violations_in_messages_are_found() {
    use Kind::*;
    // The last line, and one in the middle (which moves all that comes after it).
    assert!(planted(|world, _| drop(world.events.pop())).contains(&Lost));
    assert!(planted(|world, _| drop(world.events.remove(5))).contains(&Lost));
    let only_lost = |world: &mut World, book: &mut Book| {
        world.events.pop();
        book.heard.clear();
    };
    assert_eq!(planted(only_lost), [Lost]);
    let twice = planted(|world, _| world.events.push(message(7)));
    assert_eq!(twice, [Doubled, KeyTwice]);
    let with_another_key = planted(|world, _| {
        let mut again = message(7);
        if let Body::Message { key, .. } = &mut again.body {
            *key = Key::new("other");
        }
        world.events.push(again);
    });
    assert_eq!(with_another_key, [Doubled, WrongKey]);
    let key_twice = planted(|world, book| {
        let mut other = message(7);
        if let Body::Message { text, .. } = &mut other.body {
            text.push_str(" changed");
        }
        world.events.push(other);
        let text = "text 7 changed".to_string();
        let fates = vec![Fate::Unknown];
        let entry = book.entries[7].clone();
        book.entries.push(Entry {
            text,
            fates,
            ..entry
        });
    });
    assert_eq!(key_twice, [KeyTwice]);
    let swapped = planted(|_, book| {
        let fates = book.entries[1].fates.clone();
        book.entries[3].fates = fates;
    });
    assert_eq!(swapped, [WrongId]);
    let two_ids = planted(|_, book| {
        let fates = book.entries[1].fates.clone();
        book.entries[3].fates.extend(fates);
    });
    assert_eq!(two_ids, [Doubled, WrongId]);
    let twice_new = planted(|_, book| {
        let fates = book.entries[3].fates.clone();
        book.entries[3].fates.extend(fates);
    });
    assert_eq!(twice_new, [Doubled]);
    let stored = planted(|_, book| book.entries[3].fates = vec![refused(), refused()]);
    assert_eq!(stored, [RefusedStored]);
    let unsent = planted(|_, book| book.entries[3].fates.clear());
    assert_eq!(unsent, [RefusedStored]);
    let misjudged = planted(|_, book| {
        let fate = Fate::Refused(409, "key_reused".into());
        book.entries[3].fates.insert(0, fate);
    });
    assert_eq!(misjudged, [WrongAnswer]);
    assert_eq!(planted(|_, book| book.entries[3].bad = true), [WrongAnswer]);
    let never_first = planted(|_, book| {
        if let Fate::Acknowledged(status, _) = &mut book.entries[3].fates[0] {
            *status = 200;
        }
    });
    assert_eq!(never_first, [WrongAnswer]);
    assert_eq!(planted(|_, book| drop(book.entries.remove(3))), [Stranger]);
}

#[test]
fn violations_in_a_stream_are_found() {
    use Kind::*;
    let events = |n: usize, change: fn(&mut Vec<Wire>)| {
        planted(move |_, book| change(&mut book.heard[0].segments[n].events))
    };
    assert_eq!(events(0, |e| drop(e.remove(1))), [Skipped]);
    assert_eq!(events(0, |e| e.swap(1, 2)), [Skipped, Repeated]);
    assert_eq!(events(0, |e| e.insert(1, e[0].clone())), [Repeated]);
    assert_eq!(events(2, |e| drop(e.remove(0))), [Skipped]);
    assert_eq!(events(2, |e| drop(e.pop())), [Behind]);
    let again = planted(|_, book| {
        let seen = book.heard[0].segments[0].events.last().cloned();
        book.heard[0].segments[2]
            .events
            .insert(0, seen.expect("one"));
    });
    assert_eq!(again, [Repeated]);
    let forged_id = events(0, |e| {
        if let Wire::Recorded(Recorded {
            id,
            body: Body::Message { .. },
            ..
        }) = &mut e[2]
        {
            id.check ^= 1;
        }
    });
    // No line has this id, so the line at that offset was never sent.
    assert_eq!(forged_id, [Forged, Skipped]);
    let inside = events(2, |e| {
        if let Some(Wire::Recorded(Recorded {
            id,
            body: Body::Message { .. },
            ..
        })) = e.last_mut()
        {
            id.offset += 3;
        }
    });
    assert_eq!(inside, [Forged, Behind]);
    let text = events(0, |e| {
        if let Wire::Recorded(Recorded {
            body: Body::Message { text, .. },
            ..
        }) = &mut e[2]
        {
            text.push('!');
        }
    });
    assert_eq!(text, [WrongContent]);
    let key = events(0, |e| {
        if let Wire::Recorded(Recorded {
            body: Body::Message { key, .. },
            ..
        }) = &mut e[2]
        {
            *key = None;
        }
    });
    assert_eq!(key, [WrongContent]);
    let reset = events(2, |e| {
        let message = "afresh".into();
        e.insert(
            0,
            Wire::Reset {
                message,
                earlier: None,
            },
        );
    });
    assert_eq!(reset, [Reset]);
    let refused = planted(|_, book| {
        book.heard[0].segments[2].refused = Some("400".into());
    });
    assert_eq!(refused, [Reset]);
    let elsewhere = planted(|world, book| {
        book.heard[0].segments[2].hello = Some(world.ids()[2]);
    });
    assert_eq!(elsewhere, [Resume]);
    let lost_place = planted(|_, book| {
        let segment = &mut book.heard[0].segments[2];
        let place = segment.after.as_mut().expect("a place");
        place.check ^= 1;
        segment.hello = segment.after;
    });
    assert!(lost_place.contains(&Forged), "{lost_place:?}");
    let deaf = planted(|_, book| book.heard[0].segments.clear());
    assert_eq!(deaf, [Behind]);
}

#[test]
fn violations_in_a_plain_stream_are_found() {
    use Kind::*;
    let lines = |change: fn(&mut Vec<String>)| {
        planted(move |_, book| change(&mut book.heard[1].segments[1].lines))
    };
    assert_eq!(lines(|l| drop(l.remove(3))), [Skipped]);
    assert_eq!(lines(|l| l.insert(3, l[2].clone())), [Repeated]);
    assert_eq!(lines(|l| l.swap(2, 3)), [Skipped, Repeated]);
    assert_eq!(lines(|l| l[3].push('!')), [Forged]);
    assert_eq!(lines(|l| drop(l[3].split_off(9))), [Forged]);
}

#[test]
fn violations_in_the_log_itself_are_found() {
    let world = World::new();
    let (log, book) = (world.log(), world.book());
    let mut torn = log.clone();
    torn.extend_from_slice(b"1970-01-01T");
    assert_eq!(kinds(&torn, &book), [Kind::Torn]);
    for at in [log.len() - 20, log.len() / 2] {
        let mut flipped = log.clone();
        flipped[at] ^= 1;
        let found = kinds(&flipped, &book);
        assert!(found.contains(&Kind::Damaged), "{found:?}");
    }
    assert!(kinds(&log[..log.len() - 5], &book).contains(&Kind::Torn));
    let back = planted(|world, _| {
        let mut event = message(8);
        event.at = Stamp::from_micros(0);
        event.body = Body::Closed;
        world.events.push(event);
    });
    assert_eq!(back, [Kind::Time]);
    // In another log there is nothing of the book.
    let other = kinds(b"", &book);
    assert!(other.contains(&Kind::Lost) && other.contains(&Kind::Forged));
}
