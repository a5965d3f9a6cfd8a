//! The table of what a user downloads: each file raw, by gzip -9 and by brotli 11.
//!
//! Called by `cargo xtask build`. Node compresses; the figures are kept while the files are equal.

use anyhow::{Context, Result};
use walkdir::WalkDir;

use crate::cache::{self, Inputs};
use crate::process::{capture, command, root};

/// Prints the table for the files of one folder, source maps left out.
pub(crate) fn print(folder: &str) -> Result<()> {
    let files = files(folder)?;
    let inputs = Inputs::default().text(&files.join("\n")).paths(&[folder])?;
    let sizes = cache::value(&format!("sizes of {folder}"), inputs, || measure(&files))?;
    println!(
        "\n{:<32} {:>10} {:>10} {:>10}",
        folder, "raw", "gzip -9", "brotli 11"
    );
    for (file, sizes) in files.iter().zip(sizes.lines()) {
        println!("{}", row(file.strip_prefix(folder).unwrap_or(file), sizes));
    }
    Ok(())
}

fn files(folder: &str) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for entry in WalkDir::new(root().join(folder)).sort_by_file_name() {
        let entry = entry.with_context(|| format!("list {folder}"))?;
        let path = entry.path().strip_prefix(root())?.display().to_string();
        if entry.file_type().is_file() && !path.ends_with(".map") {
            files.push(path);
        }
    }
    Ok(files)
}

fn measure(files: &[String]) -> Result<String> {
    let mut node = command("node");
    node.args(["--input-type=module", "--eval", include_str!("sizes.mjs")]);
    capture(node.arg("--").args(files))
}

fn row(file: &str, sizes: &str) -> String {
    let mut row = format!("{:<32}", file.trim_start_matches('/'));
    for size in sizes.split(' ') {
        row.push_str(&format!(" {:>10}", grouped(size)));
    }
    row
}

/// Thousands set apart, for eyes that compare megabytes.
fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(grouped("7"), "7");
        assert_eq!(grouped("123456"), "123,456");
        assert_eq!(grouped("1234567"), "1,234,567");
    }

    #[test]
    fn node_measures_a_file_in_three_ways() {
        let sizes = measure(&["LICENSE-APACHE".to_owned()]).unwrap();
        let sizes: Vec<u64> = sizes
            .split_whitespace()
            .map(|n| n.parse().unwrap())
            .collect();
        assert_eq!(sizes.len(), 3);
        assert!(sizes[0] > sizes[1] && sizes[1] > sizes[2], "{sizes:?}");
    }
}
