//! The files installed beside the executable: the entry in a desktop's menu, its icons, the service and
//! its settings, and what the package is made of.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use chatroom::cli::Cli;
use clap::CommandFactory;

use support::display::Display;
use support::program::{Folder, Run};
use support::waiting::wait_for;

/// The path of a file of the project.
fn ours(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn text(path: &str) -> String {
    fs::read_to_string(ours(path)).expect(path)
}

/// The value of a key in a file of `key=value` lines.
fn value(text: &str, key: &str) -> String {
    let found = text
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    found.unwrap_or_else(|| panic!("no {key}")).to_string()
}

#[test]
fn the_menu_entry_is_what_desktops_read() {
    let entry = ours("assets/chatroom.desktop");
    let run = Run::of(Command::new("desktop-file-validate").arg(&entry));
    run.code(0).stdout("").stderr("");
    let entry = text("assets/chatroom.desktop");
    assert_eq!(value(&entry, "MimeType"), "x-scheme-handler/chatroom;");
    // A desktop replaces `%u` by the link.
    let exec = value(&entry, "Exec");
    let words = exec.split(' ').map(|word| match word {
        "%u" => "chatroom://192.168.1.20:1337",
        word => word,
    });
    Cli::command()
        .try_get_matches_from(words)
        .expect("the command line understands it");
}

#[test]
fn a_link_that_is_clicked_opens_a_window_with_it() {
    // The steps of the README without the package, in a separate home.
    let home = Folder::new();
    let applications = home.path().join(".local/share/applications");
    fs::create_dir_all(&applications).expect("a folder");
    let entry = ours("assets/chatroom.desktop");
    fs::copy(entry, applications.join("chatroom.desktop")).expect("a copy");
    let run = Run::of(Command::new("update-desktop-database").arg(&applications));
    run.code(0);
    // A script in place of the executable reports how it was called.
    let program = home.file(
        "chatroom",
        "#!/bin/sh\necho \"$@\" >called.part; mv called.part called\n",
    );
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it can be run");
    let path = std::env::var("PATH").expect("a path");
    let mut open = Command::new("gio");
    open.args(["open", "chatroom://192.168.1.20:1337"]);
    home.settle(&mut open);
    open.env("HOME", home.path())
        .env("PATH", format!("{}:{path}", home.path().display()))
        .env_remove("XDG_DATA_HOME")
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("DBUS_SESSION_BUS_ADDRESS");
    Run::of(&mut open).code(0);
    let called = wait_for("the program", || {
        fs::read_to_string(home.path().join("called")).ok()
    });
    assert_eq!(called, "gui chatroom://192.168.1.20:1337\n");
}

#[test]
fn a_desktop_knows_the_window_by_its_class_and_shows_its_icon() {
    let display = Arc::new(Display::start(900, 700));
    let window = display.open(Arc::new(Folder::new()), &["127.0.0.1:9"]);
    let class = String::from_utf8(window.property("WM_CLASS").value).expect("UTF-8");
    let class: Vec<&str> = class.split('\0').collect();
    let entry = text("assets/chatroom.desktop");
    assert_eq!(class, ["chatroom", &*value(&entry, "StartupWMClass"), ""]);
    // The size, followed by all pixels of the icon.
    let icon = window.icon();
    let (size, pixels) = Icon::read(icon[0]).counts();
    assert_eq!(icon[..2], [size, size]);
    let seen = icon[2..].iter().filter(|pixel| **pixel >> 24 == 0xFF);
    assert_eq!(seen.count(), pixels);
}

/// An installed icon: red, green, blue and opacity of each pixel.
struct Icon {
    size: u32,
    pixels: Vec<u8>,
}

impl Icon {
    fn read(size: u32) -> Icon {
        let path = format!("assets/icons/hicolor/{size}x{size}/apps/chatroom.png");
        let file = fs::File::open(ours(&path)).expect(&path);
        let mut reader = png::Decoder::new(std::io::BufReader::new(file));
        reader.set_transformations(png::Transformations::EXPAND);
        let mut reader = reader.read_info().expect(&path);
        let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
        let info = reader.next_frame(&mut pixels).expect(&path);
        assert_eq!((info.width, info.height), (size, size), "{path}");
        assert_eq!(info.color_type, png::ColorType::Rgba, "{path}");
        Icon { size, pixels }
    }

    /// Its size and the number of its opaque pixels.
    fn counts(&self) -> (u32, usize) {
        let opaque = self.pixels.chunks_exact(4).filter(|pixel| pixel[3] == 0xFF);
        (self.size, opaque.count())
    }

    /// The fraction of it that has nearly this colour.
    fn share(&self, colour: [u8; 3]) -> f64 {
        let near = |pixel: &[u8]| pixel.iter().zip(colour).all(|(a, b)| a.abs_diff(b) < 24);
        let found = self.pixels.chunks_exact(4);
        let found = found.filter(|pixel| pixel[3] > 0xC0 && near(&pixel[..3]));
        found.count() as f64 / f64::from(self.size * self.size)
    }
}

#[test]
fn the_icon_is_the_same_picture_in_every_size() {
    for size in [16, 22, 24, 32, 48, 64, 128, 256, 512] {
        let icon = Icon::read(size);
        // There are two bubbles, and writing in the front one.
        for (what, colour, least) in [
            ("blue", [0x1F, 0x7A, 0x9E], 0.25),
            ("orange", [0xF2, 0xA0, 0x33], 0.1),
            ("white", [0xFF, 0xFF, 0xFF], 0.025),
        ] {
            let share = icon.share(colour);
            assert!(share > least, "{size}: {share} of it is {what}");
        }
    }
    let scalable = text("assets/icons/hicolor/scalable/apps/chatroom.svg");
    assert_eq!(scalable, text("assets/icon.svg"), "run make icons");
}

#[test]
fn the_service_may_do_what_a_room_needs_and_nothing_else() {
    let unit = text("assets/chatroom.service");
    for line in [
        "Type=notify",
        "DynamicUser=yes",
        "StateDirectory=chatroom",
        "ProtectSystem=strict",
        "ProtectHome=yes",
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
        "SystemCallFilter=@system-service",
        "MemoryDenyWriteExecute=yes",
        "Restart=on-failure",
    ] {
        assert!(unit.lines().any(|found| found == line), "{line}");
    }
    let words = value(&unit, "ExecStart");
    Cli::command()
        .try_get_matches_from(words.split(' '))
        .expect("the command line understands it");
    // Machines without systemd are fine for work; `make test-dist` always has it.
    let mut command = Command::new("systemd-analyze");
    command.args(["security", "--offline=true", "--no-pager", "--threshold=15"]);
    command.arg(ours("assets/chatroom.service"));
    if let Some(run) = Run::if_installed(&mut command) {
        run.code(0)
            .stdout_has("Overall exposure level for chatroom.service: 1.");
    }
}

#[test]
fn the_key_file_that_systemd_passes_on_is_what_the_manual_and_the_unit_say() {
    let page = text("docs/operating.md");
    let lines = page
        .split("```ini\n")
        .filter_map(|rest| rest.split("```").next())
        .find(|lines| lines.contains("LoadCredential"))
        .expect("the lines in the manual");
    let unit = text("assets/chatroom.service");
    for line in lines.lines().skip(1) {
        let comment = format!("#   {line}");
        assert!(unit.lines().any(|found| found == comment), "{line}");
    }
    let command = lines.lines().last().and_then(|line| line.split_once('='));
    let words = command.expect("a command").1.split(' ');
    let matches = Cli::command()
        .try_get_matches_from(words)
        .expect("the command line understands it");
    let server = matches.subcommand_matches("server").expect("a server");
    let key: Option<&PathBuf> = server.get_one("key_file");
    assert_eq!(key.map(PathBuf::as_path), Some(Path::new("%d/key")));
    // As systemd reads them, with an executable that is there.
    let folder = Folder::new();
    let here = |text: &str| text.replace("/usr/bin/chatroom", env!("CARGO_BIN_EXE_chatroom"));
    let of_unit = folder.file("chatroom.service", here(&unit));
    let overrides = folder.path().join("chatroom.service.d");
    fs::create_dir(&overrides).expect("a folder");
    fs::write(overrides.join("override.conf"), here(lines)).expect("written");
    let mut command = Command::new("systemd-analyze");
    command.args(["verify", "--man=no"]).arg(of_unit);
    if let Some(run) = Run::if_installed(&mut command) {
        run.code(0).stdout("").stderr("");
    }
}

#[test]
fn the_service_has_every_setting_of_the_server_and_no_other() {
    let command = Cli::command();
    let server = command.find_subcommand("server").expect("the server");
    let known = server.get_arguments().filter_map(|flag| flag.get_env());
    let mut known: BTreeSet<String> = known.map(|name| name.to_string_lossy().into()).collect();
    // Read without a flag, since others would see it there; and where the unit itself says it.
    known.insert("CHATROOM_KEY".into());
    known.remove("CHATROOM_LOG");
    let settings = text("assets/chatroom.default");
    let offered = settings
        .lines()
        .filter_map(|line| line.strip_prefix("#CHATROOM_"));
    let offered = offered.filter_map(|line| line.split_once('='));
    let offered: BTreeSet<String> = offered
        .map(|(name, _)| format!("CHATROOM_{name}"))
        .collect();
    assert_eq!(offered, known);
    // The installed file sets nothing.
    assert!(
        settings
            .lines()
            .all(|line| line.is_empty() || line.starts_with('#'))
    );
}

#[test]
fn the_packages_sources_are_there() {
    let manifest: toml_edit::DocumentMut = text("Cargo.toml").parse().expect("TOML");
    let deb = &manifest["package"]["metadata"]["deb"];
    let assets = deb["assets"].as_array().expect("its assets");
    let mut places = BTreeSet::new();
    for asset in assets {
        let asset = asset.as_array().expect("source, place, mode");
        let part = |n: usize| asset.get(n).and_then(|it| it.as_str()).expect("a text");
        places.insert(part(1));
        // `make dist` and scripts/deb.sh make these.
        if !part(0).starts_with("dist/") {
            // The part before the first star is a folder that must exist.
            let source = part(0).split('*').next().expect("a path");
            assert!(ours(source).exists(), "{source}");
        }
    }
    for place in ["usr/bin/", "usr/share/man/man1/", "usr/share/applications/"] {
        assert!(places.contains(place), "{place}: {places:?}");
    }
    for conffile in deb["conf-files"].as_array().expect("its settings") {
        let conffile = conffile.as_str().expect("a path").trim_start_matches('/');
        assert!(places.contains(conffile), "{conffile}: {places:?}");
    }
}
