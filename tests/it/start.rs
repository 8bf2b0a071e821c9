//! Starting and stopping a server: what it says, what it refuses, what it leaves.

use std::net::TcpListener;

use crate::server::Server;
use crate::util::Folder;

#[test]
fn it_says_where_it_listens_and_how_to_join() {
    let mut server = Server::start(&["--room", "lobby"]);
    let said = server.console.text();
    assert!(
        said.contains(&format!("chatroom gui --name YOU {}", server.address)),
        "{said}"
    );
    assert!(
        said.contains(&format!("curl -N http://{}/events", server.address)),
        "{said}"
    );
    assert!(server.stop().success());
    let said = server.said();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].starts_with("* Room opened (chatroom "), "{said:?}");
    assert_eq!(said[1], "* Room closed");
}

#[test]
fn a_port_in_use_is_one_sentence_and_touches_nothing() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let folder = Folder::new();
    folder
        .run(&["server", "--listen", &address])
        .code(1)
        .one_sentence(&[&address, "already in use", "--listen"]);
    assert!(!folder.path().join("log.txt").exists());
}
