//! The proxies' configurations in docs/operating.md, copied unchanged, in the real nginx and Caddy: events pass at
//! once, and logins, posts and refusals work as without them.

use super::markdown::Document;
use super::shell::{Job, Shell};
use support::waiting::wait_for;

const CERTIFICATE: &str = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=chat.example.org \
     -addext subjectAltName=DNS:chat.example.org -keyout /etc/ssl/chat.example.org.key -out /etc/ssl/chat.example.org.crt";
const CADDYS: &str = "/var/lib/caddy/.local/share/caddy/pki/authorities/local/root.crt";

/// A room with a key behind a proxy that connects from the address `proxy`, and the job that is its server.
fn behind(file: &str, before: &str, start: &str, proxy: &str) -> (Shell, Job) {
    let document = Document::read("docs/operating.md");
    let mut shell = Shell::start(None);
    std::fs::write(shell.here().join("conf"), document.file(file)).expect("written");
    for command in [&format!("install -D -m 644 conf {file}"), before, start] {
        let (code, said) = shell.run(command);
        assert_eq!(code, 0, "{command}\n{said}");
    }
    let trust = format!("--trust-proxy {proxy}");
    assert!(document.text.contains(&trust), "{trust}");
    let server = shell.begin(&format!(
        "CHATROOM_KEY=sesame chatroom server --listen 127.0.0.1:1337 --console quiet --host-name chat.example.org {trust}"
    ));
    wait_for("the server", || {
        shell.so_far(&server).contains("Listening").then_some(())
    });
    (shell, server)
}

fn works(shell: &mut Shell, url: &str, curl: &str) {
    let ask = |shell: &mut Shell, rest: &str| {
        let (code, said) = shell.run(&format!("{curl} {rest}"));
        assert_eq!(code, 0, "{rest}\n{said}");
        said
    };
    let login = ask(
        shell,
        &format!("-d '{{\"name\":\"uthira\",\"key\":\"sesame\"}}' {url}/session"),
    );
    let token = login.split("\"token\":\"").nth(1).expect("a token");
    let token = token.split('"').next().expect("its end").to_string();
    // A stream in each form is open before the first post.
    let streams: Vec<_> = ["text/plain", "application/x-ndjson", "text/event-stream"]
        .iter()
        .map(|form| {
            shell.begin(&format!(
                "{curl} -N -H 'Authorization: Bearer {token}' -H 'Accept: {form}' '{url}/events?last=1'"
            ))
        })
        .collect();
    for stream in &streams {
        wait_for("the stream's beginning", || {
            shell.so_far(stream).contains("uthira").then_some(())
        });
    }
    for text in ["one", "two"] {
        let said = ask(
            shell,
            &format!("-u ci:sesame --data-raw 'said {text}' {url}/messages"),
        );
        assert!(said.contains("\"id\":"), "{said}");
        // Each event arrives on its own; one held back until more data or the end would never arrive.
        for stream in &streams {
            wait_for("what was said", || {
                shell
                    .so_far(stream)
                    .contains(&format!("said {text}"))
                    .then_some(())
            });
        }
    }
    // Refusals come through as they are.
    let (code, said) = shell.run(&format!("{curl} {url}/members"));
    assert!(code == 22 && said.contains("key_required"), "{code} {said}");
    let (code, said) = shell.run(&format!("{curl} -u ci:wrong {url}/members"));
    assert!(code == 22 && said.contains("key_wrong"), "{code} {said}");
    let copy = ask(shell, &format!("-u ci:sesame -r 0-9 {url}/log.txt"));
    assert_eq!(copy.len(), 10, "{copy}");
    // A host without --host-name is refused with a sentence that names the flag.
    let direct = "curl -s -H 'Host: chat2.example.org' http://127.0.0.1:1337/health";
    let (code, said) = shell.run(direct);
    assert!(
        code == 22 && said.contains("--host-name chat2.example.org"),
        "{said}"
    );
}

#[test]
fn a_room_behind_nginx() {
    let file = "/etc/nginx/conf.d/chatroom.conf";
    let start = "nginx -t && systemctl reload nginx";
    let (mut shell, server) = behind(file, CERTIFICATE, start, "127.0.0.2");
    let curl = "curl -s --cacert /etc/ssl/chat.example.org.crt";
    works(&mut shell, "https://chat.example.org", curl);
    let (code, said) = shell.run(&format!(
        "{curl} -X DELETE -u x:sesame https://chat.example.org/session"
    ));
    assert!(code == 22 && said.contains("token_required"), "{said}");
    // A client is known by the address that nginx gives, whatever it says itself.
    for field in ["Forwarded: for=192.0.2.9", "X-Forwarded-For: 192.0.2.9"] {
        let login = format!("{curl} -u ci:wrong -H '{field}' https://chat.example.org/members");
        let (code, said) = shell.run(&login);
        assert!(code == 22 && said.contains("key_wrong"), "{code} {said}");
    }
    let said = wait_for("the notice of a wrong key", || {
        let said = shell.so_far(&server);
        said.contains("A wrong room key came from").then_some(said)
    });
    assert!(said.contains("key came from 127.0.0.1"), "{said}");
    let others = ["127.0.0.2", "192.0.2.9", "0.0.0.0", "a proxy at"];
    assert!(!others.iter().any(|other| said.contains(other)), "{said}");
    // The room is not served over plain HTTP.
    let url = "http://chat.example.org/events?poll=1&token=precious";
    let (_, said) = shell.run(&format!(
        "curl -s -o body -w '%{{http_code}} %{{redirect_url}}' '{url}'"
    ));
    let https = url.replace("http:", "https:");
    assert_eq!(said.trim(), format!("308 {https}"));
    // nginx logs no token of either.
    shell.run(&format!("{curl} '{https}'"));
    let (code, log) = shell.run("cat /var/log/nginx/chatroom.log");
    assert_eq!(code, 0, "{log}");
    let lines = |status: &str| log.lines().filter(|line| line.contains(status)).count();
    assert!(
        lines("GET /events\" 308") == 1 && lines("GET /events\" 401") == 1,
        "{log}"
    );
    assert!(!log.contains("precious"), "{log}");
}

#[test]
fn a_room_behind_caddy() {
    let start = "systemctl restart caddy";
    let (mut shell, _) = behind("/etc/caddy/Caddyfile", "true", start, "127.0.0.1");
    let curl = format!("curl -s --cacert {CADDYS}");
    works(&mut shell, "https://chat.example.org", &curl);
}
