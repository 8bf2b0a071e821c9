//! The one downloaded file: an executable that carries another becomes it for `gui`, and otherwise behaves as always.
//! The carrier is the binary under test; it mostly carries a small program that reports how it was run.

use std::fs::{self, File, Permissions};
use std::io::{BufRead, BufReader};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use chatroom::carried::parcel;
use rustix::process::{Pid, Signal, kill_process};

use support::display::Display;
use support::network::namespaces;
use support::program::{CHATROOM, Folder, Run};
use support::waiting::wait_for;

/// Tells its arguments, where it runs from, what it has open and one variable; then it ends with the
/// code in CODE, or waits for a signal.
const TELLER: &str = r#"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(int count, char **words) {
    char link[4096] = "", path[300];
    for (int i = 0; i < count; i++) printf("word %s\n", words[i]);
    readlink("/proc/self/exe", link, sizeof link - 1);
    printf("from %s\n", link);
    DIR *open = opendir("/proc/self/fd");
    for (struct dirent *one; (one = readdir(open));) {
        snprintf(path, sizeof path, "/proc/self/fd/%s", one->d_name);
        ssize_t length = readlink(path, link, sizeof link - 1);
        if (length > 0) printf("open %.*s\n", (int)length, link);
    }
    printf("asked %s\n", getenv("LD_TRACE_LOADED_OBJECTS") ? "yes" : "no");
    printf("pid %d\n", getpid());
    fflush(stdout);
    if (getenv("WAIT")) pause();
    return atoi(getenv("CODE") ? getenv("CODE") : "0");
}
"#;

/// Compiles a program of C in the folder.
fn compile(folder: &Folder, name: &str, source: &str, options: &[&str]) -> PathBuf {
    let code = folder.file(&format!("{name}.c"), source);
    let result = folder.path().join(name);
    let mut cc = Command::new("cc");
    cc.arg("-o").arg(&result).arg(code);
    cc.args(options).current_dir(folder.path());
    Run::of(&mut cc).code(0);
    result
}

/// The binary under test without its debug information, which is most of it.
fn stripped() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| {
        let folder = Folder::new();
        let result = folder.path().join("stripped");
        let mut strip = Command::new("strip");
        Run::of(strip.arg("-o").arg(&result).arg(CHATROOM)).code(0);
        fs::read(result).expect("a file")
    })
}

/// Puts an executable with these bytes into the folder.
fn executable(folder: &Folder, bytes: &[u8]) -> PathBuf {
    // An executable cannot run while a process that another test just forked still has it open for writing (ETXTBSY).
    // `cp` has no such children.
    let bytes = folder.file("bytes", bytes);
    let path = folder.path().join("chatroom-of-today");
    Run::of(Command::new("cp").arg(bytes).arg(&path)).code(0);
    fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("a mode");
    path
}

/// An executable in the folder that carries this one.
fn carrying(folder: &Folder, other: &Path) -> PathBuf {
    let other = fs::read(other).expect("a file");
    executable(folder, &parcel::pack(stripped(), &other).expect("packed"))
}

fn teller(folder: &Folder) -> PathBuf {
    carrying(folder, &compile(folder, "teller", TELLER, &[]))
}

/// A command in the folder that uses two empty folders in it for temporary files.
fn command(folder: &Folder, program: impl AsRef<Path>) -> Command {
    let mut command = Command::new(program.as_ref());
    folder.settle(&mut command);
    for (variable, name) in [("TMPDIR", "tmp"), ("XDG_RUNTIME_DIR", "run")] {
        let place = folder.path().join(name);
        fs::create_dir_all(&place).expect("a folder");
        command.env(variable, place);
    }
    command
}

