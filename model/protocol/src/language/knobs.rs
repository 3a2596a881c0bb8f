//! Knobs and variants: names known, codes known, and no knob or variant that changes nothing.

use super::comparison::without_spans;
use super::diagnostics::{Diagnostic, nearest};
use super::resolve::{Choice, resolve};
use super::tree::{Declaration, File, Mark, Name, Setting, SettingValue, Verdict};
use crate::ir::{Protocol, Source, Span};
use std::sync::Arc;

/// How many knobs a protocol may have.
pub const KNOB_LIMIT: usize = 32;
/// How many values a knob may have.
pub const VALUE_LIMIT: usize = 16;
/// How many variants a protocol may have.
pub const VARIANT_LIMIT: usize = 128;

/// Every code that a finding may carry, with its meaning.
pub const CODES: [(&str, &str); 17] = [
    ("AR001", "data race"),
    ("AR002", "deadlock"),
    ("AR003", "barrier divergence"),
    ("AR004", "wrong result"),
    ("AR005", "read of memory nobody initialised"),
    ("AR006", "out of bounds or misaligned access"),
    ("AR007", "slot collision"),
    ("AR008", "zeroing race"),
    ("AR009", "ranks can disagree"),
    ("AR010", "hangs unless the scheduler gives more progress"),
    ("AR011", "hardware resource hazard"),
    ("AR012", "epoch confusion"),
    ("AR013", "credit violation"),
    ("AR014", "peers disagree"),
    ("AR101", "lint: published data that no peer reads"),
    ("AR102", "lint: synchronisation that can be removed or weakened"),
    ("AR103", "lint: conflicting strong accesses in no order, on which nobody waits"),
];

/// Progress models, as the command line names them.
pub const PROGRESS_MODELS: [&str; 11] = [
    "fair",
    "strong-fair",
    "hsa",
    "obe",
    "hsa-obe",
    "lobe",
    "hsa-strong",
    "obe-strong",
    "hsa-obe-strong",
    "lobe-strong",
    "cuda",
];

/// A named choice within a protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Knob {
    /// Its name.
    pub name: String,
    /// Its values; the first is the default.
    pub values: Vec<String>,
    /// Where it was declared.
    pub span: Span,
}

/// What a check of a variant should give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Verified.
    Verifies,
    /// Violated, with at least one of these codes.
    Violates(Vec<String>),
}

/// Sizes and circumstances that a variant asks for; what is `None` is left to the checker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configuration {
    /// P
    pub ranks: Option<u32>,
    /// B
    pub blocks: Option<u32>,
    /// T
    pub threads: Option<u32>,
    /// N
    pub elements: Option<u32>,
    /// Launches, back to back.
    pub launches: Option<u32>,
    /// Blocks that are resident together on a device.
    pub resident_blocks: Option<u32>,
    /// Progress model, one of [`PROGRESS_MODELS`].
    pub progress: Option<String>,
}

/// A named assignment of knobs, and what is expected of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Its name.
    pub name: String,
    /// Knobs that differ from their defaults.
    pub assignments: Vec<(String, String)>,
    /// What a check should give.
    pub expected: Expected,
    /// The configuration after `at`.
    pub configuration: Configuration,
    /// Where it was declared.
    pub span: Span,
}

/// The knobs of a file, in order.
pub(super) fn knobs(file: &File) -> Vec<Knob> {
    let knobs = file.declarations.iter().filter_map(|item| match &item.kind {
        Declaration::Knob { name, values } => Some(Knob {
            name: name.text.clone(),
            values: values.iter().map(|value| value.text.clone()).collect(),
            span: item.at.0.clone(),
        }),
        _ => None,
    });
    knobs.collect()
}

/// The numbers of the values that assignments choose, in the knobs' order; unknown ones are skipped.
pub(super) fn choice<'a>(knobs: &[Knob], assignments: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<usize> {
    let mut chosen = vec![0; knobs.len()];
    for (name, value) in assignments {
        let Some(number) = knobs.iter().position(|knob| knob.name == name) else { continue };
        if let Some(value) = knobs[number].values.iter().position(|known| known == value) {
            chosen[number] = value;
        }
    }
    chosen
}

