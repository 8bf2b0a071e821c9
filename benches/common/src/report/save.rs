//! Saves the figures as JSON and the tables as Markdown, and on request both tables and plots into the documentation.

use std::fs;
use std::path::Path;

use super::{Report, folder};
use crate::Res;

/// The destination of a benchmark's results.
#[derive(Clone, Copy, Debug)]
pub struct Saved {
    /// The prefix of its files' names.
    pub prefix: &'static str,
    /// Its page below docs/.
    pub page: &'static str,
}

/// Saves the results, with `documentation` also into the documentation.
pub fn save(report: &Report, saved: &Saved, documentation: bool) -> Res<()> {
    let prefix = saved.prefix;
    let folder = folder()?;
    let json = serde_json::to_string_pretty(report)?;
    fs::write(folder.join(format!("{prefix}results.json")), json)?;
    let tables = report.tables.iter().map(|(_, text)| text.as_str());
    fs::write(
        folder.join(format!("{prefix}tables.md")),
        tables.collect::<Vec<_>>().join("\n"),
    )?;
    for (name, svg) in &report.plots {
        fs::write(folder.join(format!("{name}.svg")), svg)?;
    }
    if documentation {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
        let page = docs.join(saved.page);
        let mut text = fs::read_to_string(&page)?;
        for (name, table) in &report.tables {
            text = replaced(&text, name, table)?;
        }
        fs::write(page, text)?;
        for (name, svg) in &report.plots {
            fs::create_dir_all(docs.join("plots"))?;
            fs::write(docs.join("plots").join(format!("{name}.svg")), svg)?;
        }
    }
    eprintln!("\nsaved in {}", folder.display());
    Ok(())
}

/// The page with a new table between the marks of this name.
fn replaced(page: &str, name: &str, table: &str) -> Res<String> {
    let begin = format!("<!-- bench:{name} begin -->\n");
    let end = format!("<!-- bench:{name} end -->");
    let parts = page.split_once(&begin);
    let parts = parts.and_then(|(before, rest)| Some((before, rest.split_once(&end)?.1)));
    let (before, after) = parts.ok_or_else(|| format!("no marks of {name} in the page"))?;
    Ok([before, &begin, table, &end, after].concat())
}
