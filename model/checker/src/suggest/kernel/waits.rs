//! Changes of what is waited for: a value that is not less, the other phase, other counts, all copies; of bounds by one; and
//! instructions moved or removed.

use super::listing::Listing;
use super::{NAMED, REMOVED};
use crate::ptx::syntax::{Constant, Operand};
use crate::suggest::Step;
use crate::suggest::text::Edit;

/// Instructions behind a load among which its comparison is looked for.
const COMPARED_WITHIN: usize = 8;
/// Comparisons before an access of which one may be its bound.
const BOUNDS_WITHIN: usize = 4;

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

/// A wait for the other phase of an mbarrier object, by one call.
pub(super) fn parity(listing: &Listing<'_>, number: usize, steps: &mut Vec<Step>) {
    let is_wait = |number: &usize| {
        listing
            .opcode(*number)
            .is_some_and(|opcode| opcode.text().contains("_wait") && opcode.text().contains(".parity"))
    };
    let Some(own) = listing.instruction(number).filter(|_| is_wait(&number)) else { return };
    if listing.of_one_call(number).first() != Some(&number) {
        return;
    }
    let edit = |other: usize| {
        let span = &listing.instruction(other)?.span;
        let text = listing.text_of(span).trim_end_matches(';');
        let mut operands: Vec<&str> = text.split(',').collect();
        let parity = operands.get(2)?.trim();
        let first = format!("{{ .reg .b32 %flipped; xor.b32 %flipped, {parity}, 1;");
        operands[2] = " %flipped";
        Some(Edit::replace(span, format!("{first} {}; }}", operands.join(","))))
    };
    let edits = listing.of_one_call(number).into_iter().filter_map(edit).collect();
    let words = "wait for the other phase: the parity `^ 1`".to_owned();
    let step = Step::new(edits, own.span.clone(), words, NAMED + 1);
    steps.push(Step { of_call: true, ..step });
}

/// Objects that are set up for one arrival more or less.
pub(super) fn counts(listing: &Listing<'_>, steps: &mut Vec<Step>) {
    for (number, opcode) in listing.opcodes().filter(|(_, opcode)| opcode.text().starts_with("mbarrier.init")) {
        let alike = listing.of_one_call(number);
        let Some(own) = listing.instruction(number).filter(|_| alike.first() == Some(&number)) else { continue };
        let forms = [
            ("one arrival more", "add.s32 %count, COUNT, 1;"),
            ("one arrival less", "add.s32 %count, COUNT, -1;"),
            ("an arrival of each thread of the block", "mov.u32 %count, %ntid.x;"),
            ("an arrival of each thread of the block but one", "mov.u32 %count, %ntid.x; add.s32 %count, %count, -1;"),
        ];
        for (what, form) in forms {
            let edit = |other: &usize| {
                let span = &listing.instruction(*other)?.span;
                let (object, count) = listing.text_of(span).trim_end_matches(';').rsplit_once(',')?;
                let form = form.replace("COUNT", count.trim());
                Some(Edit::replace(span, format!("{{ .reg .b32 %count; {form} {object}, %count; }}")))
            };
            let edits = alike.iter().filter_map(edit).collect();
            let words = format!("set it up for {what} (`{}`)", opcode.text());
            steps.push(Step { of_call: true, ..Step::new(edits, own.span.clone(), words, REMOVED) });
        }
    }
}

