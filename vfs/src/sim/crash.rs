//! What is left on the disk when the power fails: the durable state, and a seeded choice over
//! everything that was pending.
//!
//! Each pending write is kept, lost, torn, or leaves only its size; each pending truncation is
//! kept or lost; files are independent of each other. A torn write ends at a border of 512 bytes.
//! What follows is what was there before, or garbage: in the rest of the written range if the
//! medium claims powersafe overwrite, else in every sector that the rest touches.

use std::collections::BTreeMap;

use super::content::Content;
use super::log::{Change, Image, NodeId, Recording};
use super::random::Random;
use super::replay::{Replay, apply, data_node, rename};

/// The unit of a disk's own writes; a write is never torn inside one.
const ATOM: u64 = 512;

/// Which of the pending changes survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// None of them.
    Nothing,
    /// All of them.
    Everything,
    /// What follows from this seed.
    Seeded(u64),
}

/// What became of a pending change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Kept,
    Lost,
    /// Written up to here; garbage behind it, or nothing.
    Torn {
        cut: u64,
        garbage: bool,
    },
    /// The file has grown, and the new bytes are zeros.
    SizeOnly,
}

/// A disk after the power has failed.
#[derive(Debug)]
pub struct CrashImage {
    /// The files.
    pub image: Image,
    /// The changes of names that were undone: indices into the log.
    pub lost_names: Vec<usize>,
    fates: Vec<(usize, Fate)>,
}

impl CrashImage {
    /// For a report: what became of each pending change of `recording`.
    #[must_use]
    pub fn describe(&self, recording: &Recording) -> Vec<String> {
        let name = |at: usize| summary(&recording.log[at].change);
        let data = self.fates.iter();
        let data = data.map(|(at, fate)| format!("change {at}, {}: {fate:?}", name(*at)));
        let names = self.lost_names.iter();
        let names = names.map(|at| format!("change {at}, {}: lost", name(*at)));
        data.chain(names).collect()
    }
}

/// A change in a few words.
#[must_use]
pub fn summary(change: &Change) -> String {
    match change {
        Change::Write { node, offset, data } => {
            format!("write {} B at {offset} of file {}", data.len(), node.0)
        }
        other => format!("{other:?}"),
    }
}

/// The ways to choose; each finds mistakes that the others rarely meet.
#[derive(Clone, Copy, Debug)]
enum Style {
    /// Everything up to some point, in the order of writing.
    Prefix,
    /// The same, and the write at that point is torn.
    TornPrefix,
    /// Each file up to some point of its own.
    PrefixPerFile,
    /// Each change by itself.
    Subset,
    /// Each change by itself, with tears and sizes without data.
    Damage,
    /// All but one.
    AllButOne,
    /// One only.
    OnlyOne,
    /// Everything, and one write torn.
    AllOneTorn,
}

const STYLES: [Style; 8] = [
    Style::Prefix,
    Style::TornPrefix,
    Style::PrefixPerFile,
    Style::Subset,
    Style::Damage,
    Style::AllButOne,
    Style::OnlyOne,
    Style::AllOneTorn,
];

