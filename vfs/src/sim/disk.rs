//! The live side of the simulated disk: the files as a running program sees them.
//!
//! Handles exclude each other as the access handles of OPFS do, an open file can be neither
//! removed nor renamed, and ownership is that of memory. Every operation is counted and shown to
//! the hook; every change is logged.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::rc::Rc;

use super::content::Content;
use super::fault::{Fault, Hook, OperationInfo};
use super::log::{Change, Image, Logged, Medium, NodeId, Recording};
use crate::error::{ErrorKind, Operation, Result, VfsError};
use crate::path;
use crate::sharing::{Sharing, cannot_share};
use crate::storage::{Creation, File, Guarantees, Ownership, Storage};

/// A simulated disk; clones are the same disk.
#[derive(Clone, Default)]
pub struct SimDisk {
    state: Rc<RefCell<State>>,
}

#[derive(Default)]
struct State {
    medium: Medium,
    base: Image,
    names: BTreeMap<String, NodeId>,
    nodes: Vec<Node>,
    open: BTreeSet<NodeId>,
    owned: BTreeSet<String>,
    /// Kept for [`SimDisk::recording`] only.
    log: Option<Vec<Logged>>,
    clock_ms: u64,
    operations: u64,
    hook: Option<Hook>,
}

#[derive(Default)]
struct Node {
    live: Content,
    /// As of the last sync.
    synced: Content,
}

impl fmt::Debug for SimDisk {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.borrow();
        write!(
            formatter,
            "SimDisk({:?}, {} operations)",
            state.names, state.operations
        )
    }
}

impl SimDisk {
    /// An empty disk that logs its changes.
    #[must_use]
    pub fn new(medium: Medium) -> Self {
        Self::with_image(medium, &Image::default(), true)
    }

    /// A disk with these files on it, all durable. Logging costs memory: only on demand.
    #[must_use]
    pub fn with_image(medium: Medium, image: &Image, logging: bool) -> Self {
        let node = |content: &Content| Node {
            live: content.clone(),
            synced: content.clone(),
        };
        let names = image.files.keys().cloned().enumerate();
        let state = State {
            medium,
            base: image.clone(),
            names: names.map(|(number, name)| (name, NodeId(number))).collect(),
            nodes: image.files.values().map(node).collect(),
            log: logging.then(Vec::new),
            ..State::default()
        };
        Self {
            state: Rc::new(RefCell::new(state)),
        }
    }

    /// The files as a running program sees them.
    #[must_use]
    pub fn live_image(&self) -> Image {
        self.image(|node| &node.live)
    }

    /// The files with what each had synced; names as they are.
    #[must_use]
    pub fn synced_image(&self) -> Image {
        self.image(|node| &node.synced)
    }

    fn image(&self, content: impl Fn(&Node) -> &Content) -> Image {
        let state = self.state.borrow();
        let file = |(name, node): (&String, &NodeId)| {
            (name.clone(), content(&state.nodes[node.0]).clone())
        };
        Image {
            files: state.names.iter().map(file).collect(),
        }
    }

    /// What happened so far; nothing if the disk does not log.
    #[must_use]
    pub fn recording(&self) -> Recording {
        let state = self.state.borrow();
        Recording {
            medium: state.medium,
            base: state.base.clone(),
            log: state.log.clone().unwrap_or_default(),
        }
    }

    /// How many changes were logged so far.
    #[must_use]
    pub fn changes(&self) -> usize {
        self.state.borrow().log.as_ref().map_or(0, Vec::len)
    }

    /// How many operations were asked for so far, reads and questions included.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.state.borrow().operations
    }

    /// Shows every operation from now on to `hook`, or to nobody.
    pub fn set_hook(&self, hook: Option<Hook>) {
        self.state.borrow_mut().hook = hook;
    }

    /// How many handles are open: a program that has closed everything leaves 0.
    #[must_use]
    pub fn open_handles(&self) -> usize {
        self.state.borrow().open.len()
    }

    /// How many databases are owned.
    #[must_use]
    pub fn owned(&self) -> usize {
        self.state.borrow().owned.len()
    }

    /// Counts an operation and asks the hook; the borrow ends before the hook runs.
    fn begin(
        &self,
        operation: Operation,
        path: &str,
        offset: u64,
        size: usize,
    ) -> Result<Option<Fault>> {
        let (number, hook) = {
            let mut state = self.state.borrow_mut();
            state.operations += 1;
            (state.operations - 1, state.hook.clone())
        };
        let info = OperationInfo {
            number,
            operation,
            path,
            offset,
            size,
        };
        match hook.and_then(|hook| hook(&info)) {
            Some(Fault::Fail(kind)) => Err(failure(kind, operation, path)),
            other => Ok(other),
        }
    }
}

