//! The benchmark's own screen: Xvfb with a window manager, keys and clicks by XTest, pictures by GetImage. A user has
//! the same, and the benchmark knows nothing else of the windows.
//!
//! Invariant: both processes end with the value, and with the harness if that is killed.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ChangeWindowAttributesAux, ConnectionExt as _,
    EventMask, ImageFormat, KEY_PRESS_EVENT, KEY_RELEASE_EVENT, MOTION_NOTIFY_EVENT, MapState,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use super::picture::{Picture, Rect};
use crate::{Res, servers, stop};

/// The keysyms of X for some keys.
pub mod key {
    /// Backspace.
    pub const BACKSPACE: u32 = 0xff08;
    /// Page up.
    pub const PAGE_UP: u32 = 0xff55;
    /// Home.
    pub const HOME: u32 = 0xff50;
    /// The left control key.
    pub const CONTROL: u32 = 0xffe3;
}

/// The interval between pictures while waiting for a change: times are late by up to this and the time for a picture
/// (0.1 ms for a small one).
const GLANCE: Duration = Duration::from_millis(1);
/// The longest time that the two may take to start.
const PATIENCE: Duration = Duration::from_secs(20);
const SIZE: (u16, u16) = (1720, 1180);

/// A screen.
#[derive(Debug)]
pub struct Screen {
    conn: RustConnection,
    root: u32,
    keycodes: HashMap<u32, u8>,
    manager: Child,
    xvfb: Child,
    /// The value of `DISPLAY`.
    pub name: String,
    _folder: TempDir,
}

/// A window that has appeared on the screen.
#[derive(Clone, Copy, Debug)]
pub struct Mapped {
    /// The time at which it was seen.
    pub at: Instant,
    /// Its place, without its frame.
    pub rect: Rect,
}

impl Screen {
    /// Starts a screen.
    pub fn start() -> Res<Screen> {
        let folder = tempfile::tempdir()?;
        let size = format!("{}x{}x24", SIZE.0, SIZE.1);
        // Without access control, since a program may run as another user.
        let line = format!("Xvfb -displayfd 1 -screen 0 {size} -nolisten tcp -ac");
        let line: Vec<String> = line.split(' ').map(str::to_string).collect();
        let mut command = servers::launched(&line, folder.path())?;
        let mut xvfb = command.stdout(Stdio::piped()).spawn()?;
        let mut number = String::new();
        let out = xvfb.stdout.take().ok_or("Xvfb has no output")?;
        BufReader::new(out).read_line(&mut number)?;
        let name = format!(":{}", number.trim());
        // The window manager runs this command once it manages windows.
        let flag = folder.path().join("ready");
        let line = ["openbox", "--startup", &format!("touch {}", flag.display())];
        let mut command = servers::launched(&line.map(str::to_string), folder.path())?;
        command.env("DISPLAY", &name).env("HOME", folder.path());
        let manager = command.stdout(Stdio::null()).spawn();
        let manager = match manager {
            Ok(manager) => manager,
            Err(error) => {
                servers::end(&mut xvfb);
                return Err(error.into());
            }
        };
        let started = Connected::to(&name, || flag.exists());
        let mut ended = |error| {
            servers::end(&mut xvfb);
            error
        };
        let Connected(conn, root, keycodes) = started.map_err(&mut ended)?;
        Ok(Screen {
            conn,
            root,
            keycodes,
            manager,
            xvfb,
            name,
            _folder: folder,
        })
    }

    /// The process id of the X server.
    pub fn server(&self) -> u32 {
        self.xvfb.id()
    }

    /// Drops the events about windows so far.
    pub fn forget(&self) -> Res<()> {
        self.conn.sync()?;
        while self.conn.poll_for_event()?.is_some() {}
        Ok(())
    }

    /// Waits until the next window is on the screen with its frame; ignores small ones.
    pub fn next_window(&self, mut alive: impl FnMut() -> Res<()>) -> Res<Mapped> {
        let until = Instant::now() + PATIENCE;
        // The windows in frames, by their frames.
        let mut framed = HashMap::new();
        loop {
            while let Some(event) = self.conn.poll_for_event()? {
                match event {
                    Event::ReparentNotify(e) if e.parent != self.root => {
                        framed.insert(e.parent, e.window);
                    }
                    Event::MapNotify(e) => {
                        let at = Instant::now();
                        let Some(window) = framed.get(&e.window) else {
                            continue;
                        };
                        let Ok(rect) = self.place_of(*window) else {
                            continue;
                        };
                        if rect.width > 200 && rect.height > 200 {
                            return Ok(Mapped { at, rect });
                        }
                    }
                    _ => {}
                }
            }
            stop::check()?;
            alive()?;
            if Instant::now() > until {
                return Err("no window appeared on the screen".into());
            }
            sleep(Duration::from_micros(200));
        }
    }

