//! Rules about documents: their length, and that they say what the code says.

use super::source::{Source, Violation};
use crate::cache::sha256;

/// The longest a document may grow before it stops being read.
const LONGEST: [(&str, usize); 3] = [
    ("README.md", 150),
    ("ARCHITECTURE.md", 250),
    ("CONTRIBUTING.md", 80),
];
const PROTOCOL: &str = "js/src/protocol.ts";
const PROTOCOL_DOC: &str = "docs/protocol.md";
const PROTOCOL_MARK: &str = "protocol.ts sha256: ";
const DEFINES: &str = ".cargo/config.toml";

pub(crate) fn check(sources: &[Source]) -> Vec<Violation> {
    let mut violations = lengths(sources);
    violations.extend(protocol(sources));
    violations.extend(defines(sources));
    violations
}

fn lengths(sources: &[Source]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, longest) in LONGEST {
        let source = find(sources, path);
        let count = source.map_or(0, |source| source.text.lines().count());
        let message = format!("{count} lines, {longest} are allowed");
        let long = source.filter(|_| count > longest);
        violations.extend(long.map(|source| source.violation(1, message)));
    }
    violations
}

/// Whoever changes the protocol must have looked at its document.
fn protocol(sources: &[Source]) -> Option<Violation> {
    let source = find(sources, PROTOCOL)?;
    let hash = sha256(source.text.as_bytes());
    let line = format!("{PROTOCOL_MARK}{hash}");
    let Some(document) = find(sources, PROTOCOL_DOC) else {
        return Some(source.violation(1, format!("{PROTOCOL_DOC} is missing")));
    };
    let current = document.text.lines().any(|text| text.contains(&line));
    let at = document
        .text
        .lines()
        .position(|text| text.contains(PROTOCOL_MARK));
    let message = format!("{PROTOCOL} has changed: review this document, then write `{line}`");
    (!current).then(|| document.violation(at.unwrap_or(0) + 1, message))
}

/// Every SQLite define has a comment with its reason.
fn defines(sources: &[Source]) -> Vec<Violation> {
    let Some(source) = find(sources, DEFINES) else {
        return Vec::new();
    };
    let reasons = reasons(&source.text);
    let mut violations = Vec::new();
    for (line, text) in (1..)
        .zip(source.text.lines())
        .filter(|(_, text)| !text.starts_with('#'))
    {
        let names = text.split([' ', '"', '\'']).filter_map(define_name);
        let bare = names.filter(|name| !reasons.contains(name));
        violations.extend(bare.map(|name| {
            source.violation(line, format!("{name}: give its reason, `# {name}: reason`"))
        }));
    }
    violations
}

/// The names for which there is a line `# SQLITE_X: reason` or `# SQLITE_X=value: reason`.
fn reasons(text: &str) -> Vec<&str> {
    let comments = text.lines().filter_map(|line| line.strip_prefix("# "));
    let explained = comments.filter_map(|comment| comment.split_once(": "));
    let given = explained.filter(|(_, reason)| !reason.trim().is_empty());
    given.filter_map(|(name, _)| define_name(name)).collect()
}

/// `SQLITE_X` out of `-DSQLITE_X=1`, `-USQLITE_X` or `SQLITE_X`.
fn define_name(word: &str) -> Option<&str> {
    let word = word.trim_start_matches("-D").trim_start_matches("-U");
    let name = word.split('=').next()?;
    name.starts_with("SQLITE_").then_some(name)
}

fn find<'a>(sources: &'a [Source], path: &str) -> Option<&'a Source> {
    sources.iter().find(|source| source.path == path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_stay_short() {
        let readme = |count: usize| [Source::new("README.md", &"a\n".repeat(count))];
        assert!(check(&readme(150)).is_empty());
        assert_eq!(check(&readme(151)).len(), 1);
    }

    #[test]
    fn the_protocol_document_names_the_hash() {
        let code = || Source::new(PROTOCOL, "export type A = 1;\n");
        let hash = sha256(b"export type A = 1;\n");
        let document = |hash: &str| Source::new(PROTOCOL_DOC, &format!("{PROTOCOL_MARK}{hash}\n"));
        assert!(check(&[code(), document(&hash)]).is_empty());
        assert_eq!(check(&[code(), document("0")]).len(), 1);
        assert_eq!(check(&[code()]).len(), 1);
    }

    #[test]
    fn every_define_has_a_reason() {
        let text = "# SQLITE_A=1: because.\n# SQLITE_B: \nFLAGS = \"-DSQLITE_A=1 -USQLITE_B\"\n";
        let violations = check(&[Source::new(DEFINES, text)]);
        assert_eq!(violations.len(), 1);
        assert!(violations[0].to_string().contains("SQLITE_B"));
    }
}
