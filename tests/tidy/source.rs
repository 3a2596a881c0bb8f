//! A Rust source file with its comments and string contents blanked out, so that a rule can look for words.
//!
//! This is a scanner, not a parser: it knows comments, strings, character literals, braces and `#[cfg(test)]`, which
//! is all the rules ask. The road not taken is `syn`, which drops comments and positions. What it does not see:
//! code inside macro definitions is scanned like any other code.

use std::path::PathBuf;

/// One file.
pub(crate) struct Source {
    /// Path from the root of the workspace, with forward slashes.
    pub(crate) path: String,
    /// The text as written.
    pub(crate) text: String,
    /// The text with comments and the contents of literals replaced by spaces; same length and lines.
    pub(crate) code: String,
    /// `code` with the items under `#[cfg(test)]` blanked out as well; all blank for a file of tests.
    pub(crate) shipped: String,
}

/// A function's place.
pub(crate) struct Function {
    pub(crate) name: String,
    /// First line, counted from 1.
    pub(crate) line: usize,
    /// From the line with `fn` to the line of the closing brace.
    pub(crate) length: usize,
}

impl Source {
    pub(crate) fn new(path: String, text: String) -> Source {
        let code = blank_comments_and_literals(&text);
        let shipped = if is_test_file(&path) { spaces(&code) } else { blank_test_items(&code) };
        Source { path, text, code, shipped }
    }

    /// The module documentation: the `//!` lines at the top.
    pub(crate) fn module_docs(&self) -> String {
        let lines = self.text.lines().map(str::trim).skip_while(|line| line.is_empty());
        let docs: Vec<&str> = lines.map_while(|line| line.strip_prefix("//!")).map(str::trim).collect();
        docs.join(" ")
    }

    /// Every function with a body.
    pub(crate) fn functions(&self) -> Vec<Function> {
        words(&self.code).filter(|(_, word)| *word == "fn").filter_map(|(at, _)| self.function(at)).collect()
    }

    fn function(&self, at: usize) -> Option<Function> {
        let rest = &self.code[at + 2..];
        let name: String = rest.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if name.is_empty() {
            return None; // a function pointer type
        }
        let open = body_start(rest)? + at + 2;
        let end = matching_brace(&self.code, open)?;
        Some(Function { name, line: self.line(at), length: self.line(end) - self.line(at) + 1 })
    }

    /// Line of a byte offset, counted from 1.
    pub(crate) fn line(&self, at: usize) -> usize {
        self.text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1
    }

    /// `path:line` of a byte offset.
    pub(crate) fn place(&self, at: usize) -> String {
        format!("{}:{}", self.path, self.line(at))
    }
}

/// The words (identifiers, keywords, numbers) of a text with their offsets.
pub(crate) fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut rest = 0;
    std::iter::from_fn(move || {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let start = rest + code[rest..].find(is_word)?;
        let length = code[start..].find(|c| !is_word(c)).unwrap_or(code.len() - start);
        rest = start + length;
        Some((start, &code[start..rest]))
    })
}

/// All Rust files of the workspace's crates.
pub(crate) fn all() -> Vec<Source> {
    let mut sources = Vec::new();
    for path in crate::tree::files() {
        if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push(read(path));
        }
    }
    assert!(sources.len() > 10, "the scanner found only {} Rust files", sources.len());
    sources
}

fn read(path: PathBuf) -> Source {
    let text = crate::tree::read(&path);
    Source::new(crate::tree::relative(&path), text)
}

fn is_test_file(path: &str) -> bool {
    let crates_tests = path.contains("/tests/") || path.contains("/benches/") || path.ends_with("/tests.rs");
    crates_tests || path.starts_with("tests/")
}

fn spaces(code: &str) -> String {
    code.chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect()
}

/// Offset of the `{` that opens a function's body; `None` for a declaration that ends in `;`.
fn body_start(rest: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, byte) in rest.bytes().enumerate() {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b'{' if depth == 0 => return Some(at),
            b';' if depth == 0 => return None,
            _ if depth < 0 => return None, // `fn` inside a type or a macro's pattern
            _ => {}
        }
    }
    None
}

