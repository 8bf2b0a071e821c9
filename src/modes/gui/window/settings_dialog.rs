//! The settings dialog: a window beside the room's. Choices take effect at once.
//!
//! Everything is reached by keyboard: Tab moves on, the arrow keys choose, Enter and Space press,
//! Escape closes.

mod choices;

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use fltk::app;
use fltk::button::{Button, CheckButton};
use fltk::enums::{Align, Event, Key};
use fltk::frame::Frame;
use fltk::group::Flex;
use fltk::menu::Choice;
use fltk::prelude::*;
use fltk::window::Window;

use self::choices::{Labelled, fonts, item, scales};
use super::appearance::{self, field_height};
use super::listener::Listener;
use super::parts::Words;
use super::rgb;
use super::style::{self, ButtonKind, Spinner, button, button_width, caption};
use crate::modes::gui::keep::settings;
use crate::modes::gui::keep::settings::MAX_SIZE;
use crate::modes::gui::keep::settings::MIN_SIZE;
use crate::modes::gui::keep::settings::Settings;
use crate::modes::gui::keep::settings::TimeDisplay;
use crate::modes::gui::theme::Theme;

const THEMES: [(&str, Theme); 4] = [
    ("As the system", Theme::System),
    ("Light", Theme::Light),
    ("Dark", Theme::Dark),
    ("High contrast", Theme::HighContrast),
];
const TIMES: [(&str, TimeDisplay); 2] = [
    ("Time since the sender's last message", TimeDisplay::Elapsed),
    ("Time of day", TimeDisplay::Clock),
];
/// The widest caption.
const CAPTION: &str = "Beside a message";

/// The dialog. It closes itself; dropping it removes it, which must not happen inside `on_change`.
pub struct SettingsDialog {
    window: Window,
    parts: Parts,
    choices: Choices,
}

/// The present choices, and the callback that gets them after each change.
#[derive(Clone)]
struct Choices {
    chosen: Rc<RefCell<Settings>>,
    listener: Listener<Settings>,
}

impl Choices {
    /// Makes one choice, and reports it if it is a change.
    fn choose(&self, choose: impl FnOnce(&mut Settings)) {
        let before = self.chosen.borrow().clone();
        choose(&mut self.chosen.borrow_mut());
        let now = self.chosen.borrow().clone();
        if now != before {
            self.listener.call(now);
        }
    }
}

/// The widgets.
#[derive(Clone)]
struct Parts {
    theme: Choice,
    font: Choice,
    size: Spinner,
    scale: Choice,
    times: Choice,
    notify: CheckButton,
    bell: CheckButton,
    done: Button,
    column: Flex,
    rows: Rows,
    /// The words with the path of the file.
    path: Words,
    /// The families and scales in the order of their menus.
    fonts: Vec<Labelled<String>>,
    scales: Vec<Labelled<f64>>,
}

impl SettingsDialog {
    /// Opens the dialog on these settings. `on_change` gets all of them after each choice; only
    /// those that [`Settings::choose`] takes over are chosen here.
    ///
    /// `put_over` places the window and gives it its icon before it is shown.
    pub fn open(
        settings: &Settings,
        put_over: impl FnOnce(&mut Window),
        on_change: impl FnMut(Settings) + 'static,
    ) -> SettingsDialog {
        let (mut window, parts) = build(settings);
        put_over(&mut window);
        let choices = Choices {
            chosen: Rc::new(RefCell::new(settings.clone())),
            listener: Listener::default(),
        };
        choices.listener.set(on_change);
        window.set_callback(|window| window.hide()); // Escape, and the frame's button.
        let mut dialog = SettingsDialog {
            window,
            parts,
            choices,
        };
        dialog.wire_up();
        dialog.show(settings);
        dialog.window.show();
        // Accepted, since the dialog is shown.
        let _ = dialog.parts.theme.take_focus();
        dialog
    }

    /// Returns whether it is open.
    pub fn is_open(&self) -> bool {
        self.window.shown()
    }

