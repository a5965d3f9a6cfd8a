//! Starts one process per core, then one for each mutant, adds up what they tell, and prints the
//! result. SQLite's random numbers belong to a process, so a schedule follows from its seed only
//! where nothing else runs.

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;

use anchorite_vfs::mutants;
use anyhow::{Context, Result, ensure};

use crate::Options;

#[derive(Debug, Default)]
struct Sum {
    hashes: HashSet<String>,
    lost: u64,
    torn: u64,
    stuck: u64,
    failed: u64,
    runs: u64,
    calls: u64,
    killed: u64,
}

/// `true` if nothing was wrong, and no mutant survived.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let jobs = match options.jobs {
        Some(jobs) => jobs,
        None => thread::available_parallelism()?.get() as u64,
    };
    let part = |number| spawn(&["--slice".to_owned(), format!("{number}/{jobs}")]);
    let children: Vec<Child> = (0..jobs).map(part).collect::<Result<_>>()?;
    let readers = children
        .into_iter()
        .map(|child| thread::spawn(|| read(child)));
    let readers: Vec<_> = readers.collect();
    let mut sum = Sum::default();
    for reader in readers {
        sum.add(&reader.join().expect("the reader returns its errors")?)?;
    }
    let (killed, all) = hunt_all(options, jobs)?;
    println!(
        "{} schedules, {} calls of the medium, {} schedules with a tab that was killed",
        sum.runs, sum.calls, sum.killed
    );
    if sum.failed > 0 {
        println!("{} errors where there should be none", sum.failed);
    }
    let distinct = sum.hashes.len() as u64;
    println!(
        "tabs: {distinct} schedules, {killed}/{all} mutants killed, {} lost, {} torn, {} stuck",
        sum.lost, sum.torn, sum.stuck
    );
    let is_enough = distinct >= options.wanted();
    Ok(sum.lost + sum.torn + sum.stuck + sum.failed == 0 && killed == all && is_enough)
}

fn spawn(arguments: &[String]) -> Result<Child> {
    Command::new(std::env::current_exe()?)
        .args(std::env::args_os().skip(1))
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("start a process")
}

/// All lines of a process.
fn read(mut child: Child) -> Result<Vec<String>> {
    let out = child.stdout.take().context("standard output is piped")?;
    let lines = BufReader::new(out).lines().collect::<Result<_, _>>()?;
    child.wait()?;
    Ok(lines)
}

/// How many mutants were killed, of how many. As many processes at a time as there are jobs.
fn hunt_all(options: &Options, jobs: u64) -> Result<(usize, usize)> {
    let names = mutants::SHARED.map(|mutant| format!("{mutant:?}"));
    let wanted = names.iter().filter(|name| name.contains(&options.mutants));
    let wanted: Vec<_> = wanted.collect();
    let mut killed = 0;
    for some in wanted.chunks(usize::try_from(jobs)?) {
        let start = |name: &&String| spawn(&["--mutant".to_owned(), (*name).clone()]);
        let children: Vec<Child> = some.iter().map(start).collect::<Result<_>>()?;
        for (child, name) in children.into_iter().zip(some) {
            let lines = read(child)?;
            let told = lines.iter().find_map(|line| line.strip_prefix("M "));
            // A process that ended before it could tell has met what it could not survive.
            let words = told.map_or_else(|| format!("killed {name} by its end"), str::to_owned);
            killed += usize::from(words.starts_with("killed"));
            println!("{words}");
        }
    }
    Ok((killed, wanted.len()))
}

impl Sum {
    fn add(&mut self, lines: &[String]) -> Result<()> {
        let mut has_ended = false;
        for line in lines {
            let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
            match kind {
                "H" => {
                    self.hashes.insert(rest.to_owned());
                }
                "T" => self.trouble(rest),
                _ => {
                    has_ended = true;
                    self.count(rest)?;
                }
            }
        }
        ensure!(has_ended, "a process has ended early; see `--slice 0/1`");
        Ok(())
    }

    fn trouble(&mut self, words: &str) {
        println!("{words}");
        let place = match words.split(' ').next() {
            Some("Lost") => &mut self.lost,
            Some("Torn") => &mut self.torn,
            Some("Stuck") => &mut self.stuck,
            _ => &mut self.failed,
        };
        *place += 1;
    }

    fn count(&mut self, words: &str) -> Result<()> {
        let mut numbers = words.split(' ').map(str::parse::<u64>);
        for place in [&mut self.runs, &mut self.calls, &mut self.killed] {
            *place += numbers.next().context("three numbers")??;
        }
        Ok(())
    }
}