/// Bytes that are expected: those of a copy.
pub(super) fn expected_bytes(listing: &Listing<'_>, steps: &mut Vec<Step>) {
    let operands = |number: usize| {
        let own = listing.instruction(number)?;
        let text = listing.text_of(&own.span).trim_end_matches(';');
        let (_, operands) = text.trim_start().split_once(char::is_whitespace)?;
        Some(operands.split(',').map(|operand| operand.trim().to_owned()).collect::<Vec<String>>())
    };
    let is_copy = |opcode: &str| opcode.starts_with("cp.async.bulk.") && opcode.contains("complete_tx");
    let copies = listing.opcodes().filter(|(_, opcode)| is_copy(opcode.text()));
    // The register may be set behind the place where it would be read.
    let constant = |operand: &String| match operand.starts_with('%') {
        true => listing.opcodes().find_map(|(number, opcode)| {
            let moved = operands(number).filter(|_| opcode.text().starts_with("mov."))?;
            (moved.first() == Some(operand)).then(|| moved[1].clone()).filter(|value| !value.starts_with('%'))
        }),
        false => Some(operand.clone()),
    };
    let mut sizes: Vec<String> = copies.filter_map(|(number, _)| constant(operands(number)?.get(2)?)).collect();
    sizes.sort();
    sizes.dedup();
    for (number, opcode) in listing.opcodes().filter(|(_, opcode)| opcode.text().contains("expect_tx")) {
        let alike = listing.of_one_call(number);
        let (Some(own), Some(was)) = (listing.instruction(number), operands(number)) else { continue };
        if alike.first() != Some(&number) {
            continue;
        }
        for size in sizes.iter().filter(|size| was.last() != Some(*size)) {
            let edit = |other: &usize| {
                let span = &listing.instruction(*other)?.span;
                Some(Edit::replace(span, format!("{}, {size};", listing.text_of(span).rsplit_once(',')?.0)))
            };
            let edits = alike.iter().filter_map(edit).collect();
            let words = format!("expect the bytes of one copy, `{size}` (`{}`)", opcode.text());
            steps.push(Step { of_call: true, ..Step::new(edits, own.span.clone(), words, REMOVED) });
        }
    }
}

/// Comparisons before an access, off by one.
pub(super) fn bounds(listing: &Listing<'_>, number: usize, steps: &mut Vec<Step>) {
    let compares = |other: &usize| listing.instruction(*other).is_some_and(|own| own.name == "setp");
    for compare in listing.before(number).filter(compares).take(BOUNDS_WITHIN) {
        let (Some(own), Some(opcode)) = (listing.instruction(compare), listing.opcode(compare)) else { continue };
        let was = opcode.text().split('.').nth(1).unwrap_or_default();
        let (word, sign, now_sign) = match was {
            "gt" => ("ge", ">", ">="),
            "ge" => ("gt", ">=", ">"),
            "lt" => ("le", "<", "<="),
            "le" => ("lt", "<=", "<"),
            _ => continue,
        };
        let now = opcode.text().replacen(was, word, 1);
        let words = format!("`{now_sign}` instead of `{sign}` (`{now}`)");
        let edit = Edit::replace(opcode.span(), now);
        steps.push(Step::new(vec![edit], own.span.clone(), words, REMOVED));
    }
}

/// An instruction moved behind another, under the guard that it had, with a line before it.
pub(super) fn moved_behind(listing: &Listing<'_>, (number, place): (usize, usize), line: &str, steps: &mut Vec<Step>) {
    let (Some(own), Some(behind)) = (listing.instruction(number), listing.instruction(place)) else { return };
    if own.guard.is_some() || place <= number {
        return;
    }
    let guard =
        listing.guard_of(number).filter(|(branch, _)| *branch < number).map_or(String::new(), |(_, guard)| guard + " ");
    let text = listing.text_of(&own.span);
    let edits = vec![Edit::replace(&own.span, ""), Edit::insert(behind.span.end, format!(" {line} {guard}{text}"))];
    let words =
        format!("move `{text}` behind `{}`, with a `__syncthreads();` before it", listing.text_of(&behind.span));
    let step = Step::new(edits, own.span.clone(), words, REMOVED);
    steps.push(Step { of_call: true, ..step });
}

/// A barrier of the block moved from a branch to a statement behind it.
pub(super) fn barrier_moved(listing: &Listing<'_>, number: usize, steps: &mut Vec<Step>) {
    let is_barrier = |other: &usize| listing.opcode(*other).is_some_and(|opcode| opcode.text() == "bar.sync");
    let Some(barrier) = listing.before(number).find(is_barrier).filter(|other| listing.guard_of(*other).is_some())
    else {
        return;
    };
    let (Some(own), Some(place)) = (listing.instruction(barrier), listing.instruction(number)) else { return };
    let text = listing.text_of(&own.span);
    let edits = vec![Edit::replace(&own.span, ""), Edit::insert(place.span.start, format!("{text} "))];
    let words =
        format!("move `__syncthreads();` (`{text}`) out of its branch, to before `{}`", listing.text_of(&place.span));
    steps.push(Step::new(edits, own.span.clone(), words, REMOVED));
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
    let alike = listing.of_one_call(number);
    let edits = alike.into_iter().filter_map(|other| Some(Edit::replace(&listing.instruction(other)?.span, "")));
    let words = format!("without `{}`", listing.text_of(&own.span));
    let step = Step::new(edits.collect(), own.span.clone(), words, REMOVED);
    steps.push(Step { of_call: true, ..step });
}
