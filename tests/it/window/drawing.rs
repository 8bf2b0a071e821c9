//! The drawing of messages: every script complete, every text literally, and no text so long that the window stops
//! responding.

use std::sync::Arc;

use super::past::{Past, noon};
use support::display::Display;
use support::picture::{Area, Colour, Picture};
use support::program::Folder;
use support::waiting::wait_for;
use support::window::eyes::{self, Eyes, wait_for_sight};

fn is_ink(pixel: Colour) -> bool {
    pixel.iter().any(|part| *part < 0xF0)
}

/// Far from any grey, and from the colours of names.
fn is_colourful(pixel: Colour) -> bool {
    let (low, high) = (pixel.iter().min(), pixel.iter().max());
    let (low, high) = (low.expect("three"), high.expect("three"));
    *high > 0xC0 && high - low > 0x60
}

/// The rows of pixels above and below a name that its message may take too.
const AROUND: usize = 15;
/// The columns right of which messages begin, and left of which names end.
const SAID: (usize, usize) = (105, 45);

/// The part of an area that has ink: first column, last column, first row, last row.
fn inked(picture: &Picture, area: Area) -> Option<(usize, usize, usize, usize)> {
    let (left, top, width, height) = area;
    let columns: Vec<usize> = (left..left + width)
        .filter(|x| picture.pixels((*x, top, 1, height)).any(is_ink))
        .collect();
    let rows: Vec<usize> = (top..top + height)
        .filter(|y| picture.pixels((left, *y, width, 1)).any(is_ink))
        .collect();
    Some((
        *columns.first()?,
        *columns.last()?,
        *rows.first()?,
        *rows.last()?,
    ))
}

/// The middles of the names' brackets, from top to bottom.
fn names(picture: &Picture) -> Vec<usize> {
    let (_, top, _, height) = eyes::TRANSCRIPT;
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for y in top..top + height {
        if picture.pixels((14, y, SAID.1 - 14, 1)).any(is_ink) {
            match runs.last_mut() {
                Some(run) if run.1 + 1 == y => run.1 = y,
                _ => runs.push((y, y)),
            }
        }
    }
    // The lines beside days are one row high.
    let names = runs.into_iter().filter(|(from, to)| to - from > 5);
    names.map(|(from, to)| (from + to) / 2).collect()
}

#[test]
fn every_script_is_drawn_whole_and_in_its_direction() {
    let display = Arc::new(Display::start(900, 700));
    let mut past = Past::opened(noon(1), "scripts");
    // A text, the rows of pixels that it needs, the least number of its colourful pixels, and whether it runs from
    // right to left.
    let said = [
        ("Ågjpqy|()", 17, 0, false),
        ("🫖👨‍👩‍👧‍👦🇩🇪👍🏽", 16, 150, false),
        ("漢字とかな 한국어", 14, 0, false),
        ("مرحبا بالعالم", 15, 0, true),
        ("שָׁלוֹם עוֹלָם", 14, 0, true),
        ("नमस्ते ज़ुड़ी हुई", 17, 0, false),
        ("ที่นี่ น้ำปู่", 19, 0, false),
        ("Ǻ g̰̃ é̱ ṩ̇ q̣̂", 20, 0, false),
        ("shalom שלום 🫖", 14, 60, false),
        ("Ågjpqy|()", 17, 0, false),
    ];
    for (n, (text, ..)) in said.iter().enumerate() {
        // The names differ, so that each message has its own.
        past.said(&format!("g{n}"), text);
    }
    let server = past.room(&[]);
    let window = display.open(
        Arc::new(Folder::new()),
        &["--name", "uthira", &server.address],
    );
    wait_for_sight(&window, "[g9]: 0:00:00:");
    // Neither marked nor pointed at.
    window.click(400, 460);
    window.click(120, -62);
    let picture = wait_for("a picture without marks", || {
        let picture = window.picture();
        (picture.count_in(eyes::TRANSCRIPT, [0xCF, 0xE1, 0xFF]) == 0).then_some(picture)
    });
    display.picture("scripts.png");
    let names = names(&picture);
    assert_eq!(names.len(), said.len(), "{names:?}");
    for ((text, high, colourful, rtl), middle) in said.iter().zip(names) {
        let row = (SAID.0, middle - AROUND, 616 - SAID.0, 2 * AROUND);
        let ink = inked(&picture, row);
        let (left, right, top, bottom) = ink.expect(text);
        let colours = picture.pixels(row).filter(|p| is_colourful(*p)).count();
        let free = (top - row.1, row.1 + row.3 - 1 - bottom);
        assert!(free.0 >= 2 && free.1 >= 2, "{text}: {free:?} rows are free");
        // If it is two rows lower, a part of it is missing.
        let least = high - 1;
        assert!(
            bottom - top + 1 >= least,
            "{text} is {} high",
            bottom - top + 1
        );
        match rtl {
            true => assert!(left > 300 && right >= 613, "{text}: {left} to {right}"),
            false => assert!(left <= 107 && right < 300, "{text}: {left} to {right}"),
        }
        assert!(
            colours >= *colourful,
            "{text} has {colours} colourful pixels"
        );
        assert!(*colourful > 0 || colours == 0, "{text} has {colours}");
    }
}

