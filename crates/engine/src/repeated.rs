//! Which texts are worth keeping compiled; used by `session.rs`.
//!
//! A program asks the same few questions again and again, and compiling one takes longer than
//! answering it. A text that comes a second time is kept compiled by rusqlite's cache. What is
//! remembered here is that it holds exactly one statement, which is a property of the text alone.
//! It must not know what a statement does.

use std::cell::RefCell;
use std::rc::Rc;

use anchorite_sorted::Map;

use crate::changes::{Written, add_all};

/// Texts that are remembered; then it begins anew.
const TEXTS_MAX: usize = 256;

/// Bytes of the longest text that is remembered.
const TEXT_SIZE_MAX: usize = 8 * 1024;

/// What a statement begins with that may be kept: no pragma and nothing that changes the schema,
/// since some of those take effect while they are compiled.
const KEPT: [&str; 6] = ["SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH"];

/// The texts that one connection has run.
#[derive(Debug, Default)]
pub(crate) struct Repeated(RefCell<Map<String, Known>>);

/// What is remembered of a text.
#[derive(Debug)]
struct Known {
    tables: Rc<Written>,
    /// Whether it once took too long to be answered at once.
    is_slow: bool,
}

impl Repeated {
    /// Whether the text was remembered, since it holds one statement that may be kept, and has not
    /// taken too long.
    pub(crate) fn is_quick(&self, sql: &str) -> bool {
        self.0.borrow().get(sql).is_some_and(|known| !known.is_slow)
    }

    /// A remembered text took too long.
    pub(crate) fn note_slow(&self, sql: &str) {
        if let Some(known) = self.0.borrow_mut().get_mut(sql) {
            known.is_slow = true;
        }
    }

    /// The tables that a remembered text may write to.
    pub(crate) fn tables(&self, sql: &str) -> Option<Rc<Written>> {
        let texts = self.0.borrow();
        texts.get(sql).map(|known| known.tables.clone())
    }

    /// A remembered text may write to more than was known.
    pub(crate) fn add(&self, sql: &str, more: &Written) {
        if let Some(known) = self.0.borrow_mut().get_mut(sql)
            && !more.is_empty()
        {
            add_all(Rc::make_mut(&mut known.tables), more);
        }
    }

    /// A text that holds exactly one statement, which ran, and the tables it may write to.
    pub(crate) fn remember(&self, sql: &str, tables: Written) {
        if sql.len() > TEXT_SIZE_MAX || !may_be_kept(sql) {
            return;
        }
        let mut texts = self.0.borrow_mut();
        if texts.len() == TEXTS_MAX {
            texts.clear();
        }
        let tables = Rc::new(tables);
        match texts.get_mut(sql) {
            Some(known) => known.tables = tables,
            None => {
                let is_slow = false;
                texts.insert(sql.to_owned(), Known { tables, is_slow });
            }
        }
    }
}

/// Comments before the first word are not looked behind: such a text is compiled each time.
fn may_be_kept(sql: &str) -> bool {
    let first = sql.trim_start().split(|c: char| !c.is_ascii_alphabetic());
    let first = first.take(1).next().unwrap_or_default();
    KEPT.iter().any(|word| word.eq_ignore_ascii_case(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_kept_and_settings_are_not() {
        let repeated = Repeated::default();
        let kept = [
            "SELECT 1",
            "\n  insert into t values (1)",
            "WITH c AS (SELECT 1) SELECT 1",
        ];
        let others = [
            "PRAGMA user_version",
            "CREATE TABLE t (a)",
            "-- x\nSELECT 1",
            "",
            "BEGIN",
        ];
        for sql in kept.iter().chain(&others) {
            repeated.remember(sql, Written::new());
        }
        assert!(kept.iter().all(|sql| repeated.is_quick(sql)));
        assert!(!others.iter().any(|sql| repeated.is_quick(sql)));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let repeated = Repeated::default();
        for number in 0..10 * TEXTS_MAX {
            repeated.remember(&format!("SELECT {number}"), Written::new());
        }
        repeated.remember(
            &format!("SELECT '{}'", "x".repeat(TEXT_SIZE_MAX)),
            Written::new(),
        );
        assert!(repeated.0.borrow().len() <= TEXTS_MAX);
    }
}
