//! Clusters of blocks: their barrier, and addresses of each other's shared memory.
//!
//! The barrier of a cluster is an mbarrier object that all its threads arrive at ([`crate::program::mbarrier`]): `arrive`
//! is an arrival, `wait` a loop until its phase is over, and a thread that exits is expected no more. Which phase a thread is
//! in is a register. An address of a peer's shared memory has the peer's rank, plus one, in the highest byte of 32 bits.

use super::asynchronous::{ELEMENT, WORD, compare};
use super::modifiers::Modifiers;
use super::{Decoder, NotUnderstood, Understood};
use crate::program::mbarrier;
use crate::ptx::code::function::{Bits, Function, Integer, Pack, Test};
use crate::ptx::code::kind::{IntegerKind, NumberKind};
use crate::ptx::code::step::{Address, Base, Space, Special};
use crate::ptx::code::windows::PEER_SHIFT;
use crate::ptx::code::{Guard, Register, Source, Step};
use crate::ptx::syntax::{Function as Text, Module, Operand, Statement};
use arverify_protocol::ir::{Order, Scope, Semantics};
use arverify_protocol::verdict::Code;
use smallvec::smallvec;

const NARROW: IntegerKind = IntegerKind::unsigned(32);

/// What a thread knows of its cluster's barrier.
#[derive(Clone, Copy)]
pub(super) struct ClusterBarrier {
    /// The phase that it is in, or has arrived for: its last three bits.
    phase: Register,
    /// Whether it has arrived and not waited.
    arrived: Register,
}

/// Whether a kernel, or a function of its module, names the barrier of a cluster.
pub(super) fn has_barrier(module: &Module) -> bool {
    let statements = |function: &Text| {
        let all = function.body.iter().flat_map(|body| &body.statements);
        all.filter_map(|statement| match statement {
            Statement::Instruction(instruction) => Some(instruction),
            _ => None,
        })
        .any(|found| found.name == "barrier" && found.modifiers.iter().any(|modifier| modifier == "cluster"))
    };
    module.functions.iter().any(statements)
}