impl State {
    /// The clock goes on with each change, logged or not.
    fn record(&mut self, change: impl FnOnce() -> Change) {
        self.clock_ms += self.medium.operation_ms;
        let at_ms = self.clock_ms;
        if let Some(log) = &mut self.log {
            let change = change();
            log.push(Logged { change, at_ms });
        }
    }

    fn find(&self, operation: Operation, path: &str) -> Result<NodeId> {
        let node = self.names.get(path).copied();
        node.ok_or_else(|| failure(ErrorKind::NotFound, operation, path))
    }

    fn closed(&self, operation: Operation, path: &str, node: NodeId) -> Result<()> {
        match self.open.contains(&node) {
            true => Err(failure(ErrorKind::Busy, operation, path)),
            false => Ok(()),
        }
    }

    fn create(&mut self, path: &str) -> NodeId {
        let node = NodeId(self.nodes.len());
        self.nodes.push(Node::default());
        self.names.insert(path.to_owned(), node);
        self.record(|| Change::Create {
            name: path.to_owned(),
            node,
        });
        node
    }
}

fn failure(kind: ErrorKind, operation: Operation, path: &str) -> VfsError {
    let message = format!("{operation:?} of {path:?} on the simulated disk: {kind:?}");
    VfsError::new(kind, operation, message)
}

impl Storage for SimDisk {
    fn guarantees(&self) -> Guarantees {
        self.state.borrow().medium.guarantees
    }

    fn open(&self, path: &str, creation: Creation) -> Result<Box<dyn File>> {
        self.begin(Operation::Open, path, 0, 0)?;
        let mut state = self.state.borrow_mut();
        let node = match (state.find(Operation::Open, path), creation) {
            (Ok(node), _) => node,
            (Err(_), Creation::IfMissing) => state.create(path),
            (Err(error), Creation::Never) => return Err(error),
        };
        state.closed(Operation::Open, path, node)?;
        state.open.insert(node);
        Ok(Box::new(SimFile {
            disk: self.clone(),
            node,
            path: path.to_owned(),
        }))
    }

    fn delete(&self, path: &str) -> Result<()> {
        self.begin(Operation::Delete, path, 0, 0)?;
        let mut state = self.state.borrow_mut();
        let node = state.find(Operation::Delete, path)?;
        state.closed(Operation::Delete, path, node)?;
        state.names.remove(path);
        state.record(|| Change::Remove {
            name: path.to_owned(),
        });
        Ok(())
    }

    fn exists(&self, path: &str) -> Result<bool> {
        self.begin(Operation::Exists, path, 0, 0)?;
        Ok(self.state.borrow().names.contains_key(path))
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.begin(Operation::Rename, from, 0, 0)?;
        let mut state = self.state.borrow_mut();
        let node = state.find(Operation::Rename, from)?;
        state.closed(Operation::Rename, from, node)?;
        if let Some(replaced) = state.names.get(to).copied() {
            state.closed(Operation::Rename, to, replaced)?;
        }
        state.names.remove(from);
        state.names.insert(to.to_owned(), node);
        state.record(|| Change::Rename {
            from: from.to_owned(),
            to: to.to_owned(),
        });
        Ok(())
    }

    fn list(&self, below: &str) -> Result<Vec<String>> {
        self.begin(Operation::List, below, 0, 0)?;
        let state = self.state.borrow();
        let paths = state.names.keys();
        Ok(paths
            .filter(|path| path::is_below(path, below))
            .cloned()
            .collect())
    }

    fn acquire(&self, path: &str) -> Result<Box<dyn Ownership>> {
        self.begin(Operation::Lock, path, 0, 0)?;
        if !self.state.borrow_mut().owned.insert(path.to_owned()) {
            return Err(failure(ErrorKind::Busy, Operation::Lock, path));
        }
        Ok(Box::new(SimOwnership {
            disk: self.clone(),
            path: path.to_owned(),
        }))
    }

    fn share(&self, path: &str) -> Result<Box<dyn Sharing>> {
        Err(cannot_share(path))
    }
}

struct SimOwnership {
    disk: SimDisk,
    path: String,
}

impl Ownership for SimOwnership {
    fn release(self: Box<Self>) -> Result<()> {
        let begun = self.disk.begin(Operation::Lock, &self.path, 0, 0);
        self.disk.state.borrow_mut().owned.remove(&self.path);
        begun.map(drop)
    }
}

struct SimFile {
    disk: SimDisk,
    node: NodeId,
    path: String,
}

