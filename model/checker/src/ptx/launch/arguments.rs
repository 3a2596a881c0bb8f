//! `[[arg]]` tables and the fields of structures.

use super::description::{Argument, ITEM_LIMIT, Passed};
use super::expression::Variable;
use super::fields::buffer_named;
use super::reader::{Reader, Section, Value};
use super::scalar::Scalar;
use arverify_protocol::language::Diagnostic;

/// Structures within structures.
const NESTING_LIMIT: usize = 8;

/// Fields of a structure: a kernel has no more bytes of parameters.
const FIELD_LIMIT: usize = 32_764;

/// Where a value stands.
#[derive(Clone, Copy)]
struct Nesting {
    /// Values around it.
    depth: usize,
    /// Whether one of them is repeated.
    turns: bool,
}

impl Nesting {
    fn deeper(self) -> Nesting {
        Nesting { depth: self.depth + 1, ..self }
    }
}

/// Keys that only fields of structures have.
const OF_FIELDS: [&str; 3] = ["ptrs", "pad", "at"];

/// Kernel parameters in order.
pub(super) fn arguments(reader: &mut Reader<'_>, file: Section<'_, '_>, names: &[&str]) -> Vec<Argument> {
    let sections = reader.sections(file, "arg", "[[arg]]");
    if let Some(section) = sections.get(ITEM_LIMIT) {
        let message = format!("a file has at most {ITEM_LIMIT} arguments");
        reader.error(Diagnostic::new(message, section.span()).label("too many"));
    }
    let mut found = Vec::new();
    for section in sections.into_iter().take(ITEM_LIMIT) {
        found.extend(parameter(reader, section, names));
    }
    found
}

/// `args` of a step, in order; none if one of them is wrong.
pub(super) fn of_step(reader: &mut Reader<'_>, step: Section<'_, '_>, names: &[&str]) -> Option<Vec<Argument>> {
    let Some(value) = step.get("args") else { return Some(Vec::new()) };
    let items = reader.array("args", value, "values: [ { ptr = \"comm\" }, … ]")?;
    if items.len() > ITEM_LIMIT {
        let error =
            Diagnostic::new(format!("a kernel has at most {ITEM_LIMIT} arguments"), super::reader::place(value));
        reader.error(error.label("too many"));
        return None;
    }
    let mut read = |item| {
        let section = reader.section("an argument", item, "a value, such as { ptr = \"comm\" }")?;
        parameter(reader, section, names)
    };
    let found: Vec<Option<Argument>> = items.iter().map(&mut read).collect();
    found.into_iter().collect()
}

/// One kernel parameter.
fn parameter(reader: &mut Reader<'_>, section: Section<'_, '_>, names: &[&str]) -> Option<Argument> {
    if let Some((span, _)) = section.entry("ptrs") {
        let error = Diagnostic::new("`ptrs` is a field of a structure, not an argument", span);
        let error = error.label("an array of pointers cannot be passed by itself");
        reader.error(error.help(
            "write `struct = [ { ptrs = … } ]` where the structure is passed by value, or `table = …` for a \
             pointer to a table in device memory",
        ));
        return None;
    }
    argument(reader, section, names, Nesting { depth: 0, turns: false })
}

/// The key that says what is passed.
fn selectors() -> impl Iterator<Item = &'static str> {
    ["ptr", "multicast", "table", "struct", "ptrs", "each", "memory", "pad", "at"]
        .into_iter()
        .chain(Scalar::WORDS.into_iter().map(|(word, _)| word))
}

fn argument(reader: &mut Reader<'_>, section: Section<'_, '_>, names: &[&str], nesting: Nesting) -> Option<Argument> {
    let chosen: Vec<&str> = selectors().filter(|key| section.get(key).is_some()).collect();
    let known = match chosen.as_slice() {
        ["ptr"] => vec!["ptr", "offset", "rank"],
        ["multicast"] => vec!["multicast", "offset"],
        ["table"] => vec!["table", "slots"],
        ["ptrs"] => vec!["ptrs", "slots"],
        ["each"] => vec!["each", "of"],
        [one @ ("pad" | "at")] if nesting.depth == 0 => {
            let error = Diagnostic::new(format!("`{one}` is a field of a structure, not an argument"), section.span());
            reader.error(error.label("a place within a structure"));
            return None;
        }
        [one] => vec![*one],
        [] => {
            let all: Vec<&str> = selectors().filter(|key| nesting.depth > 0 || !OF_FIELDS.contains(key)).collect();
            let mut known = all.clone();
            known.extend(["offset", "rank", "slots", "of"]);
            let before = reader.errors.len();
            reader.unknown_keys(section, &known);
            if reader.errors.len() == before {
                let message = format!("{} does not say what is passed", section.name);
                let error = Diagnostic::new(message, section.span());
                reader.error(error.label(format!("expected one of {}", all.join(", "))));
            }
            return None;
        }
        [first, second, ..] => {
            let message = format!("{} has both `{first}` and `{second}`", section.name);
            let at = section.entry(second).map_or(section.span(), |(span, _)| span);
            reader.error(Diagnostic::new(message, at).label("an argument is one thing"));
            return None;
        }
    };
    let before = reader.errors.len();
    reader.unknown_keys(section, &known);
    let passed = passed(reader, section, chosen[0], names, nesting);
    (reader.errors.len() == before).then_some(())?;
    Some(Argument { passed: passed?, span: section.span() })
}

