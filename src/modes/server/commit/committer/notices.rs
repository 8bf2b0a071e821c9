//! The sentences in which the operator hears of the committer.

use std::time::Duration;

use crate::event::Stamp;

use super::super::fullness::SpaceNotice;
use super::super::store::Store;
use super::Committer;
use crate::modes::server::console::Entry;
use crate::modes::server::room::health::{ClockBehind, ClockState, ClockTrust};

/// By more than this no clock is wrong in the ordinary way.
const A_DAY: Duration = Duration::from_secs(86_400);

impl<S: Store> Committer<S> {
    pub(super) fn tell_about_space(&self, tell: Option<SpaceNotice>) {
        let Some(tell) = tell else {
            return;
        };
        let log = self.store.name();
        let sentence = match tell {
            SpaceNotice::Full => format!(
                "There is no space left for the log {log}: messages are refused until there is \
                 some. Nothing acknowledged is lost, and reading goes on. Free some space on its \
                 disk."
            ),
            SpaceNotice::Space => {
                format!("There is space for the log {log} again: messages are accepted.")
            }
        };
        self.console.show(Entry::Notice(sentence));
    }

    /// Each state of the clock is told once.
    pub(super) fn tell_about_clock(&mut self) {
        let (state, jump) = self.scribe.clock.observe(self.room.clock());
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
            let log = self.store.name();
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
             makes a copy without the lines dated in the future, for --log NEW.txt."
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