    /// Brings it to the front.
    pub fn raise(&mut self) {
        self.window.show();
    }

    /// Shows settings that were changed elsewhere, for example the font size by Ctrl++.
    pub fn show(&mut self, settings: &Settings) {
        self.choices.chosen.replace(settings.clone());
        let parts = &mut self.parts;
        select(&mut parts.theme, &THEMES, &settings.theme);
        select(&mut parts.times, &TIMES, &settings.times);
        select(&mut parts.font, &parts.fonts, &settings.font);
        select(&mut parts.scale, &parts.scales, &settings.scale);
        parts.size.set(settings.size);
        parts.notify.set_checked(settings.notify);
        parts.bell.set_checked(settings.bell);
    }

    /// Applies the appearance in force.
    pub fn restyle(&mut self) {
        self.parts.restyle(&mut self.window);
    }

    fn wire_up(&mut self) {
        let parts = &mut self.parts;
        let choices = self.choices.clone();
        on_choice(&mut parts.theme, move |at| {
            choices.choose(|chosen| chosen.theme = THEMES[at].1);
        });
        let choices = self.choices.clone();
        on_choice(&mut parts.times, move |at| {
            choices.choose(|chosen| chosen.times = TIMES[at].1);
        });
        let (choices, fonts) = (self.choices.clone(), parts.fonts.clone());
        on_choice(&mut parts.font, move |at| {
            choices.choose(|chosen| chosen.font.clone_from(&fonts[at].1));
        });
        let (choices, scales) = (self.choices.clone(), parts.scales.clone());
        on_choice(&mut parts.scale, move |at| {
            choices.choose(|chosen| chosen.scale = scales[at].1);
        });
        let choices = self.choices.clone();
        parts.size.on_change(move |size| {
            choices.choose(|chosen| chosen.size = size);
        });
        let choices = self.choices.clone();
        parts.notify.set_callback(move |check| {
            choices.choose(|chosen| chosen.notify = check.is_checked());
        });
        let choices = self.choices.clone();
        parts.bell.set_callback(move |check| {
            choices.choose(|chosen| chosen.bell = check.is_checked());
        });
        for check in [&mut parts.notify, &mut parts.bell] {
            check.handle(|check, event| {
                style::on_focus(check, event);
                // FLTK takes the space bar only.
                let pressed = event == Event::KeyDown && is_enter();
                if pressed {
                    check.set_checked(!check.is_checked());
                    check.do_callback();
                }
                pressed
            });
        }
        let mut window = self.window.clone();
        parts.done.set_callback(move |_| window.hide());
    }
}

impl Drop for SettingsDialog {
    fn drop(&mut self) {
        self.window.hide();
        app::delete_widget(self.window.clone());
    }
}

/// Builds the widgets; [`SettingsDialog::show`] sets their values.
fn build(settings: &Settings) -> (Window, Parts) {
    let mut window = Window::default().with_size(540, 440);
    window.set_label("chatroom settings");
    window.set_xclass("chatroom");
    let mut column = Flex::default_fill().column();
    column.set_margin(14);
    column.set_pad(8);
    let mut rows = Vec::new();
    let fonts = fonts(app::get_font_names(), settings.font.as_deref());
    let scales = scales(settings.scale);
    let names = THEMES.iter().map(|(name, _)| *name);
    let theme = choice(&mut rows, "Theme", names);
    let names = fonts.iter().map(|(name, _)| name.as_str());
    let font = choice(&mut rows, "Font", names);
    let mut row = row(&mut rows, "Text size");
    let size = Spinner::new(MIN_SIZE..=MAX_SIZE, settings.size);
    row.fixed(&size.row, 110);
    let _rest = Frame::default();
    row.end();
    let names = scales.iter().map(|(name, _)| name.as_str());
    let scale = choice(&mut rows, "Scale", names);
    let names = TIMES.iter().map(|(name, _)| *name);
    let times = choice(&mut rows, CAPTION, names);
    let notify = check(&mut rows, "Show a desktop notification when I am mentioned");
    let bell = check(&mut rows, "Ring the bell when I am mentioned");
    let _space = Frame::default();
    let path = Words::new();
    let last = Flex::default().row();
    let _rest = Frame::default();
    let done = button("Done", ButtonKind::Primary);
    last.end();
    rows.push((last, None));
    column.end();
    window.resizable(&column);
    window.size_range(420, 400, 0, 0);
    window.end();
    let mut parts = Parts {
        theme,
        font,
        size,
        scale,
        times,
        notify,
        bell,
        done,
        column,
        rows,
        path,
        fonts,
        scales,
    };
    parts.restyle(&mut window);
    (window, parts)
}

