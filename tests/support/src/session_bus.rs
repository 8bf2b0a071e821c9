//! A test's own D-Bus session bus, which starts no services.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::program::Folder;

/// The bus, which ends with this value.
pub struct SessionBus {
    daemon: Child,
    /// The value of `DBUS_SESSION_BUS_ADDRESS`.
    pub address: String,
    _folder: Folder,
}

impl SessionBus {
    /// Starts a bus.
    pub fn start() -> SessionBus {
        let folder = Folder::new();
        let text = format!(
            "<busconfig><type>session</type><listen>unix:dir={}</listen>\
             <policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/>\
             <allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>",
            folder.path().display()
        );
        let config = folder.file("bus.conf", text);
        let mut daemon = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--nopidfile", "--print-address=1"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null()) // It warns of a limit that it cannot raise.
            .spawn()
            .expect("a bus starts (scripts/setup.sh test installs it)");
        let mut address = String::new();
        BufReader::new(daemon.stdout.take().expect("a pipe"))
            .read_line(&mut address)
            .expect("the bus says where it is");
        SessionBus {
            daemon,
            address: address.trim().to_string(),
            _folder: folder,
        }
    }
}

impl Drop for SessionBus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}
