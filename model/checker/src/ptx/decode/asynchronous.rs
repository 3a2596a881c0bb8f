//! `mbarrier`, copies to shared memory with groups (`cp.async`), and launches that depend on each other.
//!
//! An operation on an mbarrier object is a read-modify-write or a read of its word ([`crate::program::mbarrier`]), and the
//! rest is arithmetic. The copies of a group are one copy of a pipe, which begins with the first of them; whether one has
//! begun is a register. In a module in which copies trigger arrivals (`cp.async.mbarrier.arrive`) they are threads of their own
//! instead, as bulk copies are ([`crate::ptx::copies`]), but of the generic proxy.

use super::modifiers::Modifiers;
use super::{Decoder, NotUnderstood, Understood};
use crate::program::{AtomicFunction, AtomicKind, VectorElement, Width, mbarrier};
use crate::ptx::code::function::{Bits, Compare, Function, Integer, Pack, Test};
use crate::ptx::code::kind::{IntegerKind, NumberKind};
use crate::ptx::code::step::{Address, AsyncCopy, BulkCopy, BulkSource, Element, Proxy, Space};
use crate::ptx::code::{Register, Source, Step};
use crate::ptx::syntax::{Module, Operand, Statement};
use arverify_protocol::ir::{AtomicOperation, Order, Scope, Semantics};
use smallvec::smallvec;

pub(super) const WORD: IntegerKind = IntegerKind::unsigned(64);

const SCOPES: [(&str, Scope); 2] = [("cta", Scope::Cta), ("cluster", Scope::Cluster)];

/// Operations on mbarrier objects.
#[derive(Clone, Copy)]
enum Mbarrier {
    Init,
    Inval,
    ExpectTx,
    CompleteTx,
    Arrive { drops: bool },
    Wait,
    PendingCount,
}

const OPERATIONS: [(&str, Mbarrier); 9] = [
    ("init", Mbarrier::Init),
    ("inval", Mbarrier::Inval),
    // Before the operations of their own: `arrive.expect_tx` is an arrival.
    ("arrive", Mbarrier::Arrive { drops: false }),
    ("arrive_drop", Mbarrier::Arrive { drops: true }),
    ("expect_tx", Mbarrier::ExpectTx),
    ("complete_tx", Mbarrier::CompleteTx),
    ("test_wait", Mbarrier::Wait),
    ("try_wait", Mbarrier::Wait),
    ("pending_count", Mbarrier::PendingCount),
];

/// Whether a module asks how many arrivals are pending: then more of a state than its phase is looked at.
pub(super) fn counts_pending(module: &Module) -> bool {
    has_modifiers(module, "mbarrier", "pending_count")
}

/// Whether copies of a module trigger arrivals.
pub(super) fn copies_arrive(module: &Module) -> bool {
    has_modifiers(module, "cp", "mbarrier")
}

/// Whether a module has an instruction of this name with this modifier.
fn has_modifiers(module: &Module, name: &str, modifier: &str) -> bool {
    let statements = module.functions.iter().filter_map(|function| function.body.as_ref());
    statements.flat_map(|body| &body.statements).any(|statement| match statement {
        Statement::Instruction(found) => found.name == name && found.modifiers.iter().any(|own| own == modifier),
        _ => false,
    })
}

