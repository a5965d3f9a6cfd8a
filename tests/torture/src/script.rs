//! What a workload does, as text: one acknowledged step on each line.
//!
//! ```text
//! !page 1024            page size of every database; also: !cache PAGES, !files a.db b.db
//! SQL                   on connection 1, must succeed
//! 2> SQL                on connection 2, to the first file
//! busy: SQL             must end with SQLITE_BUSY; after "2> " as well
//! fails: SQL            must end with another error
//! *5 LINE               five steps; {i} is 1 to 5
//! .attach b.db b        attaches, with the journal mode and level of this run
//! .detach b             detaches
//! .reopen               closes all connections and opens the first one
//! .import a.db 30       replaces a database by one with 30 rows, through files::Import
//! .abandon              closes the first file without a checkpoint, for an import over its WAL
//! .delete a.db          closes all connections; files::delete_database; a .reopen must follow
//! .vacuum_into c.db     VACUUM INTO; the file counts once it is attached
//! ```

use anyhow::{Context, Result, bail};

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Sql {
        /// From 0.
        connection: usize,
        sql: String,
        expected: Expected,
    },
    Attach {
        file: String,
        schema: String,
    },
    Detach {
        schema: String,
    },
    Reopen,
    Abandon,
    Import {
        file: String,
        rows: u32,
    },
    Delete {
        file: String,
    },
    VacuumInto {
        file: String,
    },
}

/// How a statement ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    Success,
    Busy,
    Failure,
}

/// A workload, taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) page_size: u32,
    /// In pages; `None`: SQLite's default.
    pub(crate) cache: Option<u32>,
    /// The databases, the first one opened, the others attached.
    pub(crate) files: Vec<String>,
    pub(crate) actions: Vec<Action>,
}

impl Script {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut script = Self {
            page_size: 1024,
            cache: None,
            files: vec!["a.db".to_owned()],
            actions: Vec::new(),
        };
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        for line in lines {
            script
                .line(line)
                .with_context(|| format!("in the line {line:?}"))?;
        }
        Ok(script)
    }

    fn line(&mut self, line: &str) -> Result<()> {
        if let Some(setting) = line.strip_prefix('!') {
            return self.setting(setting);
        }
        let Some(repeated) = line.strip_prefix('*') else {
            self.actions.push(action(line)?);
            return Ok(());
        };
        let (count, line) = two(repeated)?;
        for number in 1..=count.parse::<u32>()? {
            let line = line.replace("{i}", &number.to_string());
            self.actions.push(action(&line)?);
        }
        Ok(())
    }

    fn setting(&mut self, setting: &str) -> Result<()> {
        let (name, value) = two(setting)?;
        match name {
            "page" => self.page_size = value.parse()?,
            "cache" => self.cache = Some(value.parse()?),
            "files" => self.files = value.split(' ').map(str::to_owned).collect(),
            other => bail!("unknown setting {other:?}"),
        }
        Ok(())
    }
}

fn action(line: &str) -> Result<Action> {
    if let Some(command) = line.strip_prefix('.') {
        return self::command(command);
    }
    let (connection, rest) = match line.strip_prefix("2> ") {
        Some(rest) => (1, rest),
        None => (0, line),
    };
    let busy = rest.strip_prefix("busy: ");
    let failing = rest.strip_prefix("fails: ");
    let (expected, sql) = match (busy, failing) {
        (Some(sql), _) => (Expected::Busy, sql),
        (_, Some(sql)) => (Expected::Failure, sql),
        _ => (Expected::Success, rest),
    };
    Ok(Action::Sql {
        connection,
        sql: sql.to_owned(),
        expected,
    })
}

fn command(command: &str) -> Result<Action> {
    let owned = |text: &str| text.to_owned();
    match command {
        "reopen" => return Ok(Action::Reopen),
        "abandon" => return Ok(Action::Abandon),
        _ => {}
    }
    let (name, rest) = two(command)?;
    Ok(match name {
        "attach" => {
            let (file, schema) = two(rest)?;
            let (file, schema) = (owned(file), owned(schema));
            Action::Attach { file, schema }
        }
        "detach" => Action::Detach {
            schema: owned(rest),
        },
        "import" => {
            let (file, rows) = two(rest)?;
            let (file, rows) = (owned(file), rows.parse()?);
            Action::Import { file, rows }
        }
        "delete" => Action::Delete { file: owned(rest) },
        "vacuum_into" => Action::VacuumInto { file: owned(rest) },
        other => bail!("unknown command {other:?}"),
    })
}

fn two(text: &str) -> Result<(&str, &str)> {
    text.split_once(' ').context("a word is missing")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_actions() {
        let text = "!page 512\n !files a.db b.db\n\n*2 2> busy: SELECT {i}\n.attach b.db b";
        let script = Script::parse(text).unwrap();
        assert_eq!((script.page_size, script.files.len()), (512, 2));
        assert_eq!(script.actions.len(), 3);
        let second = Action::Sql {
            connection: 1,
            sql: "SELECT 2".to_owned(),
            expected: Expected::Busy,
        };
        assert_eq!(script.actions[1], second);
        assert!(Script::parse(".attach b.db").is_err());
        assert!(Script::parse("!colour red").is_err());
    }
}
