//! Requests that foreign web pages make a browser send: all are refused.

use serde_json::Value;

use support::server::Server;

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
    let twice = [
        ("Host", "10.1.2.3:1337"),
        ("Origin", "http://10.1.2.3:1337"),
        ("Origin", "http://evil.example"),
    ];
    server
        .ask("GET", "/members", &twice, "")
        .refused(400, "bad_request");
    // Every path is protected, and nothing was posted.
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

/// Another server on this machine cannot post in the name of people who read its pages.
#[test]
fn a_page_on_another_port_says_nothing() {
    let folder = std::sync::Arc::new(support::program::Folder::new());
    folder.file("key", "open sesame");
    // As behind a proxy, and as on a plain network.
    for listen in ["127.0.0.1:0", "0.0.0.0:0"] {
        let server = Server::start_in(folder.clone(), listen, &["--key-file", "key"]);
        let port = server.address.rsplit_once(':').expect("a port").1;
        let said = server.said();
        // The fields that the browser adds by itself.
        let login = ("Authorization", "Basic Y2k6b3BlbiBzZXNhbWU=");
        for host in ["127.0.0.1", "192.168.1.20", "[fd00::20]"] {
            let own = format!("{host}:{port}");
            for (origin, site, status) in [
                (format!("http://{host}:8080"), None, 403),
                (format!("http://{host}"), None, 403),
                (format!("https://{host}"), None, 403),
                (format!("http://{host}:8080"), Some("same-site"), 403),
                (format!("http://{own}"), Some("cross-site"), 403),
                (format!("http://{own}"), Some("same-origin"), 201),
                (format!("http://{own}"), None, 201),
            ] {
                let mut fields = vec![("Host", &*own), login, ("Origin", &*origin)];
                fields.extend(site.map(|site| ("Sec-Fetch-Site", site)));
                let answer = server.ask("POST", "/messages", &fields, "hi");
                assert_eq!(answer.status, status, "{own} {origin} {site:?}");
            }
        }
        assert_eq!(server.said().len(), said.len() + 6);
        // A link from a wiki is followed; a picture of that page is not sent.
        let link = [
            ("Host", &*format!("localhost:{port}")),
            login,
            ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Mode", "navigate"),
            ("Sec-Fetch-Dest", "document"),
        ];
        assert_eq!(server.ask("GET", "/", &link, "").status, 200);
        server
            .ask("GET", "/log.txt", &link, "")
            .refused(403, "origin_foreign");
    }
}
