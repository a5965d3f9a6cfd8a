//! A file as the rules see it, and what a rule says about it.

use std::fmt;

use super::code;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Rust,
    /// TypeScript and JavaScript.
    Script,
    Style,
    Other,
}

#[derive(Debug)]
pub(crate) struct Source {
    /// Relative to the root, with `/`.
    pub(crate) path: String,
    pub(crate) language: Language,
    pub(crate) text: String,
    /// The text with comments and the contents of strings replaced by blanks, line by line.
    pub(crate) code: String,
}

/// One breach of one rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Violation {
    path: String,
    line: usize,
    message: String,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let language = Language::of(path);
        let code = match language {
            Language::Rust => code::blank_rust(text),
            Language::Script => code::blank_script(text),
            Language::Style | Language::Other => text.to_owned(),
        };
        let (path, text) = (path.to_owned(), text.to_owned());
        Self {
            path,
            language,
            text,
            code,
        }
    }

    /// A breach at a line, counted from 1.
    pub(crate) fn violation(&self, line: usize, message: impl Into<String>) -> Violation {
        Violation {
            path: self.path.clone(),
            line,
            message: message.into(),
        }
    }

    /// Whether the path starts with one of these folders or is one of these files.
    pub(crate) fn is_in(&self, places: &[&str]) -> bool {
        places.iter().any(|place| self.path.starts_with(place))
    }

    pub(crate) fn is_program(&self) -> bool {
        matches!(self.language, Language::Rust | Language::Script)
    }
}

impl Language {
    fn of(path: &str) -> Self {
        match path.rsplit('.').next() {
            Some("rs") => Self::Rust,
            Some("ts" | "mts" | "js" | "mjs") => Self::Script,
            Some("css") => Self::Style,
            _ => Self::Other,
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}
