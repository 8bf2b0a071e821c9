//! The libraries that a system lacks for a carried executable, in a sentence that says how to get them.
//!
//! The answer is that of the system's own loader, obtained as `ldd` does (ld.so(8),
//! LD_TRACE_LOADED_OBJECTS): it is the one of the later start, whatever the configuration, and no code
//! of the executable runs.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::system::executable::is_root;

/// The verdict of the loader.
#[derive(Debug, PartialEq, Eq)]
pub enum Runnable {
    /// All libraries are there.
    Runs,
    /// Libraries are missing; the sentence is for the user.
    Lacks(String),
}

/// Runs the loader on the executable.
///
/// # Errors
/// The executable may not be executed from where it is.
pub fn ask(executable: &Path) -> io::Result<Runnable> {
    let answer = Command::new(executable)
        // A loader that ignores the variable runs the executable: then at least no window opens.
        .arg("--version")
        .env("LD_TRACE_LOADED_OBJECTS", "1")
        // Not /dev/null: if that is missing, the loader would seem to be missing.
        .stdin(Stdio::piped())
        .output();
    let answer = match answer {
        Ok(answer) => answer,
        // The file exists: the missing one is the loader that it names.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Runnable::Lacks(no_loader()));
        }
        Err(error) => return Err(error),
    };
    let said = [answer.stdout, answer.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    Ok(judge(&said, answer.status.success(), &System::of_this()))
}

fn judge(said: &str, succeeded: bool, system: &System) -> Runnable {
    let newer: BTreeSet<_> = said.lines().filter_map(missing_version).collect();
    if let Some(newest) = newer.last() {
        return Runnable::Lacks(too_old(newest));
    }
    let missing: BTreeSet<_> = said.lines().filter_map(missing_library).collect();
    if !missing.is_empty() {
        return Runnable::Lacks(system.lacks(&missing));
    }
    if succeeded {
        return Runnable::Runs;
    }
    let reason = said.lines().find(|line| !line.trim().is_empty());
    Runnable::Lacks(format!(
        "This system cannot load the window: {}. Build it here with cargo build --release, or join \
         with curl: curl -N http://ADDR:1337/events",
        reason
            .unwrap_or("its loader does not say why")
            .trim()
            .trim_end_matches('.')
    ))
}

/// The library in a line such as `libX11.so.6 => not found`.
fn missing_library(line: &str) -> Option<&str> {
    let (library, rest) = line.trim().split_once(" => ")?;
    (rest == "not found").then_some(library)
}

/// The library and the version (as numbers for comparison, and as written) in a line such as
/// ``chatroom: /lib/libc.so.6: version `GLIBC_2.38' not found (required by chatroom)``.
fn missing_version(line: &str) -> Option<(Vec<u32>, String, String)> {
    let (before, rest) = line.split_once(": version `")?;
    let (version, _) = rest.split_once("' not found")?;
    let library = before.rsplit(['/', ' ']).next()?;
    let numbers = version.split(|c: char| !c.is_ascii_digit());
    let numbers = numbers.filter_map(|number| number.parse().ok()).collect();
    Some((numbers, library.to_string(), version.to_string()))
}

fn no_loader() -> String {
    "The window needs a system with the GNU C library, which this one lacks: its loader is missing. \
     Use such a system for the window, build it here with cargo build --release, or join with curl: \
     curl -N http://ADDR:1337/events"
        .to_string()
}

fn too_old((_, library, version): &(Vec<u32>, String, String)) -> String {
    let what = match version.strip_prefix("GLIBC_") {
        Some(number) => format!("glibc {number} or later; this one's is older"),
        None => format!("{library} is older here than {version}"),
    };
    format!(
        "The window needs a newer system: {what}. Use a newer one for the window, build it here with \
         cargo build --release, or join with curl: curl -N http://ADDR:1337/events"
    )
}

/// The distribution family, whose packages the system has (os-release(5)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Debian,
    Fedora,
    Arch,
    Suse,
    Other,
}

struct System {
    family: Family,
    is_root: bool,
}

