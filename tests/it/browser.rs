//! What a web page of somebody else may make a browser do here: nothing.

use serde_json::Value;

use crate::server::Server;

#[test]
fn a_browser_is_led_astray_by_no_other_page() {
    let server = Server::start(&["--host-name", "chat.example.org"]);
    let ask = |host: &str, origin: Option<&str>| {
        let mut fields = vec![("Host", host)];
        fields.extend(origin.map(|origin| ("Origin", origin)));
        server.ask("GET", "/members", &fields, "")
    };
    for host in [
        "10.1.2.3:1337",
        "[::1]:1337",
        "localhost",
        "printer",
        "a.local",
        "b.lan",
        "c.internal",
        "d.home.arpa",
        "Chat.Example.org:80",
    ] {
        assert_eq!(ask(host, None).status, 200, "{host}");
        assert_eq!(
            ask(host, Some(&format!("http://{host}"))).status,
            200,
            "{host}"
        );
    }
    for host in [
        "evil.example",
        "example.org",
        "chat.example.org.evil.example",
        "10.1.2.3.evil.example",
        "",
    ] {
        let json = ask(host, None).refused(421, "host_unknown");
        assert!(
            json["message"]
                .as_str()
                .expect("it")
                .contains("--host-name")
        );
    }
    for origin in [
        "http://evil.example",
        "null",
        "http://10.1.2.3:8080",
        "http://10.1.2.3:1337.evil.example",
    ] {
        let answer = ask("10.1.2.3:1337", Some(origin));
        answer.refused(403, "origin_foreign");
        assert_eq!(answer.field("access-control-allow-origin"), None);
    }
    assert_eq!(
        ask("10.1.2.3:1337", Some("https://chat.example.org")).status,
        200
    );
    // Every path is protected, and nothing was said by the way.
    for (method, path) in [
        ("POST", "/session"),
        ("POST", "/messages"),
        ("GET", "/events"),
        ("GET", "/log.txt"),
        ("GET", "/health"),
    ] {
        let fields = [
            ("Host", "10.1.2.3"),
            ("Origin", "http://evil.example"),
            ("Authorization", "Basic Y2k6"),
        ];
        server
            .ask(method, path, &fields, "x")
            .refused(403, "origin_foreign");
    }
    assert_eq!(server.said().len(), 1);
    let without = Server::start(&[]);
    let fields = [("Host", "chat.example.org")];
    let json = without
        .ask("GET", "/", &fields, "")
        .refused(421, "host_unknown");
    assert_ne!(json["message"], Value::Null);
}
