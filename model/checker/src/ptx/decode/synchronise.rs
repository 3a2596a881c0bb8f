//! Fences, barriers of the block, and instructions of a warp.
//!
//! Instructions of a warp are understood where they name their lanes (`.sync`); those without, which mean the lanes
//! that happen to run together, are not.

use super::access::SCOPES;
use super::modifiers::Modifiers;
use super::{Decoder, NotUnderstood, Understood};
use crate::ptx::code::Step;
use crate::ptx::code::kind::{IntegerKind, NumberKind};
use crate::ptx::code::step::{Barrier, BarrierKind, BarrierReduction, Exchange, Shuffle, Vote, Warp, WarpReduction};
use crate::ptx::syntax::Operand;
use arverify_protocol::ir::{Order, Scope, Semantics};

impl Decoder<'_> {
    pub(super) fn synchronise(&mut self, name: &str, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        match name {
            "fence" if modifiers.has("mbarrier_init") => self.fence_of_objects(modifiers, operands),
            "fence" if modifiers.has("proxy") => {
                if !modifiers.has("alias") {
                    return self.proxy_fence(modifiers, operands);
                }
                // Between aliases: a word has one history here, whichever address it is accessed by.
                modifiers.finish()?;
                let [] = self.exactly(operands)?;
                self.emit(Step::Nothing);
                Ok(())
            }
            "fence" | "membar" => self.fence(name, modifiers, operands),
            "barrier" if modifiers.has("cluster") => self.cluster_barrier(modifiers, operands),
            "bar" if modifiers.has("warp") => {
                modifiers.must("`.sync`", &[("sync", ())])?;
                modifiers.finish()?;
                let [mask] = self.exactly(operands)?;
                self.warp(mask, Exchange::Sync)
            }
            "bar" | "barrier" => self.barrier(name == "bar", modifiers, operands),
            _ => {
                if !modifiers.has("sync") {
                    return Err(NotUnderstood("without `.sync` it means the lanes that happen to run together".into()));
                }
                match name {
                    "shfl" => self.shuffle(modifiers, operands),
                    "vote" => self.vote(modifiers, operands),
                    "match" => self.match_lanes(modifiers, operands),
                    "redux" => self.redux(modifiers, operands),
                    _ => self.elect(modifiers, operands),
                }
            }
        }
    }

    fn fence(&mut self, name: &str, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        let [] = self.exactly(operands)?;
        let semantics = if name == "membar" {
            let scope = modifiers.must("a level", &[("cta", Scope::Cta), ("gl", Scope::Gpu), ("sys", Scope::Sys)])?;
            Semantics { order: Order::Sc, scope }
        } else {
            let order = modifiers.one_of(&[
                ("sc", Order::Sc),
                ("acq_rel", Order::AcqRel),
                ("acquire", Order::Acquire),
                ("release", Order::Release),
            ]);
            let scope = modifiers.must("a scope", &SCOPES)?;
            Semantics { order: order.unwrap_or(Order::AcqRel), scope }
        };
        modifiers.finish()?;
        self.emit(Step::Fence { semantics });
        Ok(())
    }

    fn barrier(&mut self, aligned: bool, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        modifiers.has("cta");
        let aligned = modifiers.has("aligned") || aligned;
        #[derive(Clone, Copy)]
        enum Kind {
            Sync,
            Arrive,
            Reduce,
        }
        let kind =
            modifiers.must("what to do", &[("sync", Kind::Sync), ("arrive", Kind::Arrive), ("red", Kind::Reduce)])?;
        let (kind, rest) = match (kind, operands) {
            (Kind::Sync, rest) => (BarrierKind::Sync, rest),
            (Kind::Arrive, rest) => (BarrierKind::Arrive, rest),
            (Kind::Reduce, [destination, rest @ .., predicate]) => {
                let reduction = modifiers.must(
                    "a reduction",
                    &[("popc", BarrierReduction::Popc), ("and", BarrierReduction::And), ("or", BarrierReduction::Or)],
                )?;
                if !modifiers.has("pred") {
                    modifiers.integer()?;
                }
                let predicate = self.predicate(predicate)?;
                let destination = self.destination(destination)?;
                let destination = destination.unwrap_or_else(|| self.fresh(1));
                (BarrierKind::Reduce { reduction, predicate, destination }, rest)
            }
            (Kind::Reduce, _) => return Err(NotUnderstood("expected operands".into())),
        };
        modifiers.finish()?;
        let (id, count) = match rest {
            [id] => (self.word(id)?, None),
            [id, count] => (self.word(id)?, Some(self.word(count)?)),
            _ => return Err(NotUnderstood("expected a barrier, and perhaps a number of threads".into())),
        };
        if count.is_none() && matches!(kind, BarrierKind::Arrive) {
            return Err(NotUnderstood("`arrive` needs a number of threads".into()));
        }
        self.emit(Step::Barrier(Barrier { kind, id, count, aligned }));
        Ok(())
    }

    fn warp(&mut self, mask: &Operand, exchange: Exchange) -> Understood<()> {
        let mask = self.word(mask)?;
        self.emit(Step::Warp(Warp { mask, exchange }));
        Ok(())
    }

    fn shuffle(&mut self, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        let mode = modifiers.must(
            "a mode",
            &[("up", Shuffle::Up), ("down", Shuffle::Down), ("bfly", Shuffle::Butterfly), ("idx", Shuffle::Index)],
        )?;
        modifiers.integer()?;
        modifiers.finish()?;
        let [destinations, value, lane, clamp, mask] = self.exactly(operands)?;
        let [destination, valid] = self.destinations(destinations)?;
        let (value, lane, clamp) = (self.word(value)?, self.word(lane)?, self.word(clamp)?);
        self.warp(mask, Exchange::Shuffle { mode, value, lane, clamp, destination, valid })
    }

    fn vote(&mut self, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        let mode = modifiers.must(
            "a mode",
            &[("all", Vote::All), ("any", Vote::Any), ("uni", Vote::Uniform), ("ballot", Vote::Ballot)],
        )?;
        match mode {
            Vote::Ballot => modifiers.integer().map(|_| ())?,
            _ => modifiers.must("a type", &[("pred", ())])?,
        }
        modifiers.finish()?;
        let [destination, predicate, mask] = self.exactly(operands)?;
        let predicate = self.predicate(predicate)?;
        let destination = self.destination(destination)?;
        let destination = destination.unwrap_or_else(|| self.fresh(1));
        self.warp(mask, Exchange::Vote { mode, predicate, destination })
    }

    fn match_lanes(&mut self, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        let all = modifiers.must("a mode", &[("any", false), ("all", true)])?;
        let kind = modifiers.integer()?;
        modifiers.finish()?;
        let [destinations, value, mask] = self.exactly(operands)?;
        let value = self.source(value, NumberKind::Integer(kind))?;
        let [destination, same] = self.destinations(destinations)?;
        let exchange = if all {
            Exchange::MatchAll { value, destination, same }
        } else {
            Exchange::MatchAny { value, destination: destination.unwrap_or_else(|| self.fresh(1)) }
        };
        self.warp(mask, exchange)
    }

    fn redux(&mut self, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        let name = modifiers.must(
            "a reduction",
            &[
                ("add", WarpReduction::Add),
                ("min", WarpReduction::MinUnsigned),
                ("max", WarpReduction::MaxUnsigned),
                ("and", WarpReduction::And),
                ("or", WarpReduction::Or),
                ("xor", WarpReduction::Xor),
            ],
        )?;
        let kind = modifiers.integer()?;
        modifiers.finish()?;
        let reduction = match name {
            WarpReduction::MinUnsigned if kind.signed => WarpReduction::MinSigned,
            WarpReduction::MaxUnsigned if kind.signed => WarpReduction::MaxSigned,
            other => other,
        };
        if kind.bits != 32 {
            return Err(NotUnderstood("only 32-bit values are reduced".into()));
        }
        let [destination, value, mask] = self.exactly(operands)?;
        let value = self.source(value, NumberKind::Integer(IntegerKind::unsigned(32)))?;
        let destination = self.destination(destination)?;
        let destination = destination.unwrap_or_else(|| self.fresh(1));
        self.warp(mask, Exchange::Reduce { reduction, value, destination })
    }

    fn elect(&mut self, modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        modifiers.finish()?;
        let [destinations, mask] = self.exactly(operands)?;
        let [leader, elected] = self.destinations(destinations)?;
        self.warp(mask, Exchange::Elect { leader, elected })
    }
}