impl SimFile {
    fn change<T>(&mut self, work: impl FnOnce(&mut Node) -> T) -> T {
        work(&mut self.disk.state.borrow_mut().nodes[self.node.0])
    }

    fn put(&mut self, data: &[u8], offset: u64) {
        self.change(|node| node.live.write(data, offset));
        self.record(|node| Change::Write {
            node,
            offset,
            data: data.into(),
        });
    }

    fn record(&self, change: impl FnOnce(NodeId) -> Change) {
        let mut state = self.disk.state.borrow_mut();
        state.record(|| change(self.node));
    }
}

impl File for SimFile {
    fn read(&mut self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        let size = buffer.len();
        let fault = self.disk.begin(Operation::Read, &self.path, offset, size)?;
        let wanted = match fault {
            Some(Fault::ShortRead) => &mut buffer[..size / 2],
            _ => buffer,
        };
        Ok(self.change(|node| node.live.read(wanted, offset)))
    }

    fn write(&mut self, data: &[u8], offset: u64) -> Result<()> {
        let size = data.len();
        let fault = self
            .disk
            .begin(Operation::Write, &self.path, offset, size)?;
        if fault == Some(Fault::ShortWrite) {
            self.put(&data[..size / 2], offset);
            return Err(failure(ErrorKind::Full, Operation::Write, &self.path));
        }
        self.put(data, offset);
        Ok(())
    }

    fn truncate(&mut self, size: u64) -> Result<()> {
        self.disk.begin(Operation::Truncate, &self.path, size, 0)?;
        self.change(|node| node.live.truncate(size));
        self.record(|node| Change::Truncate { node, size });
        Ok(())
    }

    fn settle(&mut self) -> Result<()> {
        // What is in the live image outlives the program; only the power takes it away.
        let begun = self.disk.begin(Operation::Settle, &self.path, 0, 0);
        begun.map(drop)
    }

    fn sync(&mut self) -> Result<()> {
        let fault = self.disk.begin(Operation::Sync, &self.path, 0, 0)?;
        if fault == Some(Fault::SyncLoses) {
            self.change(|node| node.live = node.synced.clone());
            self.record(|node| Change::Revert { node });
            return Err(failure(ErrorKind::Io, Operation::Sync, &self.path));
        }
        self.change(|node| node.synced = node.live.clone());
        self.record(|node| Change::Sync { node });
        Ok(())
    }

    fn size(&mut self) -> Result<u64> {
        self.disk.begin(Operation::Size, &self.path, 0, 0)?;
        Ok(self.change(|node| node.live.size()))
    }

    fn close(self: Box<Self>) -> Result<()> {
        // The handle goes in `drop`, whatever the medium says.
        self.disk
            .begin(Operation::Close, &self.path, 0, 0)
            .map(drop)
    }
}

impl Drop for SimFile {
    fn drop(&mut self) {
        self.disk.state.borrow_mut().open.remove(&self.node);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_file_excludes_every_other_use_of_its_name() {
        let disk = SimDisk::default();
        let file = disk.open("a", Creation::IfMissing).expect("opens");
        let busy = |outcome: Result<()>| outcome.expect_err("busy").kind == ErrorKind::Busy;
        assert!(busy(disk.open("a", Creation::Never).map(drop)));
        assert!(busy(disk.delete("a")));
        assert!(busy(disk.rename("a", "b")));
        file.close().expect("closes");
        disk.rename("a", "b").expect("nobody has it open");
        assert_eq!(disk.open_handles(), 0);
    }

    #[test]
    fn the_hook_sees_every_operation_and_decides() {
        let disk = SimDisk::default();
        let mut file = disk.open("a", Creation::IfMissing).expect("opens");
        file.write(b"kept", 0).expect("writes");
        file.sync().expect("syncs");
        disk.set_hook(Some(Rc::new(|info| match info.operation {
            Operation::Write => Some(Fault::ShortWrite),
            Operation::Read => Some(Fault::ShortRead),
            Operation::Sync => Some(Fault::SyncLoses),
            Operation::Close => Some(Fault::Fail(ErrorKind::Io)),
            _ => None,
        })));
        assert_eq!(
            file.write(b"LOST", 0).expect_err("full").kind,
            ErrorKind::Full
        );
        let mut bytes = [0; 4];
        assert_eq!(file.read(&mut bytes, 0).expect("reads"), 2);
        assert_eq!(&bytes[..2], b"LO");
        assert_eq!(file.sync().expect_err("lost").kind, ErrorKind::Io);
        assert_eq!(disk.live_image().files["a"].to_vec(), b"kept");
        assert!(file.close().is_err());
        assert_eq!((disk.open_handles(), disk.operations()), (0, 7));
    }
}
