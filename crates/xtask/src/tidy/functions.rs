//! The length of functions, from the line of their name to the line of their closing brace.
//!
//! Sources are formatted, so a body ends at the first line with the indentation of its head that
//! starts with a brace. In TypeScript a function is whatever opens a body by `function`, a method
//! head or `=> {`; one written on a single line counts as one line.

use super::code::has_word;
use super::source::{Language, Source, Violation};

const LONGEST: usize = 70;

/// Words that open a block which is not a function.
const BLOCKS: [&str; 14] = [
    "if",
    "else",
    "for",
    "while",
    "do",
    "switch",
    "case",
    "try",
    "catch",
    "finally",
    "class",
    "interface",
    "return",
    "with",
];

#[derive(Debug, PartialEq, Eq)]
struct Function {
    /// From 1.
    line: usize,
    length: usize,
}

pub(crate) fn check(source: &Source) -> Vec<Violation> {
    let long = functions(source)
        .into_iter()
        .filter(|function| function.length > LONGEST);
    let message = |length| format!("a function of {length} lines, {LONGEST} are allowed");
    long.map(|function| source.violation(function.line, message(function.length)))
        .collect()
}

/// One line per language: how many functions, and how long they are.
pub(crate) fn report(sources: &[Source]) -> String {
    let lines = [("Rust", Language::Rust), ("TypeScript", Language::Script)];
    lines
        .map(|(name, language)| report_one(sources, name, language))
        .join("\n")
}

fn report_one(sources: &[Source], name: &str, language: Language) -> String {
    let mut all: Vec<(usize, &str, usize)> = Vec::new();
    for source in sources.iter().filter(|source| source.language == language) {
        let found = functions(source).into_iter();
        all.extend(found.map(|function| (function.length, source.path.as_str(), function.line)));
    }
    all.sort_unstable();
    let Some((longest, path, line)) = all.last() else {
        return format!("{name}: no functions");
    };
    let at = |percent: usize| all[(all.len() - 1) * percent / 100].0;
    format!(
        "{name}: {} functions, median {} lines, p90 {}, longest {longest} ({path}:{line})",
        all.len(),
        at(50),
        at(90),
    )
}

fn functions(source: &Source) -> Vec<Function> {
    let lines: Vec<&str> = source.code.lines().collect();
    match source.language {
        Language::Rust => rust_functions(&lines),
        Language::Script => script_functions(&lines),
        Language::Style | Language::Other => Vec::new(),
    }
}

fn rust_functions(lines: &[&str]) -> Vec<Function> {
    let heads = (0..lines.len()).filter(|&index| is_rust_head(lines[index]));
    heads
        .filter_map(|head| rust_function(lines, head))
        .collect()
}

fn is_rust_head(line: &str) -> bool {
    let before = line.split("fn ").next().unwrap_or_default();
    let named = line[before.len()..]
        .trim_start_matches("fn ")
        .starts_with(is_name);
    let words = before.replace('"', " ");
    let mut words = words.split_whitespace();
    let qualifier = |word: &str| {
        word.starts_with("pub")
            || matches!(word, "const" | "async" | "unsafe" | "extern")
            || word.starts_with("in")
            || word.ends_with(')')
    };
    has_word(line, "fn") && named && words.all(qualifier)
}

/// Nothing for a declaration without a body.
fn rust_function(lines: &[&str], head: usize) -> Option<Function> {
    let indent = indentation(lines[head]);
    for (index, line) in lines.iter().enumerate().skip(head) {
        if line.trim().is_empty() || indentation(line) != indent {
            continue;
        }
        let line = line.trim();
        if line.ends_with(';') && !line.starts_with('}') {
            return None;
        }
        let closes = if index == head {
            line.ends_with('}')
        } else {
            line.starts_with('}')
        };
        if closes {
            return Some(Function {
                line: head + 1,
                length: index - head + 1,
            });
        }
    }
    None
}

fn script_functions(lines: &[&str]) -> Vec<Function> {
    let opens = (0..lines.len()).filter(|&index| lines[index].trim_end().ends_with('{'));
    opens
        .filter_map(|open| script_function(lines, open))
        .collect()
}

