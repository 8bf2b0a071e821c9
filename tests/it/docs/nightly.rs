//! The nightly backup of docs/operating.md: silent while all is well, since cron mails what it prints.

use super::markdown::Document;
use super::shell::Shell;
use support::waiting::wait_for;

#[test]
fn a_damaged_backup_is_printed_for_crons_mail() {
    let document = Document::read("docs/operating.md");
    let mut shell = Shell::start(None);
    let script = shell.here().join("nightly.sh");
    std::fs::write(script, document.file("nightly.sh")).expect("written");
    let server = shell.begin("chatroom server --console quiet");
    wait_for("the server", || {
        shell.so_far(&server).contains("Listening").then_some(())
    });
    // This is more than a backup compares again.
    let text = "a".repeat(16_000);
    std::fs::write(shell.here().join("text"), text).expect("written");
    for _ in 0..8 {
        let post = "curl -s -u ci: --data-binary @text http://127.0.0.1:1337/messages";
        let (code, said) = shell.run(post);
        assert_eq!(code, 0, "{said}");
    }
    let mut nightly = || shell.run("sh nightly.sh");
    assert_eq!(nightly(), (0, String::new()));
    assert_eq!(nightly(), (0, String::new()));
    let (code, said) = shell.run("sed -i '3s/aaaa/bbbb/' backup.txt");
    assert_eq!(code, 0, "{said}");
    let (code, said) = shell.run("sh nightly.sh");
    assert!(code == 1 && said.contains("damaged"), "{code} {said}");
}
