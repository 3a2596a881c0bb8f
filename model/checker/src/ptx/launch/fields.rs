//! Fields of LAUNCH.toml: dimensions, buffers with their parts, and the expectation.

use super::description::{Accept, Buffer, DEFINITIONS, Dimensions, Expectation, ITEM_LIMIT, Initial, Within, lift};
use super::expression::{Expression, Variable};
use super::reader::{Located, Reader, Section, Value, place};
use super::scalar::ELEMENTS;
use arverify_protocol::language::Diagnostic;
use arverify_protocol::verdict::Code;
use toml::de::DeValue;

/// `grid` or `block`: a number, an expression, or up to three of them.
pub(super) fn dimensions(reader: &mut Reader<'_>, file: Section<'_, '_>, key: &str) -> Option<Dimensions> {
    let variables = [Variable::Rank, Variable::Ranks];
    let value = reader.required(file, key, "2")?;
    let span = place(value);
    let DeValue::Array(items) = value.get_ref() else {
        let axis = reader.expression(key, value, &variables)?;
        return Some(Dimensions { axes: vec![axis], span });
    };
    if !(1..=3).contains(&items.len()) {
        let message = format!("`{key}` has {} dimensions", items.len());
        reader.error(Diagnostic::new(message, span).label("expected a number, or [x, y, z]"));
        return None;
    }
    let axes: Vec<Option<Expression>> = items.iter().map(|item| reader.expression(key, item, &variables)).collect();
    Some(Dimensions { axes: axes.into_iter().collect::<Option<_>>()?, span })
}

/// Keys that a part of a buffer has as well.
const OF_PARTS: [&str; 6] = ["name", "bytes", "dtype", "init", "refresh", "read"];

/// Variables of sizes.
const SIZES: [Variable; 3] = [Variable::Ranks, Variable::Grid, Variable::Block];

/// `[[buffer]]`s and, after them, their parts, with their names; one that is not right has only its name.
pub(super) fn buffers(reader: &mut Reader<'_>, file: Section<'_, '_>) -> Vec<(Located<String>, Option<Buffer>)> {
    let sections = reader.sections(file, "buffer", "[[buffer]]");
    if let Some(section) = sections.get(ITEM_LIMIT) {
        let message = format!("a file has at most {ITEM_LIMIT} buffers");
        reader.error(Diagnostic::new(message, section.span()).label("too many"));
    }
    let mut names: Vec<Located<String>> = Vec::new();
    let mut found = Vec::new();
    let mut parts = Vec::new();
    for section in sections.into_iter().take(ITEM_LIMIT) {
        let keys: Vec<&str> =
            OF_PARTS.into_iter().chain(["symmetric", "stride", "part", "multicast", "used"]).collect();
        reader.unknown_keys(section, &keys);
        let name = name(reader, section, "buffer", &mut names);
        // Without a name, its other fields are read for their mistakes.
        let known = name.clone().unwrap_or(Located { value: String::new(), span: section.span() });
        let buffer = buffer(reader, section, known);
        let items = section.get("part").and_then(|value| {
            reader.array("part", value, "parts: [ { name = \"flags\", offset = 0, bytes = 64, dtype = \"u32\" }, … ]")
        });
        for item in items.unwrap_or_default() {
            let expected = "a part, such as { name = \"flags\", offset = 0, bytes = 64, dtype = \"u32\" }";
            let Some(section) = reader.section("a part of a buffer", item, expected) else { continue };
            parts.extend(part(reader, section, found.len(), &mut names));
        }
        found.extend(name.map(|name| (name, buffer)));
    }
    if let Some((name, _)) = parts.get(ITEM_LIMIT) {
        let message = format!("a file has at most {ITEM_LIMIT} parts of buffers");
        reader.error(Diagnostic::new(message, name.span.clone()).label("too many"));
    }
    found.extend(parts);
    found
}

/// The name of a buffer or part: no other has it.
fn name(
    reader: &mut Reader<'_>,
    section: Section<'_, '_>,
    what: &str,
    names: &mut Vec<Located<String>>,
) -> Option<Located<String>> {
    let name = reader.required(section, "name", "\"comm\"");
    let name = name.and_then(|value| reader.string("name", value, "a name"))?;
    if name.value.is_empty() {
        reader.error(Diagnostic::new(format!("a {what}'s name is empty"), name.span.clone()).label("expected a name"));
    }
    if let Some(first) = names.iter().find(|known| known.value == name.value) {
        let message = format!("two buffers are called `{}`", name.value.escape_debug());
        let error = Diagnostic::new(message, name.span.clone()).label("the second");
        reader.error(error.context(first.span.clone(), "the first"));
    }
    names.push(name.clone());
    Some(name)
}