impl Decoder<'_> {
    pub(super) fn cluster_barrier(&mut self, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        let arrives = modifiers.must("what to do", &[("arrive", true), ("wait", false)])?;
        let strongest = if arrives { ("release", Order::Release) } else { ("acquire", Order::Acquire) };
        let relaxed = if arrives { ("relaxed", Order::Relaxed) } else { strongest };
        let order = modifiers.one_of(&[strongest, relaxed]).unwrap_or(strongest.1);
        let aligned = modifiers.has("aligned");
        modifiers.finish()?;
        let [] = self.exactly(operands)?;
        if aligned {
            self.remark("`barrier.cluster` with `.aligned`: that all threads of the warp come to it is not checked");
        }
        let semantics = Semantics { order, scope: Scope::Cluster };
        let barrier = self.barrier_of_cluster();
        let arrived = Source::Register(barrier.arrived);
        if arrives {
            self.must_not_be(
                arrived,
                1,
                "a thread arrives twice at the barrier of its cluster and does not wait in between",
            );
            self.arrive_at_cluster(Source::Constant(1), semantics);
            self.compute_into(Function::Move, barrier.arrived, [Source::Constant(1)]);
        } else {
            self.must_not_be(arrived, 0, "a thread waits at the barrier of its cluster and has not arrived there");
            self.wait_for_cluster(barrier, semantics);
        }
        Ok(())
    }

    fn barrier_of_cluster(&mut self) -> ClusterBarrier {
        let barrier = self.cluster.unwrap_or_else(|| ClusterBarrier { phase: self.fresh(1), arrived: self.fresh(1) });
        *self.cluster.insert(barrier)
    }

    /// Using the barrier in another way than it is meant for is undefined (PTX ISA, `barrier.cluster`).
    fn must_not_be(&mut self, value: Source, wrong: u64, message: &str) {
        let broken = self.fresh(1);
        self.compute_into(compare(Test::Equal), broken, [value, Source::Constant(wrong)]);
        let guard = self.guard.replace(Guard { register: broken, negated: false });
        self.emit(Step::Trap { code: Code::BarrierDivergence, message: message.into() });
        self.guard = guard;
    }

    fn object_of_cluster(&mut self) -> Address {
        let destination = self.fresh(1);
        self.emit(Step::Special { special: Special::ClusterBarrier, destination });
        Address { base: Base::Value(Source::Register(destination)), offset: 0 }
    }

    fn arrive_at_cluster(&mut self, operand: Source, semantics: Semantics) {
        let address = self.object_of_cluster();
        self.update_at((Space::Global, address), operand, None, semantics);
    }

    fn wait_for_cluster(&mut self, barrier: ClusterBarrier, semantics: Semantics) {
        let address = self.object_of_cluster();
        let guard = self.guard;
        // The loop is passed by where the guard does not hold.
        let around = self.here();
        if let Some(guard) = guard {
            self.guard = Some(Guard { negated: !guard.negated, ..guard });
            self.emit(Step::Branch { target: around });
        }
        self.guard = None;
        let again = self.here();
        let (word, phase, waits) = (self.fresh(1), self.fresh(1), self.fresh(1));
        let destinations = smallvec![Some(word)];
        self.emit(Step::Load { space: Space::Global, address, destinations, element: ELEMENT, semantics });
        let shift = [Source::Register(word), Source::Constant(u64::from(mbarrier::PHASE))];
        self.compute_into(Function::Bits(Bits::ShiftRight, WORD), phase, shift);
        let own = Source::Register(barrier.phase);
        self.compute_into(compare(Test::Equal), waits, [Source::Register(phase), own]);
        self.guard = Some(Guard { register: waits, negated: false });
        self.emit(Step::Branch { target: again });
        self.guard = None;
        self.compute_into(Function::Integer(Integer::Add, WORD), barrier.phase, [own, Source::Constant(1)]);
        self.compute_into(Function::Bits(Bits::And, WORD), barrier.phase, [own, Source::Constant(7)]);
        self.compute_into(Function::Move, barrier.arrived, [Source::ZERO]);
        if guard.is_some() {
            let after = self.here();
            self.code.instructions[around as usize].step = Step::Branch { target: after };
        }
        self.guard = guard;
    }

    /// A thread that exits is not waited for any more, nor twice where it has arrived already.
    pub(super) fn emit_exit(&mut self) {
        if self.has_cluster_barrier {
            let barrier = self.barrier_of_cluster();
            let add = Function::Integer(Integer::MadLow, WORD);
            let (phase, operand) = (self.fresh(1), self.fresh(1));
            let base = Source::Constant(1 | mbarrier::DROPS);
            let unit = |shift: u32| Source::Constant(1 << shift);
            self.compute_into(add, phase, [Source::Register(barrier.phase), unit(mbarrier::ARRIVED_PHASE), base]);
            let parts = [Source::Register(barrier.arrived), unit(mbarrier::ARRIVED), Source::Register(phase)];
            self.compute_into(add, operand, parts);
            let semantics = Semantics { order: Order::Relaxed, scope: Scope::Cluster };
            self.arrive_at_cluster(Source::Register(operand), semantics);
        }
        self.emit(Step::Exit);
    }

    /// `mapa`: the address of a variable in the shared memory of another block of the cluster.
    pub(super) fn map_address(&mut self, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        modifiers.has("shared::cluster");
        let kind = modifiers.integer()?;
        modifiers.finish()?;
        let [destination, address, peer] = self.exactly(operands)?;
        let address = self.source(address, NumberKind::Integer(kind))?;
        let peer = self.word(peer)?;
        let Some(destination) = self.destination(destination)? else { return Ok(()) };
        let (own, rank) = (self.fresh(1), self.fresh(1));
        let mask = !(0xFF << PEER_SHIFT);
        self.compute_into(Function::Bits(Bits::And, WORD), own, [address, Source::Constant(mask)]);
        self.compute_into(Function::Integer(Integer::Add, NARROW), rank, [peer, Source::Constant(1)]);
        let parts = [Source::Register(rank), Source::Constant(1 << PEER_SHIFT), Source::Register(own)];
        self.compute_into(Function::Integer(Integer::MadLow, WORD), destination, parts);
        Ok(())
    }

    /// `getctarank`: whose shared memory an address lies in.
    pub(super) fn rank_of_address(&mut self, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        modifiers.has("shared::cluster");
        let kind = modifiers.integer()?;
        modifiers.finish()?;
        let [destination, address] = self.exactly(operands)?;
        let address = self.source(address, NumberKind::Integer(kind))?;
        let Some(destination) = self.destination(destination)? else { return Ok(()) };
        let (peer, is_own, own, other) = (self.fresh(1), self.fresh(1), self.fresh(1), self.fresh(1));
        let field = Pack::Field { from: PEER_SHIFT as u8, bits: 8 };
        self.compute_into(Function::Pack(field), peer, [address]);
        self.compute_into(compare(Test::Equal), is_own, [Source::Register(peer), Source::ZERO]);
        self.emit(Step::Special { special: Special::ClusterRank, destination: own });
        let less = [Source::Register(peer), Source::Constant(1)];
        self.compute_into(Function::Integer(Integer::Sub, NARROW), other, less);
        let choice = [own, other, is_own].map(Source::Register);
        self.compute_into(Function::Select, destination, choice);
        Ok(())
    }

    /// `fence.mbarrier_init.release.cluster`: a release of the objects that have been initialised.
    pub(super) fn fence_of_objects(&mut self, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        modifiers.must("`.release`", &[("release", ())])?;
        modifiers.must("`.cluster`", &[("cluster", ())])?;
        modifiers.finish()?;
        let [] = self.exactly(operands)?;
        self.emit(Step::Fence { semantics: Semantics { order: Order::Release, scope: Scope::Cluster } });
        Ok(())
    }
}

/// The shape of clusters that a kernel was compiled for, if it was for one.
pub(super) fn required(function: &Text) -> Option<[u32; 3]> {
    let (_, numbers) = function.directives.iter().find(|(name, _)| name == "reqnctapercluster")?;
    let number = |index: usize| numbers.get(index).map_or(1, |&number| u32::try_from(number).unwrap_or(u32::MAX));
    Some([number(0), number(1), number(2)])
}

/// Operands that name the position in a cluster.
pub(super) fn special(stem: &str, axis: u8, has_axis: bool) -> Option<Special> {
    Some(match (stem, has_axis) {
        ("%clusterid", true) => Special::Cluster(axis),
        ("%nclusterid", true) => Special::Clusters(axis),
        ("%cluster_ctaid", true) => Special::BlockOfCluster(axis),
        ("%cluster_nctaid", true) => Special::BlocksOfCluster(axis),
        ("%cluster_ctarank", false) => Special::ClusterRank,
        ("%cluster_nctarank", false) => Special::ClusterSize,
        ("%is_explicit_cluster", false) => Special::ExplicitCluster,
        _ => return None,
    })
}

/// `_` of the words that a launch puts into the environment: `%envreg1` and `%envreg2`.
pub(super) fn environment(name: &str) -> Understood<Option<Special>> {
    let Some(number) = name.strip_prefix("%envreg") else { return Ok(None) };
    match number {
        "1" => Ok(Some(Special::GridBarrier { high: true })),
        "2" => Ok(Some(Special::GridBarrier { high: false })),
        _ => Err(NotUnderstood(format!("what the driver puts into `{name}` is not known"))),
    }
}
