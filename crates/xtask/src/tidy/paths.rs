//! What must not be committed: traces of the machine a file was written on.

use super::source::{Source, Violation};

/// Folders of one machine, split here so that this file does not hold them.
const FOLDERS: [&str; 3] = [
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
];
/// A package registry is the business of the machine, not of a lock file.
const HOSTS: [&str; 2] = [
    concat!("://regi", "stry."),
    concat!("\"resolved\": \"ht", "tp"),
];
const CARGO_SOURCE: &str = "registry+https://github.com/rust-lang/crates.io-index";

pub(crate) fn check(source: &Source) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (line, text) in (1..).zip(source.text.lines()) {
        let breach = machine_folder(text)
            .or_else(|| registry_host(text))
            .or_else(|| cargo_source(source, text));
        violations.extend(breach.map(|message| source.violation(line, message)));
    }
    violations
}

/// An absolute path; `../home/x` and `https://example.org/home/x` are none.
fn machine_folder(text: &str) -> Option<String> {
    let found = FOLDERS.iter().find(|folder| {
        text.match_indices(**folder).any(|(start, _)| {
            let before = text[..start].chars().next_back();
            !before.is_some_and(|c| c.is_alphanumeric() || "._-/})~*".contains(c))
        })
    });
    found.map(|folder| format!("`{folder}` is a folder of one machine"))
}

fn registry_host(text: &str) -> Option<String> {
    let found = HOSTS.iter().find(|host| text.contains(**host));
    found.map(|_| "names the host of a package registry".to_owned())
}

fn cargo_source(source: &Source, text: &str) -> Option<String> {
    let named = text
        .strip_prefix("source = ")
        .filter(|_| source.path.ends_with("Cargo.lock"))?;
    let message = "Cargo.lock names a source other than crates.io";
    (named.trim_matches('"') != CARGO_SOURCE).then(|| message.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaches(path: &str, text: &str) -> usize {
        check(&Source::new(path, text)).len()
    }

    #[test]
    fn absolute_paths_of_a_machine_are_found() {
        assert_eq!(breaches("a.md", concat!("see `/wo", "rk/main`")), 1);
        assert_eq!(breaches("a.md", concat!("cd /ro", "ot/x")), 1);
        assert_eq!(
            breaches(
                "a.md",
                "src/worker/a.ts, ../home/b, https://example.org/home/c"
            ),
            0
        );
    }

    #[test]
    fn hosts_of_registries_are_found() {
        let resolved = concat!("\"resolved\": \"ht", "tps://example.org/a.tgz\"");
        assert_eq!(breaches("js/package-lock.json", resolved), 1);
        assert_eq!(
            breaches("js/package-lock.json", "\"resolved\": \"../js\""),
            0
        );
        assert_eq!(
            breaches(
                "a.toml",
                concat!("index = \"https://regi", "stry.example\"")
            ),
            1
        );
    }

    #[test]
    fn cargo_packages_come_from_one_source() {
        let line = |source: &str| format!("source = \"{source}\"");
        assert_eq!(breaches("Cargo.lock", &line(CARGO_SOURCE)), 0);
        assert_eq!(breaches("Cargo.lock", &line("git+https://example.org")), 1);
    }
}
