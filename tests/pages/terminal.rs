//! Pictures of terminals: a play in tmux, and the output of `--stats`, drawn by the browser as a terminal draws
//! them.

use std::path::Path;

use super::browser::Browser;
use super::{SAMPLE, pictures_folder};
use support::program::{CHATROOM, Folder};
use support::tmux::Tmux;

/// A page that shows a terminal of that size after these bytes.
fn page(bytes: &[u8], rows: u16, columns: u16) -> String {
    let mut terminal = vt100::Parser::new(rows, columns, 0);
    terminal.process(bytes);
    let screen = terminal.screen();
    let mut page = String::from(
        "<!doctype html><meta charset=utf-8><style>body{margin:14px;background:#10141c;color:#d8dce4}\
         pre{margin:0;font:15px/19px 'DejaVu Sans Mono',monospace}i{display:inline-block;\
         font-style:normal;width:9.03px;white-space:pre;vertical-align:top;height:19px;overflow:visible}\
         i.w{width:18.06px}</style><pre>",
    );
    for row in 0..rows {
        for column in 0..columns {
            let Some(cell) = screen
                .cell(row, column)
                .filter(|cell| !cell.is_wide_continuation())
            else {
                continue;
            };
            let (mut front, mut back) = (colour(cell.fgcolor()), colour(cell.bgcolor()));
            if cell.inverse() {
                let plain = || "#10141c".to_string();
                (front, back) = (
                    back.or_else(|| Some(plain())),
                    front.or(Some("#d8dce4".into())),
                );
            }
            let text = match cell.contents() {
                "" => " ".to_string(),
                text => text.replace('&', "&amp;").replace('<', "&lt;"),
            };
            let mut style = front.map_or(String::new(), |c| format!("color:{c};"));
            style += &back.map_or(String::new(), |c| format!("background:{c};"));
            style += if cell.bold() { "font-weight:bold" } else { "" };
            let wide = if cell.is_wide() { " class=w" } else { "" };
            page += &format!("<i{wide} style=\"{style}\">{text}</i>");
        }
        page.push('\n');
    }
    page + "</pre>"
}

/// As CSS has it; none for the terminal's own.
fn colour(colour: vt100::Color) -> Option<String> {
    const FIRST: [&str; 16] = [
        "#10141c", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d8dce4",
        "#7d8594", "#ff7a85", "#b5e890", "#ffd787", "#7cc4ff", "#e39bff", "#7fe0ea", "#ffffff",
    ];
    match colour {
        vt100::Color::Default => None,
        vt100::Color::Idx(index @ 0..16) => Some(FIRST[usize::from(index)].to_string()),
        vt100::Color::Idx(index @ 16..232) => {
            let step = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
            let index = index - 16;
            let [r, g, b] = [index / 36, index / 6 % 6, index % 6].map(step);
            Some(format!("rgb({r},{g},{b})"))
        }
        vt100::Color::Idx(index) => {
            let grey = 8 + 10 * (index - 232);
            Some(format!("rgb({grey},{grey},{grey})"))
        }
        vt100::Color::Rgb(r, g, b) => Some(format!("rgb({r},{g},{b})")),
    }
}

fn picture(folder: &Folder, bytes: &[u8], rows: u16, columns: u16, to: &Path) {
    let file = folder.file("terminal.html", page(bytes, rows, columns));
    let width = (f64::from(columns) * 9.03).ceil() as u32 + 28;
    let mut browser = Browser::start(width, u32::from(rows) * 19 + 28, 1.25, true);
    browser.open(&file, "");
    std::fs::write(to, browser.picture()).expect("written");
}

#[test]
fn pictures_of_terminals() {
    let folder = Folder::new();
    let to = pictures_folder(&folder);
    let log = folder.file("log.txt", SAMPLE);
    let tmux = Tmux::start(&folder, 92, 24);
    let play = format!(
        "clear; TERM=tmux-256color '{CHATROOM}' replay '{}' --speed 20 --times",
        log.display()
    );
    tmux.shell(&play);
    tmux.wait_text("x20");
    tmux.keys(&["5"]);
    tmux.wait_text("and the toaster?");
    tmux.keys(&["Space"]);
    tmux.wait_text("paused");
    let mut shown = Vec::new();
    for line in tmux.run(&["capture-pane", "-e", "-p"]).lines() {
        shown.extend_from_slice(line.as_bytes());
        shown.extend_from_slice(b"\r\n");
    }
    while shown.ends_with(b"\r\n") {
        shown.truncate(shown.len() - 2);
    }
    picture(&folder, &shown, 24, 92, &to.join("bar.png"));

    // The `--stats` that tests/it keeps for `make pictures`.
    let Ok(stats) = std::fs::read_to_string(to.join("stats.ansi")) else {
        return;
    };
    let rows = stats.lines().count() as u16;
    let stats = stats.replace('\n', "\r\n");
    picture(
        &folder,
        stats.trim_end().as_bytes(),
        rows,
        80,
        &to.join("stats.png"),
    );
}
