use super::super::files::{PRIVATE, permissions, rights, symlink};
use super::*;

/// A folder, and the path of a file in it that has `before` as its text.
fn file_with(before: Option<&[u8]>) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("file");
    if let Some(before) = before {
        fs::write(&path, before).expect("written");
    }
    (dir, path)
}

/// The names in the folder, in order.
fn names(dir: &tempfile::TempDir) -> Vec<String> {
    let entries = fs::read_dir(dir.path()).expect("a folder");
    let name = |entry: io::Result<fs::DirEntry>| entry.expect("an entry").file_name();
    let mut names: Vec<String> = entries
        .map(|entry| name(entry).to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_file_is_replaced_whole_and_nothing_else_is_left() {
    for lasting in [Lasting::Process, Lasting::PowerCut] {
        for before in [None, Some(&b"before, and longer"[..])] {
            let (dir, path) = file_with(before);
            // Left by a process that was killed.
            fs::write(beside(&path, "new"), b"half of something").expect("written");
            replace(&path, b"after", "new", Some(PRIVATE), lasting).expect("replaced");
            assert_eq!(fs::read(&path).expect("it"), b"after");
            assert_eq!(rights(&fs::metadata(&path).expect("it")), PRIVATE);
            assert_eq!(names(&dir), ["file"]);
        }
    }
}

#[test]
fn a_draft_that_is_given_up_leaves_the_old_file_and_nothing_else() {
    let (dir, path) = file_with(Some(b"before"));
    let mut replacement =
        Replacement::new(&path, "new", None, Leftover::Remove).expect("a replacement");
    replacement.file().write_all(b"half").expect("written");
    assert_eq!(names(&dir), ["file", "file.new"]);
    drop(replacement);
    assert_eq!(names(&dir), ["file"]);
    assert_eq!(fs::read(&path).expect("it"), b"before");
    // And one that cannot take its place, since a folder has it.
    fs::remove_file(&path).expect("removed");
    fs::create_dir(&path).expect("a folder");
    for lasting in [Lasting::Process, Lasting::PowerCut] {
        assert!(replace(&path, b"after", "new", None, lasting).is_err());
        assert_eq!(names(&dir), ["file"]);
    }
}

#[test]
fn a_leftover_is_respected_if_that_is_asked_for() {
    let (dir, path) = file_with(None);
    let there = beside(&path, "part");
    fs::write(&there, b"another's").expect("written");
    let error = Replacement::new(&path, "part", None, Leftover::Refuse).expect_err("refused");
    assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(fs::read(&there).expect("it"), b"another's");
    remove_leftover(&path, "part").expect("removed");
    remove_leftover(&path, "part").expect("nothing is there");
    assert_eq!(names(&dir), Vec::<String>::new());
}

#[test]
fn a_name_is_claimed_only_if_nothing_has_it() {
    let (dir, path) = file_with(None);
    let replacement = |text: &[u8]| {
        let mut replacement =
            Replacement::new(&path, "part", None, Leftover::Refuse).expect("a replacement");
        replacement.file().write_all(text).expect("written");
        replacement
    };
    replacement(b"first").claim().expect("claimed");
    assert_eq!(names(&dir), ["file"]);
    let error = replacement(b"second").claim().expect_err("taken");
    assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(fs::read(&path).expect("it"), b"first");
    assert_eq!(names(&dir), ["file"]);
}

#[test]
fn a_draft_that_is_kept_is_moved_by_others() {
    let (dir, path) = file_with(Some(b"before"));
    let mut replacement =
        Replacement::new(&path, "new", None, Leftover::Remove).expect("a replacement");
    replacement.file().write_all(b"after").expect("written");
    let at = replacement.path().to_path_buf();
    drop(replacement.keep().expect("the file"));
    assert_eq!(names(&dir), ["file", "file.new"]);
    move_over(&at, &path).expect("moved");
    assert_eq!(fs::read(&path).expect("it"), b"after");
    assert_eq!(names(&dir), ["file"]);
}

#[test]
fn a_link_stays_one_and_rights_are_kept() {
    let (dir, path) = file_with(Some(b"before"));
    let link = dir.path().join("link");
    fs::set_permissions(&path, permissions(PRIVATE)).expect("set");
    symlink("file", &link).expect("linked");
    replace_contents(&link, b"after", "part").expect("replaced");
    assert_eq!(fs::read(&path).expect("it"), b"after");
    assert!(link.symlink_metadata().expect("it").is_symlink());
    assert_eq!(rights(&fs::metadata(&path).expect("it")), PRIVATE);
    fs::write(beside(&path, "part"), b"half").expect("written");
    replace_contents(&path, b"again", "part").expect("replaced");
    assert_eq!(fs::read(&path).expect("it"), b"again");
    assert_eq!(names(&dir), ["file", "link"]);
}