impl Decoder<'_> {
    pub(super) fn mbarrier(&mut self, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        match modifiers.must("an operation", &OPERATIONS)? {
            Mbarrier::Init => {
                let (space, [at, count]) = self.of_object(modifiers, operands)?;
                let count = self.word(count)?;
                let word = self.word_of([count, Source::Constant(mbarrier::INITIAL)], Integer::MulLow);
                self.write_object((space, at), word)
            }
            Mbarrier::Inval => {
                let (space, [at]) = self.of_object(modifiers, operands)?;
                self.write_object((space, at), Source::Constant(mbarrier::BROKEN))
            }
            Mbarrier::ExpectTx | Mbarrier::CompleteTx if !modifiers.has("relaxed") => {
                Err(NotUnderstood("expected `.relaxed`".into()))
            }
            Mbarrier::ExpectTx => self.transaction(modifiers, operands, false),
            Mbarrier::CompleteTx => self.transaction(modifiers, operands, true),
            Mbarrier::Arrive { drops } => self.arrive(modifiers, operands, drops),
            Mbarrier::Wait => self.wait_for_phase(modifiers, operands),
            Mbarrier::PendingCount => {
                modifiers.must("`.b64`", &[("b64", ())])?;
                modifiers.finish()?;
                let [destination, state] = self.exactly(operands)?;
                let state = self.source(state, NumberKind::Integer(WORD))?;
                let (from, bits) = mbarrier::PENDING_FIELD;
                let field = Pack::Field { from: from as u8, bits: bits as u8 };
                self.compute(Function::Pack(field), destination, [state])
            }
        }
    }

    /// The operands of an operation that has neither order nor scope.
    fn of_object<'o, const N: usize>(
        &self,
        mut modifiers: Modifiers,
        operands: &'o [Operand],
    ) -> Understood<(Space, &'o [Operand; N])> {
        let space = space_of_object(&mut modifiers);
        modifiers.must("`.b64`", &[("b64", ())])?;
        modifiers.finish()?;
        Ok((space, self.exactly(operands)?))
    }

    /// `init` and `inval` are ordinary stores: whoever uses the object must come after them.
    fn write_object(&mut self, (space, at): (Space, &Operand), word: Source) -> Understood<()> {
        let (address, _) = self.address(at)?;
        let semantics = Semantics { order: Order::Weak, scope: Scope::Sys };
        self.emit(Step::Store { space, address, sources: smallvec![word], element: ELEMENT, semantics });
        Ok(())
    }

    fn transaction(&mut self, mut modifiers: Modifiers, operands: &[Operand], completes: bool) -> Understood<()> {
        let scope = modifiers.must("a scope", &SCOPES)?;
        let (space, [at, bytes]) = self.of_object(modifiers, operands)?;
        let mut bytes = self.word(bytes)?;
        if completes {
            bytes = self.word_of([Source::ZERO, bytes], Integer::Sub);
        }
        let operand = self.operand([bytes, Source::ZERO]);
        let semantics = Semantics { order: Order::Relaxed, scope };
        self.update_object((space, at), operand, None, semantics)
    }

    fn arrive(&mut self, mut modifiers: Modifiers, operands: &[Operand], drops: bool) -> Understood<()> {
        let completes_nothing = modifiers.has("noComplete");
        let expects = modifiers.has("expect_tx");
        let (semantics, space) = self.of_strong_object(&mut modifiers, ("release", Order::Release))?;
        modifiers.finish()?;
        let (destination, rest) = match operands {
            [destination, rest @ ..] if !matches!(destination, Operand::Address { .. }) => (Some(destination), rest),
            rest => (None, rest),
        };
        let (at, number) = match rest {
            [at] if !expects => (at, None),
            [at, number] => (at, Some(self.word(number)?)),
            _ => return Err(NotUnderstood("expected an object, and perhaps a number".into())),
        };
        let flags =
            if drops { mbarrier::DROPS } else { 0 } | if completes_nothing { mbarrier::COMPLETES_NOTHING } else { 0 };
        let operand = match (expects, number) {
            (true, Some(bytes)) => self.operand([bytes, Source::Constant(1 | flags)]),
            (false, Some(count)) => self.word_of([count, Source::Constant(flags)], Integer::Add),
            (_, None) => Source::Constant(1 | flags),
        };
        let destination = destination.map(|destination| self.destination(destination)).transpose()?.flatten();
        self.update_object((space, at), operand, destination, semantics)
    }

    /// An operand from bytes and the rest of it.
    fn operand(&mut self, [bytes, rest]: [Source; 2]) -> Source {
        let narrow = self.fresh(1);
        let field = Pack::Field { from: 0, bits: 32 };
        self.compute_into(Function::Pack(field), narrow, [bytes]);
        let register = self.fresh(1);
        let unit = Source::Constant(1 << mbarrier::OPERAND_BYTES);
        let function = Function::Integer(Integer::MadLow, WORD);
        self.compute_into(function, register, [Source::Register(narrow), unit, rest]);
        Source::Register(register)
    }

    fn update_object(
        &mut self,
        (space, at): (Space, &Operand),
        operand: Source,
        destination: Option<Register>,
        semantics: Semantics,
    ) -> Understood<()> {
        let (address, _) = self.address(at)?;
        self.update_at((space, address), operand, destination, semantics);
        Ok(())
    }

    pub(super) fn update_at(
        &mut self,
        (space, address): (Space, Address),
        operand: Source,
        destination: Option<Register>,
        semantics: Semantics,
    ) {
        let kind = if self.counts_pending { AtomicKind::MbarrierWhole } else { AtomicKind::Mbarrier };
        let function = AtomicFunction { operation: AtomicOperation::Add, kind };
        let (width, expected, place) = (Width::Eight, Source::ZERO, VectorElement::SCALAR);
        self.emit(Step::Atomic { space, address, width, function, operand, expected, destination, semantics, place });
    }

    /// Order, by default the strongest, and scope of an operation on an object, and where that is.
    fn of_strong_object(&self, modifiers: &mut Modifiers, strongest: (&str, Order)) -> Understood<(Semantics, Space)> {
        let order = modifiers.one_of(&[strongest, ("relaxed", Order::Relaxed)]).unwrap_or(strongest.1);
        let scope = modifiers.one_of(&SCOPES).unwrap_or(Scope::Cta);
        let space = space_of_object(modifiers);
        modifiers.must("`.b64`", &[("b64", ())])?;
        Ok((Semantics { order, scope }, space))
    }

    /// `test_wait` and `try_wait`: whether the phase of a state, or of a parity, is over.
    fn wait_for_phase(&mut self, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        let by_parity = modifiers.has("parity");
        let (semantics, space) = self.of_strong_object(&mut modifiers, ("acquire", Order::Acquire))?;
        modifiers.finish()?;
        // How long it may suspend the thread says nothing of what it finds.
        let (destination, at, phase) = match operands {
            [destination, at, phase] | [destination, at, phase, _] => (destination, at, phase),
            _ => return Err(NotUnderstood("expected a predicate, an object and a phase".into())),
        };
        let phase = match by_parity {
            true => self.word(phase)?,
            false => {
                let state = self.source(phase, NumberKind::Integer(WORD))?;
                self.shifted(state, mbarrier::PHASE)
            }
        };
        let (address, _) = self.address(at)?;
        let word = self.fresh(1);
        self.code.objects.push(self.here());
        self.emit(Step::Load { space, address, destinations: smallvec![Some(word)], element: ELEMENT, semantics });
        let mut current = self.shifted(Source::Register(word), mbarrier::PHASE);
        if by_parity {
            let parity = self.fresh(1);
            self.compute_into(Function::Bits(Bits::And, WORD), parity, [current, Source::Constant(1)]);
            current = Source::Register(parity);
        }
        // Nobody waits for an object that has been misused: whoever has read it says so.
        let (over, broken, ends) = (self.fresh(1), self.fresh(1), self.fresh(1));
        self.compute_into(compare(Test::NotEqual), over, [current, phase]);
        let operands = [Source::Register(word), Source::Constant(mbarrier::BROKEN)];
        self.compute_into(compare(Test::Equal), broken, operands);
        self.compute_into(Function::Bits(Bits::Or, WORD), ends, [over, broken].map(Source::Register));
        self.compute(Function::Move, destination, [Source::Register(ends)])
    }

    fn shifted(&mut self, word: Source, by: u32) -> Source {
        let register = self.fresh(1);
        let function = Function::Bits(Bits::ShiftRight, WORD);
        self.compute_into(function, register, [word, Source::Constant(u64::from(by))]);
        Source::Register(register)
    }

    fn word_of(&mut self, operands: [Source; 2], function: Integer) -> Source {
        let register = self.fresh(1);
        self.compute_into(Function::Integer(function, WORD), register, operands);
        Source::Register(register)
    }

    /// `cp.async` and what belongs to it.
    pub(super) fn copy(&mut self, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        let reduces = modifiers.has("reduce");
        if !modifiers.has("async") || reduces && !modifiers.has("bulk") {
            return Err(NotUnderstood("this copy is not modelled".into()));
        }
        if reduces || modifiers.has("bulk") {
            return self.bulk(modifiers, operands, reduces);
        }
        if modifiers.has("mbarrier") {
            return self.arrive_behind_copies(modifiers, operands);
        }
        if modifiers.has("commit_group") {
            modifiers.finish()?;
            let [] = self.exactly(operands)?;
            self.commit();
            return Ok(());
        }
        if modifiers.has("wait_all") {
            modifiers.finish()?;
            let [] = self.exactly(operands)?;
            self.commit();
            self.await_groups(0);
            return Ok(());
        }
        if modifiers.has("wait_group") {
            modifiers.finish()?;
            let [remaining] = self.exactly(operands)?;
            let remaining = self.immediate(remaining)?;
            let remaining = u32::try_from(remaining).map_err(|_| NotUnderstood("expected a small number".into()))?;
            self.await_groups(remaining);
            return Ok(());
        }
        self.copy_to_shared(modifiers, operands)
    }

    fn copy_to_shared(&mut self, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        modifiers.drop_cache_hints();
        // The policy is the last operand, and says nothing about values or order.
        let operands = match operands.split_last() {
            Some((_, rest)) if modifiers.has("L2::cache_hint") => rest,
            _ => operands,
        };
        if !modifiers.has("shared") {
            modifiers.must("the destination", &[("shared::cta", ())])?;
        }
        modifiers.must("the source", &[("global", ())])?;
        modifiers.finish()?;
        let (to, from, bytes, read) = match operands {
            [to, from, bytes] => (to, from, bytes, None),
            [to, from, bytes, read] => (to, from, bytes, Some(read)),
            _ => return Err(NotUnderstood("expected two addresses and a size".into())),
        };
        let bytes = self.immediate(bytes)?;
        if !matches!(bytes, 4 | 8 | 16) {
            return Err(NotUnderstood("expected 4, 8 or 16 bytes".into()));
        }
        let bytes = bytes as u32;
        let read = read.map(|read| self.bytes_read(read, bytes)).transpose()?;
        let (to, _) = self.address(to)?;
        let (from, _) = self.address(from)?;
        if self.copies_arrive {
            let whole = Source::Constant(u64::from(bytes));
            let from = read.map_or(BulkSource::Memory(Space::Global, from), |read| BulkSource::Padded(from, read));
            self.emit_generic((Space::Shared, to), from, whole, None);
            return Ok(());
        }
        let open = self.group();
        self.emit(Step::BeginGroup { open });
        self.emit(Step::AsyncCopy(AsyncCopy { to, from, bytes, read, fills: false }));
        if read.is_some() {
            self.emit(Step::AsyncCopy(AsyncCopy { to, from, bytes, read, fills: true }));
        }
        Ok(())
    }

    /// How many bytes are read: so many as a number says or, where a predicate says that the source is ignored, none.
    fn bytes_read(&mut self, operand: &Operand, bytes: u32) -> Understood<Source> {
        let is_predicate = match operand {
            Operand::Not(_) => true,
            Operand::Name(name) if self.symbol(name).is_none() => self.register(name)?.bits == 1,
            _ => false,
        };
        if !is_predicate {
            return self.word(operand);
        }
        let (ignored, read) = (self.predicate(operand)?, self.fresh(1));
        let choice = [Source::ZERO, Source::Constant(u64::from(bytes)), ignored];
        self.compute_into(Function::Select, read, choice);
        Ok(Source::Register(read))
    }

    /// A copy in flight, of the generic proxy.
    fn emit_generic(
        &mut self,
        to: (Space, Address),
        from: BulkSource,
        bytes: Source,
        signals: Option<(Space, Address, AtomicFunction)>,
    ) {
        let proxy = Proxy::Generic;
        let copy = BulkCopy { proxy, to, from, bytes, combines: None, signals, blocks: None };
        self.emit(Step::Bulk(Box::new(copy)));
    }

    /// `cp.async.mbarrier.arrive`: "an arrive-on operation to be triggered by the system on the mbarrier object upon the
    /// completion of all the prior `cp.async` operations initiated by the executing thread". "When `.noinc` is not specified,
    /// the pending count of the mbarrier object is increased by 1 prior to the asynchronous arrive-on operation."
    fn arrive_behind_copies(&mut self, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        modifiers.must("`.arrive`", &[("arrive", ())])?;
        let increases = !modifiers.has("noinc");
        let (_, [at]) = self.of_object(modifiers, operands)?;
        if increases {
            let semantics = Semantics { order: Order::Relaxed, scope: Scope::Cta };
            self.update_object((Space::Shared, at), Source::Constant(1 | mbarrier::INCREASES), None, semantics)?;
        }
        let (_, address, function) = self.signal(at)?;
        let object = (Space::Shared, address);
        self.emit_generic(object, BulkSource::Arrival, Source::ZERO, Some((Space::Shared, address, function)));
        Ok(())
    }

    /// Waits for all groups but the newest.
    fn await_groups(&mut self, remaining: u32) {
        if self.copies_arrive {
            self.emit(Step::AwaitBulk { proxy: Proxy::Generic, remaining, reads: false });
            return;
        }
        let open = self.group();
        self.emit(Step::AwaitGroups { remaining, open });
    }

    /// Closes the group; also one of no copies counts.
    fn commit(&mut self) {
        if self.copies_arrive {
            self.emit(Step::CommitBulk { proxy: Proxy::Generic });
            return;
        }
        let open = self.group();
        self.emit(Step::BeginGroup { open });
        self.compute_into(Function::Move, open, [Source::ZERO]);
    }

    /// `griddepcontrol`: without the launch attribute it does nothing (PTX ISA, `griddepcontrol`).
    pub(super) fn dependent_launch(&mut self, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        let waits = modifiers.must("an action", &[("launch_dependents", false), ("wait", true)])?;
        modifiers.finish()?;
        let [] = self.exactly(operands)?;
        self.emit(Step::DependentLaunch { waits });
        Ok(())
    }
}

/// The word of an object.
pub(super) const ELEMENT: Element = Element { width: Width::Eight, sign_extend_to: 0, place: VectorElement::SCALAR };

pub(super) fn compare(test: Test) -> Function {
    Function::Compare(Compare { test, kind: NumberKind::Integer(WORD), flush: false, combine: None })
}

/// Where an object is: as written, or as its address says.
fn space_of_object(modifiers: &mut Modifiers) -> Space {
    let spaces = [("shared", Space::Shared), ("shared::cta", Space::Shared), ("shared::cluster", Space::Cluster)];
    modifiers.one_of(&spaces).unwrap_or(Space::Generic)
}
