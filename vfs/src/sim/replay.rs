//! A walk along a recording: at each position, what is durable and what a crash may still undo.
//!
//! Used by whoever makes crash images of a recording; one walk serves all its positions.

use std::collections::BTreeMap;

use super::content::Content;
use super::log::{Change, NameLoss, NodeId, Recording};

/// The disk after the first [`position`](Self::position) changes of a recording.
#[derive(Debug)]
pub struct Replay<'a> {
    pub(super) recording: &'a Recording,
    position: usize,
    /// By number: what each file had synced.
    pub(super) durable: Vec<Content>,
    pub(super) names: BTreeMap<String, NodeId>,
    /// Writes and truncations that were not synced: indices into the log, in order.
    pub(super) data: Vec<usize>,
    /// Changes of names that may be undone, likewise.
    pub(super) changed_names: Vec<usize>,
}

impl<'a> Replay<'a> {
    /// The disk before the first change.
    #[must_use]
    pub fn new(recording: &'a Recording) -> Self {
        let files = &recording.base.files;
        let names = files.keys().cloned().enumerate();
        Self {
            recording,
            position: 0,
            durable: files.values().cloned().collect(),
            names: names.map(|(number, name)| (name, NodeId(number))).collect(),
            data: Vec::new(),
            changed_names: Vec::new(),
        }
    }

    /// How many changes were done.
    #[must_use]
    pub fn position(&self) -> usize {
        self.position
    }

    /// How many changes a crash here may undo.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.data.len() + self.changed_names.len()
    }

    /// Does the next change; `false` at the end of the recording.
    pub fn advance(&mut self) -> bool {
        let Some(logged) = self.recording.log.get(self.position) else {
            return false;
        };
        match &logged.change {
            Change::Create { .. } => {
                self.durable.push(Content::default());
                self.changed_names.push(self.position);
            }
            Change::Remove { .. } | Change::Rename { .. } => {
                self.changed_names.push(self.position);
            }
            Change::Write { .. } | Change::Truncate { .. } => self.data.push(self.position),
            Change::Sync { node } => self.sync(*node),
            Change::Revert { node } => drop(self.take_data(*node)),
        }
        self.position += 1;
        self.age(logged.at_ms);
        true
    }

    /// Removes the pending data of a file from the list.
    fn take_data(&mut self, node: NodeId) -> Vec<usize> {
        let log = &self.recording.log;
        let of_node = |index: &usize| data_node(&log[*index].change) == Some(node);
        let (taken, kept) = self.data.iter().partition(|index| of_node(index));
        self.data = kept;
        taken
    }

    fn sync(&mut self, node: NodeId) {
        for index in self.take_data(node) {
            apply(&mut self.durable[node.0], &self.recording.log[index].change);
        }
        let pending = std::mem::take(&mut self.changed_names);
        for (place, index) in pending.iter().enumerate() {
            if self.late(*index) || self.waits_for_its_file(*index, node, &pending[place + 1..]) {
                self.changed_names.push(*index);
            } else {
                rename(&mut self.names, &self.recording.log[*index].change);
            }
        }
    }

    /// A new file that was not synced yet and that no later change of names is about.
    fn waits_for_its_file(&self, index: usize, synced: NodeId, later: &[usize]) -> bool {
        let Change::Create { name, node } = &self.recording.log[index].change else {
            return false;
        };
        let about_it = |index: &usize| match &self.recording.log[*index].change {
            Change::Remove { name: other } | Change::Rename { from: other, .. } => other == name,
            _ => false,
        };
        *node != synced && !later.iter().any(about_it)
    }

    /// Whether a change of names is kept by its age, and by nothing else.
    pub(super) fn late(&self, index: usize) -> bool {
        matches!(self.recording.medium.names, NameLoss::Late { .. })
            && !is_of_super_journal(&self.recording.log[index].change)
    }

    fn age(&mut self, now_ms: u64) {
        let NameLoss::Late { window_ms } = self.recording.medium.names else {
            return;
        };
        let pending = std::mem::take(&mut self.changed_names);
        for index in pending {
            let logged = &self.recording.log[index];
            if self.late(index) && logged.at_ms + window_ms <= now_ms {
                rename(&mut self.names, &logged.change);
            } else {
                self.changed_names.push(index);
            }
        }
    }
}

/// The file whose bytes or size a change is about.
pub(super) fn data_node(change: &Change) -> Option<NodeId> {
    match change {
        Change::Write { node, .. } | Change::Truncate { node, .. } => Some(*node),
        _ => None,
    }
}

/// Does a write or a truncation.
pub(super) fn apply(content: &mut Content, change: &Change) {
    match change {
        Change::Write { offset, data, .. } => content.write(data, *offset),
        Change::Truncate { size, .. } => content.truncate(*size),
        _ => {}
    }
}

/// Does a change of names, as far as its subject is there.
pub(super) fn rename(names: &mut BTreeMap<String, NodeId>, change: &Change) {
    match change {
        Change::Create { name, node } => drop(names.insert(name.clone(), *node)),
        Change::Remove { name } => drop(names.remove(name)),
        Change::Rename { from, to } => {
            if let Some(node) = names.remove(from) {
                names.insert(to.clone(), node);
            }
        }
        _ => {}
    }
}

/// SQLite names a super-journal after a database, "-mj" and nine digits.
fn is_of_super_journal(change: &Change) -> bool {
    match change {
        Change::Create { name, .. } | Change::Remove { name } => name.contains("-mj"),
        _ => false,
    }
}