/// A part of the buffer with this index.
fn part(
    reader: &mut Reader<'_>,
    section: Section<'_, '_>,
    whole: usize,
    names: &mut Vec<Located<String>>,
) -> Option<(Located<String>, Option<Buffer>)> {
    let keys: Vec<&str> = OF_PARTS.into_iter().chain(["offset"]).collect();
    reader.unknown_keys(section, &keys);
    let name = name(reader, section, "part", names);
    let known = name.clone().unwrap_or(Located { value: String::new(), span: section.span() });
    let buffer = buffer(reader, section, known);
    let offset = reader.required(section, "offset", "1024");
    let offset = offset.and_then(|value| reader.expression("offset", value, &SIZES));
    let within = offset.map(|offset| Within { buffer: whole, offset });
    let buffer = buffer.zip(within).map(|(buffer, within)| Buffer { within: Some(within), ..buffer });
    Some((name?, buffer))
}

fn buffer(reader: &mut Reader<'_>, section: Section<'_, '_>, name: Located<String>) -> Option<Buffer> {
    let bytes = reader.required(section, "bytes", "256");
    let bytes = bytes.and_then(|value| reader.expression("bytes", value, &SIZES));
    let element = reader.required(section, "dtype", "\"f32\"");
    let element = element.and_then(|value| reader.word("dtype", value, &ELEMENTS));
    let initial = section.get("init").map_or(Some(Initial::Poison), |value| initial(reader, value));
    let refresh = section.get("refresh").map_or(Some(false), |value| reader.flag("refresh", value));
    let read = section.get("read").map_or(Some(false), |value| reader.flag("read", value));
    let symmetric = section.get("symmetric").map_or(Some(true), |value| reader.flag("symmetric", value));
    let stride = section.get("stride").map(|value| reader.expression("stride", value, &SIZES));
    let by_launch = [Variable::Rank, Variable::Ranks, Variable::Launch, Variable::Grid, Variable::Block];
    let used = section.get("used").map(|value| reader.expression("used", value, &by_launch));
    let multicast = section.get("multicast").map_or(Some(false), |value| reader.flag("multicast", value));
    Some(Buffer {
        name,
        within: None,
        symmetric: symmetric?,
        stride: lift(stride)?,
        bytes: bytes?,
        used: lift(used)?,
        element: element?,
        initial: initial?,
        refresh: refresh?,
        read: read?,
        multicast: multicast?,
        span: section.span(),
    })
}