/// The libraries, each with its package on Debian, Fedora, Arch and openSUSE.
const PACKAGES: &[(&str, [&str; 4])] = &[
    ("libX11.so.6", ["libx11-6", "libX11", "libx11", "libX11-6"]),
    (
        "libXcursor.so.1",
        ["libxcursor1", "libXcursor", "libxcursor", "libXcursor1"],
    ),
    (
        "libXext.so.6",
        ["libxext6", "libXext", "libxext", "libXext6"],
    ),
    (
        "libXfixes.so.3",
        ["libxfixes3", "libXfixes", "libxfixes", "libXfixes3"],
    ),
    ("libXft.so.2", ["libxft2", "libXft", "libxft", "libXft2"]),
    (
        "libXinerama.so.1",
        ["libxinerama1", "libXinerama", "libxinerama", "libXinerama1"],
    ),
    (
        "libXrender.so.1",
        ["libxrender1", "libXrender", "libxrender", "libXrender1"],
    ),
    (
        "libcairo.so.2",
        ["libcairo2", "cairo", "cairo", "libcairo2"],
    ),
    (
        "libgcc_s.so.1",
        ["libgcc-s1", "libgcc", "gcc-libs", "libgcc_s1"],
    ),
    (
        "libglib-2.0.so.0",
        ["libglib2.0-0", "glib2", "glib2", "libglib-2_0-0"],
    ),
    (
        "libgobject-2.0.so.0",
        ["libglib2.0-0", "glib2", "glib2", "libgobject-2_0-0"],
    ),
    (
        "libpango-1.0.so.0",
        ["libpango-1.0-0", "pango", "pango", "libpango-1_0-0"],
    ),
    (
        "libpangocairo-1.0.so.0",
        ["libpangocairo-1.0-0", "pango", "pango", "libpango-1_0-0"],
    ),
    (
        "libpangoxft-1.0.so.0",
        ["libpangoxft-1.0-0", "pango", "pango", "libpango-1_0-0"],
    ),
];

impl System {
    fn of_this() -> System {
        let told = fs::read_to_string("/etc/os-release")
            .or_else(|_| fs::read_to_string("/usr/lib/os-release"));
        System {
            family: Family::of(&told.unwrap_or_default()),
            is_root: is_root(),
        }
    }

    fn lacks(&self, missing: &BTreeSet<&str>) -> String {
        let (what, them) = match missing.len() {
            1 => ("a library", "it"),
            _ => ("libraries", "them"),
        };
        let libraries: Vec<_> = missing.iter().copied().collect();
        let libraries = libraries.join(", ");
        let how = match self.install(missing) {
            Some(command) => format!("To get {them}: {command}"),
            None => format!(
                "Install {them} with this system's package manager and start it again; chatroom \
                 server and chatroom replay need none."
            ),
        };
        format!("The window needs {what} that this system lacks: {libraries}. {how}")
    }

    /// The command that installs the libraries, if all packages are known.
    fn install(&self, missing: &BTreeSet<&str>) -> Option<String> {
        let (column, command) = match self.family {
            Family::Debian => (0, "apt-get install"),
            Family::Fedora => (1, "dnf install"),
            Family::Arch => (2, "pacman -S"),
            Family::Suse => (3, "zypper install"),
            Family::Other => return None,
        };
        let package = |library: &&str| {
            let known = PACKAGES.iter().find(|(name, _)| name == library);
            known.map(|(_, names)| names[column])
        };
        let packages: Option<BTreeSet<_>> = missing.iter().map(package).collect();
        let packages: Vec<_> = packages?.into_iter().collect();
        let sudo = if self.is_root { "" } else { "sudo " };
        Some(format!("{sudo}{command} {}", packages.join(" ")))
    }
}

