//! The workloads as data: `workloads/*.sql`, of which `script.rs` says how to read one.
//!
//! A file begins with comments; then each workload is a line `== name` and its script. They are
//! small on purpose: what counts is how many different moments there are to crash at.

use anyhow::{Context, Result};

use crate::configuration::Journal;
use crate::script::Script;

const FILES: [&str; 5] = [
    include_str!("../workloads/rows.sql"),
    include_str!("../workloads/schema.sql"),
    include_str!("../workloads/pages.sql"),
    include_str!("../workloads/files.sql"),
    include_str!("../workloads/connections.sql"),
];

/// A script with a name.
#[derive(Clone, Debug)]
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) script: Script,
}

impl Workload {
    /// Readers beside a writer are a matter of WAL; those workloads say so in their names.
    pub(crate) fn runs_in(&self, journal: Journal) -> bool {
        !self.name.starts_with("wal-") || journal == Journal::Wal
    }
}

/// All of them.
pub(crate) fn all() -> Result<Vec<Workload>> {
    let files = FILES.iter().map(|file| parse(file));
    Ok(files.collect::<Result<Vec<_>>>()?.concat())
}

/// Those of one file.
pub(crate) fn parse(file: &'static str) -> Result<Vec<Workload>> {
    file.split("\n== ").skip(1).map(workload).collect()
}

fn workload(part: &'static str) -> Result<Workload> {
    let (name, text) = part.split_once('\n').unwrap_or((part, ""));
    let script = Script::parse(text).with_context(|| format!("in the workload {name}"))?;
    Ok(Workload { name, script })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn there_are_more_than_sixty_and_each_has_a_name_of_its_own() {
        let all = super::all().unwrap();
        let names: BTreeSet<_> = all.iter().map(|workload| workload.name).collect();
        assert_eq!(names.len(), all.len());
        assert!(all.len() >= 60, "{} workloads", all.len());
    }
}
