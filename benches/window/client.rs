//! The windows under test: configures them to ask nothing, opens them, and ends them by process id.
//!
//! Each has its own home for the whole run, so the measured start is that of a regular user.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::picture::{Picture, Rect};
use super::screen::{Screen, key};
use super::speaker::Speaker;
use crate::servers::{self, Entrant, Kind};
use crate::usage::{self, Cpu};
use crate::{Res, chat, stop};

/// The user and group `nobody`.
const NOBODY: u32 = 65_534;
/// The height in pixels of the lowest part of a window, which has the message field across its width.
const LOWER: u16 = 60;

/// A window's program and its server.
#[derive(Debug)]
pub struct Client {
    /// Its name in the tables.
    pub name: String,
    /// Its server.
    pub server: Entrant,
    program: PathBuf,
    home: TempDir,
}

/// A window on the screen.
#[derive(Debug)]
pub struct Open<'a> {
    client: &'a Client,
    screen: &'a Screen,
    child: Child,
    /// The time from the fork until it is on the screen.
    pub mapped: Duration,
    /// The time of the fork.
    pub forked: Instant,
    /// Its place on the screen.
    pub rect: Rect,
}

impl Client {
    /// `chatroom gui` of this executable. Its server runs from a copy: from the same file, the two would share the
    /// memory of their code, and the window would seem smaller than it is alone.
    pub fn chatroom(name: &str, program: PathBuf) -> Res<Client> {
        let server = Entrant {
            name: name.to_string(),
            kind: Kind::Chatroom,
            program: PathBuf::new(),
        };
        let mut client = Client::new(name, server, program)?;
        client.server.program = client.home.path().join("server");
        fs::copy(&client.program, &client.server.program)?;
        Ok(client)
    }

    /// HexChat, with ngircd.
    pub fn hexchat() -> Res<Client> {
        Client::new("HexChat", Entrant::peer(Kind::Ngircd), "hexchat".into())
    }

    fn new(name: &str, server: Entrant, program: PathBuf) -> Res<Client> {
        Ok(Client {
            name: name.to_string(),
            server,
            program,
            home: tempfile::tempdir()?,
        })
    }

    /// Tells whether it is chatroom.
    pub fn is_chatroom(&self) -> bool {
        self.server.kind == Kind::Chatroom
    }

    /// Its name in the room.
    pub fn nick(&self) -> &'static str {
        "watcher"
    }

    /// The names and versions of its program and, if that is another program, its server.
    pub fn versions(&self) -> Vec<(String, String)> {
        let asked = Command::new(&self.program).arg("--version").output();
        let said = asked.map(|out| String::from_utf8_lossy(&out.stdout).trim().to_string());
        let mut all = vec![(self.name.clone(), said.unwrap_or("not found".to_string()))];
        if !self.is_chatroom() {
            all.push((self.server.name.clone(), self.server.version()));
        }
        all
    }

    /// The file for the line about its frames.
    fn frames(&self) -> PathBuf {
        self.home.path().join("frames")
    }

    /// Opens a window on the room at this address and waits until it is on the screen.
    pub fn open<'a>(&'a self, screen: &'a Screen, address: SocketAddr) -> Res<Open<'a>> {
        let home = self.home.path();
        let mut line = vec![self.program.to_string_lossy().into_owned()];
        if self.is_chatroom() {
            let address = address.to_string();
            line.extend(["gui", "--name", self.nick(), &address].map(str::to_string));
        } else {
            configure_hexchat(home, address, self.nick())?;
            let config = home.to_string_lossy().into_owned();
            line.extend(["--cfgdir".to_string(), config, "--no-plugins".to_string()]);
            line = as_nobody(home, line)?;
        }
        let mut command = servers::launched(&line, home)?;
        for name in ["CONFIG_HOME", "STATE_HOME", "DATA_HOME", "CACHE_HOME"] {
            command.env_remove(format!("XDG_{name}"));
        }
        command
            .env("DISPLAY", &screen.name)
            .env("HOME", home)
            .env("CHATROOM_GUI_FRAMES", self.frames())
            .env("GTK2_RC_FILES", home.join("gtkrc"))
            // There is no session bus, and this keeps programs from starting one.
            .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
            .env_remove("WAYLAND_DISPLAY")
            .stdout(Stdio::null());
        if self.frames().exists() {
            fs::remove_file(self.frames())?;
        }
        screen.forget()?;
        let forked = Instant::now();
        let mut child = command.spawn()?;
        let alive = || match child.try_wait()? {
            None => Ok(()),
            Some(status) => {
                let said = fs::read_to_string(home.join("stderr")).unwrap_or_default();
                Err(format!("{} ended ({status}): {said}", self.name).into())
            }
        };
        match screen.next_window(alive) {
            Ok(mapped) => Ok(Open {
                client: self,
                screen,
                child,
                mapped: mapped.at - forked,
                forked,
                rect: mapped.rect,
            }),
            Err(error) => {
                servers::end(&mut child);
                Err(error)
            }
        }
    }
}

/// The command line to run HexChat as `nobody` if this runs as root, because it warns root in a dialog.
fn as_nobody(home: &Path, line: Vec<String>) -> Res<Vec<String>> {
    if fs::metadata("/proc/self")?.uid() != 0 {
        return Ok(line);
    }
    for file in fs::read_dir(home)? {
        chown(file?.path(), Some(NOBODY), Some(NOBODY))?;
    }
    chown(home, Some(NOBODY), Some(NOBODY))?;
    let user =
        format!("setpriv --pdeathsig TERM --reuid {NOBODY} --regid {NOBODY} --clear-groups --");
    let user = user.split(' ').map(str::to_string);
    Ok(user.chain(line).collect())
}

