//! A log full of texts that attack the terminal: in every form only plain text arrives, as a terminal in memory
//! shows.

use std::process::Command;

use chatroom::event::{Body, Event, Stamp};
use chatroom::line;
use vt100::{Callbacks, Parser, Screen};

use support::program::{CHATROOM, Folder, Run};

/// The sequences that must never reach a terminal from a log, each between `<` and `>`.
fn hostile() -> Vec<String> {
    let parts = [
        "\x1b[2J\x1b[H\x1b[31mred",
        "\x1b]0;title\x07",
        "\x1b]2;title\x1b\\",
        "\x1b]52;c;aGk=\x07",
        "\x1b]52;c;?\x07",
        "\x1b]8;;http://example.com\x1b\\link\x1b]8;;\x1b\\",
        "over\rwritten",
        "rubbed\x08\x08\x08out",
        "bell\x07\x07",
        "\u{202e}desrever\u{202c}\u{2066}\u{200f}",
        "nul\0\0nul",
        "\u{9b}31m\u{9d}0;title\u{9c}\u{90}q\u{85}",
        "\x1b[?1049h\x1b[?25l\x1b[?1000h\x1b[?2004h",
        "\x1b[c\x1b[6n\x1b[>c\x05",
        "\x1b[8;2;2t\x1bc\x1b#8\x1b(0qqq\x0e",
        "\x1bP+q544e\x1b\\\x1b_G\x1b\\\x1b^x\x1b\\",
        "\t\u{b}\u{c}\u{7f}",
        "\u{2028}[eve]: 0:00:01:forged\u{2029}",
        "line\n[eve]: 0:00:01:forged\n\r\n",
    ];
    parts.iter().map(|part| format!("<{part}>")).collect()
}

fn log() -> Vec<u8> {
    let mut out = Vec::new();
    let mut write = |second: i64, body: Body| {
        let at = Stamp::from_micros((1_795_564_740 + second) * 1_000_000);
        line::to_line(&Event { at, body }, &mut out);
    };
    for (n, text) in hostile().into_iter().enumerate() {
        let from = text.clone();
        write(n as i64, Body::join(from.clone()));
        let said = |from: String, text: String| Body::message(from, text).elapsed(1);
        write(n as i64, said(from.clone(), text.clone()));
        write(n as i64, said("eve".into(), format!("/me {text}")));
        write(n as i64, Body::notice(text.clone()));
        write(n as i64, Body::opened(text, "00"));
        write(n as i64, Body::leave(from));
    }
    // Wide characters across the edge, and absurdly many combining marks.
    let wide = "日本語".repeat(60);
    let marks = format!("a{}b", "\u{301}".repeat(2000));
    for text in [wide.as_str(), &marks, "👩‍👩‍👧‍👦🏳️‍🌈"] {
        write(100, Body::message("eve", text).elapsed(1));
    }
    write(101, Body::notice("the last of it"));
    out
}

/// The control sequences other than text, moves within the bar's line, and colours.
#[derive(Default)]
struct Asked(Vec<String>);

impl Callbacks for Asked {
    fn audible_bell(&mut self, _: &mut Screen) {
        self.0.push("bell".into());
    }
    fn visual_bell(&mut self, _: &mut Screen) {
        self.0.push("visual bell".into());
    }
    fn resize(&mut self, _: &mut Screen, to: (u16, u16)) {
        self.0.push(format!("resize {to:?}"));
    }
    fn set_window_icon_name(&mut self, _: &mut Screen, name: &[u8]) {
        self.0.push(format!("icon {name:?}"));
    }
    fn set_window_title(&mut self, _: &mut Screen, title: &[u8]) {
        self.0.push(format!("title {title:?}"));
    }
    fn copy_to_clipboard(&mut self, _: &mut Screen, _: &[u8], data: &[u8]) {
        self.0.push(format!("copy {data:?}"));
    }
    fn paste_from_clipboard(&mut self, _: &mut Screen, _: &[u8]) {
        self.0.push("paste".into());
    }
    fn unhandled_char(&mut self, _: &mut Screen, c: char) {
        self.0.push(format!("character {c:?}"));
    }
    fn unhandled_control(&mut self, _: &mut Screen, b: u8) {
        self.0.push(format!("control {b}"));
    }
    fn unhandled_escape(&mut self, _: &mut Screen, _: Option<u8>, _: Option<u8>, b: u8) {
        self.0.push(format!("escape {b}"));
    }
    fn unhandled_csi(
        &mut self,
        _: &mut Screen,
        _: Option<u8>,
        _: Option<u8>,
        parameters: &[&[u16]],
        c: char,
    ) {
        // The bar is cut and not wrapped.
        if (parameters, c) == (&[&[7][..]][..], 'l') || (parameters, c) == (&[&[7][..]][..], 'h') {
            return;
        }
        self.0.push(format!("CSI {parameters:?}{c}"));
    }
    fn unhandled_osc(&mut self, _: &mut Screen, parameters: &[&[u8]]) {
        self.0.push(format!("OSC {parameters:?}"));
    }
}

