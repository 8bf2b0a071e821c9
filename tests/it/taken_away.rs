//! A log that is moved, removed, replaced, shortened or extended by others while a room uses it: noticed within
//! moments even without messages, reported correctly, and the last copy is never lost.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;

use rustix::process::{Resource, Rlimit, prlimit};

use support::client::bearer;
use support::program::Folder;
use support::server::Server;

const WAYS: [&str; 6] = [
    "removed",
    "moved",
    "replaced",
    "replaced by its copy",
    "shortened",
    "written",
];

fn take_away(log: &Path, how: &str) {
    let other = log.with_extension("other");
    let done = match how {
        "removed" => fs::remove_file(log),
        "moved" => fs::rename(log, &other),
        "replaced" => fs::rename(log, &other).and_then(|()| fs::write(log, "something else")),
        // As with an editor or `sed -i`, the room's open file loses its name.
        "replaced by its copy" => fs::copy(log, &other).and_then(|_| fs::rename(&other, log)),
        "shortened" => File::options()
            .write(true)
            .open(log)
            .and_then(|file| file.set_len(50)),
        _ => File::options()
            .append(true)
            .open(log)
            .and_then(|mut file| file.write_all(b"a line of somebody's\n")),
    };
    done.expect(how);
}

/// Parts of the sentence about each kind of damage.
fn words(how: &str) -> &'static [&'static str] {
    match how {
        "removed" => &[
            "was removed while",
            "were saved as",
            "put them back (`mv -n ",
        ],
        "moved" => &["was moved to", "log.other", "Put it back (`mv -n "],
        "replaced" => &["was replaced by another file", "log.other now"],
        "replaced by its copy" => &["was replaced by another file", "were saved as"],
        "shortened" => &["was shortened by another program", "to 50 bytes", "backup"],
        _ => &["was written to by another program: 21 bytes", "damaged"],
    }
}

/// The one file beside the log whose name begins so.
fn beside(server: &Server, what: &str) -> Option<(String, Vec<u8>)> {
    let all = server.folder.contents();
    let mut found = all.into_iter().filter(|(name, _)| name.contains(what));
    let first = found.next();
    assert_eq!(found.next(), None, "{what}");
    first
}

#[test]
fn an_idle_room_notices_what_happens_to_its_log_and_loses_nothing() {
    for how in WAYS {
        let mut server = Server::start(&[]);
        let token = server.log_in("uthira");
        assert_eq!(server.say(&token, "safe").status, 201);
        let log = server.log();
        fs::set_permissions(&log, fs::Permissions::from_mode(0o640)).expect("set");
        let before = fs::read(&log).expect("the log");
        take_away(&log, how);
        // Nobody posts.
        assert_eq!(server.ended().code(), Some(1), "{how}");
        server.notices.wait_for("The server stops, so that");
        let notices = server.notices.text();
        assert_eq!(notices.lines().count(), 1, "{how}: {notices}");
        assert!(notices.trim_end().ends_with('.'), "{notices}");
        for word in words(how) {
            assert!(notices.contains(word), "{how}: {word} in {notices}");
        }
        let saved = beside(&server, "log.txt.saved-");
        assert_eq!(saved.is_some(), notices.contains("were saved as"), "{how}");
        let Some((name, bytes)) = saved else {
            continue;
        };
        assert!(bytes == before, "{how}: all of it");
        assert!(notices.contains(&name), "{how}: {notices}");
        let saved = server.folder.path().join(name);
        let mode = fs::metadata(&saved).expect("it").permissions().mode();
        assert_eq!(mode & 0o777, 0o640, "as private as the log");
        // The sentence says what to do.
        fs::rename(saved, &log).expect("put back");
        let folder = Arc::clone(&server.folder);
        let server = Server::start_in(folder, "127.0.0.1:0", &[]);
        assert_eq!(server.notices.text(), "", "{how}");
        let said = server.said();
        assert!(said.iter().any(|line| line.ends_with("safe")), "{said:?}");
    }
}

