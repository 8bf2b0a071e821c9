//! Follows a document step by step, as its reader would, and notes every line that is not true.

use std::sync::Arc;
use std::time::{Duration, Instant};

use regex::Regex;

use support::display::Display;

use super::markdown::{Document, Step};
use super::shell::{Job, Shell};

/// The longest wait for a result that a document promises.
const PATIENCE: Duration = Duration::from_secs(20);

/// A reader who follows a document.
pub struct Reader {
    /// The shell in which its lines run.
    pub shell: Shell,
    display: Option<Arc<Display>>,
    jobs: Vec<Job>,
    wrong: Vec<String>,
}

impl Reader {
    /// A reader at a separate machine, with a screen if the document opens windows.
    pub fn of(document: &Document) -> Reader {
        let opens = |(_, step): &(usize, Step)| matches!(step, Step::Run(text) if text.contains("chatroom gui") || text.contains("./chatroom gui"));
        let opens = document.steps().iter().any(opens);
        let display = opens.then(|| Arc::new(Display::start(1280, 900)));
        let name = display.as_ref().map(|display| display.name().to_string());
        Reader {
            shell: Shell::start(name.as_deref()),
            display,
            jobs: Vec::new(),
            wrong: Vec::new(),
        }
    }

    /// Follows all of it.
    ///
    /// # Panics
    /// With every line that is not true.
    #[track_caller]
    pub fn follow(&mut self, document: &Document) {
        for (line, step) in document.steps() {
            let place = format!("{}:{line}", document.path);
            match step {
                Step::File(path, text) => self.write(&path, &text),
                Step::Run(text) if goes_on(&text) => self.begin(&place, &text),
                Step::Run(text) => {
                    if text.contains("systemctl stop") {
                        self.listeners_leave();
                    }
                    let (code, said) = self.shell.run(&text);
                    if code != 0 {
                        self.note(format!("{place}: exit code {code} of\n{text}{said}"));
                    }
                }
                Step::See(text, seen) => self.see(&place, &text, &seen),
                Step::Not(..) => (),
            }
        }
        // The last job stops first: listeners leave before the server stops.
        for job in std::mem::take(&mut self.jobs).into_iter().rev() {
            if !self.shell.goes_on(&job) {
                let said = self.shell.so_far(&job);
                self.note(format!(
                    "{}: this ended by itself:\n{}\n{said}",
                    document.path, job.text
                ));
            }
            self.shell.stop(&job, "INT");
        }
        assert!(self.wrong.is_empty(), "\n{}", self.wrong.join("\n\n"));
    }

    fn note(&mut self, what: String) {
        self.wrong.push(what);
    }

    fn write(&mut self, path: &str, text: &str) {
        let file = self.shell.here().join(".file");
        std::fs::write(&file, text).expect("written");
        let mode = if text.starts_with("#!") { "755" } else { "644" };
        let (code, said) = self
            .shell
            .run(&format!("install -D -m {mode} .file {path} && rm .file"));
        assert_eq!(code, 0, "{path}: {said}");
    }