/// Checks the knobs' declarations.
pub(super) fn check_knobs(file: &File) -> Vec<Diagnostic> {
    let mut errors = Vec::new();
    let mut count = 0;
    for item in &file.declarations {
        let Declaration::Knob { name, values } = &item.kind else { continue };
        count += 1;
        if count == KNOB_LIMIT + 1 {
            errors.push(Diagnostic::new(format!("more than {KNOB_LIMIT} knobs"), item.at.0.clone()));
        }
        if values.len() < 2 {
            let error = Diagnostic::new(format!("the knob `{}` has one value only", name.text), item.at.0.clone());
            errors.push(error.label("nothing to choose"));
        }
        if values.len() > VALUE_LIMIT {
            errors.push(Diagnostic::new(format!("a knob with more than {VALUE_LIMIT} values"), item.at.0.clone()));
        }
        for (number, value) in values.iter().enumerate() {
            if let Some(first) = values[..number].iter().find(|known| known.text == value.text) {
                let message = format!("the value `{}` is already declared", value.text);
                let error = Diagnostic::new(message, value.at.0.clone()).label("declared again");
                errors.push(error.context(first.at.0.clone(), "first declared here"));
            }
        }
    }
    errors
}

/// Reads and checks the variants.
pub(super) fn variants(file: &File, knobs: &[Knob]) -> (Vec<Variant>, Vec<Diagnostic>) {
    let mut variants: Vec<Variant> = Vec::new();
    let mut errors = Vec::new();
    for item in &file.declarations {
        let Declaration::Variant { name, assignments, verdict, settings } = &item.kind else { continue };
        if variants.len() == VARIANT_LIMIT {
            errors.push(Diagnostic::new(format!("more than {VARIANT_LIMIT} variants"), item.at.0.clone()));
            break;
        }
        if let Some(first) = variants.iter().find(|known| known.name == name.text) {
            let error = Diagnostic::new(format!("the variant `{}` is already declared", name.text), name.at.0.clone());
            errors.push(error.label("declared again").context(first.span.clone(), "first declared here"));
        }
        check_assignments(assignments, knobs, &mut errors);
        let expected = match verdict {
            Verdict::Verifies => Expected::Verifies,
            Verdict::Violates(codes) => {
                codes.iter().for_each(|code| check_code(code, &mut errors));
                Expected::Violates(codes.iter().map(|code| code.text.clone()).collect())
            }
        };
        variants.push(Variant {
            name: name.text.clone(),
            assignments: assignments.iter().map(|(knob, value)| (knob.text.clone(), value.text.clone())).collect(),
            expected,
            configuration: configuration(settings, &mut errors),
            span: item.at.0.clone(),
        });
    }
    (variants, errors)
}

fn check_assignments(assignments: &[(Name, Name)], knobs: &[Knob], errors: &mut Vec<Diagnostic>) {
    for (number, (knob, value)) in assignments.iter().enumerate() {
        if let Some((first, _)) = assignments[..number].iter().find(|(known, _)| known.text == knob.text) {
            let error = Diagnostic::new(format!("the knob `{}` is set twice", knob.text), knob.at.0.clone());
            errors.push(error.label("set again").context(first.at.0.clone(), "first set here"));
        }
        if let Err(error) = check_assignment(knob, value, knobs) {
            errors.push(error);
        }
    }
}

fn check_assignment(knob: &Name, value: &Name, knobs: &[Knob]) -> Result<(), Diagnostic> {
    let Some(known) = knobs.iter().find(|known| known.name == knob.text) else {
        let error = Diagnostic::new(format!("unknown knob `{}`", knob.text), knob.at.0.clone()).label("not a knob");
        let near = nearest(&knob.text, knobs.iter().map(|knob| knob.name.as_str()));
        return Err(suggest(error, near));
    };
    let values = known.values.iter().map(String::as_str);
    if !values.clone().any(|known| known == value.text) {
        let message = format!("the knob `{}` has no value `{}`", knob.text, value.text);
        let error = Diagnostic::new(message, value.at.0.clone()).label("not one of its values");
        let error = suggest(error, nearest(&value.text, values));
        return Err(error.note(format!("its values are {}", known.values.join(", "))));
    }
    if known.values.first() == Some(&value.text) {
        let message = format!("`{}` is the default of the knob `{}`", value.text, knob.text);
        return Err(Diagnostic::new(message, value.at.0.clone()).label("sets what is set already"));
    }
    Ok(())
}

fn suggest(error: Diagnostic, near: Option<&str>) -> Diagnostic {
    match near {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => error,
    }
}

fn check_code(code: &Name, errors: &mut Vec<Diagnostic>) {
    if CODES.iter().any(|(known, _)| *known == code.text) {
        return;
    }
    let error = Diagnostic::new(format!("unknown code `{}`", code.text), code.at.0.clone()).label("no finding has it");
    errors.push(suggest(error, nearest(&code.text, CODES.iter().map(|(known, _)| *known))));
}