#[test]
fn a_new_log_next_to_the_copy_of_a_removed_one_is_pointed_out_once() {
    let mut server = Server::start(&[]);
    let token = server.log_in("uthira");
    assert_eq!(server.say(&token, "safe").status, 201);
    take_away(&server.log(), "removed");
    assert_eq!(server.ended().code(), Some(1));
    let (copy, _) = beside(&server, "log.txt.saved-").expect("the copy");
    // A service manager starts it again.
    server.start_again(&[]);
    let line = format!("log.txt is new, but there is log.txt.{}", &copy[8..]);
    server.notices.wait_for(&line);
    server
        .notices
        .wait_for(&format!("(`mv -n {copy} log.txt`)"));
    assert!(server.stop().success());
    // A room that goes on in the new log is not told again.
    server.start_again(&[]);
    server.log_in("uthira");
    assert!(server.stop().success());
    let told = server.notices.text();
    assert!(!told.contains("saved-"), "{told}");
    // And of several copies the newest is named.
    let log = server.log();
    fs::remove_file(&log).expect("removed");
    let older = fs::File::create(log.with_extension("txt.saved-9")).expect("made");
    older
        .set_modified(std::time::SystemTime::UNIX_EPOCH)
        .expect("set");
    fs::write(log.with_extension("txt.torn-9"), "").expect("made");
    server.start_again(&[]);
    let line = format!("{copy} (the newest of 2 such copies)");
    server.notices.wait_for(&line);
}

#[test]
fn a_message_sent_at_that_moment_is_answered_as_unknown() {
    for how in WAYS {
        let mut server = Server::start(&[]);
        let token = server.log_in("uthira");
        assert_eq!(server.say(&token, "safe").status, 201);
        let request = server.request(
            "POST",
            "/messages",
            &[
                ("Authorization", &*bearer(&token)),
                ("Idempotency-Key", "k"),
            ],
            "lost?",
        );
        let mut client = server.client();
        take_away(&server.log(), how);
        client.send(request);
        // The check of each second may come first, and then nothing was tried.
        let answer = client.answer("POST");
        assert_eq!(answer.status, 503, "{how}: {}", answer.text());
        if answer.json()["error"] == "unknown" {
            let sentence = answer.json()["message"].to_string();
            assert!(sentence.contains("same Idempotency-Key"), "{sentence}");
            assert!(
                sentence.contains("removed, moved, shortened or changed the server's log"),
                "{sentence}"
            );
        }
        assert_eq!(server.ended().code(), Some(1), "{how}");
    }
}

#[test]
fn a_removed_log_is_saved_elsewhere_if_its_folder_is_gone_too() {
    let (folder, elsewhere) = (Arc::new(Folder::new()), Folder::new());
    let inner = folder.path().join("rooms");
    fs::create_dir(&inner).expect("a folder");
    let log = inner.join("log.txt");
    let log = log.to_str().expect("a name");
    let mut command = folder.command(&["server", "--listen", "127.0.0.1:0", "--log", log]);
    command.env("TMPDIR", elsewhere.path());
    // An existing file is never overwritten, whatever its name.
    let mut server = Server::spawn(Arc::clone(&folder), command);
    let token = server.log_in("uthira");
    assert_eq!(server.say(&token, "safe").status, 201);
    let before = fs::read(log).expect("the log");
    let taken = format!("log.txt.saved-{}", before.len());
    elsewhere.file(&taken, "somebody's");
    fs::remove_dir_all(&inner).expect("removed");
    assert_eq!(server.ended().code(), Some(1));
    server.notices.wait_for("were saved as");
    let all = elsewhere.contents();
    assert_eq!(all[&taken], b"somebody's");
    assert!(all[&format!("{taken}.1")] == before);
}

/// A service whose log is in a folder of its own, with its state folder `state` and a `TMPDIR`.
fn service(folder: &Arc<Folder>, log: &Path, state: &Path, temporary: &Folder) -> Server {
    let log = log.to_str().expect("a name");
    let mut command = folder.command(&["server", "--listen", "127.0.0.1:0", "--log", log]);
    command.env("TMPDIR", temporary.path());
    // Several are separated by colons.
    let none = folder.path().join("none");
    let all = format!("{}:{}", none.display(), state.display());
    command.env("STATE_DIRECTORY", all);
    Server::spawn(Arc::clone(folder), command)
}