/// The terminal's screen after all of `sent`, which may only show text.
#[track_caller]
fn shown(what: &str, sent: &[u8]) -> String {
    let mut parser = Parser::new_with_callbacks(2000, 80, 0, Asked::default());
    parser.process(sent);
    assert_eq!(parser.callbacks().0, Vec::<String>::new(), "{what}");
    let screen = parser.screen();
    assert!(
        !screen.alternate_screen() && !screen.hide_cursor(),
        "{what}"
    );
    assert!(
        !screen.bracketed_paste() && !screen.application_cursor(),
        "{what}"
    );
    assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    screen.contents()
}

/// Every sequence that begins with an escape, without its parameters' numbers.
fn sequences(sent: &str) -> Vec<String> {
    let rest = sent.split('\x1b').skip(1);
    let sequence = |rest: &str| {
        let end = rest.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(0);
        rest[..=end].to_string()
    };
    rest.map(sequence).collect()
}

/// Runs a replay on a pseudo terminal; returns its output.
fn on_terminal(folder: &Folder, args: &str) -> Run {
    let mut script = Command::new("script");
    let replay = format!("stty cols 80 rows 24; exec '{CHATROOM}' replay {args}");
    script.args(["-qec", &replay, "/dev/null"]);
    folder.settle(&mut script);
    Run::at_keyboard(&mut script).code(0)
}

#[test]
fn nothing_in_a_log_is_more_than_text_to_a_terminal() {
    let folder = Folder::new();
    folder.file("log.txt", log());
    for args in [
        "log.txt --speed max --color never",
        "log.txt --speed max --color never --times",
        "log.txt --speed max",
        "log.txt --plain",
        "log.txt --output json",
        "log.txt --stats=json",
        "- --speed max < log.txt",
    ] {
        let run = on_terminal(&folder, args);
        let sent = run.said();
        // The program's own sequences: colours, and the bar, which is erased and not wrapped.
        let bar = ["[J", "[?7l", "[?7h"];
        let own = |sequence: &String| bar.contains(&sequence.as_str()) || sequence.ends_with('m');
        let others: Vec<String> = sequences(&sent).into_iter().filter(|s| !own(s)).collect();
        assert_eq!(others, Vec::<String>::new(), "{args}");
        if args.contains("never") || args.contains("plain") {
            assert!(!sent.contains("\x1b[") || !sequences(&sent).iter().any(|s| s.ends_with('m')));
        }
        for wrong in [
            '\u{202e}', '\u{2066}', '\u{9b}', '\u{2028}', '\0', '\x07', '\x08', '\t',
        ] {
            assert!(!sent.contains(wrong), "{args}: {wrong:?}");
        }
        let screen = shown(args, sent.as_bytes());
        if args.contains("json") {
            assert!(screen.contains("\\u202e"), "{args}: it is spelt");
            continue;
        }
        let first = "Client (<\\u{1b}[2J\\u{1b}[H\\u{1b}[31mred>) entered room\n";
        assert!(screen.contains(first), "{args}:\n{screen}");
        assert!(screen.contains("over\\rwritten"), "{args}");
        assert!(screen.contains("the last of it"), "{args}");
        // No line pretends to be another message.
        assert!(
            !screen
                .lines()
                .any(|line| line.starts_with("[eve]: 0:00:01:forged")),
            "{args}"
        );
        let last = screen.lines().last().unwrap_or_default();
        assert!(
            last.ends_with("the last of it"),
            "the bar is gone: {last:?}"
        );
    }
    // A file's name can be hostile, too.
    let name = "a\x1b]0;title\x07\u{202e}.txt";
    let run = folder.run(&["replay", name]).code(1);
    shown("a name", &run.output.stderr);
}
