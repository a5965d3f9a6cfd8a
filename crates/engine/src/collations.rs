//! Orders of text that the host knows; used by `crates/wasm`. It must not know how.
//!
//! A collation cannot tell SQLite that it has failed, and what was compared with its help may lie
//! in an index in the wrong place. So nothing is kept of what was done with it:
//!
//! ```text
//! compare fails ──► noted; from here on all texts are equal
//!      commit   ──► refused (changes.rs)
//!      the end  ──► an open transaction is rolled back, and the words are the error
//! ```

use std::cmp::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::EngineError;
use crate::functions::Failure;
use crate::session::Session;

/// Why a collation of a connection has failed, since somebody looked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Broken(Arc<Mutex<Option<String>>>);

impl Broken {
    pub(crate) fn is_noted(&self) -> bool {
        self.with(|words| words.is_some())
    }

    pub(crate) fn take(&self) -> Option<String> {
        self.with(Option::take)
    }

    fn note(&self, words: String) {
        self.with(|noted| *noted = Some(words));
    }

    fn with<T>(&self, work: impl FnOnce(&mut Option<String>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Session {
    /// Makes an order of texts known to this connection. Work that may use it goes through
    /// [`unbroken`](Self::unbroken).
    ///
    /// # Errors
    /// `SQLITE_BUSY` while statements are running.
    pub fn create_collation(
        &self,
        name: &str,
        compare: impl Fn(&str, &str) -> Result<Ordering, Failure> + Send + 'static,
    ) -> Result<(), EngineError> {
        let broken = self.broken.clone();
        let compare = move |left: &str, right: &str| {
            if broken.is_noted() {
                return Ordering::Equal;
            }
            compare(left, right).unwrap_or_else(|failure| {
                broken.note(match failure {
                    Failure::Failed(words) => words,
                    Failure::Stopped => "interrupted".to_owned(),
                });
                Ordering::Equal
            })
        };
        Ok(self.connection.create_collation(name, compare)?)
    }

    /// Does something with the connection. If a collation fails in it, nothing has happened, and a
    /// transaction that was open is over.
    ///
    /// # Errors
    /// Those of `work`; `SQLITE_ERROR` with the words of the collation.
    pub fn unbroken<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let outcome = work(self);
        match self.broken.take() {
            None => outcome,
            Some(words) => Err(self.refuse_broken(words)),
        }
    }

    #[cold]
    fn refuse_broken(&mut self, words: String) -> EngineError {
        let undone = match self.in_transaction() {
            true => self.undo("ROLLBACK"),
            false => Ok(()),
        };
        let refused = EngineError::plain("SQLITE_ERROR", words);
        undone.err().unwrap_or(refused)
    }
}