#[test]
fn a_service_saves_a_removed_log_in_its_own_folder_and_finds_it_there() {
    let (folder, state, temporary) = (Arc::new(Folder::new()), Folder::new(), Folder::new());
    let inner = folder.path().join("rooms");
    let log = inner.join("log.txt");
    fs::create_dir(&inner).expect("a folder");
    let mut server = service(&folder, &log, state.path(), &temporary);
    let token = server.log_in("uthira");
    assert_eq!(server.say(&token, "safe").status, 201);
    let before = fs::read(&log).expect("the log");
    fs::remove_dir_all(&inner).expect("removed");
    assert_eq!(server.ended().code(), Some(1));
    let copy = format!("log.txt.saved-{}", before.len());
    let at = state.path().join(&copy);
    let saved = format!("were saved as {}", at.display());
    server.notices.wait_for(&saved);
    assert!(state.contents()[&copy] == before);
    assert!(temporary.contents().is_empty());
    // A service manager starts it again.
    fs::create_dir(&inner).expect("a folder");
    let mut again = service(&folder, &log, state.path(), &temporary);
    let line = format!("is new, but there is {}", at.display());
    again.notices.wait_for(&line);
    assert!(again.stop().success());
    // A copy in a folder that is both the log's and the service's counts once.
    let log = state.path().join("log.txt");
    let mut both = service(&folder, &log, state.path(), &temporary);
    both.notices.wait_for(&line);
    assert!(both.stop().success());
    assert!(!both.notices.text().contains("such copies"));
}

#[test]
fn a_service_never_takes_a_temporary_folder_for_a_safe_place() {
    let (folder, state, temporary) = (Arc::new(Folder::new()), Folder::new(), Folder::new());
    let (inner, later) = (folder.path().join("rooms"), state.path().join("later"));
    let log = inner.join("log.txt");
    fs::create_dir(&inner).expect("a folder");
    let mut server = service(&folder, &log, &later, &temporary);
    let token = server.log_in("uthira");
    assert_eq!(server.say(&token, "safe").status, 201);
    let before = fs::read(&log).expect("the log");
    fs::remove_dir_all(&inner).expect("removed");
    server.notices.wait_for("could not be saved");
    assert_eq!(server.say(&token, "more").status, 503);
    assert!(temporary.contents().is_empty());
    fs::create_dir(&later).expect("a folder");
    assert_eq!(server.ended().code(), Some(1));
    let copy = fs::read(later.join(format!("log.txt.saved-{}", before.len())));
    assert!(copy.expect("the copy") == before);
}

#[test]
fn the_server_does_not_end_before_the_last_copy_is_saved() {
    let mut server = Server::start(&[]);
    let token = server.log_in("uthira");
    assert_eq!(server.say(&token, "safe").status, 201);
    let before = fs::read(server.log()).expect("the log");
    let limit = |bytes| {
        let limit = Rlimit {
            current: bytes,
            maximum: None,
        };
        prlimit(Some(server.pid()), Resource::Fsize, limit).expect("a limit");
    };
    limit(Some(100));
    fs::remove_file(server.log()).expect("removed");
    server
        .notices
        .wait_for("could not be saved: file too large");
    assert_eq!(beside(&server, "log.txt.saved-"), None, "no half copy");
    // Old messages can still be read.
    assert_eq!(server.get("/messages").status, 200);
    assert_eq!(server.say(&token, "more").status, 503);
    limit(None);
    assert_eq!(server.ended().code(), Some(1));
    let (_, saved) = beside(&server, "log.txt.saved-").expect("it");
    assert!(saved == before);
}

#[test]
fn a_name_that_cannot_be_followed_is_not_called_removed() {
    // A loop of links stands for a network disk or a folder without access: the system reports that it cannot look,
    // not that nothing is there.
    let folder = Arc::new(Folder::new());
    let at = |name: &str| folder.path().join(name);
    let lead = |to: &str| {
        symlink(at(to), at("new")).expect("a link");
        fs::rename(at("new"), at("log.txt")).expect("renamed");
    };
    lead("real.txt");
    let mut server = Server::start_in(Arc::clone(&folder), "127.0.0.1:0", &[]);
    let token = server.log_in("uthira");
    lead("log.txt");
    server
        .notices
        .wait_for("cannot be reached by its name: too many levels of symbolic links");
    assert_eq!(server.say(&token, "kept").status, 201);
    lead("real.txt");
    server.notices.wait_for("can be reached by its name again.");
    assert!(server.stop().success());
    let notices = server.notices.text();
    assert_eq!(notices.lines().count(), 2, "each once: {notices}");
    assert!(!notices.contains("removed"), "{notices}");
    assert!(server.said().iter().any(|line| line.ends_with("kept")));
}