#[track_caller]
fn nothing_is_left(folder: &Folder) {
    for name in ["tmp", "run"] {
        let left = fs::read_dir(folder.path().join(name)).expect("a folder");
        let left: Vec<_> = left.map(|entry| entry.expect("an entry").path()).collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test]
fn a_carried_window_gets_the_arguments_and_its_code_is_ours() {
    let folder = Folder::new();
    let file = teller(&folder);
    let mut run = command(&folder, &file);
    run.arg0("as-called").env("CODE", "42");
    let run = Run::of(run.args(["gui", "--name", "ü x", "127.0.0.1:1"])).code(42);
    let run = run.stderr("");
    let said = run.said();
    let words: Vec<_> = said
        .lines()
        .filter_map(|l| l.strip_prefix("word "))
        .collect();
    assert_eq!(words, ["as-called", "gui", "--name", "ü x", "127.0.0.1:1"]);
    assert!(said.contains("from /memfd:chatroom"), "{}", run.story());
    assert!(said.contains("asked no"), "{}", run.story());
    // Files that the tester's shell left open do not count: neither this file nor the memory is among them.
    let ours = |line: &&str| line.contains("memfd") || line.contains("chatroom-of-today");
    let open = said.lines().filter_map(|line| line.strip_prefix("open "));
    assert_eq!(open.filter(ours).count(), 0, "{}", run.story());
    nothing_is_left(&folder);
}

#[test]
fn a_carried_window_is_the_same_process_and_ends_by_the_same_signals() {
    let folder = Folder::new();
    let mut run = command(&folder, teller(&folder));
    run.arg("gui").env("WAIT", "1").stdout(Stdio::piped());
    let mut child = run.spawn().expect("it starts");
    let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let pid = lines
        .map_while(Result::ok)
        .find_map(|line| Some(line.strip_prefix("pid ")?.to_string()));
    assert_eq!(pid, Some(child.id().to_string()));
    kill_process(Pid::from_child(&child), Signal::TERM).expect("a signal");
    assert_eq!(child.wait().expect("it ends").signal(), Some(15));
    nothing_is_left(&folder);
}

#[test]
fn a_carried_window_does_not_change_the_other_modes() {
    let folder = Folder::new();
    let file = teller(&folder);
    Run::of(command(&folder, &file).args(["replay", "none.txt"]))
        .code(1)
        .one_sentence(&["none.txt"]);
    Run::of(command(&folder, &file).arg("--version"))
        .code(0)
        .stdout_has("with the window)");
}

#[test]
fn a_carried_window_is_found_when_the_file_is_gone() {
    let folder = Folder::new();
    let file = teller(&folder);
    let open = File::open(&file).expect("the file");
    fs::remove_file(&file).expect("removed");
    let path = format!("/proc/{}/fd/{}", std::process::id(), open.as_raw_fd());
    let run = Run::of(command(&folder, path).arg("gui")).code(0);
    run.stdout_has("from /memfd:chatroom");
}

#[test]
fn a_cut_or_damaged_download_is_told_and_not_run() {
    let folder = Folder::new();
    let whole = fs::read(teller(&folder)).expect("the file");
    for length in [whole.len() - 1, stripped().len() + 41] {
        let file = executable(&folder, &whole[..length]);
        let (has, of) = (length.to_string(), whole.len().to_string());
        let run = Run::of(command(&folder, file).arg("gui")).code(1);
        run.stdout("")
            .one_sentence(&["incomplete", &has, &of, "Download it again", "SHA256SUMS"]);
    }
    for at in [stripped().len() + 3, whole.len() - 1000] {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        let file = executable(&folder, &damaged);
        let run = Run::of(command(&folder, file).arg("gui")).code(1);
        run.stdout("")
            .one_sentence(&["damaged", "Download it again", "SHA256SUMS"]);
    }
    nothing_is_left(&folder);
}

#[test]
fn a_library_that_the_window_lacks_is_named() {
    let folder = Folder::new();
    compile(
        &folder,
        "libgone.so.1",
        "int gone(void) { return 0; }",
        &["-shared", "-fPIC", "-Wl,-soname,libgone.so.1"],
    );
    let source = "int gone(void); int main(void) { return gone(); }";
    let window = compile(&folder, "window", source, &["libgone.so.1"]);
    let file = carrying(&folder, &window);
    let run = Run::of(command(&folder, &file).arg("gui")).code(1);
    run.stdout("").one_sentence(&[
        "a library that this system lacks: libgone.so.1.",
        "Install it",
    ]);
    // If it exists, the window runs.
    Run::of(
        command(&folder, &file)
            .arg("gui")
            .env("LD_LIBRARY_PATH", folder.path()),
    )
    .code(0)
    .stderr("");
}

#[test]
fn a_missing_library_is_named_even_without_dev_null() {
    let folder = Folder::new();
    let options = ["-shared", "-fPIC", "-Wl,-soname,libgone.so.1"];
    let library = "int gone(void) { return 0; }";
    compile(&folder, "libgone.so.1", library, &options);
    let source = "int gone(void); int main(void) { return gone(); }";
    let window = compile(&folder, "window", source, &["libgone.so.1"]);
    let file = carrying(&folder, &window);
    let mut bare = namespaces::unshare(&["--mount", "sh", "-c"]);
    folder.settle(&mut bare);
    let script = "mount -t tmpfs none /dev && exec \"$0\" gui";
    bare.arg(script).arg(file);
    Run::of(&mut bare)
        .code(1)
        .stdout("")
        .one_sentence(&["a library that this system lacks: libgone.so.1."]);
}

#[test]
fn a_system_that_is_too_old_for_the_window_says_so() {
    let folder = Folder::new();
    let library = |versions: &str| {
        folder.file("versions", versions);
        let options = [
            "-shared",
            "-fPIC",
            "-Wl,-soname,libaged.so.1",
            "-Wl,--version-script=versions",
        ];
        compile(
            &folder,
            "libaged.so.1",
            "int f(void) { return 0; } int g(void) { return 0; }",
            &options,
        );
    };
    library("AGED_2.0 { f; }; AGED_10.0 { g; };");
    let source = "int f(void); int g(void); int main(void) { return f() + g(); }";
    let file = carrying(
        &folder,
        &compile(&folder, "window", source, &["libaged.so.1"]),
    );
    library("AGED_2.0 { f; };");
    let run = Run::of(
        command(&folder, file)
            .arg("gui")
            .env("LD_LIBRARY_PATH", folder.path()),
    );
    run.code(1)
        .one_sentence(&["newer system: libaged.so.1 is older here than AGED_10.0"]);
}

#[test]
fn a_system_without_the_windows_loader_says_so() {
    let folder = Folder::new();
    let window = compile(
        &folder,
        "window",
        TELLER,
        &["-Wl,--dynamic-linker=/nonexistent/ld.so"],
    );
    let run = Run::of(command(&folder, carrying(&folder, &window)).arg("gui"));
    run.code(1)
        .stdout("")
        .one_sentence(&["GNU C library", "loader is missing"]);
}

/// A command that runs a program with these calls refused by EACCES, as on a system that forbids programs in memory.
fn refusing(folder: &Folder, calls: &str, file: &Path) -> Command {
    let mut strace = command(folder, "strace");
    let told = folder.path().join("told");
    strace
        .args(["-D", "-f", "-o"])
        .arg(told)
        .arg(format!("-etrace={calls}"));
    strace
        .arg(format!("-einject={calls}:error=EACCES"))
        .arg(file)
        .arg("gui");
    strace
}

#[test]
fn without_memory_files_the_runtime_directory_is_used_and_stays_empty() {
    let folder = Folder::new();
    let file = teller(&folder);
    let mut run = refusing(&folder, "memfd_create", &file);
    let run = Run::of(run.env("CODE", "42")).code(42);
    let runtime = folder.path().join("run");
    let run = run.one_sentence(&[
        "does not let programs run from memory (permission denied)",
        &runtime.to_string_lossy(),
    ]);
    run.stdout_has(&format!("from {}/", runtime.display()));
    nothing_is_left(&folder);
}

#[test]
fn a_window_in_the_runtime_directory_leaves_nothing_when_it_is_killed() {
    let folder = Folder::new();
    let mut run = refusing(&folder, "memfd_create", &teller(&folder));
    run.env("WAIT", "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = run.spawn().expect("it starts");
    let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let from = lines
        .map_while(Result::ok)
        .find_map(|line| Some(line.strip_prefix("from ")?.to_string()));
    assert!(from.is_some_and(|from| from.contains("/run/")));
    nothing_is_left(&folder);
    child.kill().expect("killed");
    child.wait().expect("it ends");
    nothing_is_left(&folder);
}

#[test]
fn where_nothing_may_run_the_sentence_names_the_setting() {
    let folder = Folder::new();
    let file = teller(&folder);
    let mut run = refusing(&folder, "memfd_create", &file);
    let run = Run::of(run.env_remove("XDG_RUNTIME_DIR")).code(1);
    run.stdout("")
        .one_sentence(&["run from memory", "Set it to a folder"]);
    let mut run = refusing(&folder, "memfd_create", &file);
    let run = Run::of(run.env("XDG_RUNTIME_DIR", folder.path().join("none"))).code(1);
    let said = String::from_utf8_lossy(&run.output.stderr).into_owned();
    assert_eq!(said.lines().count(), 2, "{}", run.story());
    assert!(
        said.contains("/none either: no such file"),
        "{}",
        run.story()
    );
}

#[test]
fn a_carried_window_opens_and_is_called_what_the_file_is_called() {
    let folder = Folder::new();
    let window = folder.file("window", stripped());
    let file = carrying(&folder, &window);
    let display = Display::start(800, 600);
    let mut run = command(&folder, &file);
    let home = folder.path().join("home");
    fs::create_dir_all(&home).expect("a home");
    let screen = display.command("true");
    let screen = screen
        .get_envs()
        .find(|(name, _)| *name == "DISPLAY")
        .and_then(|(_, value)| value);
    run.env("DISPLAY", screen.expect("a display"))
        .env("HOME", home);
    run.env_remove("WAYLAND_DISPLAY")
        .env_remove("DBUS_SESSION_BUS_ADDRESS");
    // Nothing listens at that port: the window says so, and stays.
    let mut child = run.args(["gui", "127.0.0.1:9"]).spawn().expect("it starts");
    wait_for("the window", || {
        let found = display.xdotool(&["search", "--onlyvisible", "--class", "chatroom"]);
        (!found.is_empty()).then_some(())
    });
    let name = fs::read_to_string(format!("/proc/{}/comm", child.id())).expect("its name");
    let from = fs::read_link(format!("/proc/{}/exe", child.id())).expect("its file");
    child.kill().expect("killed");
    child.wait().expect("it ends");
    assert_eq!(name.trim_end(), "chatroom-of-tod");
    assert!(from.starts_with("/memfd:chatroom (deleted)"), "{from:?}");
    nothing_is_left(&folder);
}

#[test]
fn a_build_says_which_commit_it_is_of_and_whether_it_has_the_window() {
    let said = Folder::new().run(&["--version"]).code(0).said();
    let version = concat!("chatroom ", env!("CARGO_PKG_VERSION"), " (");
    let told = said
        .strip_prefix(version)
        .and_then(|rest| rest.strip_suffix(", with the window)\n"));
    let told = told.unwrap_or_else(|| panic!("{said:?}"));
    let Some((commit, day)) = told.split_once(", ") else {
        assert_eq!(told, "unknown commit");
        return;
    };
    let hash = commit.strip_suffix(" changed").unwrap_or(commit);
    assert!(
        hash.len() >= 7 && hash.bytes().all(|b| b.is_ascii_hexdigit()),
        "{said:?}"
    );
    assert!(day.len() == 10 && day.starts_with("20"), "{said:?}");
}
