//! The conversation in `log.txt` at the top level, as a table that can be read and changed.
//!
//! It was written for this project. What happens in it is what the room promises: somebody pulls
//! the server's plug (there is no `Room closed` before the second `Room opened`), everybody comes
//! back in, and not a line that anybody saw is gone.

use std::collections::HashMap;

use chatroom::event::{Body, Elapsed, Event, Key, Stamp};
use chatroom::line;

/// 2026-11-16T18:30:00Z, a Monday evening.
const EVENING: i64 = 1_794_853_800_000_000;

enum What {
    Opened(&'static str),
    Closed,
    Join,
    Leave,
    Say(&'static str),
}
use What::{Closed, Join, Leave, Opened, Say};

/// Minutes and seconds of the evening, who, what.
#[rustfmt::skip]
const STORY: &[(u32, u32, &str, What)] = &[
    (0, 0, "", Opened("c2a1f07d93be5846")),
    (0, 4, "uthira", Join),
    (0, 21, "uthira", Say("hello? is this thing on?")),
    (0, 33, "bob", Join),
    (0, 41, "bob", Say("it is. I hear you twice: once in here and once across the bench")),
    (0, 52, "uthira", Say("that is called redundancy")),
    (1, 3, "eve", Join),
    (1, 12, "eve", Say("hi from curl. I have no window, but I have a window seat")),
    (1, 20, "மலர்", Join),
    (1, 31, "மலர்", Say("வணக்கம்! the glue table is free again, mostly")),
    (1, 44, "山田", Join),
    (1, 52, "山田", Say("こんばんは。今夜は何を直しますか？")),
    (2, 5, "bob", Say("/me holds up a toaster that toasts on one side only")),
    (2, 13, "uthira", Say("tonight:\n1. the toaster (bob)\n2. the lamp (山田)\n3. where do all the 10 mm spanners go?")),
    (2, 27, "eve", Say("number 3 is beyond science")),
    (2, 38, "மலர்", Say("is the kettle on the same socket as the room?")),
    (2, 44, "eve", Say("no idea, I only unplugged the kettle, see:")),
    (3, 15, "", Opened("0b7e64d8a1f3925c")),
    (3, 19, "eve", Join),
    (3, 20, "uthira", Join),
    (3, 20, "மலர்", Join),
    (3, 21, "bob", Join),
    (3, 22, "山田", Join),
    (3, 26, "eve", Say("that was not the kettle")),
    (3, 36, "bob", Say("my half of the workshop went dark. the toasting half")),
    (3, 47, "uthira", Say("wait. scroll up. it is all still there")),
    (3, 58, "山田", Say("全部ありますね。スパナの話まで。")),
    (4, 9, "மலர்", Say("even eve saying she only unplugged the kettle 😄")),
    (4, 17, "eve", Say("is there a way to make it remember less?")),
    (4, 26, "bob", Say("so it writes things down before it tells anybody. I want friends like that")),
    (4, 35, "eve", Say("I could pull it again, to be sure")),
    (4, 37, "uthira", Say("NO")),
    (4, 38, "மலர்", Say("no!")),
    (4, 41, "bob", Say("/me sits down on the extension lead")),
    (4, 58, "山田", Say("ランプが直りました 💡")),
    (5, 10, "uthira", Say("and the toaster?")),
    (5, 22, "bob", Say("does both sides now. one of them is the table's")),
    (5, 34, "eve", Say("sold")),
    (5, 43, "山田", Leave),
    (5, 49, "மலர்", Leave),
    (5, 55, "uthira", Say("same time next Monday. bring spanners, any size but 10")),
    (6, 3, "eve", Leave),
    (6, 5, "bob", Leave),
    (6, 8, "uthira", Leave),
    (6, 10, "", Closed),
];

/// The bytes of `log.txt`.
pub fn sample() -> Vec<u8> {
    let mut out = Vec::new();
    let mut last = HashMap::new();
    for (number, (minutes, seconds, name, what)) in STORY.iter().enumerate() {
        let number = number as i64;
        // Nobody speaks on the full second.
        let fraction = if number == 0 {
            0
        } else {
            number * 377_911 % 1_000_000
        };
        let micros = i64::from(minutes * 60 + seconds) * 1_000_000 + fraction;
        let at = Stamp::from_micros(EVENING + micros);
        // What the room would measure: since the sender's last message, or since they came in.
        let before = last.insert(*name, at).unwrap_or(at);
        let name = name.to_string();
        let body = match what {
            Opened(random) => Body::opened("chatroom 0.1.0", *random),
            Closed => Body::Closed,
            Join => Body::Join { name },
            Leave => Body::Leave { name },
            Say(text) => Body::Message {
                elapsed: Elapsed(at.since(before).as_secs()),
                text: text.to_string(),
                // A window gives every message a key; whoever posts with curl need not.
                key: Key::new(&format!(
                    "{:012x}",
                    0x4fd1_c2e0_7a9b_i64 ^ (number * 0x1f3a_5d77)
                ))
                .filter(|_| name != "eve"),
                from: name,
            },
        };
        line::to_line(&Event { at, body }, &mut out);
    }
    out
}