/// Offset of the brace that closes the one at `open`.
pub(crate) fn matching_brace(code: &str, open: usize) -> Option<usize> {
    let mut depth = 0;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

fn blank_test_items(code: &str) -> String {
    let mut bytes = code.as_bytes().to_vec();
    let mut from = 0;
    while let Some(found) = code[from..].find("#[cfg(test)]") {
        let start = from + found;
        let end = match code[start..].find(['{', ';']).map(|at| start + at) {
            Some(at) if code.as_bytes()[at] == b'{' => matching_brace(code, at).unwrap_or(code.len() - 1),
            Some(at) => at,
            None => code.len() - 1,
        };
        bytes[start..=end].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        from = end + 1;
    }
    String::from_utf8(bytes).unwrap_or_default()
}

/// Replaces comments and the contents of literals by spaces. Every replaced byte becomes one space.
fn blank_comments_and_literals(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = literal_or_comment_end(bytes, at);
        let Some((inside, end)) = end else {
            at += 1;
            continue;
        };
        for byte in &mut code[inside..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end.max(at + 1);
    }
    String::from_utf8_lossy(&code).into_owned()
}

/// If a comment or literal starts here: the range to blank out.
fn literal_or_comment_end(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let rest = &bytes[at..];
    let word_before = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    match rest {
        [b'/', b'/', ..] => Some((at, at + rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()))),
        [b'/', b'*', ..] => Some((at, at + block_comment(rest))),
        [b'"', ..] => Some((at, at + quoted(rest))),
        [b'r', b'"' | b'#', ..] if !word_before => raw_string(&rest[1..]).map(|length| (at, at + 1 + length)),
        [b'b', b'r', b'"' | b'#', ..] if !word_before => raw_string(&rest[2..]).map(|length| (at, at + 2 + length)),
        [b'\'', ..] => character(rest).map(|length| (at, at + length)),
        _ => None,
    }
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match &rest[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn quoted(rest: &[u8]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

fn raw_string(rest: &[u8]) -> Option<usize> {
    let hashes = rest.iter().take_while(|byte| **byte == b'#').count();
    if rest.get(hashes) != Some(&b'"') {
        return None; // a raw identifier
    }
    let mut end = vec![b'#'; hashes + 1];
    end[0] = b'"';
    let body = &rest[hashes + 1..];
    let length = body.windows(end.len()).position(|window| window == end).unwrap_or(body.len());
    Some(hashes + 1 + length + end.len())
}

/// Length of a character literal; `None` for a lifetime.
fn character(rest: &[u8]) -> Option<usize> {
    match rest {
        [_, b'\\', _, tail @ ..] => Some(3 + tail.iter().position(|byte| *byte == b'\'')? + 1),
        _ => {
            let text = std::str::from_utf8(&rest[1..rest.len().min(6)]);
            let text = text.or_else(|error| std::str::from_utf8(&rest[1..1 + error.valid_up_to()])).ok()?;
            let first = text.chars().next()?;
            (rest.get(1 + first.len_utf8()) == Some(&b'\'')).then_some(first.len_utf8() + 2)
        }
    }
}

#[test]
fn the_scanner_knows_strings_comments_and_tests() {
    let text = "//! Docs.\nfn a<'x>(s: &'x str) { let c = '{'; let q = '\\''; \"}}\\\"}\"; r#\"}\"}\"#; /* } /* } */ */ }\n\
                #[cfg(test)]\nmod tests {\n    fn b() { x.unwrap() }\n}\nfn c();\nconst T: fn(u8) = a;\nfn d() {\n}\n";
    let source = Source::new("model/x.rs".into(), text.into());
    let functions: Vec<(String, usize, usize)> =
        source.functions().into_iter().map(|function| (function.name, function.line, function.length)).collect();
    assert_eq!(functions, [("a".into(), 2, 1), ("b".into(), 5, 1), ("d".into(), 9, 2)]);
    assert!(source.code.contains("unwrap") && !source.shipped.contains("unwrap"));
    assert_eq!(source.module_docs(), "Docs.");
    assert_eq!(source.code.len(), text.len());
}