    fn place_of(&self, window: u32) -> Res<Rect> {
        while self.conn.get_window_attributes(window)?.reply()?.map_state != MapState::VIEWABLE {
            stop::check()?;
        }
        let size = self.conn.get_geometry(window)?.reply()?;
        let conn = &self.conn;
        let place = conn.translate_coordinates(window, self.root, 0, 0)?;
        let place = place.reply()?;
        Ok(Rect {
            x: place.dst_x,
            y: place.dst_y,
            width: size.width,
            height: size.height,
        })
    }

    /// Takes a picture of a part of the screen.
    pub fn picture(&self, rect: Rect) -> Res<Picture> {
        let rect = rect.within(SIZE);
        let format = ImageFormat::Z_PIXMAP;
        let Rect {
            x,
            y,
            width,
            height,
        } = rect;
        let conn = &self.conn;
        let image = conn.get_image(format, self.root, x, y, width, height, !0)?;
        let pixels = image.reply()?.data;
        Ok(Picture { rect, pixels })
    }

    /// Waits until the part of `before` changes, at most for `limit`; returns the time, or `None` after the limit.
    pub fn changed(&self, before: &Picture, limit: Duration) -> Res<Option<Instant>> {
        let until = Instant::now() + limit;
        loop {
            let differs = self.picture(before.rect)?.pixels != before.pixels;
            let now = Instant::now();
            if differs {
                return Ok(Some(now));
            }
            if now > until {
                return Ok(None);
            }
            stop::check()?;
            sleep(GLANCE);
        }
    }

    /// Waits until a part has not changed for `quiet`; returns the time of its last change.
    pub fn settled(&self, rect: Rect, quiet: Duration, limit: Duration) -> Res<Instant> {
        let until = Instant::now() + limit;
        let mut last = Instant::now();
        let mut picture = self.picture(rect)?;
        while last.elapsed() < quiet {
            if Instant::now() > until {
                return Err("the picture of the window goes on changing".into());
            }
            sleep(Duration::from_millis(10));
            stop::check()?;
            let now = self.picture(rect)?;
            if now.pixels != picture.pixels {
                (last, picture) = (Instant::now(), now);
            }
        }
        Ok(last)
    }

    /// Presses keys together: all down in this order, all up in reverse order.
    pub fn press(&self, keys: &[u32]) -> Res<()> {
        let codes: Option<Vec<u8>> = keys.iter().map(|k| self.keycodes.get(k).copied()).collect();
        let codes = codes.ok_or("the keyboard lacks a key")?;
        for code in &codes {
            self.fake(KEY_PRESS_EVENT, *code, (0, 0))?;
        }
        for code in codes.iter().rev() {
            self.fake(KEY_RELEASE_EVENT, *code, (0, 0))?;
        }
        Ok(self.conn.flush()?)
    }

    /// Clicks at a place on the screen.
    pub fn click(&self, place: (i16, i16)) -> Res<()> {
        self.fake(MOTION_NOTIFY_EVENT, 0, place)?;
        self.fake(BUTTON_PRESS_EVENT, 1, (0, 0))?;
        self.fake(BUTTON_RELEASE_EVENT, 1, (0, 0))?;
        Ok(self.conn.flush()?)
    }

    fn fake(&self, kind: u8, detail: u8, place: (i16, i16)) -> Res<()> {
        let (x, y) = place;
        let conn = &self.conn;
        // The reply is not awaited: it is not part of the measurement.
        conn.xtest_fake_input(kind, detail, 0, self.root, x, y, 0)?;
        Ok(())
    }

    /// The text of the clipboard, by `xclip`.
    pub fn clipboard(&self) -> Res<String> {
        let mut command = std::process::Command::new("timeout");
        command.args(["10", "xclip", "-selection", "clipboard", "-o"]);
        let output = command.env("DISPLAY", &self.name).output()?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        servers::end(&mut self.manager);
        servers::end(&mut self.xvfb);
    }
}

/// The connection, the root window, the key codes by keysym.
struct Connected(RustConnection, u32, HashMap<u32, u8>);

impl Connected {
    /// Connects, and waits for the window manager.
    fn to(name: &str, managed: impl Fn() -> bool) -> Res<Connected> {
        let (conn, number) = x11rb::connect(Some(name))?;
        let setup = conn.setup();
        let root = setup.roots[number].root;
        let (first, last) = (setup.min_keycode, setup.max_keycode);
        let watch = ChangeWindowAttributesAux::new().event_mask(EventMask::SUBSTRUCTURE_NOTIFY);
        conn.change_window_attributes(root, &watch)?;
        let mapping = conn
            .get_keyboard_mapping(first, last - first + 1)?
            .reply()?;
        let columns = usize::from(mapping.keysyms_per_keycode);
        let unshifted = mapping.keysyms.chunks(columns).map(|keysyms| keysyms[0]);
        let keycodes = unshifted.zip(first..=last).collect();
        let until = Instant::now() + PATIENCE;
        while !managed() {
            stop::check()?;
            if Instant::now() > until {
                return Err("openbox does not manage the screen".into());
            }
            sleep(Duration::from_millis(5));
        }
        Ok(Connected(conn, root, keycodes))
    }
}
