//! The user's settings: one TOML file in their configuration folder, which they may edit.
//!
//! Settings are a convenience, so they never stop a start: an invalid value is replaced by the
//! default, a file that is not TOML is set aside, and both are reported. A save touches only what
//! changed: comments, keys of other versions and another window's changes stay.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml_edit::{Array, DocumentMut, InlineTable, Item, Value};

use super::files;
use crate::address::Address;
use crate::failure::reason;
use crate::modes::gui::theme::Theme;
use crate::system::files::rights;

/// Default font size, in pixels at scale 1.
pub const USUAL_SIZE: i32 = 14;
/// Smallest font size.
pub const MIN_SIZE: i32 = 9;
/// Largest font size.
pub const MAX_SIZE: i32 = 32;
/// Number of rooms that are remembered.
const MAX_RECENT: usize = 10;
/// Longest wait of the start of a window for another window's lock; nothing is drawn meanwhile.
const START_LOCK_WAIT: Duration = Duration::from_millis(100);
/// Longest wait of a change for other windows to write theirs, on a thread that draws nothing.
const CHANGE_LOCK_WAIT: Duration = Duration::from_secs(5);
/// Comment at the top of a new file.
const HEAD: &str = "# Settings of the chatroom window. You can also change them here; comments \
                    stay.
# theme: \"light\", \"dark\", \"high-contrast\" or \"system\"    font: \
                    the name of a family
# size: 9 to 32    scale: \"auto\" or 1.0 to 4.0    times: \
                    \"elapsed\" or \"clock\"
# notify, bell: true or false    recent: addresses    window: \
                    { width = 820, height = 560 }

";

/// The user's settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The colours.
    pub theme: Theme,
    /// The font's family; `None` is the system's sans-serif one.
    pub font: Option<String>,
    /// The font size, [`MIN_SIZE`] to [`MAX_SIZE`], in pixels at scale 1.
    pub size: i32,
    /// The scale of everything, 1.0 to 4.0; `None` follows the screen.
    pub scale: Option<f64>,
    /// The time beside a message.
    pub times: TimeDisplay,
    /// Mentions bring a desktop notification.
    pub notify: bool,
    /// Mentions ring the bell.
    pub bell: bool,
    /// The rooms of past logins, the last one first, at most 10.
    pub recent: Vec<String>,
    /// The size of a window whose geometry is not saved.
    pub window: WindowSize,
}

/// The time that stands beside a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeDisplay {
    /// The time since the sender's previous message.
    #[default]
    Elapsed,
    /// The time of day.
    Clock,
}

/// A window's size, in the window system's units at scale 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowSize {
    /// Width.
    pub width: i32,
    /// Height.
    pub height: i32,
}

const THEMES: [(&str, Theme); 4] = [
    ("light", Theme::Light),
    ("dark", Theme::Dark),
    ("high-contrast", Theme::HighContrast),
    ("system", Theme::System),
];
const TIMES: [(&str, TimeDisplay); 2] = [
    ("elapsed", TimeDisplay::Elapsed),
    ("clock", TimeDisplay::Clock),
];

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            theme: Theme::default(),
            font: None,
            size: USUAL_SIZE,
            scale: None,
            times: TimeDisplay::default(),
            notify: true,
            bell: false,
            recent: Vec::new(),
            window: WindowSize {
                width: 820,
                height: 560,
            },
        }
    }
}

impl Settings {
    /// Takes over the settings of the dialog; the rooms and the window's size stay.
    pub fn choose(&mut self, chosen: &Settings) {
        *self = Settings {
            recent: std::mem::take(&mut self.recent),
            window: self.window,
            ..chosen.clone()
        };
    }

    /// Puts a room at the head of the recent ones.
    pub fn remember(&mut self, address: &str) {
        self.recent.retain(|old| old != address);
        self.recent.insert(0, address.to_string());
        self.recent.truncate(MAX_RECENT);
    }
}

/// The file's path; `None` on a machine without a home.
pub fn path() -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", "chatroom")
        .map(|dirs| dirs.config_dir().join("gui.toml"))
}

/// Reads the file. Returns a sentence for the status line too if something was wrong.
pub fn load(path: &Path) -> (Settings, Option<String>) {
    match read(path) {
        Read::Document(document) => settings_of(path, &document),
        Read::Nothing => Default::default(),
        Read::Broken(_) => {
            // Another window may be about to do the same; the lock decides which of them does.
            let lock = files::lock(&lock_of(path), START_LOCK_WAIT);
            let (document, sentence) = document(path);
            drop(lock);
            let settings = document.map(|document| settings_of(path, &document));
            let (settings, wrong) = settings.unwrap_or_default();
            (settings, sentence.or(wrong))
        }
        Read::Failed(sentence) => (Settings::default(), Some(sentence)),
    }
}

