use super::*;
use crate::event::Body;
use crate::line;
use crate::modes::replay::tally::hours::UtcOffset;
use crate::modes::replay::testing::line_of;

const UTC: UtcOffset = |_| 0;

fn screen(columns: usize) -> ChartStyle {
    ChartStyle {
        columns,
        colour: false,
        blocks: true,
    }
}

fn tally(events: &[(i64, Body)]) -> Tally {
    let mut tally = Tally::new(UTC);
    for (second, body) in events {
        // 2026-11-16T18:30:00Z, a Monday, plus seconds.
        let at = Stamp::from_micros((1_794_853_800 + second) * 1_000_000);
        let body = body.clone();
        let mut bytes = line_of(at, body);
        bytes.pop();
        tally.add(at, &line::raw(&bytes).expect("just written"), true);
    }
    tally.end();
    tally
}

fn page(tally: &Tally, screen: ChartStyle) -> String {
    let mut out = Vec::new();
    write(tally, "log.txt", screen, &mut out).expect("memory");
    String::from_utf8(out).expect("UTF-8")
}

fn evening() -> Tally {
    tally(&[
        (0, Body::opened("chatroom 0.1.0", "6f1d0c5be2a94c07")),
        (10, Body::join("mira")),
        (20, Body::message("mira", "hello there")),
        (30, Body::message("山田", "こんばんは")),
        (100, Body::message("mira", "tea?")),
        (140, Body::leave("mira")),
        (1800, Body::message("山田", "/me nods")),
    ])
}

#[test]
fn the_whole_page() {
    let drawn = page(&evening(), screen(60));
    let wanted = "\
log.txt
2026-11-16 18:30:00 to 2026-11-16 19:00:00 (30 min), local
time
4 messages (6 words) by 2 names on 1 of 1 day
1 join and 1 leave; the room was opened once and never
closed
Longest silence: 28 min 20 s, from 2026-11-16 18:31:40 to
2026-11-16 19:00:00
Busiest hour: 3 messages, 2026-11-16 18:00 to 19:00

Who said how much
name  messages   share  words  characters  mean  longest
山田         2  50.0 %      3          13   6.5        8
mira         2  50.0 %      3          15   7.5       11

Who was there
name  minutes  joins      first joined         last left
山田       29      0                 -                 -
mira        2      1  2026-11-16 18:30  2026-11-16 18:32

When, by hour and weekday
                                         ██
                                         ██
                                         ██▃▃
                                         ████
     0     3     6     9     12    15    18    21
Mon  · · · · · · · · · · · · · · · · · · ██▒▒· · · ·   4
";
    assert!(drawn.starts_with(wanted), "{drawn}");
    let over_time = "
Over time: messages per minute (most: 2)
█
█
██                            █
██                            █
2026-11-16 18:30:00  2026-11-16 19:00:00
";
    assert!(drawn.ends_with(over_time), "{drawn}");
}

#[test]
fn no_line_is_wider_than_the_screen() {
    let mut events = Vec::new();
    for n in 0..3000i64 {
        let name = match n % 5 {
            0 => "山田太郎山田太郎山田太郎山田太郎",
            1 => "👩‍👩‍👧‍👦👩‍👩‍👧‍👦 family",
            2 => "a name that is quite a bit longer than the column",
            3 => "\u{202e}\u{1b}[31mevil\n",
            _ => "மலர்",
        };
        events.push((n * n * 10, Body::message(format!("{name}{}", n % 40), "x")));
    }
    let tally = tally(&events);
    for columns in [40, 41, 55, 56, 57, 79, 80, 81, 100] {
        for colour in [false, true] {
            let drawn = page(
                &tally,
                ChartStyle {
                    columns,
                    colour,
                    blocks: true,
                },
            );
            for line in drawn.lines() {
                let mut plain = String::new();
                for (n, part) in line.split("\u{1b}[").enumerate() {
                    let text = match n {
                        0 => part,
                        _ => part.split_once('m').expect("a colour").1,
                    };
                    plain.push_str(text);
                }
                assert!(
                    plain.width() <= columns,
                    "{} > {columns}: {plain:?}",
                    plain.width()
                );
                assert!(!plain.contains(|c: char| c.is_control()), "{plain:?}");
            }
            assert!(
                drawn.contains("and 20 more (--stats=csv has all)"),
                "{drawn}"
            );
        }
    }
}

#[test]
fn where_there_is_only_ascii_the_charts_are_that() {
    let mut events = Vec::new();
    for n in 0..50 {
        let name = "a name that is quite a bit longer than the column";
        events.push((n * 1000, Body::message(format!("{name}{n}"), "x")));
    }
    let drawn = page(
        &tally(&events),
        ChartStyle {
            blocks: false,
            ..screen(80)
        },
    );
    assert!(drawn.is_ascii(), "{drawn}");
    assert!(drawn.contains('#'), "{drawn}");
}

#[test]
fn nobody_who_speaks_is_a_short_page() {
    let drawn = page(
        &tally(&[(0, Body::join("a")), (600, Body::leave("a"))]),
        screen(80),
    );
    assert!(drawn.contains("0 messages"), "{drawn}");
    assert!(
        drawn.contains("a          10      1  2026-11-16 18:30  2026-11-16 18:40"),
        "{drawn}"
    );
    assert!(!drawn.contains("Over time"), "{drawn}");
}

#[test]
fn numbers_are_grouped() {
    for (number, text) in [
        (0, "0"),
        (999, "999"),
        (1000, "1,000"),
        (12_345_678, "12,345,678"),
    ] {
        assert_eq!(grouped(number), text);
    }
}
