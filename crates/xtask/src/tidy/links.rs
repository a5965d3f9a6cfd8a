//! Rules about who knows whom: no file that nothing uses, no import that the layers forbid.

use std::collections::BTreeSet;

use super::code::has_word;
use super::source::{Language, Source, Violation};

/// Where scripts live that something must import.
const SCRIPT_FOLDERS: [&str; 2] = ["js/src/", "demo/src/"];
/// What the bundler starts from; `demo/index.html` names the other.
const SCRIPT_ENTRIES: [&str; 12] = [
    "js/src/blob.ts",
    "js/src/changesets.ts",
    "js/src/core.ts",
    "js/src/index.ts",
    "js/src/in-place.ts",
    "js/src/live.ts",
    "js/src/migrations.ts",
    "js/src/node/globals.ts",
    "js/src/node/index.ts",
    "js/src/worker/serve.ts",
    "js/src/worker/worker.ts",
    "js/src/worker/shared.ts",
];
/// What cargo starts from.
const RUST_ENTRIES: [&str; 3] = ["lib.rs", "main.rs", "build.rs"];

/// Crates that must not be named in the code below a folder; tests may name any.
const APART: [(&str, &str); 10] = [
    ("crates/engine/src/", "anchorite_vfs"),
    ("crates/engine/src/", "anchorite_wasm"),
    ("crates/engine/src/", "xtask"),
    ("vfs/src/", "anchorite_engine"),
    ("vfs/src/", "anchorite_wasm"),
    ("vfs/src/", "xtask"),
    ("crates/anchorite/src/", "anchorite_wasm"),
    ("crates/anchorite/src/", "anchorite_twin"),
    ("crates/wasm/src/", "xtask"),
    ("crates/wasm/src/", "anchorite_twin"),
];

/// What the words `from`, `import`, `URL(` and `src=` point at.
struct Link<'a> {
    line: usize,
    target: &'a str,
}

pub(crate) fn check(sources: &[Source]) -> Vec<Violation> {
    let mut violations = unused_scripts(sources);
    violations.extend(unused_modules(sources));
    violations.extend(sources.iter().flat_map(forbidden_crates));
    violations.extend(sources.iter().flat_map(forbidden_imports));
    violations
}

fn unused_scripts(sources: &[Source]) -> Vec<Violation> {
    let used: BTreeSet<String> = sources.iter().flat_map(used_by).collect();
    let ours = sources.iter().filter(|source| {
        source.is_in(&SCRIPT_FOLDERS)
            && matches!(source.language, Language::Script | Language::Style)
    });
    let unused =
        ours.filter(|source| !is_entry(&source.path) && !used.contains(stem(&source.path)));
    unused
        .map(|source| source.violation(1, "nothing imports this file: delete it"))
        .collect()
}

/// Declarations are found by the compiler, and unit tests by their runner.
fn is_entry(path: &str) -> bool {
    SCRIPT_ENTRIES.contains(&path) || path.ends_with(".d.ts") || path.contains(".test")
}

/// The paths a file links to, without their extension.
fn used_by(source: &Source) -> Vec<String> {
    let targets = links(source)
        .into_iter()
        .filter_map(|link| resolve(&source.path, link.target));
    targets.map(|path| stem(&path).to_owned()).collect()
}

/// `./b.js` in `js/src/a.ts` is `js/src/b.js`; `/src/main.ts` is below the page's folder.
fn resolve(from: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    if !target.starts_with(['.', '/']) {
        return None;
    }
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// A style sheet keeps its extension: `main.css` is not `main.ts`.
fn stem(path: &str) -> &str {
    let endings = [".ts", ".js", ".mjs"];
    endings
        .iter()
        .find_map(|ending| path.strip_suffix(ending))
        .unwrap_or(path)
}

/// Only where the word itself is code: an example in a comment links to nothing.
fn links(source: &Source) -> Vec<Link<'_>> {
    let marks = ["from ", "import ", "URL(", "src=", "href=", "import("];
    let mut links = Vec::new();
    for (line, (text, code)) in (1..).zip(source.text.lines().zip(source.code.lines())) {
        for mark in marks.iter().filter(|mark| code.contains(**mark)) {
            let quoted = text.split(mark).skip(1).filter_map(quoted);
            links.extend(quoted.map(|target| Link { line, target }));
        }
    }
    links
}

