//! `chatroom replay --plot` as its user sees it: complete pictures, or a sentence if there can be none.
//!
//! With `CHATROOM_PICTURES` naming a folder (`make pictures`), the pictures and the page of a long
//! talk are kept there.

use std::fs;
use std::process::Command;

use chatroom::event::{Body, Event, Stamp};
use chatroom::line;
use serde_json::Value;

use support::program::{CHATROOM, Folder, Run};

const SAMPLE: &str = include_str!("../../log.txt");

/// A workshop's talk over fifteen months from 2025-09-01 (a Monday) on: more on Mondays than at
/// weekends, most at nine in the evening; quiet in August. The same every time.
fn workshop() -> Vec<u8> {
    const DAY: i64 = 86_400;
    let start = 1_756_684_800;
    let names = [
        "uthira", "bob", "eve", "mira", "Ömer", "noor", "zed", "kai", "ana",
    ];
    // The weights of the hours from seven in the morning, and of the days from Monday.
    let hours = [1, 2, 5, 8, 7, 4, 6, 6, 5, 4, 3, 4, 7, 10, 12, 8, 3];
    let days = [14, 9, 8, 11, 7, 4, 5];
    let words = "the toaster works again on one side only so bring spanners and tea please";
    let words: Vec<&str> = words.split(' ').collect();
    let mut state = 1u64;
    let mut random = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize % below
    };
    let mut out = Vec::new();
    let mut say = |second: i64, body: Body| {
        let at = Stamp::from_micros(second * 1_000_000);
        line::to_line(&Event { at, body }, &mut out);
    };
    for day in 0..457i64 {
        let weekday = day % 7;
        let mut times = Vec::new();
        for hour in 7..24i64 {
            let usual = hours[hour as usize - 7] * days[weekday as usize];
            let month = (day / 30 - 7).unsigned_abs() as usize;
            let season = if (334..365).contains(&day) {
                3
            } else {
                6 + month
            };
            for _ in 0..random(usual * season / 40 + 1) {
                times.push(start + day * DAY + hour * 3600 + random(3600) as i64);
            }
        }
        times.sort_unstable();
        let mut here: Vec<&str> = Vec::new();
        for at in &times {
            let name = names[random(names.len()).min(random(names.len()))];
            if !here.contains(&name) {
                here.push(name);
                say(*at, Body::join(name));
            }
            let count = 1 + random(12);
            let text: Vec<&str> = (0..count).map(|_| words[random(words.len())]).collect();
            let body = Body::message(name, text.join(" ")).elapsed(1);
            say(*at, body);
        }
        for name in here {
            let last = times.last().expect("somebody spoke");
            say(*last, Body::leave(name));
        }
    }
    out
}

#[test]
fn a_long_talk_is_drawn_and_tabled() {
    let folder = Folder::new();
    folder.file("workshop.txt", workshop());
    let run = folder.run(&[
        "replay",
        "workshop.txt",
        "--stats=json",
        "--plot",
        "plot.png",
    ]);
    let json: Value = serde_json::from_slice(&run.code(0).output.stdout).expect("JSON");
    let heat = json["by_weekday_and_hour"].as_array().expect("days");
    let count = |day: &Value, hour: usize| day[hour].as_u64().expect("a count");
    let most = (0..24)
        .flat_map(|hour| heat.iter().map(move |day| count(day, hour)))
        .max();
    assert_eq!(most, Some(count(&heat[0], 21)), "Mondays at nine");
    assert_eq!(
        (json["days"].as_u64(), json["names"].as_u64()),
        (Some(457), Some(9))
    );
    folder
        .run(&["replay", "workshop.txt", "--plot", "plot.svg"])
        .code(0);
    let svg = fs::read_to_string(folder.path().join("plot.svg")).expect("it is there");
    for wanted in ["Messages per week", "2026", "Nov"] {
        assert!(svg.contains(&format!("\n{wanted}\n")), "{wanted}");
    }
    let mut command = folder.command(&["replay", "workshop.txt", "--stats", "--color", "always"]);
    let page = support::program::Run::of(command.env("LC_ALL", "C.UTF-8"))
        .code(0)
        .said();
    assert!(page.contains("\u{1b}[38;5;220m██\u{1b}[0m"), "{page}");
    if let Some(kept) = std::env::var_os("CHATROOM_PICTURES") {
        let kept = std::path::PathBuf::from(kept);
        for name in ["plot.png", "plot.svg"] {
            fs::copy(folder.path().join(name), kept.join(name)).expect("it is kept");
        }
        fs::write(kept.join("stats.ansi"), page).expect("it is kept");
    }
}