/// Changes the file and waits for the disk: reads it, calls `change`, and writes what that changed,
/// whole or not at all. Returns what [`load`] would return now.
///
/// # Errors
/// A sentence for the status line; the file is as it was.
pub fn update(
    path: &Path,
    change: impl FnOnce(&mut Settings),
) -> Result<(Settings, Option<String>), String> {
    // A file that is a link into the user's own collection of settings stays one.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let cannot = |error: io::Error| {
        format!(
            "The settings could not be saved in {}: {}. Make sure that there is space and that the \
             folder is yours.",
            path.display(),
            reason(&error)
        )
    };
    if let Some(folder) = path.parent() {
        files::make_folder(folder).map_err(cannot)?;
    }
    let lock = files::lock(&lock_of(path), CHANGE_LOCK_WAIT).map_err(cannot)?;
    if lock.is_none() {
        return Err(
            "The settings could not be saved: another window is using them. Try again, and close \
             that window if it does not respond."
                .to_string(),
        );
    }
    let (document, aside) = document(path);
    let Some(mut document) = document else {
        return Err(aside.unwrap_or_default());
    };
    let (before, wrong) = settings_of(path, &document);
    let mut after = before.clone();
    change(&mut after);
    if after != before {
        let is_new = document.is_empty() && document.trailing().as_str().is_none_or(str::is_empty);
        write(&mut document, &before, &after);
        let text = format!("{}{document}", if is_new { HEAD } else { "" });
        let mode = fs::metadata(path).map_or(0o644, |found| rights(&found) & 0o777);
        files::replace_surely(path, text.as_bytes(), mode).map_err(cannot)?;
    }
    Ok((after, aside.or(wrong)))
}

enum Read {
    Document(Box<DocumentMut>),
    Nothing,
    /// Not TOML; the line, if known.
    Broken(Option<usize>),
    Failed(String),
}

fn read(path: &Path) -> Read {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Read::Nothing,
        Err(error) if error.kind() == io::ErrorKind::InvalidData => return Read::Broken(None),
        Err(error) => {
            return Read::Failed(format!(
                "The settings in {} could not be read: {}. The defaults are used.",
                path.display(),
                reason(&error)
            ));
        }
    };
    match text.parse::<DocumentMut>() {
        Ok(document) => Read::Document(Box::new(document)),
        Err(error) => {
            let before = error.span().and_then(|span| text.get(..span.start));
            Read::Broken(before.map(|before| before.matches('\n').count() + 1))
        }
    }
}

/// Returns the document to change. A broken file is set aside, with a sentence; `None`, with a
/// sentence, if there is a file that must not be touched. The caller holds the lock.
fn document(path: &Path) -> (Option<DocumentMut>, Option<String>) {
    let line = match read(path) {
        Read::Document(document) => return (Some(*document), None),
        Read::Nothing => return (Some(DocumentMut::new()), None),
        Read::Failed(sentence) => return (None, Some(sentence)),
        Read::Broken(line) => line.map_or(String::new(), |line| format!(" (line {line})")),
    };
    match files::set_aside(path) {
        Ok(aside) => {
            let sentence = format!(
                "The settings could not be read{line}; the file was renamed to {}, and the \
                 defaults are used.",
                aside.display()
            );
            (Some(DocumentMut::new()), Some(sentence))
        }
        Err(error) => {
            let sentence = format!(
                "The settings in {} cannot be read{line}, and the file could not be renamed: {}. \
                 Fix or remove it; the defaults are used.",
                path.display(),
                reason(&error)
            );
            (None, Some(sentence))
        }
    }
}

fn lock_of(path: &Path) -> PathBuf {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    files::beside(&path, "lock")
}

/// Returns the settings of the file; invalid values are left out and named in a sentence.
fn settings_of(path: &Path, document: &DocumentMut) -> (Settings, Option<String>) {
    let mut wrong = Vec::new();
    let usual = Settings::default();
    let mut settings = Settings {
        theme: take(document, &mut wrong, "theme", usual.theme, |item| {
            one_of(&THEMES, item)
        }),
        font: take(document, &mut wrong, "font", None, |item| {
            family(item).map(Some)
        }),
        size: take(document, &mut wrong, "size", usual.size, |item| {
            whole(item).filter(|size| (MIN_SIZE..=MAX_SIZE).contains(size))
        }),
        scale: take(document, &mut wrong, "scale", None, scale),
        times: take(document, &mut wrong, "times", usual.times, |item| {
            one_of(&TIMES, item)
        }),
        notify: take(document, &mut wrong, "notify", usual.notify, Item::as_bool),
        bell: take(document, &mut wrong, "bell", usual.bell, Item::as_bool),
        recent: recent(document, &mut wrong),
        window: take(document, &mut wrong, "window", usual.window, size),
    };
    // The only key of the first version: the room of the last login.
    if let Some(last) = take(document, &mut wrong, "address", None, |item| {
        item.as_str().and_then(address).map(Some)
    }) {
        settings.remember(&last);
    }
    settings.recent.truncate(MAX_RECENT);
    let sentence = (!wrong.is_empty()).then(|| {
        format!(
            "In {}, {}. Until you change that, the default is used.",
            path.display(),
            wrong.join("; ")
        )
    });
    (settings, sentence)
}

