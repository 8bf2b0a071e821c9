//! A client whose machine vanishes silently: no FIN, no reset.
//!
//! The server and its client are alone in a network of their own, whose loopback is then taken down. The log shows
//! when the server notices.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use support::program::{CHATROOM, Folder};
use support::server::Server;
use support::waiting::wait_for;

/// The longest time that a name may stay taken by a client that is gone.
const LIMIT: Duration = Duration::from_secs(90);

/// A command in the network of the server.
fn beside(server: &Server, program: &str, args: &[&str]) -> Command {
    let pid = server.pid().as_raw_nonzero().to_string();
    let mut command = Command::new("nsenter");
    command.args(["-t", &pid, "-n", program]).args(args);
    command.stdin(Stdio::null());
    command
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_client_that_vanishes_frees_its_name_within_90_seconds() {
    let folder = Arc::new(Folder::new());
    let script = format!(
        "ip link set lo up && exec '{CHATROOM}' server --listen 127.0.0.1:0 --console lines"
    );
    let mut alone = Command::new("unshare");
    alone.args(["-n", "sh", "-c", &script]);
    folder.settle(&mut alone);
    let server = Server::spawn(Arc::clone(&folder), alone);

    let url = |path: &str| format!("http://{}{path}", server.address);
    let answer = beside(
        &server,
        "curl",
        &["-s", "--data-raw", "uthira", &url("/session")],
    )
    .output();
    let answer = answer
        .expect("curl runs (scripts/setup.sh test installs it)")
        .stdout;
    let session: serde_json::Value = serde_json::from_slice(&answer).expect("a session");
    let token = session["token"].as_str().expect("a token");
    let authorization = format!("Authorization: Bearer {token}");
    let sse = "Accept: text/event-stream";
    let args = ["-sN", "-H", &authorization, "-H", sse, &url("/events")];
    let heard = folder.path().join("heard");
    let out = std::fs::File::create(&heard).expect("a file");
    let listener = beside(&server, "curl", &args).stdout(out).spawn();
    let _listener = Running(listener.expect("curl runs"));
    wait_for("the stream", || {
        let heard = std::fs::read_to_string(&heard).unwrap_or_default();
        heard.contains("event: join").then_some(())
    });

    let gone = Instant::now();
    let down = beside(&server, "ip", &["link", "set", "lo", "down"]).status();
    assert!(down.is_ok_and(|status| status.success()), "lo stays up");
    let offline = "Client (uthira) is offline";
    // This takes longer than `wait_for` waits.
    while !server.said().iter().any(|line| line == offline) {
        let waited = gone.elapsed();
        assert!(waited < LIMIT, "the name is still taken after {waited:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
    println!("the name was free after {:.1?}", gone.elapsed());
    assert_eq!(server.notices.text(), "", "it is one calm line");
}