/// The string that a text starts with.
fn quoted(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    text[1..].split(quote).next()
}

fn unused_modules(sources: &[Source]) -> Vec<Violation> {
    let ours = sources
        .iter()
        .filter(|source| source.language == Language::Rust);
    let inner = ours.filter(|source| parents(&source.path).is_some());
    let unused = inner.filter(|source| !is_declared(sources, &source.path));
    unused
        .map(|source| source.violation(1, "no `mod` names this file: delete it"))
        .collect()
}

/// The name of a module and the files that may declare it; nothing for what cargo starts from.
fn parents(path: &str) -> Option<(&str, Vec<String>)> {
    let (folder, file) = path.rsplit_once('/')?;
    let below_src = folder.ends_with("/src") || folder.contains("/src/");
    if !below_src || RUST_ENTRIES.contains(&file) && folder.ends_with("/src") {
        return None;
    }
    let (folder, name) = match file {
        "mod.rs" => folder.rsplit_once('/')?,
        file => (folder, file.strip_suffix(".rs")?),
    };
    let inside = ["lib.rs", "main.rs", "mod.rs"].map(|parent| format!("{folder}/{parent}"));
    let beside = format!("{folder}.rs");
    (!folder.ends_with("/bin")).then(|| (name, [inside.as_slice(), &[beside]].concat()))
}

fn is_declared(sources: &[Source], path: &str) -> bool {
    sources
        .iter()
        .any(|source| declares(source, path) || declares_by_path(source, path))
}

fn declares(source: &Source, path: &str) -> bool {
    let Some((name, parents)) = parents(path) else {
        return false;
    };
    if !parents.contains(&source.path) {
        return false;
    }
    let forms = [format!("mod {name};"), format!("mod r#{name};")];
    forms.iter().any(|form| source.code.contains(form.as_str()))
}

/// `#[path = "opfs/host.rs"]` is relative to the folder of the file it stands in.
fn declares_by_path(source: &Source, path: &str) -> bool {
    let attributes = source.text.split("path = \"").skip(1);
    let mut named = attributes.filter_map(|rest| rest.split('"').next());
    source.language == Language::Rust
        && named.any(|file| resolve(&source.path, &format!("./{file}")).as_deref() == Some(path))
}

fn forbidden_crates(source: &Source) -> Vec<Violation> {
    let mut violations = Vec::new();
    let apart = APART.iter().filter(|(folder, _)| source.is_in(&[*folder]));
    for (folder, name) in apart.filter(|_| source.language == Language::Rust) {
        let lines = (1..).zip(source.code.lines());
        let found = lines.filter(|(_, code)| has_word(code, name));
        let message = format!("{folder} must not know {name}");
        violations.extend(found.map(|(line, _)| source.violation(line, message.clone())));
    }
    violations
}

fn forbidden_imports(source: &Source) -> Vec<Violation> {
    let mut violations = Vec::new();
    if source.language != Language::Script {
        return violations;
    }
    for link in links(source) {
        let target = resolve(&source.path, link.target);
        let path = stem(target.as_deref().unwrap_or(link.target));
        let reason = forbidden(&source.path, path);
        violations.extend(reason.map(|reason| source.violation(link.line, reason)));
    }
    violations
}