impl Replay<'_> {
    /// The disk, had the power failed here.
    #[must_use]
    pub fn crash(&self, choice: Choice) -> CrashImage {
        let seed = match choice {
            Choice::Seeded(seed) => seed,
            Choice::Nothing | Choice::Everything => 0,
        };
        let mut random = Random::new(seed);
        let fates = match choice {
            Choice::Nothing => vec![Fate::Lost; self.data.len()],
            Choice::Everything => vec![Fate::Kept; self.data.len()],
            Choice::Seeded(_) => self.fates(&mut random),
        };
        let lost_names = match choice {
            Choice::Nothing => self.changed_names.clone(),
            Choice::Everything => Vec::new(),
            Choice::Seeded(_) => self.lose_names(&mut random),
        };
        let files = self.surviving_files(&fates, &mut random);
        let image = self.named(files, &lost_names);
        let fates = self.data.iter().copied().zip(fates).collect();
        CrashImage {
            image,
            lost_names,
            fates,
        }
    }

    fn fates(&self, random: &mut Random) -> Vec<Fate> {
        let count = self.data.len();
        let style = STYLES[index(random, STYLES.len())];
        let point = index(random, count + 1);
        let kept_if = |kept: bool| if kept { Fate::Kept } else { Fate::Lost };
        let mut fates: Vec<Fate> = match style {
            Style::Prefix | Style::TornPrefix => (0..count).map(|at| kept_if(at < point)).collect(),
            Style::PrefixPerFile => self.prefix_per_file(random),
            Style::Subset => (0..count).map(|_| kept_if(random.one_in(2))).collect(),
            Style::Damage => self
                .data
                .iter()
                .map(|at| self.damage(*at, random))
                .collect(),
            Style::AllButOne => (0..count).map(|at| kept_if(at != point)).collect(),
            Style::OnlyOne => (0..count).map(|at| kept_if(at == point)).collect(),
            Style::AllOneTorn => vec![Fate::Kept; count],
        };
        if let (Style::TornPrefix | Style::AllOneTorn, true) = (style, point < count) {
            fates[point] = self.torn(self.data[point], random);
        }
        fates
    }

    fn prefix_per_file(&self, random: &mut Random) -> Vec<Fate> {
        let mut left: BTreeMap<NodeId, u64> = BTreeMap::new();
        let mut fate = |node| {
            let most = self.data.len() as u64 + 1;
            let left = left.entry(node).or_insert_with(|| random.below(most));
            let fate = if *left > 0 { Fate::Kept } else { Fate::Lost };
            *left = left.saturating_sub(1);
            fate
        };
        let nodes = self.data.iter().map(|at| self.node(*at));
        nodes.map(&mut fate).collect()
    }

    fn damage(&self, at: usize, random: &mut Random) -> Fate {
        let grows = matches!(self.recording.log[at].change, Change::Write { .. });
        match random.below(4) {
            0 => Fate::Lost,
            1 => self.torn(at, random),
            2 if grows => Fate::SizeOnly,
            _ => Fate::Kept,
        }
    }

    /// A truncation cannot be torn.
    fn torn(&self, at: usize, random: &mut Random) -> Fate {
        let Change::Write { offset, data, .. } = &self.recording.log[at].change else {
            return Fate::Lost;
        };
        let end = offset + data.len() as u64;
        let borders = end.div_ceil(ATOM) - offset / ATOM;
        let cut = (offset / ATOM + random.below(borders)) * ATOM;
        let cut = cut.clamp(*offset, end);
        let garbage = random.one_in(2);
        Fate::Torn { cut, garbage }
    }

    /// Late names are lost from the end; the others one by one.
    fn lose_names(&self, random: &mut Random) -> Vec<usize> {
        let late = self.changed_names.iter().filter(|at| self.late(**at));
        let kept = index(random, late.count() + 1);
        let mut seen = 0;
        let mut lost = |at: &usize| {
            if self.late(*at) {
                seen += 1;
                return seen > kept;
            }
            random.one_in(2)
        };
        let names = self.changed_names.iter().copied();
        names.filter(|at| lost(at)).collect()
    }

    fn surviving_files(&self, fates: &[Fate], random: &mut Random) -> Vec<Content> {
        let mut files = self.durable.clone();
        for (at, fate) in self.data.iter().zip(fates) {
            let change = &self.recording.log[*at].change;
            let file = &mut files[self.node(*at).0];
            match (fate, change) {
                (Fate::Kept, _) => apply(file, change),
                (Fate::Torn { cut, garbage }, Change::Write { offset, data, .. }) => {
                    self.tear(file, *offset, data, *cut, *garbage, random);
                }
                (Fate::SizeOnly, Change::Write { offset, data, .. }) => {
                    let end = offset + data.len() as u64;
                    file.truncate(file.size().max(end));
                }
                _ => {}
            }
        }
        files
    }

    fn tear(
        &self,
        file: &mut Content,
        offset: u64,
        data: &[u8],
        cut: u64,
        garbage: bool,
        random: &mut Random,
    ) {
        let end = offset + data.len() as u64;
        let written = usize::try_from(cut - offset).expect("within one write");
        file.write(&data[..written], offset);
        if !garbage {
            return;
        }
        file.truncate(file.size().max(end));
        let guarantees = self.recording.medium.guarantees;
        let sector = u64::from(guarantees.sector_size);
        let (start, end) = match guarantees.powersafe_overwrite {
            true => (cut, end),
            false => (cut / sector * sector, end.div_ceil(sector) * sector),
        };
        file.damage(start, end, |bytes| random.fill(bytes));
    }

    fn named(&self, files: Vec<Content>, lost: &[usize]) -> Image {
        let mut names = self.names.clone();
        let kept = self.changed_names.iter().filter(|at| !lost.contains(at));
        for at in kept {
            rename(&mut names, &self.recording.log[*at].change);
        }
        let file = |(name, node): (String, NodeId)| (name, files[node.0].clone());
        Image {
            files: names.into_iter().map(file).collect(),
        }
    }

    fn node(&self, at: usize) -> NodeId {
        data_node(&self.recording.log[at].change).expect("only data is in the list")
    }
}