fn initial(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<Initial> {
    let variables = [Variable::Rank, Variable::Ranks];
    match value.get_ref() {
        DeValue::Table(_) => {}
        DeValue::Array(items) => {
            let elements = items.iter().map(|item| reader.expression("init", item, &variables)).collect::<Vec<_>>();
            return Some(Initial::List(elements.into_iter().collect::<Option<_>>()?, place(value)));
        }
        DeValue::String(_) => {
            let meanings = [("random", Initial::Random), ("zero", Initial::Zero), ("poison", Initial::Poison)];
            let words = [0, 1, 2].map(|index: usize| (meanings[index].0, index));
            return reader.word("init", value, &words).map(|index| meanings[index].1.clone());
        }
        _ => {
            let message = "`init`: expected \"random\", \"zero\", \"poison\", a list, or a table with one of `value`, `each` and `random`";
            let error = Diagnostic::new(message, place(value)).label("not one of these");
            reader.error(error.help("for a number write `init = { value = 0 }`"));
            return None;
        }
    }
    let section = reader.section("init", value, "a table")?;
    let keys = ["value", "each", "random"];
    reader.unknown_keys(section, &keys);
    let given: Vec<(&str, &Value<'_>)> = keys.iter().filter_map(|key| Some((*key, section.get(key)?))).collect();
    let [(key, number)] = given[..] else {
        let label = if given.is_empty() { "none of them" } else { "more than one of them" };
        let message = "`init`: expected one of `value`, `each` and `random`";
        reader.error(Diagnostic::new(message, section.span()).label(label));
        return None;
    };
    match key {
        "value" => reader.expression(key, number, &variables).map(Initial::Value),
        "each" => {
            let variables = [Variable::Index, Variable::Rank, Variable::Ranks, Variable::Grid, Variable::Block];
            reader.expression(key, number, &variables).map(Initial::Each)
        }
        _ => {
            let expected = "a list of the least and the greatest value";
            let items = reader.array(key, number, expected)?;
            let [least, greatest] = items else {
                reader.error(
                    Diagnostic::new(format!("`random` has {} values", items.len()), place(number))
                        .label(format!("expected {expected}")),
                );
                return None;
            };
            let ends = [least, greatest].map(|end| reader.expression(key, end, &variables));
            let [Some(least), Some(greatest)] = ends else { return None };
            Some(Initial::Between([least, greatest]))
        }
    }
}

/// The buffer that a string names.
pub(super) fn buffer_named(
    reader: &mut Reader<'_>,
    key: &str,
    value: &Value<'_>,
    names: &[&str],
) -> Option<Located<usize>> {
    let name = reader.string(key, value, "the name of a buffer")?;
    let index = names.iter().position(|known| *known == name.value);
    if index.is_none() {
        let error = Diagnostic::new(format!("no buffer is called `{}`", name.value.escape_debug()), name.span.clone());
        let error = match super::nearest(&name.value, names.iter().copied()) {
            Some(near) => error.label(format!("is it `{near}`?")),
            None => error.label("unknown buffer"),
        };
        let list = if names.is_empty() { "there is none".to_owned() } else { names.join(", ") };
        reader.error(error.note(format!("the buffers are: {list}")));
    }
    Some(Located { value: index?, span: name.span })
}

/// `[[accept]]`
pub(super) fn accepts(reader: &mut Reader<'_>, file: Section<'_, '_>) -> Vec<Option<Accept>> {
    let sections = reader.sections(file, "accept", "[[accept]]");
    sections.into_iter().take(ITEM_LIMIT).map(|section| accept(reader, section)).collect()
}

fn accept(reader: &mut Reader<'_>, section: Section<'_, '_>) -> Option<Accept> {
    reader.unknown_keys(section, &["code", "at", "and", "why"]);
    let code = reader.required(section, "code", "\"AR001\"").and_then(|value| {
        let written = reader.string("code", value, "a code: \"AR001\"")?;
        let known = Code::from_number(&written.value).filter(|code| !code.is_lint());
        if known.is_none() {
            let message = format!("no finding has the code `{}`", written.value.escape_debug());
            let expected = "expected a code as findings show it, AR001 for example";
            reader.error(Diagnostic::new(message, written.span).label(expected));
        }
        known
    });
    let at = reader.required(section, "at", "\"k.cu:41\"").and_then(|value| file_and_line(reader, "at", value));
    let and = match section.get("and") {
        Some(value) => file_and_line(reader, "and", value),
        None => at.clone(),
    };
    let why = reader.required(section, "why", "\"both store the same 0\"");
    let why = why.and_then(|value| reader.string("why", value, "the reason why it is harmless"));
    if let Some(why) = &why
        && why.value.trim().is_empty()
    {
        let expected = "expected the reason why the finding is harmless";
        reader.error(Diagnostic::new("`why` is empty", why.span.clone()).label(expected));
    }
    Some(Accept { code: code?, places: [at?, and?], why: why?.value, span: section.span() })
}

/// `k.cu:41`
fn file_and_line(reader: &mut Reader<'_>, key: &str, value: &Value<'_>) -> Option<Located<(String, u32)>> {
    let expected = "a file and a line: \"k.cu:41\"";
    let written = reader.string(key, value, expected)?;
    let place = written.value.rsplit_once(':').and_then(|(file, line)| Some((file.to_owned(), line.parse().ok()?)));
    let Some(value) = place.filter(|(file, line): &(String, u32)| !file.is_empty() && *line > 0) else {
        let message = format!("`{}` is no place", written.value.escape_debug());
        reader.error(Diagnostic::new(message, written.span).label(format!("expected {expected}")));
        return None;
    };
    Some(Located { value, span: written.span })
}

/// `[expect]`
pub(super) fn expectation(reader: &mut Reader<'_>, value: &Value<'_>, names: &[&str]) -> Option<Expectation> {
    let section = reader.section("[expect]", value, "a table, written [expect]")?;
    reader.unknown_keys(section, &["buffer", "equals", "of", "order", "zero"]);
    let output = reader.required(section, "buffer", "\"output\"");
    let output = output.and_then(|value| buffer_named(reader, "buffer", value, names));
    let equals = reader.required(section, "equals", "\"sum\"");
    let equals = equals.and_then(|value| reader.word("equals", value, &DEFINITIONS));
    let input = reader.required(section, "of", "\"input\"");
    let input = input.and_then(|value| buffer_named(reader, "of", value, names));
    let orders = [("any", false), ("same-on-all-ranks", true)];
    let order = section.get("order").map_or(Some(false), |value| reader.word("order", value, &orders));
    let zeros = [("equal", false), ("exact", true)];
    let zero = section.get("zero").map_or(Some(false), |value| reader.word("zero", value, &zeros));
    Some(Expectation {
        output: output?,
        input: input?,
        equals: equals?,
        same_on_all_ranks: order?,
        exact_zero: zero?,
        span: section.span(),
    })
}
