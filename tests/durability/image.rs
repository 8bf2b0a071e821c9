//! A test's own disk, whose power it can cut: ext4 or xfs in a file, mounted through a loop device; or a small tmpfs.
//! It is unmounted at the end, even if the test fails.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use tempfile::TempDir;

use support::program::Folder;
use support::server::Server;

/// A mounted file system.
#[derive(Debug)]
pub struct Disk {
    dir: TempDir,
    mounted: bool,
}

/// The size of an xfs, in bytes: the tools of 2022 and later make none below 300 MB.
const XFS: u64 = 320 << 20;

/// Runs a command that must work.
#[track_caller]
fn run(what: &str, args: &[&str]) {
    let output = Command::new(what).args(args).output();
    let output = output.unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(
        output.status.success(),
        "{what} {args:?} (these tests mount file systems, which takes root): {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A path as an argument.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("a path of plain characters")
}

impl Disk {
    /// A new ext4 of so many MiB.
    #[track_caller]
    pub fn ext4(mib: u64) -> Disk {
        let mut disk = Disk::empty();
        let image = std::fs::File::create(disk.image()).expect("an image");
        image.set_len(mib << 20).expect("its length");
        run("mkfs.ext4", &["-q", "-F", text(&disk.image())]);
        disk.mount();
        disk
    }

    /// A new xfs, as small as it makes them.
    #[track_caller]
    pub fn xfs() -> Disk {
        let mut disk = Disk::empty();
        let image = std::fs::File::create(disk.image()).expect("an image");
        image.set_len(XFS).expect("its length");
        run("mkfs.xfs", &["-q", text(&disk.image())]);
        disk.mount();
        disk
    }

    /// A new tmpfs of so many bytes.
    #[track_caller]
    pub fn tmpfs(bytes: u64) -> Disk {
        let mut disk = Disk::empty();
        let (size, path) = (format!("size={bytes}"), disk.path());
        run("mount", &["-t", "tmpfs", "-o", &size, "tmpfs", text(&path)]);
        disk.mounted = true;
        disk
    }

    fn empty() -> Disk {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let disk = Disk {
            dir,
            mounted: false,
        };
        std::fs::create_dir(disk.path()).expect("a place to mount at");
        disk
    }

    fn image(&self) -> PathBuf {
        self.dir.path().join("image")
    }

    /// The mount point.
    pub fn path(&self) -> PathBuf {
        self.dir.path().join("disk")
    }

    /// The path of its log.
    pub fn log(&self) -> PathBuf {
        self.path().join("log.txt")
    }

    /// Starts a server whose log is on it; it runs in `folder`.
    #[track_caller]
    pub fn serve(&self, folder: &Arc<Folder>, listen: &str) -> Server {
        let log = self.log();
        let mut args = vec!["server", "--listen", listen, "--console", "quiet"];
        args.extend(["--max-rate", "0", "--no-address-limits"]);
        args.extend(["--grace", "60s", "--log", text(&log)]);
        Server::spawn(Arc::clone(folder), folder.command(&args))
    }

    /// Mounts it (again).
    #[track_caller]
    pub fn mount(&mut self) {
        let (image, path) = (self.image(), self.path());
        run("mount", &["-o", "loop", text(&image), text(&path)]);
        self.mounted = true;
    }

    /// Kills the server and removes the disk in the same moment, with everything that its journal still holds in
    /// memory, as a power cut does.
    ///
    /// The order matters: a sync in progress when the disk goes may wrongly report success (in one cut of sixteen;
    /// never one that had ended before). A machine without power reports nothing.
    #[track_caller]
    pub fn cut_power(&mut self, server: &mut Server) {
        self.cut(server.pid().as_raw_nonzero().get());
        server.kill();
        self.unmount();
    }

    /// Does the same to any process, for whose end the caller must wait before unmounting the disk.
    #[track_caller]
    pub fn cut(&self, pid: i32) {
        // FS_IOC_SHUTDOWN with FS_SHUTDOWN_FLAGS_NOLOGFLUSH, whose number both file systems share. The
        // command of xfs's tools for it cannot kill in the same moment.
        let code = "import fcntl, os, struct, sys\n\
                    fd = os.open(sys.argv[1], os.O_RDONLY)\n\
                    try: os.kill(int(sys.argv[2]), 9)\n\
                    except ProcessLookupError: pass\n\
                    fcntl.ioctl(fd, 0x8004587d, struct.pack('I', 2))";
        let (path, pid) = (self.path(), pid.to_string());
        run("python3", &["-c", code, text(&path), &pid]);
    }

    /// Unmounts it.
    #[track_caller]
    pub fn unmount(&mut self) {
        run("umount", &[text(&self.path())]);
        self.mounted = false;
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.mounted {
            // A process that still uses it is about to end.
            let path = self.path();
            let _ = Command::new("umount").args(["-l", text(&path)]).output();
        }
    }
}
