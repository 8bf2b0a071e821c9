//! What the operator hears of the committer, and of its end.

use std::time::Duration;

use crate::event::Stamp;
use crate::failure::reason;
use crate::journal::{AppendError, Unseen};

use super::super::fullness::Tell;
use super::Committer;
use crate::modes::server::console::Entry;
use crate::modes::server::room::health::{ClockBehind, ClockState, ClockTrust};

/// How long until it is tried again to save a log that was removed.
const AGAIN: Duration = Duration::from_secs(2);

/// By more than this no clock is wrong in the ordinary way.
const A_DAY: Duration = Duration::from_secs(86_400);

impl Committer {
    /// What the operator is told at the end. What a removed log held is saved before that, however
    /// long it takes: with this process the last copy would be gone.
    pub(super) fn part(&self, error: AppendError) -> String {
        let gone = match error {
            AppendError::Gone(gone) if gone.unlinked => gone.sentence,
            other => return other.to_string(),
        };
        let log = self.journal.path().display();
        let mut told = false;
        loop {
            match self.journal.save() {
                Ok(saved) => {
                    let saved = saved.display();
                    return format!(
                        "{gone} Its contents were saved as {saved}, all {} bytes. To continue with \
                         them, put them back (`mv {saved} {log}`), then start the server again.",
                        self.journal.end()
                    );
                }
                Err(error) if !told => {
                    told = true;
                    self.console.show(Entry::Notice(format!(
                        "{gone} Its contents could not be saved: {}. The server refuses messages \
                         and keeps trying; if you stop it now, the conversation is lost. Free some \
                         space in the log's folder, or copy /proc/{}/fd/{}.",
                        reason(&error),
                        std::process::id(),
                        self.journal.descriptor()
                    )));
                }
                Err(_) => {}
            }
            std::thread::sleep(AGAIN);
        }
    }

    pub(super) fn tell_about_sight(&mut self, unseen: Unseen) {
        let log = self.journal.path().display();
        let told = match (&self.unseen, &unseen) {
            (None, Some(why)) => format!(
                "The log {log} cannot be reached by its name: {why}. It is open and messages are \
                 still stored, but a server that starts now may not find it. Check the permissions \
                 of its folder, and its disk."
            ),
            (Some(_), None) => format!("The log {log} can be reached by its name again."),
            _ => return,
        };
        self.unseen = unseen;
        self.console.show(Entry::Notice(told));
    }

    pub(super) fn tell_about_space(&self, tell: Option<Tell>) {
        let log = self.journal.path().display();
        let sentence = match tell {
            None => return,
            Some(Tell::Full) => format!(
                "There is no space left for the log {log}: messages are refused until there is \
                 some. Nothing acknowledged is lost, and reading goes on. Free some space on its \
                 disk."
            ),
            Some(Tell::Space) => {
                format!("There is space for the log {log} again: messages are accepted.")
            }
        };
        self.console.show(Entry::Notice(sentence));
    }

    /// Each state of the clock is told once.
    pub(super) fn tell_about_clock(&mut self) {
        let (state, jump) = self.scribe.clock.look(self.room.clock());
        self.room.health.clock(state);
        if let Some(by) = jump {
            self.console.show(Entry::Notice(format!(
                "This machine's clock jumped ahead by {} a minute ago and has stayed there. The \
                 log's times follow it from now on. If it is wrong, set it soon: no line can be \
                 earlier than the one before it.",
                long(by)
            )));
        }
        if let (ClockState::Behind(behind), false) = (state, self.behind) {
            let log = self.journal.path().display().to_string();
            self.console
                .show(Entry::Notice(behind_sentence(&log, &behind)));
        }
        self.behind = matches!(state, ClockState::Behind(_));
    }
}

fn behind_sentence(log: &str, behind: &ClockBehind) -> String {
    let gap = behind.last.since(behind.now);
    let (by, last, until) = (long(gap), second(behind.last), second(behind.until));
    let mut told = format!(
        "The log's last line is {by} ahead of this machine's clock ({last}). Times continue from \
         that line, at half the clock's pace, until the clock has caught up ({until})."
    );
    let set = match behind.clock {
        ClockTrust::Right => " The clock has come back from a jump, so it is right now.",
        ClockTrust::Wrong => " The clock shows a time before this program was made: set it.",
        ClockTrust::Unknown => " If the clock is wrong, set it.",
    };
    told.push_str(set);
    if gap > A_DAY && behind.clock != ClockTrust::Wrong {
        let now = second(behind.now);
        told.push_str(&format!(
            " If the clock is right, every line until then has a wrong time. To start again with \
             right ones, stop the server; `chatroom replay {log} --to {now} --convert NEW.txt` \
             makes a log without that end, for --log NEW.txt."
        ));
    }
    told
}

fn second(at: Stamp) -> String {
    at.utc().format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn long(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} minutes", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} hours", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_the_clock_is_said_only_where_it_may_help() {
        let told = |gap: u64, clock| {
            let now = Stamp::from_micros(1_795_824_000_000_000);
            let last = now.plus(Duration::from_secs(gap));
            let until = now.plus(Duration::from_secs(2 * gap));
            let behind = ClockBehind {
                now,
                last,
                until,
                clock,
            };
            behind_sentence("log.txt", &behind)
        };
        let convert = "`chatroom replay log.txt --to 2026-11-28T00:00:00Z --convert NEW.txt`";
        let short = told(300, ClockTrust::Unknown);
        assert!(short.contains("is 5 minutes ahead"), "{short}");
        assert!(
            short.contains("caught up (2026-11-28T00:10:00Z)"),
            "{short}"
        );
        assert!(short.ends_with("If the clock is wrong, set it."), "{short}");
        let long = told(4_000 * 86_400, ClockTrust::Unknown);
        assert!(long.contains("is 4000 days ahead"), "{long}");
        assert!(long.contains("set it") && long.contains(convert), "{long}");
        let back = told(4_000 * 86_400, ClockTrust::Right);
        assert!(!back.contains("set it") && back.contains(convert), "{back}");
        let wrong = told(4_000 * 86_400, ClockTrust::Wrong);
        assert!(wrong.ends_with("was made: set it."), "{wrong}");
    }
}
