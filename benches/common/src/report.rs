//! The figures, by scenario, case, server and round: printed as tables of medians with the smallest and the largest
//! round, and saved.

mod machine;
mod save;
mod table;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{Res, stop};
pub use machine::{describe, disk};
pub use save::{Saved, save};
pub use table::{Column, Form, Ratio, align, cell, table};

/// The folder for all output: `target/bench`.
pub fn folder() -> Res<PathBuf> {
    let program = std::env::current_exe()?;
    let target = program.ancestors().nth(3).ok_or("no target folder")?;
    let folder = target.join("bench");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Named numbers of one run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Values(BTreeMap<String, f64>);

impl Values {
    /// Sets a number.
    pub fn put(&mut self, name: &str, value: f64) {
        self.0.insert(name.to_string(), value);
    }

    /// The number of this name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied()
    }
}

/// One run of one server.
#[derive(Clone, Debug, Serialize)]
pub struct Record {
    /// The scenario.
    pub scenario: String,
    /// Its case, if it has several; otherwise empty.
    pub case: String,
    /// The server.
    pub server: String,
    /// The round, from 1.
    pub round: usize,
    /// The figures.
    pub values: Values,
}

/// All runs of a benchmark, and what is made of them.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// The machine, versions and command.
    pub machine: BTreeMap<String, String>,
    /// The runs.
    pub records: Vec<Record>,
    /// The runs that failed, with the reason.
    pub failures: Vec<String>,
    /// The finished tables by name.
    #[serde(skip)]
    pub tables: Vec<(String, String)>,
    /// The finished plots by name, as SVG.
    #[serde(skip)]
    pub plots: Vec<(String, String)>,
}

impl Report {
    /// Keeps a run that succeeded or failed.
    ///
    /// # Errors
    /// A signal asks the benchmark to stop.
    pub fn keep(
        &mut self,
        scenario: &str,
        case: &str,
        server: &str,
        round: usize,
        run: Res<Values>,
    ) -> Res<()> {
        stop::check()?;
        let what = [scenario, case, server].join(" ").replace("  ", " ");
        match run {
            Ok(values) => {
                eprintln!("  {what}, round {round}: done");
                self.records.push(Record {
                    scenario: scenario.to_string(),
                    case: case.to_string(),
                    server: server.to_string(),
                    round,
                    values,
                });
            }
            Err(error) => {
                let failure = format!("{what}, round {round}: {error}");
                eprintln!("  FAILED: {failure}");
                self.failures.push(failure);
            }
        }
        Ok(())
    }

    /// This number in each round.
    pub fn rounds(&self, scenario: &str, case: &str, server: &str, name: &str) -> Vec<f64> {
        let fits = |r: &&Record| r.scenario == scenario && r.case == case && r.server == server;
        let records = self.records.iter().filter(fits);
        records.filter_map(|r| r.values.get(name)).collect()
    }

    /// The median of this number over the rounds.
    pub fn median(&self, scenario: &str, case: &str, server: &str, name: &str) -> Option<f64> {
        median(self.rounds(scenario, case, server, name))
    }

    /// The servers of a scenario, in the order in which they first ran.
    pub fn servers(&self, scenario: &str, case: &str) -> Vec<String> {
        let mut servers: Vec<String> = Vec::new();
        for record in &self.records {
            let fits = record.scenario == scenario && record.case == case;
            if fits && !servers.contains(&record.server) {
                servers.push(record.server.clone());
            }
        }
        servers
    }

    /// Prints a finished table and keeps it under its name.
    pub fn publish(&mut self, name: &str, text: String) {
        println!("\n{text}");
        self.tables.push((name.to_string(), text));
    }

    /// Publishes the description of the machine.
    pub fn publish_machine(&mut self, name: &str) {
        let lines = self.machine.iter();
        let lines: String = lines
            .map(|(name, value)| format!("{name}: {value}\n"))
            .collect();
        self.publish(name, format!("```text\n{lines}```\n"));
    }

    /// Prints the failures; returns true if there are none.
    pub fn say_failures(&self) -> bool {
        for failure in &self.failures {
            eprintln!("FAILED: {failure}");
        }
        self.failures.is_empty()
    }

    /// Keeps a finished plot.
    pub fn plot(&mut self, name: &str, svg: String) {
        self.plots.push((name.to_string(), svg));
    }
}

/// The median; of an even number of values the mean of the middle two.
pub fn median(mut all: Vec<f64>) -> Option<f64> {
    all.sort_by(f64::total_cmp);
    let half = all.len() / 2;
    match all.len() {
        0 => None,
        n if n % 2 == 0 => Some((all[half - 1] + all[half]) / 2.0),
        _ => Some(all[half]),
    }
}