    /// Starts a job that continues, and waits until it works. A server replaces the previous one.
    fn begin(&mut self, place: &str, text: &str) {
        let serves = text.contains("chatroom server");
        if serves {
            self.listeners_leave();
            self.stop_those(|job| job.text.contains("chatroom server"));
        }
        let (windows, listening) = (self.windows(), self.listening());
        let job = self.shell.begin(text);
        let until = Instant::now() + PATIENCE;
        loop {
            let said = self.shell.so_far(&job);
            let works = match () {
                () if serves => said.contains("Listening on "),
                () if text.contains("chatroom gui") => self.windows() > windows,
                () if text.contains("bot.") => self.listening() > listening,
                () if text.starts_with("tail ") => self.shell.goes_on(&job),
                () => !said.is_empty(),
            };
            if works {
                break;
            }
            if Instant::now() > until || !self.shell.goes_on(&job) {
                self.note(format!(
                    "{place}: this does not come to work:\n{text}{said}"
                ));
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.jobs.push(job);
    }

    /// Ends the listeners before their server stops.
    fn listeners_leave(&mut self) {
        self.stop_those(|job| job.text.starts_with("curl "));
    }

    fn stop_those(&mut self, which: impl Fn(&Job) -> bool) {
        let jobs = std::mem::take(&mut self.jobs).into_iter();
        let (old, rest): (Vec<Job>, Vec<Job>) = jobs.partition(which);
        self.jobs = rest;
        for job in old {
            self.shell.stop(&job, "INT");
        }
    }

    /// The number of listeners of the room.
    fn listening(&mut self) -> Option<u32> {
        let (_, health) = self
            .shell
            .run("/usr/bin/curl -s http://127.0.0.1:1337/health");
        let health: serde_json::Value = serde_json::from_str(&health).ok()?;
        Some(health["listeners"].as_u64()? as u32)
    }

    fn windows(&self) -> usize {
        self.display.as_ref().map_or(0, |display| {
            let found = display.xdotool(&["search", "--onlyvisible", "--class", "chatroom"]);
            found.lines().count()
        })
    }

    /// Repeats a command that only reads until its output is as shown, since other jobs may still be working.
    fn see(&mut self, place: &str, text: &str, seen: &str) {
        if goes_on(text) {
            self.begin(place, text);
            let Some(job) = self.jobs.last().cloned() else {
                return;
            };
            let until = Instant::now() + PATIENCE;
            while !fits(seen, &self.shell.so_far(&job)) {
                if Instant::now() > until {
                    let said = self.shell.so_far(&job);
                    self.note(format!("{place}: shown is\n{seen}--- but it is\n{said}"));
                    return;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            return;
        }
        let looks = text.contains("curl ")
            && ![" -d", "--data", "-X", "-u ", "-O"]
                .iter()
                .any(|w| text.contains(w));
        let until = Instant::now() + PATIENCE;
        loop {
            let (code, said) = self.shell.run(text);
            // curl reports a refusal on a line of its own.
            let said: String = said
                .split_inclusive('\n')
                .map(|line| match line.find("curl: (22) The requested") {
                    Some(at) => &line[..at],
                    None => line,
                })
                .collect();
            let refused = seen.contains("\"error\":") && code == 22;
            if (code == 0 || refused) && fits(seen, &said) {
                return;
            }
            if !looks || Instant::now() > until {
                self.note(format!(
                    "{place}: exit code {code} of\n{text}--- shown is\n{seen}--- but it is\n{said}"
                ));
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Returns whether its reader ends it by Ctrl-C.
fn goes_on(text: &str) -> bool {
    let word = |word: &str| text.contains(word);
    let endless = Regex::new(
        r"(?m)^([A-Z_]+=('[^']*'|\S+) |sudo |\./)*(chatroom(-\S+)? (server|gui)\b|tail -f|curl -N |python3 |sh )",
    );
    let endless = endless.expect("a pattern").is_match(text) || word(" --follow");
    let ends = [
        "poll=1",
        "--help",
        "| head",
        "| grep -m",
        "timeout ",
        " &\n",
        "<<",
    ];
    endless && !ends.iter().any(|end| word(end))
}

/// Returns whether the output is as shown: `...` stands for anything, and variable values (ids, times, tokens,
/// lengths) for any of their kind.
fn fits(shown: &str, printed: &str) -> bool {
    let (shown, printed) = (same(shown), same(printed));
    let parts: Vec<String> = shown.trim().split("...").map(regex::escape).collect();
    let pattern = format!("(?s)^{}$", parts.join(".*?"));
    let pattern = Regex::new(&pattern).expect("a pattern");
    pattern.is_match(printed.trim())
}

fn same(text: &str) -> String {
    let mut text = text.replace('\r', "");
    for (pattern, kind) in [
        (r"[0-9a-f]{8}-\d+-[0-9a-f]{4}", "ID"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", "TIME"),
        (r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", "DATE"),
        (r#""token":"[\w-]+""#, "\"token\":TOKEN"),
        (r#""(elapsed|idle|uptime|log_bytes|listeners)":\d+"#, "$1 N"),
        (r"\]: \d+:\d\d:\d\d:", "]: ELAPSED:"),
        (r"chatroom \d+\.\d+\.\d+, [0-9a-f]{16}", "VERSION"),
        (r"\d+\.\d+\.\d+(-\w+)?", "VERSION"),
        (r"(?m)\t[0-9a-f]{8}\b", "\tCHECK"),
        (r"(?m)^(Content-Length: |ETag: |Content-Range: ).*$", "$1"),
        (r"(?m)[ \t]+$", ""),
    ] {
        let pattern = Regex::new(pattern).expect("a pattern");
        text = pattern.replace_all(&text, kind).into_owned();
    }
    text
}

#[test]
fn shown_output_is_compared_by_kind() {
    let said =
        "{\"id\":\"4484aa34-215-eff2\",\"at\":\"2026-11-23T14:05:28.139673Z\",\"elapsed\":0}\n";
    let shown =
        "{\"id\":\"059ec43f-152-da58\",\"at\":\"2026-11-23T22:34:57.180845Z\",\"elapsed\":17}";
    assert!(fits(shown, said));
    assert!(fits("{\"id\"...}", said));
    assert!(!fits("{\"id\":...,\"text\":...}", said));
    assert!(!fits("", said));
    for text in [
        "chatroom server --room lobby\n",
        "CHATROOM_KEY='open' chatroom server\n",
        "curl -N http://127.0.0.1:1337/events\n",
        "chatroom replay log.txt --follow --times\n",
    ] {
        assert!(goes_on(text), "{text}");
    }
    for text in [
        "chatroom server --help\n",
        "curl -N 'http://127.0.0.1:1337/events?poll=1'\n",
        "curl http://127.0.0.1:1337/members\n",
        "chatroom replay log.txt --stats\n",
    ] {
        assert!(!goes_on(text), "{text}");
    }
}
