//! The tests' own tools leave nothing in the tester's home.

use support::program::Folder;
use support::tmux::Tmux;
use support::waiting::wait_for;

#[test]
fn a_terminals_history_stays_in_the_tests_folder() {
    let folder = Folder::new();
    let tmux = Tmux::start(&folder, 80, 24);
    tmux.shell("history -a; less -c shell.rc");
    tmux.wait_for("the pager", |screen| screen.contains("PS1="));
    tmux.keys(&["/", "s", "e", "t", "Enter", "q"]);
    for name in [".bash_history", ".lesshst"] {
        let kept = folder.path().join(name);
        wait_for(name, || kept.exists().then_some(()));
    }
}