/// Why one script may not import another.
fn forbidden(from: &str, target: &str) -> Option<&'static str> {
    let main_side = [
        "js/src/client",
        "js/src/database",
        "js/src/index",
        "js/src/join",
        "js/src/owned",
    ];
    if from == "js/src/protocol.ts" {
        return Some("the protocol imports nothing");
    }
    if from.starts_with("js/src/worker/") && main_side.contains(&target) {
        return Some("the worker must not know the main side");
    }
    if from.starts_with("demo/src/") && (target.starts_with("js/") || target.contains("anchorite/"))
    {
        return Some("the console uses the public entry `anchorite` only");
    }
    let ours = from.starts_with("js/src/");
    if ours && target.starts_with("node:") {
        let may = from.starts_with("js/src/node/");
        return (!may).then_some("only the entry for Node knows Node");
    }
    let own = ours && !target.starts_with("js/src/");
    (own && !target.starts_with("js/")).then_some("the package has no runtime dependency")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaches(files: &[(&str, &str)]) -> Vec<String> {
        let sources: Vec<_> = files
            .iter()
            .map(|(path, text)| Source::new(path, text))
            .collect();
        check(&sources).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_script_that_nothing_imports_is_found() {
        let entry = ("js/src/index.ts", "export * from './a.js';");
        let used = ("js/src/a.ts", "import './worker/b.js';\n");
        let files = [entry, used, ("js/src/worker/b.ts", ""), ("js/src/c.ts", "")];
        assert_eq!(
            breaches(&files),
            ["js/src/c.ts:1: nothing imports this file: delete it"]
        );
    }

    #[test]
    fn a_page_uses_its_script_and_style() {
        let page = (
            "demo/index.html",
            "<link href=\"/src/a.css\"><script src=\"./src/main.ts\">",
        );
        assert!(breaches(&[page, ("demo/src/main.ts", ""), ("demo/src/a.css", "")]).is_empty());
        assert_eq!(breaches(&[page, ("demo/src/a.ts", "")]).len(), 1);
    }

    #[test]
    fn a_module_that_nothing_declares_is_found() {
        let root = ("vfs/src/lib.rs", "mod opfs;\nmod a;\n// mod b;\n");
        let inner = ("vfs/src/opfs/mod.rs", "mod c;");
        let files = [root, inner, ("vfs/src/a.rs", ""), ("vfs/src/opfs/c.rs", "")];
        assert!(breaches(&files).is_empty());
        assert_eq!(breaches(&[root, ("vfs/src/b.rs", "")]).len(), 1);
    }

    #[test]
    fn a_module_may_be_declared_by_its_path() {
        let root = ("vfs/src/lib.rs", "#[path = \"opfs/host.rs\"]\nmod host;\n");
        assert!(breaches(&[root, ("vfs/src/opfs/host.rs", "")]).is_empty());
        assert_eq!(breaches(&[root, ("vfs/src/opfs/other.rs", "")]).len(), 1);
    }

    #[test]
    fn engine_and_vfs_do_not_know_each_other() {
        let engine = ("crates/engine/src/lib.rs", "use anchorite_vfs::x;");
        assert_eq!(breaches(&[engine]).len(), 1);
        assert_eq!(
            breaches(&[("vfs/src/lib.rs", "use anchorite_engine::x;")]).len(),
            1
        );
        assert!(breaches(&[("crates/wasm/src/lib.rs", "use anchorite_vfs::x;")]).is_empty());
    }

    #[test]
    fn an_example_in_a_comment_is_no_import() {
        let example = "/**\n * import { open } from 'anchorite';\n */\n";
        assert!(breaches(&[("js/src/index.ts", example)]).is_empty());
        let import = "import { open } from 'anchorite';\n";
        assert_eq!(breaches(&[("js/src/index.ts", import)]).len(), 1);
    }

    #[test]
    fn the_layers_of_the_package_hold() {
        assert!(forbidden("js/src/protocol.ts", "js/src/values").is_some());
        assert!(forbidden("js/src/worker/engine.ts", "js/src/client").is_some());
        assert!(forbidden("js/src/worker/engine.ts", "js/src/protocol").is_none());
        assert!(forbidden("demo/src/main.ts", "js/src/index").is_some());
        assert!(forbidden("demo/src/main.ts", "anchorite").is_none());
        assert!(forbidden("js/src/a.ts", "left-pad").is_some());
        assert!(forbidden("js/src/a.ts", "node:fs").is_some());
        assert!(forbidden("js/src/node/a.ts", "node:fs").is_none());
        assert!(forbidden("js/src/node/a.ts", "left-pad").is_some());
    }
}
