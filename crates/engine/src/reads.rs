//! What a statement reads, so that whoever keeps its rows knows when they may be old; used by
//! `calls.rs` for a description. It must not know who wants to know.
//!
//! The authorizer names the tables, those of views among them (`changes.rs`). Behind other names
//! stands what it does not name: the rows of a virtual table come from wherever its module likes,
//! and SQLite writes to tables like `sqlite_sequence` without asking. Such a statement reads
//! anything: that is more than it does, never less.

use anchorite_sorted::{Map, Set};

use crate::changes::Read;
use crate::error::EngineError;
use crate::session::Session;

/// What a statement may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadSet {
    /// Tables by their databases, where those are known, in lower case; `None`: any table.
    pub tables: Option<Set<(Option<String>, String)>>,
    /// The databases of the connection, by name in lower case, and their paths; empty in memory.
    pub files: Vec<(String, String)>,
}

/// Modules whose rows depend on nothing but their arguments.
const PURE: [&str; 5] = [
    "generate_series",
    "json_each",
    "json_tree",
    "jsonb_each",
    "jsonb_tree",
];

/// What names mean: by name, in which databases they are, and as what.
type Names = Map<String, Vec<(String, String)>>;

impl Session {
    /// Looks behind the names that the authorizer has heard.
    pub(crate) fn read_set(&self, reads: Set<Read>) -> Result<ReadSet, EngineError> {
        let names = self.table_kinds()?;
        let modules = self.module_names()?;
        let mut tables = Some(Set::new());
        for (database, table) in reads {
            let is_its =
                |it: &&(String, String)| database.as_ref().is_none_or(|name| *name == it.0);
            let kinds = names.get(&table).into_iter().flatten().filter(is_its);
            let kinds: Vec<&str> = kinds.map(|(_, kind)| &**kind).collect();
            // What is no table at all is a name that the statement itself gives, or a module.
            let is_module = kinds.is_empty() && modules.contains(&table);
            if table.starts_with("sqlite_")
                || kinds.iter().any(is_written_behind)
                || (is_module && !PURE.contains(&&*table))
            {
                tables = None;
            } else if kinds.contains(&"table")
                && let Some(tables) = &mut tables
            {
                tables.insert((database, table));
            }
        }
        let files = self.files()?;
        Ok(ReadSet { tables, files })
    }

    fn table_kinds(&self) -> Result<Names, EngineError> {
        let sql = "SELECT lower(name), lower(schema), type FROM pragma_table_list";
        let mut list = self.connection.prepare_cached(sql)?;
        let mut rows = list.query([])?;
        let mut names = Names::new();
        while let Some(row) = rows.next()? {
            let kinds = names.get_or_default(row.get(0)?);
            kinds.push((row.get(1)?, row.get(2)?));
        }
        Ok(names)
    }

    fn module_names(&self) -> Result<Set<String>, EngineError> {
        let sql = "SELECT lower(name) FROM pragma_module_list";
        let mut list = self.connection.prepare_cached(sql)?;
        let names = list.query_map([], |row| row.get(0))?;
        Ok(names.collect::<rusqlite::Result<_>>()?)
    }

    /// The databases of the connection: their names in lower case, and their paths.
    pub(crate) fn files(&self) -> Result<Vec<(String, String)>, EngineError> {
        let sql = "SELECT lower(name), ifnull(file, '') FROM pragma_database_list";
        let mut list = self.connection.prepare_cached(sql)?;
        let files = list.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(files.collect::<rusqlite::Result<_>>()?)
    }
}

/// Whether its rows may change without a statement that names it.
fn is_written_behind(kind: &&str) -> bool {
    ["virtual", "shadow"].contains(kind)
}
