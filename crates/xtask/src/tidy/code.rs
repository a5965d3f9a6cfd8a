//! Tells code from comments and strings, closely enough for rules about words.
//!
//! Blanks keep every line and column where they were. A regular expression literal that holds a
//! quote is read as the start of a string; strings in quotes end with their line, so that the error
//! ends there too.

/// What the scanner is inside of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inside {
    Code,
    LineComment,
    /// With the depth of nesting, which only Rust has.
    BlockComment(usize),
    /// Ends at this quote.
    Text(char),
    /// Ends at a quote followed by this many `#`.
    RawText(usize),
}

#[derive(Debug)]
struct Scanner<'a> {
    rest: &'a str,
    rust: bool,
    inside: Inside,
    /// The character before, which tells `r"` from `for"`.
    before: char,
    out: String,
}

pub(crate) fn blank_rust(text: &str) -> String {
    blank(text, true)
}

pub(crate) fn blank_script(text: &str) -> String {
    blank(text, false)
}

fn blank(rest: &str, rust: bool) -> String {
    let out = String::with_capacity(rest.len());
    let mut scanner = Scanner {
        rest,
        rust,
        inside: Inside::Code,
        before: '\n',
        out,
    };
    while !scanner.rest.is_empty() {
        scanner.step();
    }
    scanner.out
}

impl Scanner<'_> {
    fn step(&mut self) {
        match self.inside {
            Inside::Code => self.code(),
            Inside::LineComment => self.line_comment(),
            Inside::BlockComment(depth) => self.block_comment(depth),
            Inside::Text(quote) => self.text(quote),
            Inside::RawText(hashes) => self.raw_text(hashes),
        }
    }

    fn code(&mut self) {
        if self.rest.starts_with("//") {
            self.enter(Inside::LineComment, 2);
        } else if self.rest.starts_with("/*") {
            self.enter(Inside::BlockComment(1), 2);
        } else if let Some((hashes, length)) = self.raw_start() {
            self.enter(Inside::RawText(hashes), length);
        } else if let Some(length) = self.char_literal() {
            self.drop(length);
        } else if let Some(quote) = self.quote() {
            self.keep();
            self.inside = Inside::Text(quote);
        } else {
            self.keep();
        }
    }

    fn line_comment(&mut self) {
        if self.rest.starts_with('\n') {
            self.inside = Inside::Code;
        }
        self.drop(1);
    }

    fn block_comment(&mut self, depth: usize) {
        if self.rest.starts_with("*/") {
            let outer = if depth == 1 {
                Inside::Code
            } else {
                Inside::BlockComment(depth - 1)
            };
            self.enter(outer, 2);
        } else if self.rust && self.rest.starts_with("/*") {
            self.enter(Inside::BlockComment(depth + 1), 2);
        } else {
            self.drop(1);
        }
    }

    fn text(&mut self, quote: char) {
        let over_lines = self.rust || quote == '`';
        if self.rest.starts_with('\\') {
            self.drop(2);
        } else if self.rest.starts_with(quote) {
            self.inside = Inside::Code;
            self.keep();
        } else {
            if self.rest.starts_with('\n') && !over_lines {
                self.inside = Inside::Code;
            }
            self.drop(1);
        }
    }

    fn raw_text(&mut self, hashes: usize) {
        let end = format!("\"{}", "#".repeat(hashes));
        if self.rest.starts_with(&end) {
            self.enter(Inside::Code, end.len());
        } else {
            self.drop(1);
        }
    }

    /// The number of `#` and the length of `r"`, `r#"`, `br"` and their like.
    fn raw_start(&self) -> Option<(usize, usize)> {
        if !self.rust || is_word(self.before) {
            return None;
        }
        let tail = self.rest.trim_start_matches(['b', 'c']).strip_prefix('r')?;
        let open = tail.trim_start_matches('#');
        let length = self.rest.len() - open.len() + 1;
        open.starts_with('"')
            .then_some((tail.len() - open.len(), length))
    }

    /// The length in characters of a Rust character literal; a lifetime is none.
    fn char_literal(&self) -> Option<usize> {
        let body = self.rest.strip_prefix('\'').filter(|_| self.rust)?;
        if body.starts_with('\\') {
            return body
                .chars()
                .skip(2)
                .position(|c| c == '\'')
                .map(|end| end + 4);
        }
        (body.chars().nth(1)? == '\'').then_some(3)
    }

    fn quote(&self) -> Option<char> {
        let quotes: &[char] = if self.rust { &['"'] } else { &['"', '\'', '`'] };
        self.rest.chars().next().filter(|c| quotes.contains(c))
    }

    fn enter(&mut self, inside: Inside, length: usize) {
        self.inside = inside;
        self.drop(length);
    }

    /// Passes characters on as blanks.
    fn drop(&mut self, count: usize) {
        for _ in 0..count {
            if let Some(c) = self.next() {
                self.out.push(if c == '\n' { '\n' } else { ' ' });
            }
        }
    }

    /// Passes one character on as it is.
    fn keep(&mut self) {
        if let Some(c) = self.next() {
            self.out.push(c);
        }
    }

    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let c = chars.next()?;
        self.rest = chars.as_str();
        self.before = c;
        Some(c)
    }
}

/// Where a word occurs in a line as a whole word.
pub(crate) fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        let after = line[start + word.len()..].chars().next();
        let ends_open = word.ends_with(|c| !is_word(c));
        !before.is_some_and(is_word) && (ends_open || !after.is_some_and(is_word))
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_comments_and_strings_are_blank() {
        let text = "let a = \"x\\\"y\"; // b\n/* c /* d */ e */ f";
        let code = blank_rust(text);
        assert_eq!(
            code.split_whitespace().collect::<Vec<_>>(),
            ["let", "a", "=", "\"", "\";", "f"]
        );
        assert_eq!(code.len(), text.len());
    }

    #[test]
    fn raw_strings_characters_and_lifetimes_are_told_apart() {
        let code = blank_rust("r#\"a\"b\"# + '\"' + '\\'' + f::<'a>(b'x') + bar");
        assert!(!code.contains("a\"b") && !code.contains('"'), "{code}");
        assert!(code.contains("<'a>") && code.ends_with("bar"), "{code}");
    }

    #[test]
    fn script_templates_span_lines_and_strings_do_not() {
        let code = blank_script("a(`x\ny`); b('it);\nc('d')");
        assert_eq!(code.lines().count(), 3);
        assert!(code.contains("a(`") && !code.contains('y'), "{code}");
        assert!(code.contains("c(' ')"), "{code}");
    }

    #[test]
    fn words_are_whole() {
        assert!(has_word("unsafe { x }", "unsafe"));
        assert!(!has_word("#![deny(unsafe_code)]", "unsafe"));
        assert!(has_word("window.console.log", "console."));
        assert!(!has_word("myconsole.log", "console."));
    }
}