impl Parts {
    /// Applies the appearance in force.
    fn restyle(&mut self, window: &mut Window) {
        window.set_color(rgb(appearance::palette().window));
        for (row, caption) in &mut self.rows {
            if let Some(caption) = caption {
                style::restyle(caption);
                row.fixed(caption, style::caption_width(CAPTION));
            }
            self.column.fixed(row, field_height());
        }
        if let Some((last, _)) = self.rows.last_mut() {
            last.fixed(&self.done, button_width("Done") + 20);
        }
        self.size.restyle();
        let words = settings::path().map(|path| format!("Kept in {}", at_home(&path)));
        let width = window.w() - 28;
        let words = words.unwrap_or_default();
        let tall = self.path.show(&words, |p| p.quiet, None, width);
        self.column.fixed(&self.path.area, tall);
        for (row, _) in &self.rows {
            row.layout();
        }
        self.column.layout();
        window.redraw();
    }
}

/// Formats a path below the user's home with `~`.
fn at_home(path: &Path) -> String {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let below = home.and_then(|home| Some(path.strip_prefix(home).ok()?.to_path_buf()));
    match below {
        Some(below) => format!("~/{}", below.display()),
        None => path.display().to_string(),
    }
}

type Rows = Vec<(Flex, Option<Frame>)>;

fn row(rows: &mut Rows, label: &str) -> Flex {
    let mut row = Flex::default().row();
    row.set_pad(8);
    let mut words = caption(&mut row, label, 100);
    words.set_align(Align::Left | Align::Inside);
    rows.push((row.clone(), Some(words)));
    row
}

fn choice<'a>(rows: &mut Rows, label: &str, names: impl Iterator<Item = &'a str>) -> Choice {
    let row = row(rows, label);
    let mut choice = style::choice();
    for name in names {
        choice.add_choice(&item(name));
    }
    row.end();
    choice
}

fn check(rows: &mut Rows, label: &str) -> CheckButton {
    let row = Flex::default().row();
    let check = style::check(label);
    row.end();
    rows.push((row, None));
    check
}

/// Selects the menu entry of a value.
fn select<T: PartialEq, N>(choice: &mut Choice, known: &[(N, T)], value: &T) {
    let at = known.iter().position(|(_, known)| known == value);
    choice.set_value(at.unwrap_or(0) as i32);
}

/// Calls `chosen` with the index of a choice by mouse or by keys.
fn on_choice(choice: &mut Choice, chosen: impl Fn(usize) + 'static) {
    let chosen = Rc::new(chosen);
    choice.set_callback(move |choice| {
        if let Ok(at) = usize::try_from(choice.value()) {
            chosen(at);
        }
    });
    choice.handle(|choice, event| {
        style::on_focus(choice, event);
        if event != Event::KeyDown {
            return false;
        }
        let last = choice.size() - 2; // The menu's end counts as one.
        let now = choice.value();
        let to = match app::event_key() {
            Key::Up => (now - 1).max(0),
            Key::Down => (now + 1).min(last),
            Key::Home => 0,
            Key::End => last,
            _ if is_enter() => {
                choice.handle_event(Event::Push); // As a click opens it.
                return true;
            }
            _ => return false,
        };
        if to != now {
            choice.set_value(to);
            choice.do_callback();
        }
        true
    });
}

fn is_enter() -> bool {
    matches!(app::event_key(), Key::Enter | Key::KPEnter)
}
