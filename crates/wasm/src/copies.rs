//! Copies of whole databases: to be read part by part, and to be kept under another name.
//!
//! Called by `jobs.rs`. JavaScript knows a copy by a key that it has made.
//!
//! ```text
//! begin ── step* ─┬─ read* ────────── end    a temporary file
//!                 └─ seal ── finish ─ end    an import of what is here
//! ```
//!
//! The source is a connection of the copy's own, with a transaction that sees what was committed
//! when it began. It is open while pages are copied, and no longer: whoever reads the copy slowly
//! holds up nobody, neither a checkpoint nor, with a rollback journal, those who write. A database
//! in memory has no other connection; it copies itself, in one step.

use std::cell::RefCell;

use anchorite_engine::{Extent, Patience, unmark_wal};
use anchorite_sorted::Map;
use anchorite_vfs::files::Import;
use anchorite_vfs::{File, path};
use js_sys::Uint8Array;
use wasm_bindgen::JsValue;

use crate::error::JobError;
use crate::files::make_whole;
use crate::jobs::{self, Outcome};
use crate::media::{self, ensure_opfs};

/// Bytes that are copied, or read, at once: as many as the largest pages have, or more.
const PIECE_SIZE: u32 = 1024 * 1024;

/// What is to be done with a copy.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Begin {
        /// The name it shall have, and whether a database may be replaced; none if it is to be
        /// read.
        to: Option<(String, bool)>,
        portable: bool,
    },
    /// Copies on.
    Step,
    /// Reads on.
    Read,
    /// All is there.
    Seal,
    /// Gives it its name.
    Finish,
    End,
}

impl Act {
    /// By the name in js/src/worker/host.ts.
    pub(crate) fn from_name(name: &str) -> Self {
        match name {
            "step" => Self::Step,
            "read" => Self::Read,
            "seal" => Self::Seal,
            "finish" => Self::Finish,
            _ => Self::End,
        }
    }
}

struct Copy {
    /// The connection that it was asked of.
    user: u32,
    /// The connection that sees what is copied; none when all is.
    source: Option<u32>,
    extent: Extent,
    /// Pages that are copied.
    pages: u32,
    portable: bool,
    target: Target,
}

enum Target {
    /// With how much of it was read.
    Temporary(Box<dyn File>, u64),
    Import(Import),
}

thread_local! {
    static COPIES: RefCell<Map<String, Copy>> = const { RefCell::new(Map::new()) };
}

/// Does one thing with a copy. `begin` and `step` answer its size, in all and so far; `read`
/// answers bytes, none at the end.
pub(crate) fn attempt(user: u32, key: &str, act: &Act, patience: Patience) -> Outcome {
    match act {
        Act::Begin { to, portable } => begin(user, key, (to.as_ref(), *portable), patience),
        Act::Step => with_copy(key, |copy| copy.step().map(size_to_js)),
        Act::Read => with_copy(key, Copy::read),
        Act::Seal => with_copy(key, |copy| {
            let import = copy.import()?;
            import.seal()?;
            Ok(JsValue::UNDEFINED)
        }),
        Act::Finish => with_copy(key, Copy::finish),
        Act::End => end(key),
    }
}

/// Ends the copies that were asked of a connection.
pub(crate) fn end_all(user: u32) -> Result<(), JobError> {
    let of_user = |copies: &Map<String, Copy>| {
        let mine = copies.iter().filter(|(_, copy)| copy.user == user);
        mine.map(|(key, _)| key.clone()).collect::<Vec<_>>()
    };
    let keys = COPIES.with_borrow(of_user);
    keys.iter().try_for_each(|key| end(key).map(drop))
}

fn begin(
    user: u32,
    key: &str,
    (to, portable): (Option<&(String, bool)>, bool),
    patience: Patience,
) -> Outcome {
    if let Some((name, _)) = to {
        path::check_database_name(name)?;
    }
    let (source, extent) = match jobs::open_beside(user)? {
        Some(source) => {
            let begun = jobs::with_session(source, "", |it| it.begin_snapshot(patience));
            (
                Some(source),
                begun.or_else(|error| closing(Some(source), error))?,
            )
        }
        None => (None, jobs::with_session(user, "", |it| it.extent())?),
    };
    let target = target(user, to).or_else(|error| closing(source, error))?;
    let copy = Copy {
        user,
        source: Some(source.unwrap_or(user)),
        extent,
        pages: 0,
        portable,
        target,
    };
    COPIES.with_borrow_mut(|copies| copies.insert(key.to_owned(), copy));
    if source.is_none() {
        with_copy(key, Copy::copy_all)?;
    }
    Ok(size_to_js(extent.size()))
}

