//! The first lines of a server, with which people join: the address for browsers, and its QR code on a terminal.

use std::sync::Arc;

use support::network::Machine;
use support::program::{CHATROOM, Folder};
use support::server::Server;
use support::tmux::Tmux;

/// A machine whose default route is that of `eth0`, with another network, and with a bridge for containers.
fn machine() -> Machine {
    let machine = Machine::alone();
    for (number, name) in ["eth1", "eth0"].into_iter().enumerate() {
        machine.ip(&format!("link add {name} type veth peer name end{number}"));
        machine.ip(&format!("link set {name} up"));
        machine.ip(&format!("link set end{number} up"));
    }
    machine.ip("link add docker0 type bridge");
    machine.ip("link set docker0 up");
    machine.ip("addr add 10.7.0.1/24 dev docker0");
    machine.ip("addr add 10.66.0.1/24 dev eth1");
    machine.ip("addr add 10.77.0.1/24 dev eth0");
    machine.ip("route add default via 10.77.0.254 dev eth0");
    machine
}

/// The words that run a server on `machine`, which sees its own networks in `/sys`.
fn server_on(machine: &Machine, args: &[&str]) -> Vec<String> {
    let script = "mount -t sysfs sysfs /sys && exec \"$0\" \"$@\"";
    let chatroom = CHATROOM.to_string();
    let words = [
        "unshare", "--mount", "sh", "-c", script, &chatroom, "server",
    ];
    let mut all = machine.door();
    all.extend(
        words
            .into_iter()
            .chain(args.iter().copied())
            .map(str::to_string),
    );
    all
}

/// Those words for a shell.
fn for_shell(words: &[String]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    format!("nsenter {}", quoted.join(" "))
}

#[test]
fn the_lines_begin_with_the_address_at_the_default_route() {
    let machine = machine();
    let folder = Arc::new(Folder::new());
    let mut command = std::process::Command::new("nsenter");
    command.args(server_on(&machine, &["--listen", "0.0.0.0:0"]));
    folder.settle(&mut command);
    let server = Server::spawn(Arc::clone(&folder), command);
    let port = server.address.rsplit(':').next().expect("a port");
    let wanted = format!(
        "Open this address in any browser on this network:
  http://10.77.0.1:{port}/
Or join by a window, curl, or a link:
  {CHATROOM} gui --name YOU 10.77.0.1:{port}
  curl -N http://10.77.0.1:{port}/events
  curl -u YOU: --data-raw hello http://10.77.0.1:{port}/messages
  chatroom://10.77.0.1:{port}
Also at http://10.66.0.1:{port}/ (eth1), http://10.7.0.1:{port}/ (docker0).
"
    );
    server.console.wait_for("(docker0).\n");
    let said = server.console.text();
    let lines = said.split_once(").\n").expect("a first line").1;
    assert_eq!(lines, wanted);

    // A page that is opened on this very machine shows them to others.
    let health = machine.curl(&[&format!("http://127.0.0.1:{port}/health")]);
    let health: serde_json::Value = serde_json::from_str(&health).expect("JSON");
    let shared = [
        format!("http://10.77.0.1:{port}/"),
        format!("http://10.66.0.1:{port}/"),
    ];
    assert_eq!(health["addresses"], serde_json::json!(shared));
    for url in shared {
        assert!(machine.curl(&[&url]).contains("This is the chat room"));
    }
}

#[test]
fn who_has_no_key_is_told_no_address_and_alone_there_is_none() {
    let folder = Arc::new(Folder::new());
    folder.file("key", "open sesame\n");
    let server = Server::start_in(folder, "127.0.0.1:0", &["--key-file", "key"]);
    assert!(server.get("/health").json().get("addresses").is_none());
    let basic = [("Authorization", "Basic Y2k6b3BlbiBzZXNhbWU=")];
    let health = server.ask("GET", "/health", &basic, "").json();
    assert_eq!(health["addresses"], serde_json::json!([]));
}

/// The text of the QR code on a screen, if there is one.
fn code_on(screen: &str) -> Option<String> {
    const SCALE: usize = 4;
    let is_drawn = |line: &&str| line.chars().any(|c| "█▀▄".contains(c));
    let lines: Vec<&str> = screen.lines().filter(is_drawn).collect();
    let width = lines.iter().map(|line| line.chars().count()).max()? + 4;
    let mut rows = vec![vec![false; width]; 8];
    for line in &lines {
        for half in [['█', '▀'], ['█', '▄']] {
            let mut row: Vec<bool> = line.chars().map(|c| half.contains(&c)).collect();
            row.resize(width, false);
            rows.push(row);
        }
    }
    rows.extend(vec![vec![false; width]; 8]);
    let (width, height) = (width * SCALE, rows.len() * SCALE);
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| {
        if rows[y / SCALE][x / SCALE] { 0 } else { 255 }
    });
    let grids = image.detect_grids();
    Some(grids.first()?.decode().expect("a whole code").1)
}

#[test]
fn a_terminal_shows_the_address_as_a_code_unless_it_is_told_not_to() {
    let machine = machine();
    for (args, before, after, rows, shown) in [
        (&[][..], "", "", 24, true),
        (&[], "", " | cat", 24, false),
        (&["--no-qr"], "", "", 24, false),
        (&[], "CHATROOM_NO_QR=1 ", "", 24, false),
        (&[], "TERM=dumb ", "", 24, false),
        // It would not fit.
        (&[], "", "", 16, false),
        // A phone could not come.
        (&["--listen", "127.0.0.1:0"], "", "", 24, false),
    ] {
        let folder = Folder::new();
        let tmux = Tmux::start(&folder, 80, rows);
        let args = if args.contains(&"--listen") {
            args.to_vec()
        } else {
            [args, &["--listen", "0.0.0.0:0"]].concat()
        };
        let line = for_shell(&server_on(&machine, &args));
        folder.file("serve", format!("{before}{line}{after}\n"));
        tmux.shell("clear; . ./serve");
        let screen = tmux.wait_for("how to join", |screen| {
            screen.lines().any(|line| line.starts_with("  chatroom://"))
        });
        let said = tmux.run(&["capture-pane", "-p", "-e", "-S", "-"]);
        let case = format!("{args:?} {before} {after} {rows}\n{screen}");
        assert_eq!(said.contains("48;5;231"), shown, "{case}");
        let link = screen.split_once("  chatroom://").expect("a link").1;
        let at = link.lines().next().expect("a link").trim_end();
        let wanted = shown.then(|| format!("http://{at}/"));
        assert_eq!(code_on(&screen), wanted, "{case}");
        tmux.keys(&["C-c"]);
        tmux.wait_for("the end", |screen| screen.trim_end().ends_with('$'));
    }
}
