//! Starts one process per core, adds up what they tell, and prints the result.

use std::collections::{BTreeSet, HashSet};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::Options;
use crate::faults;

/// What all processes found together.
#[derive(Debug, Default)]
struct Sum {
    images: HashSet<u64>,
    doubles: HashSet<u64>,
    weaker: HashSet<u64>,
    opened: u64,
    lost: u64,
    corrupt: u64,
    killed: u64,
    survived: u64,
    faults: u64,
    codes: BTreeSet<(String, i32)>,
}

/// `true` if nothing was lost, nothing corrupt, and no mutant survived.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let start = now();
    let jobs = match options.jobs {
        Some(jobs) => jobs,
        None => thread::available_parallelism()?.get(),
    };
    let children: Vec<Child> = (0..jobs)
        .map(|number| spawn(number, jobs))
        .collect::<Result<_>>()?;
    let mut sum = Sum::default();
    let readers = children
        .into_iter()
        .map(|child| thread::spawn(|| read(child)));
    let readers: Vec<_> = readers.collect();
    for reader in readers {
        sum.add(reader.join().expect("the reader returns its errors")?);
    }
    let seconds = start.elapsed().as_secs_f64();
    if options.codes {
        println!("{}", faults::table(&sum.codes));
    }
    sum.print(seconds);
    Ok(sum.lost + sum.corrupt + sum.survived == 0)
}

/// The monotonic clock.
#[expect(
    clippy::disallowed_methods,
    reason = "the rule is for code that runs on wasm32; this is native"
)]
fn now() -> Instant {
    Instant::now()
}

fn spawn(number: usize, jobs: usize) -> Result<Child> {
    let program = std::env::current_exe()?;
    Command::new(program)
        .args(std::env::args_os().skip(1))
        .arg("--slice")
        .arg(format!("{number}/{jobs}"))
        .stdout(Stdio::piped())
        .spawn()
        .context("start a process for a slice")
}

/// Everything that one process tells. One that ends early has met something it could not survive.
fn read(mut child: Child) -> Result<Sum> {
    let out = child.stdout.take().context("standard output is piped")?;
    let mut sum = Sum::default();
    let mut ended = false;
    for line in BufReader::new(out).lines() {
        let line = line?;
        ended |= line == "end";
        sum.line(&line)?;
    }
    let status = child.wait()?;
    if !status.success() || !ended {
        bail!("a process ended early, with {status}");
    }
    Ok(sum)
}

impl Sum {
    fn line(&mut self, line: &str) -> Result<()> {
        let (mark, rest) = line.split_once(' ').unwrap_or((line, ""));
        match mark {
            "i" => drop(self.images.insert(u64::from_str_radix(rest, 16)?)),
            "d" => drop(self.doubles.insert(u64::from_str_radix(rest, 16)?)),
            "w" => drop(self.weaker.insert(u64::from_str_radix(rest, 16)?)),
            "o" => self.opened += rest.parse::<u64>()?,
            "f" => self.faults += rest.parse::<u64>()?,
            "e" => self.code(rest)?,
            "M" => self.mutant(rest),
            "F" => self.failure(rest),
            _ => {}
        }
        Ok(())
    }

    fn code(&mut self, text: &str) -> Result<()> {
        let (code, fault) = text.split_once(' ').context("a code without its fault")?;
        self.codes.insert((fault.to_owned(), code.parse()?));
        Ok(())
    }

    fn mutant(&mut self, text: &str) {
        match text.starts_with("killed") {
            true => self.killed += 1,
            false => self.survived += 1,
        }
        println!("mutant {text}");
    }

    fn failure(&mut self, text: &str) {
        match text.strip_prefix("lost ") {
            Some(_) => self.lost += 1,
            None => self.corrupt += 1,
        }
        println!("{}\n", text.replace('\t', "\n"));
    }

    fn add(&mut self, other: Self) {
        self.images.extend(other.images);
        self.doubles.extend(other.doubles);
        self.weaker.extend(other.weaker);
        self.opened += other.opened;
        self.lost += other.lost;
        self.corrupt += other.corrupt;
        self.killed += other.killed;
        self.survived += other.survived;
        self.faults += other.faults;
        self.codes.extend(other.codes);
    }

    fn print(&self, seconds: f64) {
        println!(
            "{} images were opened in {seconds:.0} s; {} more at levels below FULL",
            self.opened,
            self.weaker.difference(&self.images).count()
        );
        let distinct = self.images.union(&self.doubles).count();
        let per_second = distinct as f64 / seconds;
        println!("{per_second:.0} images per second");
        println!(
            "torture: {} images, {} double crashes, {} faults, {}/{} mutants killed, \
             {} lost, {} corrupt",
            self.images.len(),
            self.doubles.len(),
            self.faults,
            self.killed,
            self.killed + self.survived,
            self.lost,
            self.corrupt
        );
    }
}