fn target(user: u32, to: Option<&(String, bool)>) -> Result<Target, JobError> {
    match to {
        None => Ok(Target::Temporary(media::temporary(jobs::sharing(user))?, 0)),
        Some((name, overwrite)) => {
            let import = Import::begin(ensure_opfs()?.1, name, *overwrite)?;
            Ok(Target::Import(import))
        }
    }
}

/// Gives up a source; the error that was the reason stays the one to report.
fn closing<T>(source: Option<u32>, error: JobError) -> Result<T, JobError> {
    source.map_or(Ok(()), jobs::close_beside).and(Err(error))
}

/// Works with a copy, which stays afterwards, whatever comes of it.
fn with_copy<T>(
    key: &str,
    work: impl FnOnce(&mut Copy) -> Result<T, JobError>,
) -> Result<T, JobError> {
    let mut copy = take(key).ok_or_else(|| JobError::closed("copy"))?;
    let outcome = work(&mut copy);
    COPIES.with_borrow_mut(|copies| copies.insert(key.to_owned(), copy));
    outcome
}

fn take(key: &str) -> Option<Copy> {
    COPIES.with_borrow_mut(|copies| copies.remove(key))
}

/// One that is not there has ended.
fn end(key: &str) -> Outcome {
    if !COPIES.with_borrow(|copies| copies.contains_key(key)) {
        return Ok(JsValue::UNDEFINED);
    }
    // May have to be done again, so it stays where it is.
    with_copy(key, Copy::abandon)?;
    match take(key).map(|copy| copy.target) {
        Some(Target::Temporary(file, _)) => file.close()?,
        Some(Target::Import(_)) | None => {}
    }
    Ok(JsValue::UNDEFINED)
}

impl Copy {
    /// Copies a piece, or what is left; answers how many bytes there are now.
    fn step(&mut self) -> Result<u64, JobError> {
        let Some(source) = self.source else {
            return Ok(self.size());
        };
        let offset = self.size();
        let last = self.extent.pages.min(self.pages + self.pages_of_a_piece());
        let mut bytes = Vec::new();
        jobs::with_session(source, "", |session| {
            let mut pages = self.pages + 1..=last;
            pages.try_for_each(|page| session.read_page(page, &mut bytes))
        })?;
        if self.portable && offset == 0 {
            unmark_wal(&mut bytes);
        }
        match &mut self.target {
            Target::Temporary(file, _) => file.write(&bytes, offset)?,
            Target::Import(import) => import.append(&bytes)?,
        }
        self.pages = last;
        if self.pages == self.extent.pages {
            self.close_source()?;
        }
        Ok(self.size())
    }

    fn copy_all(&mut self) -> Result<(), JobError> {
        while self.source.is_some() {
            self.step()?;
        }
        Ok(())
    }

    fn pages_of_a_piece(&self) -> u32 {
        (PIECE_SIZE / self.extent.page_size).max(1)
    }

    /// Of the pages that are copied.
    fn size(&self) -> u64 {
        let pages = self.pages;
        Extent {
            pages,
            ..self.extent
        }
        .size()
    }

    fn read(&mut self) -> Outcome {
        let Target::Temporary(file, position) = &mut self.target else {
            return Err(JobError::closed("copy"));
        };
        let mut bytes = vec![0; PIECE_SIZE as usize];
        let count = file.read(&mut bytes, *position)?;
        *position += count as u64;
        Ok(Uint8Array::from(&bytes[..count]).into())
    }

    fn import(&mut self) -> Result<&mut Import, JobError> {
        match &mut self.target {
            Target::Import(import) => Ok(import),
            Target::Temporary(..) => Err(JobError::closed("copy")),
        }
    }

    /// May be tried again after `SQLITE_BUSY`.
    fn finish(&mut self) -> Outcome {
        let import = self.import()?;
        make_whole(&*ensure_opfs()?.1, import.name())?;
        import.finish()?;
        Ok(JsValue::UNDEFINED)
    }

    fn abandon(&mut self) -> Result<(), JobError> {
        let closed = self.close_source();
        if let Target::Import(import) = &mut self.target {
            import.abandon()?;
        }
        closed
    }

    fn close_source(&mut self) -> Result<(), JobError> {
        let own = self.source.take().filter(|source| *source != self.user);
        own.map_or(Ok(()), jobs::close_beside)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a size below 2^53")]
fn size_to_js(size: u64) -> JsValue {
    JsValue::from_f64(size as f64)
}