fn configuration(settings: &[Setting], errors: &mut Vec<Diagnostic>) -> Configuration {
    let mut configuration = Configuration::default();
    for setting in settings {
        let Configuration { ranks, blocks, threads, elements, launches, resident_blocks, progress } =
            &mut configuration;
        let place = match setting.name.text.as_str() {
            "ranks" => ranks,
            "blocks" => blocks,
            "threads" => threads,
            "elements" => elements,
            "launches" => launches,
            "resident_blocks" => resident_blocks,
            "progress" => {
                set_progress(setting, progress, errors);
                continue;
            }
            text => {
                let known = ["ranks", "blocks", "threads", "elements", "launches", "resident_blocks", "progress"];
                let error = Diagnostic::new(format!("unknown setting `{text}`"), setting.name.at.0.clone())
                    .label(format!("known are {}", known.join(", ")));
                errors.push(suggest(error, nearest(text, known)));
                continue;
            }
        };
        if place.is_some() {
            errors.push(set_twice(setting));
            continue;
        }
        let least = i64::from(setting.name.text != "elements");
        match setting.value {
            SettingValue::Number(number) if number >= least && number <= i64::from(u32::MAX) => {
                *place = Some(number as u32);
            }
            _ => {
                let message = format!("`{}` takes a number from {least} to {}", setting.name.text, u32::MAX);
                errors.push(Diagnostic::new(message, setting.at.0.clone()));
            }
        }
    }
    configuration
}

fn set_twice(setting: &Setting) -> Diagnostic {
    let message = format!("the setting `{}` is given twice", setting.name.text);
    Diagnostic::new(message, setting.name.at.0.clone()).label("given again")
}

fn set_progress(setting: &Setting, progress: &mut Option<String>, errors: &mut Vec<Diagnostic>) {
    match &setting.value {
        _ if progress.is_some() => errors.push(set_twice(setting)),
        SettingValue::Word(word) if PROGRESS_MODELS.contains(&word.as_str()) => *progress = Some(word.clone()),
        _ => {
            let error = Diagnostic::new("unknown progress model", setting.at.0.clone());
            errors.push(error.label(format!("known are {}", PROGRESS_MODELS.join(", "))));
        }
    }
}

/// Resolves the protocol under every value of every knob and every variant, and finds those that change nothing.
pub(super) fn check_effects(
    file: &File,
    source: &Arc<Source>,
    knobs: &[Knob],
    variants: &[Variant],
) -> Vec<Diagnostic> {
    let resolved = |chosen: &[usize]| resolve(file, source, Choice::Values(chosen)).map(without_spans);
    let defaults = vec![0; knobs.len()];
    let base = match resolved(&defaults) {
        Ok(base) => base,
        Err(errors) => return errors,
    };
    let mut errors = Vec::new();
    for (number, knob) in knobs.iter().enumerate() {
        for value in 1..knob.values.len() {
            let mut chosen = defaults.clone();
            chosen[number] = value;
            let changed = match resolved(&chosen) {
                Ok(protocol) => protocol != base || changes_a_variant(number, value, knobs, variants, &resolved),
                Err(found) => return found,
            };
            if !changed {
                let at = value_place(file, &knob.name, value).unwrap_or_else(|| Mark(knob.span.clone()));
                let message = format!("the value `{}` of the knob `{}` changes nothing", knob.values[value], knob.name);
                errors.push(Diagnostic::new(message, at.0).label("the protocol is the same without it"));
            }
        }
    }
    for variant in variants {
        let chosen = choice(knobs, pairs(variant));
        match resolved(&chosen) {
            Ok(protocol) if protocol == base && variant.configuration == Configuration::default() => {
                let message = format!("the variant `{}` changes nothing", variant.name);
                errors.push(Diagnostic::new(message, variant.span.clone()).label("the same as the protocol itself"));
            }
            Ok(_) => {}
            Err(found) => return found,
        }
    }
    errors
}

fn pairs(variant: &Variant) -> impl Iterator<Item = (&str, &str)> {
    variant.assignments.iter().map(|(knob, value)| (knob.as_str(), value.as_str()))
}

/// Resolves under numbered values.
type Resolving<'a> = dyn Fn(&[usize]) -> Result<Protocol, Vec<Diagnostic>> + 'a;

/// Whether some variant that sets this value would differ without it.
fn changes_a_variant(
    number: usize,
    value: usize,
    knobs: &[Knob],
    variants: &[Variant],
    resolved: &Resolving<'_>,
) -> bool {
    variants.iter().any(|variant| {
        let with = choice(knobs, pairs(variant));
        if with[number] != value {
            return false;
        }
        let mut without = with.clone();
        without[number] = 0;
        match (resolved(&with), resolved(&without)) {
            (Ok(with), Ok(without)) => with != without,
            _ => true,
        }
    })
}

fn value_place(file: &File, knob: &str, value: usize) -> Option<Mark> {
    file.declarations.iter().find_map(|item| match &item.kind {
        Declaration::Knob { name, values } if name.text == knob => values.get(value).map(|value| value.at.clone()),
        _ => None,
    })
}