fn index(random: &mut Random, count: usize) -> usize {
    usize::try_from(random.below(count as u64)).expect("below a count")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::{Medium, NameLoss, SimDisk};
    use crate::storage::{Creation, File, Guarantees, Storage};

    fn open(disk: &SimDisk, path: &str) -> Box<dyn File> {
        disk.open(path, Creation::IfMissing).expect("opens")
    }

    /// The replay at the end of what happened on `disk`, crashed in many ways.
    fn images(disk: &SimDisk, choices: impl IntoIterator<Item = Choice>) -> Vec<Image> {
        let recording = disk.recording();
        let mut replay = Replay::new(&recording);
        while replay.advance() {}
        let crash = |choice| replay.crash(choice).image;
        choices.into_iter().map(crash).collect()
    }

    fn seeds() -> impl Iterator<Item = Choice> {
        (0..2000).map(Choice::Seeded)
    }

    #[test]
    fn what_was_synced_survives_and_what_was_not_may_be_lost() {
        let disk = SimDisk::new(Medium::default());
        let mut file = open(&disk, "a");
        file.write(b"synced", 0).expect("writes");
        file.sync().expect("syncs");
        file.write(b"SYN", 0).expect("writes");
        let [nothing, everything] =
            <[Image; 2]>::try_from(images(&disk, [Choice::Nothing, Choice::Everything]))
                .expect("two");
        assert_eq!(nothing.files["a"].to_vec(), b"synced");
        assert_eq!(everything.files["a"].to_vec(), b"SYNced");
    }

    #[test]
    fn damage_stays_within_the_written_range_only_where_that_is_claimed() {
        for powersafe_overwrite in [true, false] {
            let guarantees = Guarantees {
                sector_size: 4096,
                powersafe_overwrite,
                failed_sync_loses: true,
            };
            let disk = SimDisk::new(Medium {
                guarantees,
                ..Medium::default()
            });
            let mut file = open(&disk, "a");
            file.write(&[1; 12288], 0).expect("writes");
            file.sync().expect("syncs");
            file.write(&[2; 1000], 5000).expect("writes");
            let all = images(&disk, seeds());
            let bytes: Vec<_> = all.iter().map(|image| image.files["a"].to_vec()).collect();
            let untouched = |range: std::ops::Range<usize>| {
                bytes
                    .iter()
                    .all(|bytes| bytes[range.clone()].iter().all(|byte| *byte == 1))
            };
            assert!(untouched(0..4096) && untouched(8192..12288));
            assert_eq!(untouched(4096..5000), powersafe_overwrite);
            assert_eq!(untouched(6000..8192), powersafe_overwrite);
            assert!(bytes.iter().any(|bytes| bytes[5000..5120] != [1; 120]));
        }
    }

    #[test]
    fn a_name_is_durable_with_its_file_and_a_removal_with_any_later_sync() {
        let disk = SimDisk::new(Medium::default());
        open(&disk, "a").sync().expect("syncs");
        drop(open(&disk, "b"));
        disk.delete("a").expect("deletes");
        let before: Vec<_> = images(&disk, seeds());
        assert!(before.iter().any(|image| image.files.contains_key("a")));
        assert!(before.iter().any(|image| !image.files.contains_key("b")));
        open(&disk, "c").sync().expect("syncs");
        let after = images(&disk, seeds());
        assert!(!after.iter().any(|image| image.files.contains_key("a")));
        assert!(after.iter().any(|image| !image.files.contains_key("b")));
        assert!(after.iter().all(|image| image.files.contains_key("c")));
    }

    #[test]
    fn late_names_are_lost_from_the_end_until_they_are_old() {
        let disk = SimDisk::new(Medium {
            names: NameLoss::Late { window_ms: 6 },
            ..Medium::default()
        });
        open(&disk, "a").sync().expect("syncs");
        open(&disk, "b").sync().expect("syncs");
        let young = images(&disk, seeds());
        assert!(young.iter().any(|image| image.files.is_empty()));
        let b_alone = |image: &Image| !image.files.contains_key("a") && !image.files.is_empty();
        assert!(!young.iter().any(b_alone));
        let mut file = open(&disk, "b");
        file.write(b"time", 0).expect("writes");
        file.write(b"goes", 0).expect("writes");
        file.write(b"by", 0).expect("writes");
        let old = images(&disk, seeds());
        assert!(old.iter().all(|image| image.files.contains_key("a")));
        assert!(old.iter().any(|image| !image.files.contains_key("b")));
    }

    #[test]
    fn a_seed_names_one_image_and_files_are_independent() {
        let disk = SimDisk::new(Medium::default());
        let mut first = open(&disk, "a");
        let mut second = open(&disk, "b");
        (first.sync(), second.sync()).0.expect("syncs");
        for at in 0..4 {
            first.write(&[1; 512], at * 512).expect("writes");
            second.write(&[1; 512], at * 512).expect("writes");
        }
        let hashes = |all: Vec<Image>| all.iter().map(Image::hash).collect::<Vec<_>>();
        assert_eq!(
            hashes(images(&disk, seeds())),
            hashes(images(&disk, seeds()))
        );
        let all = images(&disk, seeds());
        assert!(
            all.iter()
                .any(|image| { image.files["a"].size() == 0 && image.files["b"].size() == 2048 })
        );
    }
}
