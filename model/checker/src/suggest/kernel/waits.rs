//! Loops that wait for another value: one that is not less, one of the other parity, and waits for copies.

use super::listing::Listing;
use super::{NAMED, REMOVED};
use crate::ptx::syntax::{Constant, Operand};
use crate::suggest::Step;
use crate::suggest::text::Edit;

/// Instructions behind a load among which its comparison is looked for.
const COMPARED_WITHIN: usize = 8;

/// A loop that waits for a value to be equal made one that waits until it is not less; and one that compares two values made one
/// that looks at their difference, which is right through the wrap of a counter.
pub(super) fn reached(listing: &Listing<'_>, number: usize, steps: &mut Vec<Step>) {
    let Some(load) = listing.instruction(number).filter(|own| own.name == "ld") else { return };
    let Some(Operand::Name(value)) = load.operands.first() else { return };
    let is_value = |operand: &Operand| matches!(operand, Operand::Name(name) if name == value);
    let compares = |other: &usize| {
        listing.instruction(*other).is_some_and(|own| own.name == "setp" && own.operands.iter().skip(1).any(is_value))
    };
    let Some(compare) = listing.behind(number).take(COMPARED_WITHIN).find(compares) else { return };
    let (Some(own), Some(opcode)) = (listing.instruction(compare), listing.opcode(compare)) else { return };
    // A comparison with zero says nothing of order.
    let zero = Operand::Constant(Constant::Integer(0));
    if own.guard.is_some() || own.operands.len() != 3 || own.operands.contains(&zero) {
        return;
    }
    let is_first = is_value(&own.operands[1]);
    let was = opcode.text().split('.').nth(1).unwrap_or_default();
    let word = match (was, is_first) {
        ("ne", true) => "lt",
        ("ne", false) => "gt",
        ("eq", true) => "ge",
        ("eq", false) => "le",
        ("lt" | "ge" | "le" | "gt", _) => was,
        _ => return,
    };
    if word != was {
        let now = format!("setp.{word}.u32");
        let words =
            format!("wait until the value is reached (not less), not equal: `{now}` instead of `{}`", opcode.text());
        steps.push(Step::new(vec![Edit::replace(opcode.span(), now)], own.span.clone(), words, NAMED + 1));
    }
    let text = listing.text_of(&own.span).trim_end_matches(';');
    let operands: Vec<&str> =
        text.split_once(char::is_whitespace).map_or("", |(_, rest)| rest).split(',').map(str::trim).collect();
    let [result, left, right] = operands[..] else { return };
    let now = format!("{{ .reg .b32 %since; sub.s32 %since, {left}, {right}; setp.{word}.s32 {result}, %since, 0; }}");
    let words = "wait for the sign of the difference, which is right through the wrap: `(int)(value - wanted) < 0`";
    steps.push(Step::new(vec![Edit::replace(&own.span, now)], own.span.clone(), words.to_owned(), NAMED + 2));
}

/// A wait for the other phase of an mbarrier object.
pub(super) fn parity(listing: &Listing<'_>, number: usize, steps: &mut Vec<Step>) {
    let is_wait = |number: &usize| {
        listing
            .opcode(*number)
            .is_some_and(|opcode| opcode.text().contains("_wait") && opcode.text().contains(".parity"))
    };
    let Some(own) = listing.instruction(number).filter(|_| is_wait(&number)) else { return };
    let edit = |other: usize| {
        let span = &listing.instruction(other)?.span;
        let text = listing.text_of(span).trim_end_matches(';');
        let mut operands: Vec<&str> = text.split(',').collect();
        let parity = operands.get(2)?.trim();
        let first = format!("{{ .reg .b32 %flipped; xor.b32 %flipped, {parity}, 1;");
        operands[2] = " %flipped";
        Some(Edit::replace(span, format!("{first} {}; }}", operands.join(","))))
    };
    let edits = listing.alike(number).into_iter().filter_map(edit).collect();
    let words = "wait for the other phase: the parity `^ 1`".to_owned();
    steps.push(Step::new(edits, own.span.clone(), words, NAMED + 1));
}

/// A wait for copies that leaves nothing outstanding, and waits for their writes too.
pub(super) fn all_copies(listing: &Listing<'_>, steps: &mut Vec<Step>) {
    for (number, opcode) in listing.opcodes() {
        let Some(own) = listing.instruction(number) else { continue };
        if !opcode.text().starts_with("cp.async") || !opcode.text().contains("wait_group") {
            continue;
        }
        let now = format!("{} 0;", opcode.text().replace(".read", ""));
        let was = listing.text_of(&own.span).split_whitespace().collect::<Vec<_>>().join(" ");
        if was != now {
            let words = format!("`{now}` instead of `{was}`");
            steps.push(Step::new(vec![Edit::replace(&own.span, now)], own.span.clone(), words, NAMED));
        }
    }
}

/// Without an instruction, and those of its line that read the same.
pub(super) fn removed(listing: &Listing<'_>, number: usize, steps: &mut Vec<Step>) {
    let Some(own) = listing.instruction(number) else { return };
    let alike = listing.alike(number);
    let edits = alike.into_iter().filter_map(|other| Some(Edit::replace(&listing.instruction(other)?.span, "")));
    let words = format!("without `{}`", listing.text_of(&own.span));
    steps.push(Step::new(edits.collect(), own.span.clone(), words, REMOVED));
}