/// Reads one value, or returns the default; a problem is noted in `wrong`.
fn take<T>(
    document: &DocumentMut,
    wrong: &mut Vec<String>,
    key: &str,
    usual: T,
    read: impl FnOnce(&Item) -> Option<T>,
) -> T {
    let Some(item) = document.get(key) else {
        return usual;
    };
    read(item).unwrap_or_else(|| {
        wrong.push(format!("{key} must be {}", may_be(key)));
        usual
    })
}

fn may_be(key: &str) -> &'static str {
    match key {
        "theme" => "\"light\", \"dark\", \"high-contrast\" or \"system\"",
        "font" => "the name of a font's family",
        "size" => "a whole number from 9 to 32",
        "scale" => "\"auto\" or a number from 1.0 to 4.0",
        "times" => "\"elapsed\" or \"clock\"",
        "notify" | "bell" => "true or false",
        "recent" => "a list of addresses like \"192.168.1.20:1337\"",
        "window" => "like { width = 820, height = 560 }",
        _ => "an address like \"192.168.1.20:1337\"",
    }
}

fn one_of<T: Copy>(words: &[(&str, T)], item: &Item) -> Option<T> {
    let word = item.as_str()?;
    let found = words.iter().find(|(known, _)| *known == word);
    found.map(|(_, meaning)| *meaning)
}

fn word_for<T: PartialEq>(words: &[(&'static str, T)], meaning: &T) -> &'static str {
    let found = words.iter().find(|(_, known)| known == meaning);
    found.map_or("", |(word, _)| word)
}

/// Returns the address in its usual form: FLTK's menus would take a `/` for a submenu.
fn address(text: &str) -> Option<String> {
    Address::parse(text).ok().map(|address| address.to_string())
}

/// Returns the rooms, without invalid addresses and repeats.
fn recent(document: &DocumentMut, wrong: &mut Vec<String>) -> Vec<String> {
    let mut rooms: Vec<String> = Vec::new();
    take(document, wrong, "recent", (), |item| {
        let mut all = Some(());
        for value in item.as_array()? {
            match value.as_str().and_then(address) {
                Some(room) if rooms.contains(&room) => {}
                Some(room) => rooms.push(room),
                None => all = None,
            }
        }
        all
    });
    rooms
}

fn family(item: &Item) -> Option<String> {
    let name = item.as_str()?.trim();
    let usable = !name.is_empty() && name.len() <= 200 && !name.contains(char::is_control);
    usable.then(|| name.to_string())
}

fn whole(item: &Item) -> Option<i32> {
    item.as_integer()?.try_into().ok()
}

fn scale(item: &Item) -> Option<Option<f64>> {
    if item.as_str() == Some("auto") {
        return Some(None);
    }
    let whole = || item.as_integer().map(|number| number as f64);
    let number = item.as_float().or_else(whole)?;
    (1.0..=4.0).contains(&number).then_some(Some(number))
}

fn size(item: &Item) -> Option<WindowSize> {
    let table = item.as_table_like()?;
    let side = |key: &str| whole(table.get(key)?).filter(|side| (200..=16_384).contains(side));
    Some(WindowSize {
        width: side("width")?,
        height: side("height")?,
    })
}

/// Writes the values in which `after` differs from `before`.
fn write(document: &mut DocumentMut, before: &Settings, after: &Settings) {
    for ((key, old), (_, new)) in values(before).into_iter().zip(values(after)) {
        if old.as_ref().map(Value::to_string) == new.as_ref().map(Value::to_string) {
            continue;
        }
        let Some(mut new) = new else {
            document.remove(key);
            continue;
        };
        match document.get_mut(key) {
            Some(there) => {
                // The comments around it stay there.
                if let Some(old) = there.as_value() {
                    *new.decor_mut() = old.decor().clone();
                }
                *there = Item::Value(new);
            }
            None => {
                document.insert(key, Item::Value(new));
            }
        }
        if key == "recent" {
            document.remove("address"); // It is among the recent ones now.
        }
    }
}

fn values(settings: &Settings) -> [(&'static str, Option<Value>); 9] {
    let scale = settings.scale.map_or(Value::from("auto"), Value::from);
    let recent: Array = settings.recent.iter().map(String::as_str).collect();
    let mut window = InlineTable::new();
    window.insert("width", i64::from(settings.window.width).into());
    window.insert("height", i64::from(settings.window.height).into());
    [
        ("theme", Some(word_for(&THEMES, &settings.theme).into())),
        ("font", settings.font.as_deref().map(Value::from)),
        ("size", Some(i64::from(settings.size).into())),
        ("scale", Some(scale)),
        ("times", Some(word_for(&TIMES, &settings.times).into())),
        ("notify", Some(settings.notify.into())),
        ("bell", Some(settings.bell.into())),
        ("recent", Some(recent.into())),
        ("window", Some(window.into())),
    ]
}

#[cfg(test)]
mod tests;
