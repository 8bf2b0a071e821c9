//! Answers lost on purpose: connections closed with the answer unread, the same key on two
//! connections at once, restarts between.

use std::sync::Arc;
use std::time::Duration;

use support::program::Folder;

use super::book::{Entry, Fate};
use super::check;
use super::load::{Load, Plan};
use super::poster::Habits;
use super::scene;

/// Posts so many messages, 30 % of them with a lost answer and 5 % on two connections at once, with a stop and a kill
/// in between.
pub fn lost_answers(messages: usize) {
    let folder = Arc::new(Folder::new());
    let mut server = scene::server(&folder, "127.0.0.1:0", &[]);
    let address = server.address.clone();
    let posters = 10;
    let plan = Plan {
        posters,
        habits: Habits {
            messages: messages / posters,
            hang_up: 170,
            hang_up_late: 200,
            twice: 50,
            again: 50,
            bad: 0,
            give_up: 0,
            ..Habits::default()
        },
        ..Plan::default()
    };
    let load = Load::start(&address, &plan);
    load.wait_for(messages / 3);
    assert!(server.stop().success());
    server = scene::again(&folder, &address).0;
    load.wait_for(messages * 2 / 3);
    server.kill();
    server = scene::again(&folder, &address).0;
    load.wait_for(messages);
    let book = load.finish(Duration::from_secs(20));
    assert!(server.stop().success());
    let log = std::fs::read(server.log()).expect("the log");
    println!("lost answers: {}", book.summary());
    check::none(&log, &book);
    assert_eq!(book.acknowledged(), messages / posters * posters);
    let count = |which: fn(&Entry) -> bool| book.entries.iter().filter(|e| which(e)).count();
    let lost = count(|entry| entry.fates.contains(&Fate::Unknown));
    let stored = count(|entry| {
        let first = entry.fates.iter().find(|fate| **fate != Fate::Unknown);
        matches!(first, Some(Fate::Acknowledged(200, _)))
    });
    println!(
        "{lost} messages had a lost answer, {stored} of them were stored and their repeat was told the id"
    );
    assert!(
        lost * 100 >= messages * 25,
        "too few answers were lost: {lost}"
    );
    assert!(stored * 2 >= lost, "{stored}");
}
