//! The tests' own tools leave nothing where the tester lives.

use support::program::Folder;
use support::tmux::Tmux;
use support::waiting::wait_for;

#[test]
fn what_is_typed_in_a_terminal_is_kept_with_the_test() {
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