fn script_function(lines: &[&str], open: usize) -> Option<Function> {
    let head = head_of(lines, open);
    if !is_script_head(lines[head].trim(), lines[open].trim()) {
        return None;
    }
    let indent = indentation(lines[open]);
    let mut after = lines.iter().enumerate().skip(open + 1);
    let end = after.find(|(_, line)| line.trim().starts_with('}') && indentation(line) == indent);
    end.map(|(end, _)| Function {
        line: head + 1,
        length: end - head + 1,
    })
}

/// Where a head that is broken over several lines begins.
fn head_of(lines: &[&str], open: usize) -> usize {
    if !lines[open].trim().starts_with(')') {
        return open;
    }
    let indent = indentation(lines[open]);
    let mut before = (0..open).rev();
    before
        .find(|&index| !lines[index].trim().is_empty() && indentation(lines[index]) == indent)
        .unwrap_or(open)
}

fn is_script_head(head: &str, open: &str) -> bool {
    let word = head.trim_start_matches('}').trim_start();
    let word: String = word.chars().take_while(|c| is_name(*c)).collect();
    if open.ends_with("=> {") || has_word(head, "function") {
        return true;
    }
    let method = head.contains('(') && !head.contains(" = ") && !head.contains(" new ");
    method && open.contains(')') && !BLOCKS.contains(&word.as_str())
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(path: &str, text: &str) -> Vec<usize> {
        let found = functions(&Source::new(path, text));
        found.into_iter().map(|function| function.length).collect()
    }

    #[test]
    fn rust_functions_are_measured() {
        let text = "fn one() {}\n\npub(crate) fn four(\n    a: u8,\n) {\n}\n\n\
            impl X {\n    pub const fn three() -> u8 {\n        1\n    }\n}\n";
        assert_eq!(lengths("a.rs", text), [1, 4, 3]);
    }

    #[test]
    fn rust_declarations_and_words_in_types_are_no_functions() {
        let text = "trait T {\n    fn a(&self);\n    fn b(\n        &self,\n    ) -> u8;\n}\n\
            type F = unsafe extern \"C\" fn(u8) -> u8;\nlet f: fn(u8) = g;\n";
        assert_eq!(lengths("a.rs", text), [0; 0]);
    }

    #[test]
    fn an_extern_function_is_measured() {
        let text = "pub unsafe extern \"C\" fn x_open(a: u8) -> u8 {\n    1\n}\n";
        assert_eq!(lengths("a.rs", text), [3]);
    }

    #[test]
    fn typescript_functions_are_measured() {
        let text = "export function a() {\n  if (x) {\n    y();\n  }\n}\n\
            class C {\n  async m(\n    p: string,\n  ): Promise<void> {\n    z();\n  }\n}\n\
            const f = async () => {\n  g();\n};\n";
        assert_eq!(lengths("a.ts", text), [5, 5, 3]);
    }

    #[test]
    fn typescript_blocks_are_no_functions() {
        let text = "interface I {\n}\nfor (const a of b()) {\n}\n} else if (c()) {\n}\n\
            const o = f({\n});\nswitch (x) {\n}\n} catch (error) {\n}\n";
        assert_eq!(lengths("a.ts", text), [0; 0]);
    }

    #[test]
    fn the_seventy_first_line_is_too_much() {
        let body = |count: usize| format!("fn x() {{\n{}}}\n", "    y();\n".repeat(count - 2));
        assert!(check(&Source::new("a.rs", &body(70))).is_empty());
        assert_eq!(check(&Source::new("a.rs", &body(71))).len(), 1);
    }

    #[test]
    fn the_report_names_the_longest() {
        let source = Source::new("a.rs", "fn a() {}\nfn b() {\n    c()\n}\n");
        let report = report(&[source]);
        assert!(report.contains("2 functions, median 1 lines"), "{report}");
        assert!(report.contains("longest 3 (a.rs:2)"), "{report}");
    }
}
