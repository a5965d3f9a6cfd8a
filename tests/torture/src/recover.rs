//! Opens what a crash has left, as an application would, and tells what is there.

use anchorite_vfs::sim::{Hook, Image, Recording, SimDisk};
use anyhow::{Result, ensure};
use rusqlite::Connection;

use crate::configuration::Configuration;
use crate::digest::{Digest, digest};
use crate::record::{connect, integrity};
use crate::switch::Switch;

/// The databases of a disk after recovery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Recovered {
    States(Vec<Digest>),
    /// Opening, reading or closing failed.
    Failed(String),
}

/// A disk and the databases on it.
pub(crate) struct Patient<'a> {
    pub(crate) switch: &'a Switch,
    pub(crate) configuration: Configuration,
    pub(crate) files: &'a [String],
}

/// How deep to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Read everything.
    Read,
    /// Check integrity as well, and write.
    Write,
}

impl Patient<'_> {
    /// Opens an image and reads all of its databases.
    pub(crate) fn recover(&self, image: &Image, depth: Depth) -> Recovered {
        let medium = self.configuration.medium();
        let disk = self.switch.plug_image(medium, image, false);
        self.examine(&disk, depth)
    }

    /// The same, while `hook` lets operations fail.
    pub(crate) fn recover_with_faults(&self, image: &Image, hook: Hook) -> Recovered {
        let medium = self.configuration.medium();
        let disk = self.switch.plug_image(medium, image, false);
        disk.set_hook(Some(hook));
        self.examine(&disk, Depth::Read)
    }

    /// The same, with every change that recovery makes.
    pub(crate) fn recover_recording(&self, image: &Image) -> (Recovered, Recording) {
        let medium = self.configuration.medium();
        let disk = self.switch.plug_image(medium, image, true);
        let recovered = self.examine(&disk, Depth::Read);
        (recovered, disk.recording())
    }

    fn examine(&self, disk: &SimDisk, depth: Depth) -> Recovered {
        let states = self.states().and_then(|states| {
            if depth == Depth::Write {
                self.write()?;
            }
            Ok(states)
        });
        let states = match states {
            Ok(states) => states,
            Err(error) => return Recovered::Failed(format!("{error:#}")),
        };
        match (disk.open_handles(), disk.owned()) {
            (0, 0) => Recovered::States(states),
            left => Recovered::Failed(format!("left open after close: {left:?}")),
        }
    }

    fn states(&self) -> Result<Vec<Digest>> {
        let connection = self.connect()?;
        let schemas = (0..self.files.len()).map(schema);
        let states = schemas.map(|schema| digest(&connection, &schema));
        let states = states.collect::<rusqlite::Result<_>>()?;
        connection.close().map_err(|(_, error)| error)?;
        Ok(states)
    }

    /// All databases. One that is missing may lie aside: opening brings it back, or makes it.
    fn connect(&self) -> Result<Connection> {
        let connection = connect(self.switch, &self.files[0])?;
        for (index, file) in self.files.iter().enumerate().skip(1) {
            connection.execute("ATTACH ?1 AS ?2", (file, schema(index)))?;
        }
        Ok(connection)
    }

    /// What was recovered can be worked with: integrity before and after a transaction.
    fn write(&self) -> Result<()> {
        let connection = self.connect()?;
        self.check(&connection)?;
        connection.execute_batch(
            "BEGIN IMMEDIATE;
             CREATE TABLE torture_after(a);
             INSERT INTO torture_after VALUES (zeroblob(3000));
             COMMIT",
        )?;
        connection.close().map_err(|(_, error)| error)?;
        let connection = self.connect()?;
        let count = connection.query_row("SELECT count(*) FROM torture_after", [], |row| {
            row.get::<_, i64>(0)
        })?;
        ensure!(count == 1, "what was written after recovery is not there");
        self.check(&connection)?;
        Ok(connection.close().map_err(|(_, error)| error)?)
    }

    fn check(&self, connection: &Connection) -> Result<()> {
        for (index, file) in self.files.iter().enumerate() {
            let found = integrity(connection, &schema(index))?;
            ensure!(found == "ok", "{file}: {found}");
        }
        Ok(())
    }
}

/// `main` for the first file, `d1` and so on for the others.
fn schema(index: usize) -> String {
    match index {
        0 => "main".to_owned(),
        other => format!("d{other}"),
    }
}
