//! What a launch leaves in its output: compared with the collective's definition, and with what other ranks got.

use super::run::Run;
use super::{Machine, Rule, Violation, ViolationPoint};
use crate::memory::shared::Shared;
use crate::program::wanted::Output;
use crate::program::{Definition, Element, Expected, Location, Program};
use arverify_protocol::verdict::Code;
use rustc_hash::FxHashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of outputs that are kept to be compared with again.
const KEPT_BYTES: usize = 64 << 20;

/// What outputs must hold, by rank and launch: computed once, and not for each rank where it is the same on all.
#[derive(Debug, Default)]
pub(super) struct Outputs(Mutex<FxHashMap<(u32, u32), Bytes>>);

/// Shared by all that compare with them.
type Bytes = Arc<Vec<u8>>;

impl<P: Program> Machine<P> {
    /// What the output of a rank must hold after a launch, where it is reduced in ascending order of ranks.
    fn output(&self, output: &Output<'_, P>, bytes: usize) -> Bytes {
        let is_common = match output.expected.definition {
            Definition::AllReduce(_) => true,
            Definition::AllGather => output.expected.plus.is_none(),
            _ => false,
        };
        let key = (if is_common { u32::MAX } else { output.rank }, output.launch);
        let outputs = || self.outputs.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = outputs().get(&key).filter(|known| known.len() == bytes) {
            return known.clone();
        }
        let mut all = vec![0; bytes];
        for (element, bytes) in all.chunks_exact_mut(output.kind.bytes() as usize).enumerate() {
            output.kind.write(output.bits(element as u64), bytes);
        }
        let all = Arc::new(all);
        let mut known = outputs();
        if (known.len() + 1) * bytes > KEPT_BYTES {
            known.clear();
        }
        known.insert(key, all.clone());
        all
    }
}

impl<P: Program> Run<'_, P> {
    /// Compares the output with the collective's definition, and with what other ranks got.
    pub(super) fn check_result(&mut self, rank: u32, launch: u32) {
        let machine = self.machine;
        let Some(expected) = machine.program().expected().filter(|_| machine.has(Rule::Results)) else { return };
        if !expected.definition.concerns(rank) {
            return;
        }
        let ranks = machine.program().shape().ranks;
        let Some((instance, part)) = machine.program().shape().part_of(expected.output, rank) else { return };
        let Some(kind) = part.element else { return };
        let size = kind.bytes() as usize;
        let whose = machine.program().part_in(instance, part, launch);
        let start = whose.start;
        let bytes = &self.state.memory[instance as usize].bytes[start as usize..whose.end as usize];
        let at = |element: usize| Location { instance, byte: start + (element * size) as u64 };
        let mut in_order = true;
        let output = Output { program: &**machine.program(), expected: &expected, kind, rank, launch };
        let all = machine.output(&output, bytes.len());
        for (element, (got, want)) in bytes.chunks_exact(size).zip(all.chunks_exact(size)).enumerate() {
            let bits = |bytes: &[u8]| kind.canonical(kind.read(bytes), expected.exact_zero);
            if got == want || bits(got) == bits(want) {
                continue;
            }
            in_order = false;
            let got = kind.read(got);
            let wanted = output.wanted(element as u64);
            if wanted.exact || !wanted.allows(got, ranks, kind) {
                let violation = self.wrong_result(&expected, kind, rank, launch, at(element), got);
                self.suspect(violation);
                return;
            }
        }
        if !expected.same_on_all_ranks || !machine.has(Rule::RanksAgree) {
            return;
        }
        // Ranks in ascending order is one order for all; another must be the same on every rank.
        let output = (!in_order).then(|| bytes.to_vec().into());
        self.state.ranks[rank as usize].outputs.push(output);
        let Some((other, element)) = self.disagreement(&expected, kind, rank, launch) else { return };
        let violation = self.ranks_disagree(&expected, (rank, other), launch, at(element));
        self.suspect(violation);
    }

    /// Another rank that has finished this launch with other bits, and the first element that differs.
    fn disagreement(&self, expected: &Expected, kind: Element, rank: u32, launch: u32) -> Option<(u32, usize)> {
        let machine = self.machine;
        let size = kind.bytes() as usize;
        let mine = self.state.ranks[rank as usize].outputs.get(launch as usize)?;
        for other in (0..machine.program().shape().ranks).filter(|other| *other != rank) {
            let Some(theirs) = self.state.ranks[other as usize].outputs.get(launch as usize) else { continue };
            if mine.is_none() && theirs.is_none() {
                continue;
            }
            let element_of = |output: &Option<Shared<Vec<u8>>>, rank: u32, element: usize| {
                let in_order = Output { program: &**machine.program(), expected, kind, rank, launch };
                let bits = match output {
                    Some(bytes) => kind.read(&bytes[element * size..]),
                    None => in_order.bits(element as u64),
                };
                kind.canonical(bits, expected.exact_zero)
            };
            let length = mine.as_ref().or(theirs.as_ref()).map_or(0, |bytes| bytes.len()) / size;
            let differs = |element: &usize| element_of(mine, rank, *element) != element_of(theirs, other, *element);
            if let Some(element) = (0..length).find(differs) {
                return Some((other, element));
            }
        }
        None
    }

    fn ranks_disagree(&self, expected: &Expected, (rank, other): (u32, u32), launch: u32, at: Location) -> Violation {
        let (name, byte) = self.machine.program().shape().named(at);
        let message = format!(
            "ranks disagree after launch {launch}: `{name}` differs in its last bits between rank {rank} and rank {other}, first at byte {byte}"
        );
        let label = "promises the same bits on all ranks".to_owned();
        let point = ViolationPoint { thread: None, site: expected.site, label };
        let mut violation = Violation::new(Code::RankDisagreement, message, vec![point]);
        violation.location = Some(at);
        violation.after = Some((rank, launch));
        let shape = self.machine.program().shape();
        violation.counterpart =
            shape.part_of(expected.output, other).map(|(instance, _)| (Location { instance, ..at }, other));
        violation.notes.push("each result is a sum of the right numbers, in an order of its own: floating-point addition is not associative".to_owned());
        violation.help = Some("reduce in one order on every rank".to_owned());
        violation
    }

    fn wrong_result(
        &self,
        expected: &Expected,
        kind: Element,
        rank: u32,
        launch: u32,
        at: Location,
        got: u64,
    ) -> Violation {
        let (name, byte) = self.machine.program().shape().named(at);
        let element = byte / u64::from(kind.bytes());
        let output = Output { program: &**self.machine.program(), expected, kind, rank, launch };
        let (got, want) = (kind.show(got), kind.show(output.bits(element)));
        let message = format!(
            "wrong result after launch {launch}: `{name}` of rank {rank}, element {element}, is {got}, not {want}"
        );
        let point = ViolationPoint { thread: None, site: expected.site, label: "this does not hold".to_owned() };
        let mut violation = Violation::new(Code::WrongResult, message, vec![point]);
        violation.location = Some(at);
        violation.after = Some((rank, launch));
        self.with_stale_waits(violation, (0..self.machine.program().grid(rank)).map(|block| (rank, block, launch)))
    }
}
