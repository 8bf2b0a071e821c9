//! The lines of docs/joining.md for other systems: copied unchanged, with the bytes that those systems send.

use super::markdown::Document;
use super::shell::Shell;
use super::{follow, root};
use support::server::Server;
use support::waiting::wait_for;

#[test]
fn the_page_about_joining_is_run() {
    follow("docs/joining.md", &[]);
}

#[test]
fn the_lines_for_windows_are_lines_of_curl() {
    let page = Document::read("docs/joining.md");
    let lines = page.file("three.bat");
    let lines: Vec<&str> = lines.lines().collect();
    let [utf8, listen, say] = lines[..] else {
        panic!("not three lines: {lines:?}");
    };
    assert_eq!(utf8, "chcp 65001");
    // cmd treats only double quotes specially, PowerShell also $ ` ( ) { } ; | @ and the comma outside of them.
    for line in [listen, say] {
        assert!(!line.contains(|c| "'%^&|<>$`(){};@,".contains(c)), "{line}");
    }
    let mut shell = Shell::start(None);
    let (code, said) = shell.run(
        "ip addr add 192.168.1.20/24 dev lo; ln -s \"$(command -v curl)\" /usr/local/bin/curl.exe",
    );
    assert_eq!(code, 0, "{said}");
    let server = shell.begin("chatroom server --console quiet");
    wait_for("the server", || {
        shell.so_far(&server).contains("Listening").then_some(())
    });
    let heard = shell.begin(listen);
    wait_for("the stream", || {
        shell.so_far(&heard).contains("Room opened").then_some(())
    });
    let (code, said) = shell.run(say);
    assert_eq!(code, 0, "{said}");
    wait_for("what was said", || {
        shell
            .so_far(&heard)
            .contains("[ada]: 0:00:00:hello\n")
            .then_some(())
    });
}

#[test]
fn text_from_powershell_arrives_as_typed() {
    let page = Document::read("docs/joining.md").file("talk.ps1");
    for part in [
        "'Basic ' + [Convert]::ToBase64String($utf8.GetBytes($me))",
        "-Body ($utf8.GetBytes($text))",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let server = Server::start(&[]);
    // Windows PowerShell 5.1 sends the form's type, waits for 100, and sends the bytes of the text.
    let fields = [
        ("Authorization", "Basic YWRhOg=="),
        ("Content-Type", "application/x-www-form-urlencoded"),
        (
            "User-Agent",
            "Mozilla/5.0 (Windows NT; Windows NT 10.0; de-DE) WindowsPowerShell/5.1.19041.1682",
        ),
        ("Expect", "100-continue"),
    ];
    let text = "gr\u{fc}\u{df}e \u{65e5}\u{672c} \u{1f600} @bob \"100%\" & $x a=1";
    let answer = server.ask("POST", "/messages", &fields, text);
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(
        server.said().last().expect("it"),
        &format!("[ada]: 0:00:00:{text}")
    );
    // A curl in Windows's code page is refused with the error code on the page.
    let ansi = server.ask("POST", "/messages", &fields[..2], b"gr\xfc\xdfe");
    ansi.refused(400, "not_utf8");
    assert!(
        Document::read("docs/joining.md")
            .text
            .contains("`not_utf8`")
    );
}

#[test]
fn the_packages_of_the_window_are_in_writing() {
    let page = Document::read("docs/joining.md").text;
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).expect("Cargo.toml");
    let recommends = manifest.split_once("\nrecommends = \"").expect("it").1;
    let recommends = recommends.split('"').next().expect("its end");
    let debian = page
        .lines()
        .find(|line| line.starts_with("| Debian 12,"))
        .expect("a row");
    for package in recommends.split(", ") {
        assert!(debian.contains(package), "{package} is not in {debian}");
    }
    // For other systems, the packages that the program itself suggests.
    let source = std::fs::read_to_string(root().join("src/carried/libraries.rs")).expect("it");
    let table = source.split_once("const PACKAGES").expect("it").1;
    let table = table.split("];\n\n").next().expect("its end");
    for wanted in recommends.split(", ") {
        let row = table
            .split(&format!("\"{wanted}\""))
            .nth(1)
            .unwrap_or_else(|| panic!("{wanted} in {table}"));
        let names: Vec<&str> = row.split('"').skip(1).step_by(2).take(3).collect();
        for (name, system) in names.iter().zip(["| Fedora", "| Arch", "| openSUSE"]) {
            let row = page
                .lines()
                .find(|line| line.starts_with(system))
                .expect(system);
            assert!(row.contains(name), "{name} is not in {row}");
        }
    }
}
