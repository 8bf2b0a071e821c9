//! What the operator sees: each message as its request, who comes and goes, the old conversation.

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use crate::client::bearer;
use crate::server::{PATIENCE, Server, Written, wait_for};
use crate::util::{CHATROOM, Folder};

const QUESTION: &str = "Do you want to retrieve the old conversation? [yes/no] ";

/// A folder with a log of one message.
fn old_log() -> Arc<Folder> {
    let mut server = Server::start(&[]);
    let token = server.log_in("uthira");
    assert_eq!(server.say(&token, "as it was").status, 201);
    assert!(server.stop().success());
    Arc::clone(&server.folder)
}

/// A server on a pseudo terminal of its own.
struct Terminal {
    script: Child,
    screen: Written,
    folder: Arc<Folder>,
}

impl Terminal {
    fn start(folder: Arc<Folder>, args: &str) -> Terminal {
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

    fn type_in(&mut self, keys: &str) {
        let keyboard = self.script.stdin.as_mut().expect("a pipe");
        keyboard.write_all(keys.as_bytes()).expect("typed");
        keyboard.flush().expect("typed");
    }

    /// Ctrl-C, which must end it in good order.
    fn interrupt(&mut self) {
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
    let answer = server.ask(
        "POST",
        "/messages?x=1&token=s3cret",
        &fields,
        "hi\u{1b}[31m\nthere",
    );
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
            "POST /messages?*** HTTP/1.1",
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

    // A date that the client gave stays the only one; a refused message is not shown.
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
    // Without a terminal it is quiet by itself.
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
    // The console goes into a pipe whose reader takes its first lines and no more, until told.
    command.args([
        "-c",
        "exec \"$0\" server --listen 127.0.0.1:0 --console http --max-rate 0 --sync never > >(head -n 1; timeout 60 head -n 1 go > seen; cat)",
        CHATROOM,
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
fn the_old_conversation_is_shown_for_a_yes_and_nothing_else() {
    for (answer, shown, asked_again) in [
        ("yes\n", true, 0),
        ("YES\n", true, 0),
        ("no\n", false, 0),
        ("\n", false, 0),
        ("yse\nmaybe\ny\n", true, 2),
        ("ja\n\x04", false, 1),
        ("\x04", false, 0),
    ] {
        let mut terminal = Terminal::start(old_log(), "");
        terminal.screen.wait_for(QUESTION);
        assert!(
            !terminal.screen.text().contains("Listening"),
            "the question comes first"
        );
        terminal.type_in(answer);
        terminal.screen.wait_for("/events\r\n");
        let again = terminal.screen.text().matches("Answer yes or no").count();
        assert_eq!(again, asked_again, "{answer:?}");
        let screen = terminal.screen.text();
        let old = screen.split_once("Listening on port").expect("it").0;
        for line in ["as it was", "uthira", "entered room"] {
            assert_eq!(old.contains(line), shown, "{answer:?}: {screen}");
        }
        terminal.interrupt();
    }
}

#[test]
fn on_a_terminal_the_traffic_is_shown_and_ctrl_c_stops() {
    let mut terminal = Terminal::start(Arc::new(Folder::new()), "");
    terminal.screen.wait_for("/events\r\n");
    let screen = terminal.screen.text();
    assert!(!screen.contains(QUESTION), "there is nothing old to show");
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

#[test]
fn ctrl_c_is_an_answer_too() {
    let mut terminal = Terminal::start(old_log(), "");
    terminal.screen.wait_for(QUESTION);
    let from = std::time::Instant::now();
    terminal.interrupt();
    assert!(from.elapsed() < PATIENCE / 4);
    let screen = terminal.screen.text();
    assert!(!screen.contains("Listening"), "{screen}");
    assert!(
        !screen.contains("The room is closed"),
        "it never opened: {screen}"
    );
}

#[test]
fn the_old_conversation_is_shown_without_asking_if_so_told() {
    let folder = old_log();
    for (history, wanted) in [
        (
            "yes",
            "entered room\n[uthira]: 0:00:00:as it was\n* Room closed\nListening",
        ),
        ("2", "as it was\n* Room closed\n"),
        ("1", "* Room closed\n"),
        ("0", ""),
        ("no", ""),
        ("ask", ""),
    ] {
        let copy = Arc::new(Folder::new());
        copy.file("log.txt", &folder.contents()["log.txt"]);
        let server = Server::start_in(copy, "127.0.0.1:0", &["--history", history]);
        let console = server.console.text();
        let (old, _) = console.split_once("Listening").expect("it listens");
        match history {
            "yes" => assert!(
                console.contains(wanted) && old.starts_with("* Room opened"),
                "{console}"
            ),
            "2" => assert_eq!(old, format!("[uthira]: 0:00:00:{wanted}")),
            _ => assert_eq!(old, wanted, "--history {history}"),
        }
    }
    let mut terminal = Terminal::start(folder, "--history no");
    terminal.screen.wait_for("/events\r\n");
    assert!(!terminal.screen.text().contains(QUESTION));
    terminal.interrupt();
}