#[test]
fn an_svg_is_whole_and_says_what_it_is() {
    let folder = Folder::new();
    let name = "a <b> & \"c\".txt";
    folder.file(name, SAMPLE);
    fs::write(
        folder.path().join("talk.SVG"),
        "an older picture, longer".repeat(9999),
    )
    .expect("it");
    let run = folder.run(&["replay", name, "--plot", "talk.SVG"]);
    run.code(0).stdout("Drew talk.SVG.\n").stderr("");
    let text = fs::read_to_string(folder.path().join("talk.SVG")).expect("it is there");
    let tree = roxmltree::Document::parse(&text).expect("it is XML");
    let root = tree.root_element();
    assert_eq!(
        (root.tag_name().name(), root.attribute("role")),
        ("svg", Some("img"))
    );
    let title = root.first_element_child().expect("a child");
    assert_eq!(title.tag_name().name(), "title");
    let title = title.text().expect("a text");
    assert!(
        title.starts_with(&format!("Talk in {name}: 27 messages by 5 names")),
        "{title}"
    );
    let texts: Vec<_> = tree
        .descendants()
        .filter_map(|node| node.text())
        .map(str::trim)
        .collect();
    for wanted in [
        name,
        "Messages per 30 seconds",
        "18:33:00",
        "Mon 16 Nov 2026",
        "Sun",
        "23",
    ] {
        assert!(texts.contains(&wanted), "{wanted} in {texts:?}");
    }
    assert!(
        !text.contains("href") && !text.contains("url("),
        "it needs nothing else"
    );
    // There are at least 24 x 7 cells, all inside the page.
    let shapes: Vec<_> = tree
        .descendants()
        .filter(|node| node.has_tag_name("rect"))
        .collect();
    assert!(shapes.len() > 168, "{}", shapes.len());
    tree.descendants()
        .filter(|node| node.is_element())
        .for_each(|node| {
            let number = |name| {
                node.attribute(name)
                    .and_then(|value| value.parse::<f64>().ok())
            };
            assert!(number("x").is_none_or(|x| (0.0..=960.0).contains(&x)));
            assert!(number("y").is_none_or(|y| (0.0..=616.0).contains(&y)));
        });
}

#[test]
fn a_png_has_letters_bars_and_cells_without_any_font_of_the_machine() {
    let folder = Folder::new();
    folder.file("log.txt", SAMPLE);
    let mut command = folder.command(&["replay", "log.txt", "--plot", "talk.png"]);
    // This machine has no fonts or font settings.
    command
        .env("FONTCONFIG_FILE", "/nonexistent")
        .env("HOME", "/nonexistent");
    support::program::Run::of(&mut command).code(0);
    let file = fs::File::open(folder.path().join("talk.png")).expect("it is there");
    let mut reader = png::Decoder::new(std::io::BufReader::new(file))
        .read_info()
        .expect("a PNG");
    let (wide, high) = (reader.info().width as usize, reader.info().height as usize);
    assert_eq!((wide, high), (1920, 1232));
    let title = &reader.info().utf8_text[0];
    assert!(
        title
            .get_text()
            .expect("a text")
            .starts_with("Talk in log.txt")
    );
    let mut pixels = vec![0; wide * high * 3];
    reader.next_frame(&mut pixels).expect("all of it");
    let at = |x: usize, y: usize| &pixels[(y * wide + x) * 3..][..3];
    let inked = |x: std::ops::Range<usize>, y: std::ops::Range<usize>| {
        let points = y.flat_map(|y| x.clone().map(move |x| (x, y)));
        points.filter(|(x, y)| at(*x, *y) != [255; 3]).count()
    };
    assert_eq!(at(0, 0), [255; 3]);
    assert!(inked(64..240, 40..100) > 500, "the log's name");
    // The highest bar reaches the top of the chart; Monday's cell at 18 is the darkest.
    assert!(inked(144..1856, 600..620) > 5_000, "bars");
    let darkest = at(2 * 72 + 2 * (840 - 72) * 37 / 48, 2 * 421);
    assert!(darkest[0] < 0x60 && darkest[1] < 0x20, "{darkest:?}");
    assert!(
        inked(0..20, 0..high) + inked(wide - 20..wide, 0..high) == 0,
        "nothing is cut off"
    );
}

#[test]
fn pictures_that_cannot_be_are_refused_in_a_sentence() {
    let folder = Folder::new();
    folder.file("log.txt", SAMPLE);
    folder.file("log.svg", SAMPLE);
    fs::create_dir(folder.path().join("folder.png")).expect("a folder");
    let refused = |log: &str, plot: &str, parts: &[&str]| {
        let run = folder.run(&["replay", log, "--plot", plot]);
        run.code(1).stdout("").one_sentence(parts);
    };
    refused("log.txt", "talk.jpg", &["talk.jpg", ".svg or .png"]);
    refused("log.txt", "talk", &["SVG or PNG"]);
    refused("log.txt", "no/where/talk.svg", &["no folder no/where"]);
    refused("log.txt", "folder.png", &["is a folder"]);
    refused(
        "log.txt",
        "/proc/talk.svg",
        &["/proc/talk.svg could not be written"],
    );
    refused("log.svg", "log.svg", &["is the log itself"]);
    refused("log.svg", "./log.svg", &["is the log itself"]);
    assert_eq!(
        fs::read(folder.path().join("log.svg")).expect("it"),
        SAMPLE.as_bytes()
    );
}

#[test]
fn a_picture_that_cannot_be_written_whole_leaves_the_one_of_before() {
    let folder = Folder::new();
    folder.file("log.txt", SAMPLE);
    for name in ["talk.svg", "talk.png"] {
        let before = b"the picture of before";
        let draw = |limited: bool| {
            let limit = if limited { "ulimit -f 1; " } else { "" };
            let line = format!("{limit}exec \"$0\" replay log.txt --plot {name}");
            let mut shell = Command::new("bash");
            shell.args(["-c", &line, &CHATROOM]);
            folder.settle(&mut shell);
            Run::of(&mut shell)
        };
        draw(true)
            .code(1)
            .one_sentence(&[&format!("{name} could not be written: file too large")]);
        assert_eq!(folder.contents().len(), 1, "nothing is left of a new one");
        folder.file(name, before);
        draw(true)
            .code(1)
            .stdout("")
            .one_sentence(&["could not be written"]);
        assert_eq!(folder.contents()[name], before);
        draw(false).code(0);
        assert!(folder.contents()[name].len() > 1_024, "drawn anew");
        let names: Vec<String> = folder.contents().into_keys().collect();
        assert_eq!(names, ["log.txt", name]);
        fs::remove_file(folder.path().join(name)).expect("removed");
    }
}
