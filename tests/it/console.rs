//! The console as the operator sees it: each message as its request, joins and leaves.

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use support::client::bearer;
use support::program::{CHATROOM, Folder};
use support::server::Server;
use support::waiting::wait_for;
use support::written::Written;

/// A server on its own pseudo terminal.
pub struct Terminal {
    /// Its parent.
    pub script: Child,
    /// All its output.
    pub screen: Written,
    /// The folder that it runs in.
    pub folder: Arc<Folder>,
}

impl Terminal {
    /// Starts it there.
    pub fn start(folder: Arc<Folder>, args: &str) -> Terminal {
        let mut script = Command::new("script");
        let server = format!("exec '{CHATROOM}' server --listen 127.0.0.1:0 {args}");
        script.args(["-qec", &server, "typescript"]);
        folder.settle(&mut script);
        script.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut script = script.spawn().expect("script starts");
        let screen = Written::follow(script.stdout.take().expect("a pipe"));
        Terminal {
            script,
            screen,
            folder,
        }
    }

    /// Presses keys.
    pub fn type_in(&mut self, keys: &str) {
        let keyboard = self.script.stdin.as_mut().expect("a pipe");
        keyboard.write_all(keys.as_bytes()).expect("typed");
        keyboard.flush().expect("typed");
    }

    /// Ctrl-C, which must end it in good order.
    pub fn interrupt(&mut self) {
        self.type_in("\x03");
        let script = &mut self.script;
        let ended = wait_for("the end", || script.try_wait().expect("its state"));
        assert_eq!(ended.code(), Some(0), "{}", self.screen.text());
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.script.kill();
        let _ = self.script.wait();
    }
}

#[test]
fn a_message_is_shown_as_the_request_it_came_in() {
    let mut server = Server::start(&["--grace", "100ms"]);
    let token = server.log_in("uthira");
    let fields = [
        ("User-Agent", "a test"),
        ("Authorization", &*bearer(&token)),
        ("Cookie", "a=secret"),
        ("Referer", "http://x/events?token=s3cret"),
        ("X-Api-Key", "s3cret"),
        ("Content-Type", "text/plain; charset=utf-8"),
    ];
    let answer = server.ask("POST", "/messages", &fields, "hi\u{1b}[31m\nthere");
    assert_eq!(answer.status, 201);
    server.console.wait_for("Client (uthira) is offline\n");
    let console = server.console.text();
    let block = console
        .split_once("Client (uthira) connected\n")
        .expect("it")
        .1;
    let lines: Vec<&str> = block.lines().collect();
    let host = format!("Host: {}", server.address);
    assert_eq!(
        lines[..10],
        [
            "POST /messages HTTP/1.1",
            &host,
            "User-Agent: a test",
            "Authorization: ***",
            "Cookie: ***",
            "Referer: ***",
            "X-Api-Key: ***",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Length: 13",
            lines[9],
        ]
    );
    let date = lines[9].strip_prefix("Date: ").expect("a date is added");
    assert!(date.ends_with(" GMT") && date.len() == 29, "{date}");
    assert_eq!(lines[10], "");
    assert_eq!(
        lines[11], "hi\\u{1b}[31m\\nthere",
        "nothing moves the cursor"
    );
    assert_eq!(lines[12], "[uthira]: 0:00:00:hi\\u{1b}[31m\\nthere");
    let task = lines[13].strip_prefix("Task number=").expect("the task");
    let (task, thread) = task.split_once(", thread number=").expect("the thread");
    assert!(
        task.parse::<u64>().is_ok() && thread.parse::<u64>().is_ok(),
        "{}",
        lines[13]
    );
    assert_eq!(lines[14..], ["Client (uthira) is offline"]);
    assert!(!console.contains(&token) && !console.contains("s3cret"));

    // A date from the client stays the only one; a refused message is not shown.
    let fields = [
        ("Date", "Mon, 23 Nov 2026 22:34:57 GMT"),
        ("Authorization", "Basic Y2k6"),
    ];
    server
        .ask("POST", "/messages", &fields, "")
        .refused(422, "text_empty");
    server.ask("POST", "/messages", &fields, "dated");
    server.console.wait_for("[ci]: 0:00:00:dated\n");
    let shown = server.console.text()[console.len()..].to_string();
    assert_eq!(shown.matches("Date: ").count(), 1, "{shown}");
    assert_eq!(shown.matches("POST /messages").count(), 1, "{shown}");
    assert!(server.stop().success());
    assert_eq!(server.notices.text(), "");
}