impl Family {
    fn of(os_release: &str) -> Family {
        let value = |key: &str| {
            let mut lines = os_release.lines();
            let value = lines.find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
            value
                .unwrap_or_default()
                .trim_matches(['"', '\''])
                .to_string()
        };
        let names = format!("{} {}", value("ID"), value("ID_LIKE"));
        let family = |name: &str| match name {
            "debian" | "ubuntu" => Some(Family::Debian),
            "fedora" | "rhel" | "centos" => Some(Family::Fedora),
            "arch" => Some(Family::Arch),
            "suse" | "opensuse" => Some(Family::Suse),
            _ => None,
        };
        names
            .split_whitespace()
            .find_map(family)
            .unwrap_or(Family::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEBIAN: System = System {
        family: Family::Debian,
        is_root: false,
    };

    /// The answer of ld.so on a Debian without a desktop.
    const BARE: &str = "\tlinux-vdso.so.1 (0x00007fff)\n\tlibX11.so.6 => not found\n\
                        \tlibgobject-2.0.so.0 => not found\n\tlibglib-2.0.so.0 => not found\n\
                        \tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f)\n";

    fn sentence(said: &str, succeeded: bool, system: &System) -> String {
        match judge(said, succeeded, system) {
            Runnable::Lacks(sentence) => sentence,
            Runnable::Runs => panic!("it runs"),
        }
    }

    #[test]
    fn missing_libraries_are_named_with_the_command_that_brings_them() {
        assert_eq!(
            sentence(BARE, true, &DEBIAN),
            "The window needs libraries that this system lacks: libX11.so.6, libglib-2.0.so.0, \
             libgobject-2.0.so.0. To get them: sudo apt-get install libglib2.0-0 libx11-6"
        );
    }

    #[test]
    fn each_family_has_its_command_and_root_needs_no_sudo() {
        let command = |family| {
            let system = System {
                family,
                is_root: true,
            };
            let said = sentence("\tlibcairo.so.2 => not found\n", true, &system);
            said.split_once(": ")
                .and_then(|(_, rest)| rest.split_once(". "))
                .map(|(_, how)| how.to_string())
        };
        let told = |how: &str| Some(format!("To get it: {how}"));
        assert_eq!(command(Family::Debian), told("apt-get install libcairo2"));
        assert_eq!(command(Family::Fedora), told("dnf install cairo"));
        assert_eq!(command(Family::Arch), told("pacman -S cairo"));
        assert_eq!(command(Family::Suse), told("zypper install libcairo2"));
        assert!(command(Family::Other).is_some_and(|how| how.contains("package manager")));
    }

    #[test]
    fn a_library_without_a_known_package_is_only_named() {
        let said = sentence("\tlibnowhere.so.1 => not found\n", true, &DEBIAN);
        assert!(
            said.contains("libnowhere.so.1") && !said.contains("apt-get"),
            "{said}"
        );
    }

    #[test]
    fn a_libc_that_is_too_old_is_no_missing_library() {
        let old = "./chatroom: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.9' not found (required by ./chatroom)\n\
                   ./chatroom: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.34' not found (required by ./chatroom)\n";
        let said = sentence(&format!("{old}{BARE}"), true, &DEBIAN);
        assert!(
            said.contains("a newer system: glibc 2.34 or later;"),
            "{said}"
        );
        assert!(!said.contains("apt-get"), "{said}");
    }

    #[test]
    fn what_else_a_loader_says_is_passed_on() {
        let said = sentence(
            "\nCould not start a program that was built elsewhere.\n",
            false,
            &DEBIAN,
        );
        assert!(
            said.contains("the window: Could not start a program that was built elsewhere. B"),
            "{said}"
        );
        assert_eq!(judge("chatroom 0.1.0\n", true, &DEBIAN), Runnable::Runs);
    }

    #[test]
    fn a_system_says_whose_packages_it_has() {
        for (os_release, family) in [
            ("ID=debian\n", Family::Debian),
            (
                "NAME=\"Linux Mint\"\nID=linuxmint\nID_LIKE=\"ubuntu debian\"\n",
                Family::Debian,
            ),
            (
                "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n",
                Family::Fedora,
            ),
            ("ID=manjaro\nID_LIKE=arch\n", Family::Arch),
            (
                "ID=\"opensuse-leap\"\nID_LIKE=\"suse opensuse\"\n",
                Family::Suse,
            ),
            ("ID=nixos\nVERSION_ID=\"25.05\"\n", Family::Other),
            ("", Family::Other),
        ] {
            assert_eq!(Family::of(os_release), family, "{os_release:?}");
        }
    }
}