fn passed(
    reader: &mut Reader<'_>,
    section: Section<'_, '_>,
    key: &str,
    names: &[&str],
    nesting: Nesting,
) -> Option<Passed> {
    let value = section.get(key)?;
    let everything: &[Variable] = if nesting.turns { &Variable::OF_TURN } else { &Variable::OF_LAUNCH };
    let (slots, sizes) = ([Variable::Ranks], [Variable::Ranks, Variable::Grid, Variable::Block]);
    match key {
        "ptr" => {
            let buffer = buffer_named(reader, key, value, names);
            let offset = section.get("offset").map(|value| reader.expression("offset", value, everything));
            let rank = section.get("rank").map(|value| reader.expression("rank", value, everything));
            Some(Passed::Pointer { buffer: buffer?.value, offset: offset.flatten(), rank: rank.flatten() })
        }
        "multicast" => {
            let buffer = buffer_named(reader, key, value, names);
            let offset = section.get("offset").map(|value| reader.expression("offset", value, everything));
            Some(Passed::Multicast { buffer: buffer?, offset: offset.flatten() })
        }
        "table" | "ptrs" => {
            let buffer = buffer_named(reader, key, value, names);
            let slots = section.get("slots").map(|value| reader.expression("slots", value, &slots)).unwrap_or_default();
            let buffer = buffer?.value;
            Some(if key == "table" { Passed::Table { buffer, slots } } else { Passed::Pointers { buffer, slots } })
        }
        "struct" => structure(reader, value, names, nesting),
        "pad" => Some(Passed::Pad(reader.expression(key, value, &sizes)?)),
        "at" => Some(Passed::At(reader.expression(key, value, &sizes)?)),
        "each" => {
            let count = reader.expression(key, value, &sizes);
            let of = reader.required(section, "of", "{ ptr = \"comm\", rank = \"i\" }")?;
            let of = nested(reader, "of", of, names, Nesting { turns: true, ..nesting });
            Some(Passed::Each { count: count?, of: of? })
        }
        "memory" => Some(Passed::Memory { of: nested(reader, key, value, names, nesting)? }),
        _ => {
            let (_, scalar) = Scalar::WORDS.into_iter().find(|(word, _)| *word == key)?;
            let value = reader.expression(key, value, everything)?;
            Some(Passed::Number { scalar, value })
        }
    }
}

/// A value within another, unless that is too deep.
fn nested(
    reader: &mut Reader<'_>,
    key: &str,
    value: &Value<'_>,
    names: &[&str],
    nesting: Nesting,
) -> Option<Box<Argument>> {
    is_shallow(reader, value, nesting).then_some(())?;
    let name = if key == "of" { "the value of `each`" } else { "the value of `memory`" };
    let section = reader.section(name, value, "a value, such as { u32 = \"rank\" }")?;
    argument(reader, section, names, nesting.deeper()).map(Box::new)
}

fn is_shallow(reader: &mut Reader<'_>, value: &Value<'_>, nesting: Nesting) -> bool {
    if nesting.depth < NESTING_LIMIT {
        return true;
    }
    let message = format!("values nest at most {NESTING_LIMIT} deep");
    reader.error(Diagnostic::new(message, super::reader::place(value)).label("too deep"));
    false
}

fn structure(reader: &mut Reader<'_>, value: &Value<'_>, names: &[&str], nesting: Nesting) -> Option<Passed> {
    let span = super::reader::place(value);
    is_shallow(reader, value, nesting).then_some(())?;
    let expected = "fields: [ { u64 = \"64\" }, … ]";
    let items = reader.array("struct", value, expected)?;
    if items.is_empty() {
        reader.error(Diagnostic::new("the structure has no fields", span).label(format!("expected {expected}")));
        return None;
    }
    if items.len() > FIELD_LIMIT {
        let message = format!("a structure has at most {FIELD_LIMIT} fields");
        reader.error(Diagnostic::new(message, span).label("too many"));
        return None;
    }
    let fields: Vec<Option<Argument>> = items
        .iter()
        .map(|item| {
            let section = reader.section("a field of `struct`", item, "a field, such as { u32 = \"rank\" }")?;
            argument(reader, section, names, nesting.deeper())
        })
        .collect();
    fields.into_iter().collect::<Option<Vec<_>>>().map(Passed::Structure)
}
