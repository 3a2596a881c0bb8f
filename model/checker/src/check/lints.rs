//! Lints: what is not wrong and worth a question. They never change a verdict.
//!
//! AR101 comes with every verified check: a buffer, or a part of one, that peers can reach, that kernels write, and that no rank
//! ever reached on another (or that nobody reads at all). AR102 is asked for, because it repeats the check once for every
//! mutant: a synchronising operation is redundant where the protocol verifies without it, or with a weaker one. That of kernels, and
//! AR103, ask about edits of the text ([`crate::suggest::weaker`]).
//!
//! Not found: bytes of a part that nobody reads, and two operations of which either is redundant but not both.

use super::doubts::first_parts;
use super::mutants::{Change, mutants};
use super::{Engine, Options, check, try_check_with};
use crate::machine::uses::Uses;
use crate::program::{Instance, Part, Program, Readers};
use arverify_protocol::ir::{Protocol, Span};
use arverify_protocol::verdict::{Code, Finding, Point, Verdict};

/// AR101: parts of buffers that are published to nobody.
pub(super) fn dead_publishes<P: Program>(program: &P, uses: &Uses) -> Vec<Finding> {
    let published = || first_parts(program).filter(|(_, part)| program.readers(part.id.buffer) != Readers::Unknown);
    let total: u64 = published().map(|(_, part)| part.length()).sum();
    let mut findings = Vec::new();
    for (instance, part) in published().filter(|_| program.shape().ranks > 1) {
        let found = uses.of(part.id);
        let peers_must = program.readers(part.id.buffer) == Readers::Peers;
        let unread = !found.read || (peers_must && !found.crossed);
        let Some(site) = found.written_by.filter(|_| unread) else { continue };
        if part.read {
            continue;
        }
        let (name, bytes) = (part.name.as_ref().unwrap_or(&instance.name), part.length());
        let (span, calls) = program.site(site);
        let message = match found.read {
            true => format!("`{name}` is written where peers could read it, and no peer does"),
            false => format!("`{name}` is written, and nobody reads it"),
        };
        let waste = format!(
            "{bytes} bytes of peer-visible memory on each rank go with it, of {total} in all buffers that hold data"
        );
        let help = match found.read {
            true => format!("declare `{name}` local"),
            false => format!("drop the write, and `{name}`"),
        };
        let point = Point { thread: None, span, calls, label: "written here".to_owned() };
        findings.push(lint(Code::DeadPublish, message, point, vec![waste], help));
    }
    findings
}

/// Parts of buffers at which nobody waits for a word, by the names that findings have for them.
pub(super) fn unawaited<P: Program>(program: &P, uses: &Uses) -> Vec<String> {
    let awaited = |(_, part): &(&Instance, &Part)| uses.of(part.id).awaited;
    let name = |(instance, part): (&Instance, &Part)| part.name.as_ref().unwrap_or(&instance.name).clone();
    first_parts(program).filter(|found| !awaited(found)).map(name).collect()
}

/// AR102: synchronising operations without which, or with a weaker form of which, the protocol verifies at these
/// sizes, as the engine asked for says. The second value says how many mutants were not decided: because of a limit, or
/// because the engines disagree.
pub fn redundancies(protocol: &Protocol, options: &Options, engine: Engine) -> (Vec<Finding>, usize) {
    let mut findings: Vec<Finding> = Vec::new();
    let mut undecided = 0;
    let mut removable: Option<(Span, usize)> = None;
    for mutant in mutants(protocol) {
        let place = (mutant.statement.span.clone(), mutant.number);
        // What can go need not also be weakened.
        if !mutant.change.weakens() || removable.as_ref() == Some(&place) {
            continue;
        }
        let (verdict, who) = decided(&mutant.protocol, options, engine);
        match verdict {
            Verdict::Violated => continue,
            Verdict::Inconclusive => {
                undecided += 1;
                continue;
            }
            Verdict::Verified => {}
        }
        let removed = mutant.change == Change::Removed;
        if removed {
            removable = Some(place);
        }
        let words = if removed { "without it".to_owned() } else { format!("with {}", mutant.change) };
        let message = format!("this synchronisation is stronger than needed: {words} the protocol verifies");
        let label = if removed { "can be removed".to_owned() } else { format!("can be weakened: {}", mutant.change) };
        let point =
            Point { thread: None, span: mutant.statement.span.clone(), calls: mutant.statement.calls.to_vec(), label };
        let mut notes = vec!["this holds at the sizes that were checked: others may need it".to_owned()];
        notes.extend(who);
        let help = "remove or weaken it, and check again at the largest sizes that you can afford".to_owned();
        findings.push(lint(Code::Redundant, message, point, notes, help));
    }
    (findings, undecided)
}

/// The verdict on a mutant, and who says so where more than the machine was asked. What the machine finds violated is needed,
/// whatever the axioms would say.
fn decided(mutant: &Protocol, options: &Options, engine: Engine) -> (Verdict, Option<String>) {
    let asked = |engine: Engine| try_check_with(mutant, options, engine).map_err(|_| (Verdict::Inconclusive, None));
    if engine != Engine::Axiomatic {
        let verdict = check(mutant, options).verdict;
        if engine == Engine::Operational || verdict == Verdict::Violated {
            return (verdict, None);
        }
    }
    match asked(engine) {
        Ok(outcome) => {
            let who = outcome.engines.map(|engines| engines.describe());
            (outcome.verdict, who.map(|who| format!("without it, or with the weaker form: {who}")))
        }
        Err(undecided) => undecided,
    }
}

fn lint(code: Code, message: String, point: Point, notes: Vec<String>, help: String) -> Finding {
    Finding { notes, help: Some(help), ..Finding::new(code, message, vec![point]) }
}
