//! scripts/setup.sh: its sentence if it cannot install something missing, and that nothing it installs runs by
//! itself. Small scripts stand in for the system's tools.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::docs::shell::{Shell, script};
use support::program::{Folder, Run};

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts")
}

/// A package manager that reports everything as installed.
const ALL: &str = "#!/bin/sh\nshift 2\nfor name; do echo \"installed $name\"; done\n";

/// A user's machine with these tools and those of the system.
fn machine(tools: &[(&str, &str)]) -> Folder {
    let folder = Folder::new();
    std::fs::create_dir(folder.path().join("bin")).expect("a folder");
    let usual = [
        ("cargo", "#!/bin/sh\necho cargo 9999.0.0\n"),
        ("dpkg-query", ALL),
        ("apt-get", "#!/bin/sh\necho called >>apt-get.called\n"),
    ];
    for (name, text) in usual.iter().chain(tools) {
        script(&folder.path().join("bin").join(name), text);
    }
    folder
}

fn set_up(folder: &Folder, set: &str) -> Run {
    let mut command = Command::new("bash");
    command.arg(scripts().join("setup.sh")).arg(set);
    folder.settle(&mut command);
    let path = format!(
        "{}/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        folder.path().display()
    );
    command.env("PATH", path).env("HOME", folder.path());
    command.env_remove("CARGO_HOME");
    Run::of(&mut command)
}

fn complaint(run: &Run) -> String {
    String::from_utf8_lossy(&run.output.stderr).into_owned()
}

#[test]
fn a_rust_that_is_too_old_is_told_before_cargo_stumbles() {
    let manifest = std::fs::read_to_string(scripts().join("../Cargo.toml")).expect("Cargo.toml");
    let needed = manifest.split_once("\nrust-version = \"").expect("it").1;
    let needed = needed.split('"').next().expect("its end");
    for (version, fits) in [
        ("1.65.0", false),
        ("1.9.0", false),
        (needed, true),
        (&*format!("{needed}.0"), true),
        ("9999.0.0-nightly", true),
    ] {
        let cargo = format!("#!/bin/sh\necho 'cargo {version} (a commit)'\n");
        let run = set_up(&machine(&[("cargo", &cargo)]), "build");
        if fits {
            run.code(0).stdout("").stderr("");
            continue;
        }
        let said = complaint(&run.code(1).stdout(""));
        for part in [version, needed, "bin/cargo is too old", "rustup"] {
            assert!(said.contains(part), "{part:?} is not in {said}");
        }
    }
}

/// Tools of an ordinary user.
const ORDINARY: (&str, &str) = (
    "id",
    "#!/bin/sh\ncase $1 in -u) echo 1000 ;; -un) echo ada ;; esac\n",
);

#[test]
fn a_refusal_by_sudo_is_reported() {
    let folder = machine(&[
        ORDINARY,
        ("dpkg-query", "#!/bin/sh\nexit 1\n"),
        (
            "sudo",
            "#!/bin/sh\necho 'sudo: a password is required' >&2\nexit 1\n",
        ),
    ]);
    let said = complaint(&set_up(&folder, "build").code(1).stdout(""));
    for part in [
        "sudo: a password is required\nsetup: sudo did not let ada become root",
        "Ask an administrator to run:  apt-get install --no-install-recommends cmake ",
    ] {
        assert!(said.contains(part), "{part:?} is not in {said}");
    }
    assert!(!folder.path().join("apt-get.called").exists(), "{said}");
}

#[test]
fn missing_namespaces_are_reported_first() {
    let refuses =
        "#!/bin/sh\necho 'unshare: unshare failed: Operation not permitted' >&2\nexit 1\n";
    let nothing = ("dpkg-query", "#!/bin/sh\nexit 1\n");
    for (more, advice) in [
        (&[ORDINARY][..], "  sudo "),
        (&[("id", "#!/bin/sh\necho 0\n")], "--privileged"),
    ] {
        let folder = machine(&[&[("unshare", refuses), nothing], more].concat());
        let run = set_up(&folder, "test");
        // The check of the formatter comes first and succeeds.
        let said = complaint(&run.code(1).stdout(""));
        assert!(
            said.starts_with("setup: The tests make their own networks and file systems, and "),
            "{said}"
        );
        assert!(said.contains(advice), "{said}");
        assert!(!folder.path().join("apt-get.called").exists(), "{said}");
        // Building needs none.
        let folder = machine(&[&[("unshare", refuses)], more].concat());
        set_up(&folder, "build").code(0).stderr("");
    }
}

#[test]
fn installed_packages_do_not_run_by_themselves() {
    let mut shell = Shell::start(None);
    let tool = |shell: &Shell, name: &str, text: &str| {
        script(&shell.folder.path().join("bin").join(name), text);
    };
    tool(
        &shell,
        "dpkg-query",
        "#!/bin/sh\n[ \"$*\" = '-L roomd' ] || exit 1\nprintf '%s\\n' /. /lib/systemd/system/roomd.service \
         /lib/systemd/system/roomd.timer /usr/lib/systemd/user/roomd@.service /usr/sbin/roomd \
         /etc/init.d/roomd /etc/cron.daily/roomd /etc/cron.d/roomd\n",
    );
    tool(
        &shell,
        "update-rc.d",
        "#!/bin/sh\necho \"$@\" >>update-rc.d.called\n",
    );
    let (code, said) = shell.run(
        "cd /etc && mkdir -p systemd/{system,user}/{default.target,timers.target}.wants cron.daily cron.d init.d
         for name in roomd.service other.service; do ln -s /lib/$name systemd/system/default.target.wants/$name; done
         ln -s /lib/roomd.timer systemd/system/timers.target.wants/roomd.timer
         ln -s /lib/roomd@.service systemd/user/default.target.wants/roomd@main.service
         for name in cron.daily/roomd cron.daily/other cron.d/roomd cron.d/other init.d/roomd; do
             echo >$name && chmod +x $name
         done; cd - >/dev/null",
    );
    assert_eq!(code, 0, "{said}");
    let (code, said) = shell.run(&format!("bash {}/by-hand.sh roomd", scripts().display()));
    assert_eq!((code, &*said), (0, ""));
    let (_, left) = shell.run("cd /etc; find systemd -path '*.wants/*' -name '*o*d*'; find systemd cron.d -name 'other*'; ls -l cron.daily | grep -c '^-rwx.* roomd$'; ls cron.d | grep room; cd - >/dev/null; cat update-rc.d.called");
    let left: Vec<&str> = left.lines().collect();
    assert_eq!(
        left,
        [
            "systemd/system/default.target.wants/other.service",
            "cron.d/other",
            "0",
            "roomd.off",
            "roomd disable"
        ]
    );
    let (code, _) = shell.run("[ -x /etc/cron.daily/other ]");
    assert_eq!(code, 0);
}
