//! The logical state of a database as one number: all pages as the pager shows them.
//!
//! Left out are the leaf pages of the freelist: SQLite neither journals nor writes what lies in
//! them, so that they may differ between two equal states.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher};

use foldhash::quality::FixedState;
use rusqlite::{Connection, OptionalExtension, Result};

/// Of one database file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digest(u64);

/// A database without a page, or without a file.
pub(crate) const EMPTY: Digest = Digest(0);

/// The digest of an attached database, in one read transaction.
pub(crate) fn digest(connection: &Connection, schema: &str) -> Result<Digest> {
    let mut hashes = Vec::new();
    let mut freelist = 0;
    {
        let mut pages = connection.prepare_cached("SELECT data FROM sqlite_dbpage(?1)")?;
        let mut rows = pages.query([schema])?;
        while let Some(row) = rows.next()? {
            let page = row.get_ref(0)?.as_blob()?;
            if hashes.is_empty() {
                freelist = number(page, 32);
            }
            hashes.push(hash(page));
        }
    }
    if hashes.is_empty() {
        return Ok(EMPTY);
    }
    for leaf in leaves(connection, schema, freelist)? {
        if let Some(hash) = hashes.get_mut(leaf - 1) {
            *hash = 0;
        }
    }
    Ok(Digest(FixedState::with_seed(5).hash_one(hashes)))
}

fn hash(page: &[u8]) -> u64 {
    let mut hasher = FixedState::with_seed(4).build_hasher();
    hasher.write(page);
    hasher.finish()
}

/// The page numbers of the freelist's leaves; source: <https://sqlite.org/fileformat2.html>.
#[expect(clippy::cast_possible_wrap, reason = "page numbers have 32 bits")]
fn leaves(connection: &Connection, schema: &str, first: usize) -> Result<BTreeSet<usize>> {
    let mut leaves = BTreeSet::new();
    let mut trunks = BTreeSet::new();
    let mut trunk = first;
    while trunk != 0 && trunks.insert(trunk) {
        let sql = "SELECT data FROM sqlite_dbpage(?1) WHERE pgno = ?2";
        let mut page = connection.prepare_cached(sql)?;
        let page: Option<Vec<u8>> = page
            .query_row((schema, trunk as i64), |row| row.get(0))
            .optional()?;
        let Some(page) = page else {
            break;
        };
        trunk = number(&page, 0);
        let count = number(&page, 4).min(page.len() / 4 - 2);
        leaves.extend((0..count).map(|at| number(&page, 8 + 4 * at)));
    }
    leaves.remove(&0);
    Ok(leaves)
}

/// Four bytes, big-endian.
fn number(page: &[u8], at: usize) -> usize {
    let bytes = [page[at], page[at + 1], page[at + 2], page[at + 3]];
    usize::try_from(u32::from_be_bytes(bytes)).expect("32 bits fit on native targets")
}