#[test]
fn any_text_is_drawn_literally_and_a_very_long_one_does_not_stop_the_window() {
    let display = Arc::new(Display::start(900, 700));
    let mut past = Past::opened(noon(1), "long");
    let long: String = (0..12_500).map(|n| format!("{:07} ", n % 1000)).collect();
    assert_eq!(long.chars().count(), 100_000);
    let odd = ["@b@l@C88 @. &me &amp;", "a\tb", "%s %n \\0 <b>", "/"];
    past.said("ann", "before");
    past.said("ann", &long);
    past.said("ann", &"w".repeat(100_000));
    for (n, text) in odd.iter().enumerate() {
        past.said(&format!("g{n}"), text);
    }
    let server = past.room(&[]);
    let home = Arc::new(Folder::new());
    let frames = home.path().join("frames");
    let window = display.open_with(
        Arc::clone(&home),
        &["--name", "uthira", &server.address],
        &[("CHATROOM_GUI_FRAMES", &frames.display().to_string())],
    );
    wait_for_sight(&window, "[g3]: 0:00:00:/");
    let eyes = Eyes::on(&window);
    for text in [odd[0], odd[2]] {
        eyes.wait_for(text, eyes::TRANSCRIPT, eyes::SAID);
    }
    display.picture("literal.png");
    // Scrolls through all of it while typing.
    for _ in 0..10 {
        window.keys(&["Prior", "Prior", "Prior", "a"]);
    }
    window.keys(&["ctrl+Home"]);
    wait_for_sight(&window, "[ann]: 0:00:00:before\n");
    display.picture("long.png");
    window.click(120, -62);
    window.type_text("bc");
    window.keys(&["ctrl+End", "Return"]);
    wait_for("what was written", || {
        let said = server.said();
        said.last()
            .filter(|line| line.ends_with(":aaaaaaaaaabc"))
            .map(|_| ())
    });
    let all = window.transcript();
    assert!(all.contains(&long) && all.contains(&"w".repeat(100_000)));
    for text in odd {
        assert!(all.contains(&format!("]: 0:00:00:{text}\n")), "{text}");
    }
    window.click(-48, -62);
    assert_eq!(window.ended(), Some(0));
    // `make bench-window` measures the time; here the number of rows that are laid out at once is bounded.
    let turns = std::fs::read_to_string(frames).expect("the window's turns");
    let number = |name: &str| -> usize {
        let rest = turns.split(name).nth(1).unwrap_or_default().trim();
        let digits = rest.split(|c: char| !c.is_ascii_digit()).next();
        digits.and_then(|n| n.parse().ok()).expect("a count")
    };
    let rows = number("most_rows");
    // The rows on the screen are added to those of a long text.
    assert!((100..=450).contains(&rows), "{rows} rows: {turns}");
}