#[test]
fn the_console_says_as_much_as_it_is_told_to() {
    for (level, wanted) in [
        (
            "lines",
            "Client (uthira) connected\n[uthira]: 0:00:00:hi\n[uthira]: 0:00:00:[x]\nClient (uthira) is offline\n",
        ),
        ("quiet", ""),
    ] {
        let folder = Arc::new(Folder::new());
        let command = folder.command(&["server", "--listen", "127.0.0.1:0", "--console", level]);
        let mut server = Server::spawn(Arc::clone(&folder), command);
        let token = server.log_in("uthira");
        server.say(&token, "hi");
        server.say(&token, "[x]");
        server.ask(
            "DELETE",
            "/session",
            &[("Authorization", &bearer(&token))],
            "",
        );
        assert!(server.stop().success());
        let console = server.console.text();
        let from = format!("chatroom://{}\n", server.address);
        assert_eq!(
            console.split_once(&from).map(|(_, rest)| rest),
            Some(wanted)
        );
    }
    // Without a terminal it is quiet by default.
    let folder = Arc::new(Folder::new());
    let command = folder.command(&["server", "--listen", "127.0.0.1:0"]);
    let mut server = Server::spawn(Arc::clone(&folder), command);
    server.log_in("uthira");
    assert!(server.stop().success());
    assert!(!server.console.text().contains("uthira"));
}

#[test]
fn a_console_that_nobody_reads_slows_nobody() {
    let folder = Arc::new(Folder::new());
    let mut command = Command::new("bash");
    // The console goes into a pipe, of which only the first lines are read at first.
    command.args([
        "-c",
        "exec \"$0\" server --listen 127.0.0.1:0 --console http --max-rate 0 --sync never > >(head -n 1; timeout 60 head -n 1 go > seen; cat)",
        &CHATROOM,
    ]);
    folder.settle(&mut command);
    let fifo = folder.path().join("go");
    let made = Command::new("mkfifo")
        .arg(&fifo)
        .status()
        .expect("mkfifo runs");
    assert!(made.success());
    let server = Server::spawn(Arc::clone(&folder), command);
    let token = server.log_in("uthira");
    let mut client = server.client();
    let fields = [("Authorization", &*bearer(&token))];
    let request = server.request("POST", "/messages", &fields, "x".repeat(50));
    for _ in 0..8 {
        client.send(request.repeat(600));
        for _ in 0..600 {
            assert_eq!(client.answer("POST").status, 201);
        }
    }
    assert!(
        !server.console.text().contains("[uthira]"),
        "it was not read"
    );
    std::fs::write(&fifo, "\n").expect("the reader goes on");
    server
        .console
        .wait_for("console lines were lost because this output was not read in time)");
    assert_eq!(server.said().len(), 2 + 4_800, "no message was");
}

#[test]
fn on_a_terminal_the_traffic_is_shown_and_ctrl_c_stops() {
    let mut terminal = Terminal::start(Arc::new(Folder::new()), "");
    terminal.screen.wait_for("chatroom://127.0.0.1:");
    let screen = terminal.screen.text();
    assert!(!screen.contains("[yes/no]"), "there is nothing old to show");
    let address = screen.split_once("http://").expect("an address").1;
    let address = address.split('/').next().expect("it").to_string();
    let url = format!("http://{address}/messages");
    let said = Command::new("curl")
        .args(["-sS", "-u", "ci:", "--data-raw", "hi", &url])
        .output();
    assert!(said.expect("curl runs").status.success());
    terminal.screen.wait_for("Task number=");
    let screen = terminal.screen.text();
    assert!(
        screen.contains("POST /messages HTTP/1.1\r\n") && screen.contains("Authorization: ***\r\n")
    );
    assert!(screen.contains("[ci]: 0:00:00:hi\r\n"), "{screen}");
    terminal.interrupt();
    let log = std::fs::read_to_string(terminal.folder.path().join("log.txt")).expect("it");
    assert!(log.contains(" * Room closed\t"), "{log}");
}
