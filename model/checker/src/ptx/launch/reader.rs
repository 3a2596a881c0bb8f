//! Values of a TOML file with their places: what every field needs before it means anything.
//!
//! Decision: the tree of the `toml` crate is walked by hand. The road not taken is to derive `Deserialize` on the
//! types: its errors know neither what was expected, nor the key that was meant, nor a place inside an expression.
//! Errors are collected, so that one run shows all of them.

use super::expression::{Expression, Variable};
use arverify_protocol::ir::Span;
use arverify_protocol::language::Diagnostic;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located<T> {
    /// What it is.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

/// A value of the file.
pub(super) type Value<'t> = Spanned<DeValue<'t>>;

/// A table of the file.
#[derive(Clone, Copy)]
pub(super) struct Section<'a, 't> {
    pub(super) entries: &'a DeTable<'t>,
    pub(super) start: u32,
    pub(super) end: u32,
    /// What messages call it.
    pub(super) name: &'a str,
}

impl<'a, 't> Section<'a, 't> {
    pub(super) fn span(&self) -> Span {
        self.start..self.end
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&'a Value<'t>> {
        self.entries.get(key)
    }

    /// The value of a key, with the place of the key.
    pub(super) fn entry(&self, key: &str) -> Option<(Span, &'a Value<'t>)> {
        let (found, value) = self.entries.get_key_value(key)?;
        Some((narrow(found.span()), value))
    }
}

/// Byte offsets as spans hold them; files are far smaller than 4 GiB.
pub(super) fn narrow(range: std::ops::Range<usize>) -> Span {
    let end = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
    end(range.start)..end(range.end)
}

pub(super) fn place(value: &Value<'_>) -> Span {
    narrow(value.span())
}

/// Reads fields and collects what is wrong with them.
pub(super) struct Reader<'t> {
    pub(super) text: &'t str,
    pub(super) errors: Vec<Diagnostic>,
}

impl Reader<'_> {
    pub(super) fn error(&mut self, error: Diagnostic) {
        self.errors.push(error);
    }

    /// A value of another kind than is needed.
    fn mismatch(&mut self, key: &str, value: &Value<'_>, expected: &str) {
        let message = format!("`{key}`: expected {expected}, found {}", kind(value.get_ref()));
        self.error(Diagnostic::new(message, place(value)).label(format!("expected {expected}")));
    }

    /// Reports keys that the section does not have.
    pub(super) fn unknown_keys(&mut self, section: Section<'_, '_>, known: &[&str]) {
        for key in section.entries.keys() {
            let word = key.get_ref().as_ref();
            if known.contains(&word) {
                continue;
            }
            let message = format!("{} has no key `{}`", section.name, word.escape_debug());
            let error = Diagnostic::new(message, narrow(key.span()));
            self.error(match super::nearest(word, known.iter().copied()) {
                Some(near) => error.label(format!("is it `{near}`?")),
                None => error.label("unknown key").note(format!("its keys are {}", known.join(", "))),
            });
        }
    }

    /// The value of a key that must be there.
    pub(super) fn required<'a, 't>(
        &mut self,
        section: Section<'a, 't>,
        key: &str,
        expected: &str,
    ) -> Option<&'a Value<'t>> {
        let found = section.get(key);
        if found.is_none() {
            let message = format!("{} has no `{key}`", section.name);
            self.error(Diagnostic::new(message, section.span()).label(format!("expected `{key} = {expected}`")));
        }
        found
    }

    /// A string.
    pub(super) fn string(&mut self, key: &str, value: &Value<'_>, expected: &str) -> Option<Located<String>> {
        match value.get_ref() {
            DeValue::String(text) => Some(Located { value: text.to_string(), span: place(value) }),
            _ => {
                self.mismatch(key, value, expected);
                None
            }
        }
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(&mut self, key: &str, value: &Value<'_>, words: &[(&str, T)]) -> Option<T> {
        let list: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let expected =
            format!("one of {}", list.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", "));
        let text = self.string(key, value, &expected)?;
        let found = words.iter().find(|(word, _)| *word == text.value);
        if found.is_none() {
            let message = format!("`{key}`: unknown value `{}`", text.value.escape_debug());
            let error = Diagnostic::new(message, text.span);
            let near = super::nearest(&text.value, list);
            self.error(error.label(near.map_or(format!("expected {expected}"), |near| format!("is it \"{near}\"?"))));
        }
        found.map(|(_, meaning)| *meaning)
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, key: &str, value: &Value<'_>) -> Option<bool> {
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.mismatch(key, value, "true or false");
        }
        flag
    }

    /// A whole number within bounds, written as a number.
    pub(super) fn number(
        &mut self,
        key: &str,
        value: &Value<'_>,
        bounds: std::ops::RangeInclusive<u32>,
    ) -> Option<Located<u32>> {
        let expected = format!("a whole number from {} to {}", bounds.start(), bounds.end());
        let Some(number) = integer(value.get_ref()) else {
            self.mismatch(key, value, &expected);
            return None;
        };
        let fits = u32::try_from(number).ok().filter(|number| bounds.contains(number));
        if fits.is_none() {
            let message = format!("`{key} = {number}` is out of range");
            self.error(Diagnostic::new(message, place(value)).label(format!("expected {expected}")));
        }
        Some(Located { value: fits?, span: place(value) })
    }

    /// A number, or a string that holds an expression.
    pub(super) fn expression(&mut self, key: &str, value: &Value<'_>, allowed: &[Variable]) -> Option<Expression> {
        let text = match value.get_ref() {
            DeValue::String(text) => text,
            DeValue::Float(number) => {
                let parsed = number.as_str().parse::<f64>().ok().filter(|number| number.is_finite());
                if parsed.is_none() {
                    self.mismatch(key, value, "a finite number");
                }
                return Some(Expression::real(parsed?, place(value)));
            }
            other => {
                let number = integer(other);
                if number.is_none() {
                    self.mismatch(key, value, "a number, or a string that holds an expression");
                }
                return Some(Expression::whole(number?, place(value)));
            }
        };
        let whole = value.span();
        // Inside a string without escapes every byte has its place in the file.
        let quotes = self.text.get(whole.clone()).filter(|raw| raw.len() == text.len() + 2 && raw.contains(&**text));
        let inside = quotes.map(|_| whole.start + 1);
        let locate = |range: std::ops::Range<usize>| match inside {
            Some(start) => narrow(start + range.start..start + range.end),
            None => narrow(whole.clone()),
        };
        match Expression::parse(text, &locate, allowed) {
            Ok(expression) => Some(expression),
            Err(error) => {
                self.error(error);
                None
            }
        }
    }

    /// The items of an array.
    pub(super) fn array<'a, 't>(&mut self, key: &str, value: &'a Value<'t>, expected: &str) -> Option<&'a [Value<'t>]> {
        match value.get_ref() {
            DeValue::Array(items) => Some(items),
            _ => {
                self.mismatch(key, value, expected);
                None
            }
        }
    }

    /// A table.
    pub(super) fn section<'a, 't>(
        &mut self,
        name: &'a str,
        value: &'a Value<'t>,
        expected: &str,
    ) -> Option<Section<'a, 't>> {
        let Span { start, end } = place(value);
        match value.get_ref() {
            DeValue::Table(entries) => Some(Section { entries, start, end, name }),
            _ => {
                self.mismatch(name, value, expected);
                None
            }
        }
    }

    /// The tables of `[[name]]`; none where the key is missing.
    pub(super) fn sections<'a, 't>(&mut self, file: Section<'a, 't>, key: &str, name: &'a str) -> Vec<Section<'a, 't>> {
        let Some(value) = file.get(key) else { return Vec::new() };
        let expected = format!("tables, each written [[{key}]]");
        let items = self.array(key, value, &expected).unwrap_or_default();
        items.iter().filter_map(|item| self.section(name, item, &expected)).collect()
    }
}

/// A whole number as it was written, in whichever base.
fn integer(value: &DeValue<'_>) -> Option<i128> {
    let number = value.as_integer()?;
    i128::from_str_radix(number.as_str(), number.radix()).ok()
}

/// What a value is, for messages.
fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "a truth value",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}
