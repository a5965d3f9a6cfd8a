//! Rules about words: what may be named where, and what may be named nowhere.

use super::code::has_word;
use super::source::{Language, Source, Violation};

/// Words of the code (not of comments or strings) that belong to a few places only.
struct Confined {
    words: &'static [&'static str],
    language: Language,
    /// Where the rule holds; empty for everywhere.
    within: &'static [&'static str],
    /// Where the words are at home.
    except: &'static [&'static str],
    reason: &'static str,
}

/// Where our library and console code lives, as opposed to tests and tools.
const SHIPPED: &[&str] = &["js/src/", "demo/src/"];

const CONFINED: [Confined; 7] = [
    Confined {
        words: &["unsafe"],
        language: Language::Rust,
        within: &[],
        except: &[
            "vfs/src/abi/",
            "vfs/src/suspend.rs",
            "crates/engine/src/raw.rs",
            "crates/engine/src/handles/",
            "crates/anchorite/src/job.rs",
            "crates/wasm/src/lib.rs",
            "tests/contract/src/raw.rs",
            "tests/torture/src/malloc.rs",
            "tests/tabs/src/fiber.rs",
        ],
        reason: "unsafe code lives in abi/, suspend.rs, raw.rs, handles/, exports, 3 test files",
    },
    Confined {
        words: &["wasm_bindgen", "js_sys", "web_sys"],
        language: Language::Rust,
        within: &[],
        except: &[
            "vfs/src/opfs/",
            "vfs/src/suspend.rs",
            "crates/anchorite/src/client/web.rs",
            "crates/anchorite/src/job.rs",
            "crates/wasm/",
            "examples/frontends/",
            "examples/worker/",
            "tests/client/src/web.rs",
            "tests/contract/wasm/",
            "tests/suite/",
        ],
        reason: "the browser is known to vfs/src/opfs, suspend.rs, job.rs, web.rs, and its modules",
    },
    Confined {
        words: &["rusqlite"],
        language: Language::Rust,
        within: &[],
        except: &[
            "crates/anchorite/",
            "crates/engine/",
            "crates/wasm/",
            "examples/worker/",
            "tests/oracle/",
            "tests/tabs/",
            "tests/torture/",
            "tests/contract/",
        ],
        reason: "rusqlite is known to anchorite, engine, the wiring of crates/wasm, and tests",
    },
    Confined {
        words: &["postMessage"],
        language: Language::Script,
        within: SHIPPED,
        except: &[
            "js/src/client.ts",
            "js/src/commits.ts",
            "js/src/given.ts",
            "js/src/join.ts",
            "js/src/node/channel.ts",
            "js/src/owned.ts",
            "js/src/worker/clients.ts",
            "js/src/worker/log.ts",
            "js/src/worker/owners.ts",
            "js/src/worker/serve.ts",
            "js/src/worker/wanted.ts",
            "js/src/worker/shared.ts",
            "js/src/worker/task.ts",
            "js/src/worker/worker.ts",
        ],
        reason: "messages are sent by the two ends of the wire only",
    },
    Confined {
        words: &["console."],
        language: Language::Script,
        within: SHIPPED,
        except: &[],
        reason: "the library never prints: errors propagate",
    },
    Confined {
        words: &["Math.random"],
        language: Language::Script,
        within: &[],
        except: &[],
        reason: "use crypto.getRandomValues, or a seed in tests",
    },
    Confined {
        words: &["innerHTML", "outerHTML", "insertAdjacentHTML"],
        language: Language::Script,
        within: &[],
        except: &[],
        reason: "build DOM nodes; never HTML from strings",
    },
];

/// Notes to oneself, split here so that this file does not hold them.
const NOTES: [&str; 3] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
];

pub(crate) fn check(source: &Source) -> Vec<Violation> {
    let mut violations = confined(source);
    violations.extend(notes(source));
    violations.extend(commented_out(source));
    violations.extend(ignored_tests(source));
    violations.extend(late_loading(source));
    violations
}

fn confined(source: &Source) -> Vec<Violation> {
    let rules = CONFINED.iter().filter(|rule| rule.applies(source));
    rules.flat_map(|rule| rule.check(source)).collect()
}

impl Confined {
    fn applies(&self, source: &Source) -> bool {
        source.language == self.language
            && (self.within.is_empty() || source.is_in(self.within))
            && !source.is_in(self.except)
    }

    fn check(&self, source: &Source) -> Vec<Violation> {
        let mut violations = Vec::new();
        for (line, code) in (1..).zip(source.code.lines()) {
            for word in self.words.iter().filter(|word| has_word(code, word)) {
                let word = word.trim_end_matches('.');
                violations.push(source.violation(line, format!("`{word}`: {}", self.reason)));
            }
        }
        violations
    }
}

fn notes(source: &Source) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (line, text) in (1..).zip(source.text.lines()) {
        for note in NOTES.iter().filter(|note| has_word(text, note)) {
            violations.push(source.violation(line, format!("{note}: do it, or open an issue")));
        }
    }
    violations
}

/// A line comment that reads like a statement is one.
fn commented_out(source: &Source) -> Vec<Violation> {
    let lines = source.text.lines().zip(source.code.lines());
    let mut violations = Vec::new();
    for (line, (text, code)) in (1..).zip(lines) {
        if source.is_program() && code.trim().is_empty() && is_dead_code(text.trim()) {
            violations.push(source.violation(line, "commented-out code: delete it"));
        }
    }
    violations
}

