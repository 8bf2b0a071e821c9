//! `long`: scrolling through the longest texts while typing. Its figures are those of the frames: how long each turn
//! of the event loop kept the window from responding. Chatroom only.
//!
//! Half of the texts are many words, half are one word; a letter is typed after every page.
//!
//! Source of error: a page that is not drawn before the next key is drawn together with it.

use std::time::Duration;

use crate::figures::keep_frames;
use crate::report::Report;
use crate::screen::key;
use crate::servers::Running;
use crate::speaker::Speaker;
use crate::{Res, Setting, stop};

/// The longest possible text, in bytes.
const BYTES: usize = 16_384;
const TEXTS: usize = 12;
const PAGES: u32 = 200;
const LIMIT: Duration = Duration::from_secs(2);

/// Scrolls through long texts.
pub fn long(setting: &Setting, report: &mut Report) -> Res<()> {
    let rounds = if setting.quick { 1 } else { 2 };
    for round in 1..=rounds {
        let turns = setting.turns(round).into_iter();
        for client in turns.filter(|client| client.is_chatroom()) {
            let server = Running::start(&client.server)?;
            let open = client.open(&setting.screen, server.address)?;
            let mut speaker = Speaker::enter(&server)?;
            open.ready(&mut speaker)?;
            let caret = open.caret(false)?;
            let caret = caret.ok_or("the field for messages takes no letters")?;
            let words: String = (0..BYTES / 8)
                .map(|n| format!("{:07} ", n % 1000))
                .collect();
            for _ in 0..TEXTS / 2 {
                speaker.say(words.trim_end())?;
                speaker.say(&"w".repeat(BYTES))?;
            }
            open.rest()?;
            for page in 0..PAGES {
                setting.screen.press(&[key::PAGE_UP])?;
                open.type_one(caret, page % 2 == 1, LIMIT)?;
                stop::check()?;
            }
            keep_frames(report, "long texts", &client.name, open.close()?)?;
        }
    }
    Ok(())
}
