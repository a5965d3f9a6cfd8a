//! Rules about the size of files and lines, and about the comment a file opens with.

use super::source::{Language, Source, Violation};

const LONGEST_FILE: usize = 600;
const LONGEST_LINE: usize = 100;

/// How a file may open, by language.
const RUST_HEADERS: [&str; 2] = ["//!", "// "];
const SCRIPT_HEADERS: [&str; 3] = ["/**", "/* ", "// "];
const STYLE_HEADERS: [&str; 1] = ["/*"];

pub(crate) fn check(source: &Source) -> Vec<Violation> {
    if source.language == Language::Other {
        return Vec::new();
    }
    let mut violations = lines(source);
    violations.extend(length(source));
    violations.extend(header(source));
    violations
}

fn lines(source: &Source) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (line, text) in (1..).zip(source.text.lines()) {
        let columns = text.chars().count();
        if columns > LONGEST_LINE {
            let message = format!("{columns} columns, {LONGEST_LINE} are allowed");
            violations.push(source.violation(line, message));
        }
    }
    violations
}

fn length(source: &Source) -> Option<Violation> {
    let count = source.text.lines().count();
    let message = format!("{count} lines, {LONGEST_FILE} are allowed: split the file");
    (count > LONGEST_FILE).then(|| source.violation(1, message))
}

fn header(source: &Source) -> Option<Violation> {
    let headers: &[&str] = match source.language {
        Language::Rust => &RUST_HEADERS,
        Language::Script => &SCRIPT_HEADERS,
        Language::Style => &STYLE_HEADERS,
        Language::Other => return None,
    };
    let mut lines = source.text.lines().filter(|line| !line.starts_with("#!/"));
    let first = format!("{} ", lines.next().unwrap_or_default());
    let opens = headers.iter().any(|header| first.starts_with(header));
    (!opens).then(|| source.violation(1, "no header comment: say what this file is, and for whom"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaches(path: &str, text: &str) -> usize {
        check(&Source::new(path, text)).len()
    }

    #[test]
    fn a_line_of_a_hundred_and_one_columns_is_too_long() {
        assert_eq!(breaches("a.rs", &format!("//! {}", "é".repeat(96))), 0);
        assert_eq!(breaches("a.rs", &format!("//! {}", "é".repeat(97))), 1);
    }

    #[test]
    fn a_file_of_six_hundred_and_one_lines_is_too_long() {
        assert_eq!(breaches("a.ts", &"// a\n".repeat(600)), 0);
        assert_eq!(breaches("a.ts", &"// a\n".repeat(601)), 1);
    }

    #[test]
    fn every_source_opens_with_a_comment() {
        assert_eq!(breaches("a.rs", "fn main() {}\n"), 1);
        assert_eq!(breaches("a.ts", "/**\n * What this is.\n */\n"), 0);
        assert_eq!(
            breaches("a.mjs", "#!/usr/bin/env node\n// What this is.\n"),
            0
        );
        assert_eq!(breaches("a.css", "body {}\n"), 1);
        assert_eq!(breaches("a.json", "{}\n"), 0);
    }
}