fn is_dead_code(text: &str) -> bool {
    let Some(comment) = text
        .strip_prefix("//")
        .filter(|rest| !rest.starts_with(['/', '!']))
    else {
        return false;
    };
    let comment = comment.trim();
    let block = comment.ends_with('{') || comment == "}" || comment.ends_with("})");
    block || comment.strip_suffix(';').is_some_and(is_statement)
}

/// Prose may end with a semicolon, but seldom assigns, calls or starts like this.
fn is_statement(text: &str) -> bool {
    let starts = [
        "return", "break", "continue", "use ", "import ", "let ", "const ", "mod ",
    ];
    let calls = text.ends_with(')')
        && text
            .match_indices('(')
            .any(|(at, _)| text[..at].ends_with(char::is_alphanumeric));
    calls || text.contains(" = ") || starts.iter().any(|start| text.starts_with(start))
}

fn ignored_tests(source: &Source) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (line, code) in (1..).zip(source.code.lines()) {
        if source.language == Language::Rust && code.trim_start().starts_with("#[ignore") {
            violations.push(source.violation(line, "no test is skipped"));
        }
    }
    violations
}

/// What imports the parts of the package when they are needed.
/// `anchorite/in-place` brings them along.
const IMPORTS_LATE: [&str; 2] = ["js/src/client.ts", "js/src/parts.ts"];

/// A `ServiceWorker` forbids both top-level await and dynamic import.
fn late_loading(source: &Source) -> Vec<Violation> {
    let mut violations = Vec::new();
    if source.language != Language::Script || !source.is_in(&["js/src/"]) {
        return violations;
    }
    let mut depth = 0_usize;
    for (line, code) in (1..).zip(source.code.lines()) {
        if depth == 0 && has_word(code, "await") && !has_word(code, "async") {
            violations.push(source.violation(line, "top-level await: a ServiceWorker forbids it"));
        }
        if has_word(code, "import(") && !IMPORTS_LATE.contains(&source.path.as_str()) {
            violations.push(source.violation(line, "dynamic import: a ServiceWorker forbids it"));
        }
        depth += code.matches(['{', '(']).count();
        depth = depth.saturating_sub(code.matches(['}', ')']).count());
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaches(path: &str, text: &str) -> usize {
        check(&Source::new(path, text)).len()
    }

    #[test]
    fn unsafe_has_its_places() {
        assert_eq!(breaches("vfs/src/lib.rs", "unsafe fn x() {}"), 1);
        assert_eq!(breaches("vfs/src/abi/mod.rs", "unsafe fn x() {}"), 0);
        assert_eq!(breaches("crates/engine/src/raw.rs", "unsafe {}"), 0);
        assert_eq!(breaches("crates/engine/src/session.rs", "unsafe {}"), 1);
        assert_eq!(breaches("tests/contract/src/open.rs", "unsafe {}"), 1);
        assert_eq!(breaches("tests/contract/src/raw.rs", "unsafe {}"), 0);
        assert_eq!(
            breaches("vfs/src/lib.rs", "// unsafe is elsewhere\n\"unsafe\""),
            0
        );
    }

    #[test]
    fn the_browser_has_its_places() {
        assert_eq!(
            breaches("crates/engine/src/lib.rs", "use web_sys::File;"),
            1
        );
        assert_eq!(breaches("vfs/src/opfs/sync.rs", "use web_sys::File;"), 0);
    }

    #[test]
    fn rusqlite_has_its_places() {
        assert_eq!(breaches("vfs/src/lib.rs", "use rusqlite::ffi;"), 1);
        assert_eq!(
            breaches("crates/engine/src/lib.rs", "use rusqlite::ffi;"),
            0
        );
    }

    #[test]
    fn messages_have_two_senders() {
        assert_eq!(breaches("js/src/database.ts", "port.postMessage(1)"), 1);
        assert_eq!(breaches("js/src/client.ts", "port.postMessage(1)"), 0);
    }

    #[test]
    fn the_library_never_prints() {
        assert_eq!(breaches("js/src/a.ts", "console.log(1)"), 1);
        assert_eq!(breaches("tests/run.mjs", "console.log(1)"), 0);
    }

    #[test]
    fn weak_randomness_and_html_strings_are_nowhere() {
        assert_eq!(breaches("tests/a.ts", "Math.random()"), 1);
        assert_eq!(breaches("demo/src/a.ts", "e.innerHTML = s"), 1);
    }

    #[test]
    fn notes_to_oneself_are_found_in_comments() {
        assert_eq!(breaches("a.css", concat!("/* TO", "DO: later */")), 1);
    }

    #[test]
    fn commented_out_code_is_told_from_prose() {
        assert_eq!(breaches("a.rs", "// let x = 1;"), 1);
        assert_eq!(breaches("a.ts", "  // if (x) {"), 1);
        assert_eq!(
            breaches("a.rs", "// The page ends here, see `x`.\n/// let x = 1;"),
            0
        );
    }

    #[test]
    fn no_test_is_skipped() {
        assert_eq!(breaches("a.rs", "#[ignore]\nfn x() {}"), 1);
    }

    #[test]
    fn nothing_is_loaded_late() {
        assert_eq!(breaches("js/src/a.ts", "const x = await y();"), 1);
        assert_eq!(
            breaches("js/src/a.ts", "async function f() {\n  await y();\n}"),
            0
        );
        assert_eq!(
            breaches("js/src/a.ts", "const m = () => import('./b.js');"),
            1
        );
        assert_eq!(breaches("js/src/a.ts", "const u = import.meta.url;"), 0);
    }
}
