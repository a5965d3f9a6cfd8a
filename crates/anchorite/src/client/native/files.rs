//! Databases as files: where they are, and how one comes in. Called by `mod.rs` and `worker.rs`.

use std::path::{Component, Path, PathBuf};
use std::time::Duration;
use std::{fs, thread};

use anchorite_engine::{self as engine, Session};
use futures_channel::oneshot;

use super::worker::patiently;
use super::{failed_io, gone};
use crate::client::OpenOptions;
use crate::error::Error;

/// Makes a database of these bytes, if they are one.
pub(crate) async fn import(
    options: &OpenOptions,
    bytes: Vec<u8>,
    overwrite: bool,
) -> Result<(), Error> {
    let (reply, done) = oneshot::channel();
    let options = options.clone();
    let work = move || drop(reply.send(import_now(&options, &bytes, overwrite)));
    let thread = thread::Builder::new().name("anchorite".to_owned());
    thread.spawn(work).map_err(failed_io)?;
    done.await.map_err(|_| gone())?
}

/// The old or the new database is there, never a mixture.
fn import_now(options: &OpenOptions, bytes: &[u8], overwrite: bool) -> Result<(), Error> {
    let path = path(options)?;
    let incoming = format!("{path}.incoming");
    let place = || {
        fs::write(&incoming, bytes).map_err(failed_io)?;
        fs::File::open(&incoming)
            .and_then(|file| file.sync_all())
            .map_err(failed_io)?;
        Session::check(&incoming, None, |_| Ok(()))?;
        if Path::new(&path).exists() {
            if !overwrite {
                let message = format!("there is a database {:?} already", options.name);
                return Err(Error::new("EXISTS", message));
            }
            leave_alone(&path, options.busy_timeout)?;
        }
        fs::rename(&incoming, &path).map_err(failed_io)
    };
    place().inspect_err(|_| drop(fs::remove_file(&incoming)))
}

/// Sees to it that nobody has a database open in WAL, and that it has no files beside it.
fn leave_alone(path: &str, limit: Duration) -> Result<(), Error> {
    let rules = engine::OpenOptions::default();
    let session = patiently(limit, || false, || Session::open(path, None, &rules))?;
    let leave = || session.query("PRAGMA journal_mode = delete", &engine::Params::NONE);
    patiently(limit, || false, leave)?;
    Ok(session.close()?)
}

/// The file of a database.
pub(super) fn path(options: &OpenOptions) -> Result<String, Error> {
    let name = &options.name;
    if name == ":memory:" {
        return Ok(name.clone());
    }
    let is_normal = |part| matches!(part, Component::Normal(_));
    if name.is_empty() || !Path::new(name).components().all(is_normal) {
        let message = format!("{name:?} is no path below the directory of databases");
        return Err(Error::new("INVALID_NAME", message));
    }
    let path: PathBuf = options.directory.join(name);
    if let Some(folder) = path.parent().filter(|_| options.create) {
        fs::create_dir_all(folder).map_err(failed_io)?;
    }
    let path = path.into_os_string().into_string();
    path.map_err(|path| Error::new("INVALID_NAME", format!("{path:?} is not UTF-8")))
}