/// Configures HexChat to join at once without the list of networks, in a window as large as chatroom's, with enough
/// lines of scrollback, and with nothing that slows it down: no plugins, no log, no throttle, no blinking cursor.
fn configure_hexchat(home: &Path, address: SocketAddr, nick: &str) -> Res<()> {
    let config = format!(
        "version = 2.16.1\ngui_slist_skip = 1\ngui_join_dialog = 0\ngui_tray = 0\n\
         gui_win_width = 820\ngui_win_height = 560\ngui_win_state = 0\n\
         irc_nick1 = {nick}\nirc_nick2 = {nick}2\nirc_nick3 = {nick}3\n\
         irc_user_name = bench\nirc_real_name = bench\nirc_join_delay = 0\n\
         text_max_lines = 30000\ntext_replay = 0\nirc_logging = 0\nidentd_server = 0\n\
         net_throttle = 0\nflood_ctcp_num = 10000\nflood_msg_num = 100000\n"
    );
    let (host, port) = (address.ip(), address.port());
    // 27: connect at the start, to this server, as the user of the settings.
    let networks =
        format!("v=2.16.1\n\nN=bench\nE=UTF-8 (Unicode)\nF=27\nD=0\nS={host}/{port}\nJ=#room\n\n");
    fs::write(home.join("hexchat.conf"), config)?;
    fs::write(home.join("servlist.conf"), networks)?;
    fs::write(home.join("gtkrc"), "gtk-cursor-blink = 0\n")?;
    Ok(())
}

impl Open<'_> {
    /// Its processes.
    pub fn pids(&self) -> Vec<u32> {
        usage::family(self.child.id())
    }

    /// The processor time that it and the X server have used so far.
    pub fn cpu(&self) -> (Cpu, Cpu) {
        (Cpu::of(&self.pids()), Cpu::of(&[self.screen.server()]))
    }

    /// The middle of the window, which is in the transcript in every program here.
    pub fn transcript(&self) -> Rect {
        self.rect.part((25, 70), (25, 80))
    }

    /// Waits until the window shows new messages.
    pub fn ready(&self, speaker: &mut Speaker) -> Res<()> {
        let until = Instant::now() + Duration::from_secs(20);
        let mut shown = 0;
        while shown < 3 {
            let rect = self.rect.part((0, 100), (0, 85));
            let second = Duration::from_secs(5);
            self.screen
                .settled(rect, Duration::from_millis(100), second)?;
            let before = self.screen.picture(rect)?;
            speaker.say(&chat::text(shown))?;
            let seen = self.screen.changed(&before, Duration::from_millis(500))?;
            shown = if seen.is_some() { shown + 1 } else { 0 };
            if Instant::now() > until {
                return Err(format!("{} does not show new messages", self.client.name).into());
            }
        }
        self.rest()
    }

    /// Waits until the picture no longer changes.
    pub fn rest(&self) -> Res<()> {
        let (quiet, limit) = (Duration::from_secs(1), Duration::from_secs(60));
        self.screen.settled(self.rect, quiet, limit)?;
        Ok(())
    }

    /// Finds the place of the next letter of the next message by typing; with `anywhere` in any field of the window.
    pub fn caret(&self, anywhere: bool) -> Res<Option<Rect>> {
        let from = if anywhere { 0 } else { LOWER };
        let lower = self.rect.part((0, 100), (from, 100));
        for _ in 0..8 {
            let before = self.screen.picture(lower)?;
            let typed = self.after(&before, u32::from(b'x'))?;
            let taken_back = self.after(&typed, key::BACKSPACE)?;
            // A letter is small; a change of its own accord or of the whole field is not.
            let letter = before.difference(&typed);
            let letter = letter.filter(|rect| rect.width < 60 && rect.height < 60);
            if letter.is_some() && letter == typed.difference(&taken_back) {
                return Ok(letter);
            }
            // From now on it is not the field's first letter.
            self.after(&taken_back, u32::from(b'm'))?;
        }
        stop::check()?;
        Ok(None)
    }

    /// Presses a key; returns the picture of the same part after its effect.
    fn after(&self, before: &Picture, keysym: u32) -> Res<Picture> {
        self.screen.press(&[keysym])?;
        self.screen.changed(before, Duration::from_millis(500))?;
        std::thread::sleep(Duration::from_millis(150));
        self.screen.picture(before.rect)
    }

    /// Presses a key that types a letter or removes it; returns the time until it was visible.
    pub fn type_one(&self, caret: Rect, back: bool, limit: Duration) -> Res<Option<Duration>> {
        let before = self.screen.picture(caret)?;
        let keysym = if back {
            key::BACKSPACE
        } else {
            u32::from(b'x')
        };
        let pressed = Instant::now();
        self.screen.press(&[keysym])?;
        let seen = self.screen.changed(&before, limit)?;
        Ok(seen.map(|at| at - pressed))
    }

    /// The text that Ctrl+A and Ctrl+C copy from the transcript.
    pub fn copied(&self) -> Res<String> {
        let (_, y) = self.rect.centre();
        self.screen.click((self.rect.x + 60, y))?;
        for letter in [b'a', b'c'] {
            std::thread::sleep(Duration::from_millis(100));
            self.screen.press(&[key::CONTROL, u32::from(letter)])?;
        }
        std::thread::sleep(Duration::from_millis(500));
        self.screen.clipboard()
    }

    /// Ends it; returns the line about its frames, if it writes one.
    pub fn close(self) -> Res<Option<String>> {
        let frames = self.client.frames();
        drop(self);
        Ok(fs::read_to_string(&frames).ok())
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        servers::end(&mut self.child);
    }
}
