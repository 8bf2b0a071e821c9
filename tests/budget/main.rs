//! The cost of a message, counted rather than timed: instructions and allocations of the real server under valgrind,
//! per post and per delivery. A change that wakes a task for each listener, encodes for each, or copies instead of
//! sharing, fails here on any machine.
//!
//! It subtracts four runs that differ only in listeners and posts, so that starting, logging in and connecting do not
//! count. `scripts/test.sh` builds the server for it like a release, but without the window.

use std::process::Command;
use std::sync::Arc;

use support::client::{Listener, bearer};
use support::program::{CHATROOM, Folder};
use support::server::Server;
use support::waiting::wait_for;

// Typical figures are 170 to 310 and 70,000 to 80,000 instructions, 0.003 to 0.01 and 54 allocations: threads never
// interleave the same way twice.

/// The most instructions outside the kernel for one delivery: checking the seat, one call to send.
const DELIVERY_INSTRUCTIONS: f64 = 500.0;
/// The same for one post: its request, its line, its event, its answer.
const POST_INSTRUCTIONS: f64 = 95_000.0;
/// The most allocations for one delivery. It makes none.
const DELIVERY_ALLOCATIONS: f64 = 0.05;
/// The same for one post.
const POST_ALLOCATIONS: f64 = 65.0;
/// The most that a guest's post, which gives a name each time, may cost as a multiple of a session's.
const GUEST: f64 = 1.2;

/// Few and many listeners, few and many posts.
const LISTENERS: [usize; 2] = [10, 210];
const POSTS: [usize; 2] = [20, 120];

/// The kinds of posters.
#[derive(Clone, Copy)]
enum Poster {
    Session,
    Guest,
}

/// A count: a tool of valgrind, and its words before the number.
struct Counter {
    tool: &'static [&'static str],
    before: &'static str,
}

const INSTRUCTIONS: Counter = Counter {
    tool: &["--tool=callgrind", "--callgrind-out-file=/dev/null"],
    before: "Collected : ",
};
const ALLOCATIONS: Counter = Counter {
    tool: &[
        "--tool=memcheck",
        "--leak-check=no",
        "--undef-value-errors=no",
    ],
    before: "total heap usage: ",
};

impl Counter {
    /// The cost of a server's whole life with so many listeners and posts.
    fn count(&self, listeners: usize, posts: usize, poster: Poster) -> f64 {
        let folder = Arc::new(Folder::new());
        let mut command = Command::new("valgrind");
        command.args(self.tool).arg(CHATROOM);
        command.args(["server", "--listen", "127.0.0.1:0", "--grace", "60s"]);
        command.args(["--max-rate", "0", "--console", "quiet"]);
        folder.settle(&mut command);
        let mut server = Server::spawn(folder, command);
        let authorization = match poster {
            Poster::Session => bearer(&server.log_in("ann")),
            // bob and nothing.
            Poster::Guest => "Basic Ym9iOg==".to_string(),
        };
        let accept = [("Accept", "text/event-stream")];
        let listen = |_| server.listen("/events?since=latest", &accept);
        let mut listeners: Vec<Listener> = (0..listeners).map(listen).collect();
        for listener in &mut listeners {
            listener.until("hello");
        }
        let mut ann = server.client();
        let text = "x".repeat(100);
        let fields = [("Authorization", &authorization[..])];
        for _ in 0..posts {
            ann.send(server.request("POST", "/messages", &fields, &text));
            assert_eq!(ann.answer("POST").status, 201);
            // Posts come one after the other, so that each has its own commit and pass.
            for listener in &mut listeners {
                listener.until("message");
            }
        }
        assert!(server.stop().success());
        // Its last output may still be on its way.
        wait_for("valgrind's count", || {
            let said = server.notices.text();
            let (count, _) = said.split(self.before).nth(1)?.split_once('\n')?;
            let count = count.split_whitespace().next()?;
            count.replace(',', "").parse().ok()
        })
    }

    /// The cost of one more post to so many listeners.
    fn more(&self, listeners: usize, poster: Poster) -> f64 {
        let [few, many] = POSTS;
        let cost = self.count(listeners, many, poster) - self.count(listeners, few, poster);
        cost / (many - few) as f64
    }

    /// The cost of one delivery, and of one post without its deliveries.
    fn costs(&self) -> (f64, f64) {
        let [some, crowd] = LISTENERS;
        let more = |listeners| self.more(listeners, Poster::Session);
        let (a, b) = (more(some), more(crowd));
        let delivery = (b - a) / (crowd - some) as f64;
        (delivery, a - delivery * some as f64)
    }
}

#[test]
fn a_message_costs_no_more_instructions_than_it_may() {
    let (delivery, post) = INSTRUCTIONS.costs();
    println!("instructions: {delivery:.0} a delivery, {post:.0} a post");
    assert!(delivery < DELIVERY_INSTRUCTIONS, "{delivery} a delivery");
    assert!(post < POST_INSTRUCTIONS, "{post} a post");
}

#[test]
fn a_guests_post_costs_little_more_than_a_sessions() {
    let [listeners, _] = LISTENERS;
    let [session, guest] =
        [Poster::Session, Poster::Guest].map(|poster| INSTRUCTIONS.more(listeners, poster));
    println!("instructions: {session:.0} a session's post, {guest:.0} a guest's");
    assert!(guest < GUEST * session, "{guest} and {session}");
}

#[test]
fn a_message_costs_no_more_allocations_than_it_may() {
    let (delivery, post) = ALLOCATIONS.costs();
    println!("allocations: {delivery:.3} a delivery, {post:.1} a post");
    assert!(delivery < DELIVERY_ALLOCATIONS, "{delivery} a delivery");
    assert!(post < POST_ALLOCATIONS, "{post} a post");
}
