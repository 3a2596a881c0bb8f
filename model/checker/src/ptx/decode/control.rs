//! Branches, ends, and instructions that do nothing that is modelled.

use super::modifiers::Modifiers;
use super::operands::described;
use super::{Decoder, NotUnderstood, Understood};
use crate::ptx::code::Step;
use crate::ptx::syntax::Operand;
use arverify_protocol::verdict::Code::WrongResult as WRONG;
use std::rc::Rc;

impl Decoder<'_> {
    pub(super) fn control(&mut self, name: &str, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        match name {
            "bra" => {
                modifiers.has("uni");
                modifiers.finish()?;
                let [Operand::Name(label)] = operands else { return Err(NotUnderstood("expected a label".into())) };
                self.emit_branch(&Rc::from(label.as_str()));
            }
            "brx" => return self.branch_table(modifiers, operands),
            "ret" => {
                modifiers.has("uni");
                modifiers.finish()?;
                self.emit_return();
            }
            "exit" => self.emit_exit(),
            "trap" => self.emit(Step::Trap { code: WRONG, message: "the kernel traps".into() }),
            "brkpt" => self.emit(Step::Trap { code: WRONG, message: "the kernel stops at a breakpoint".into() }),
            // Delays, prefetches, performance counters and register limits: nothing that memory or values show.
            _ => self.emit(Step::Nothing),
        }
        Ok(())
    }

    fn branch_table(&mut self, mut modifiers: Modifiers, operands: &[Operand]) -> Understood<()> {
        if !modifiers.has("idx") {
            return Err(NotUnderstood("expected `brx.idx`".into()));
        }
        modifiers.has("uni");
        modifiers.finish()?;
        let [index, list] = self.exactly(operands)?;
        let index = self.word(index)?;
        let Operand::Name(list) = list else {
            return Err(NotUnderstood(format!("expected a list of labels, found {}", described(list))));
        };
        let targets = self.frame.body.and_then(|body| body.targets.iter().find(|(name, _)| name == list));
        let Some((_, labels)) = targets else {
            return Err(NotUnderstood(format!("no `.branchtargets` is called `{list}`")));
        };
        let at = self.here();
        for (place, label) in labels.iter().enumerate() {
            self.frame.fixups.push((at, place as u32, Rc::from(label.as_str())));
        }
        let targets = vec![at; labels.len()].into_boxed_slice();
        self.emit(Step::BranchTable { index, targets });
        Ok(())
    }

    /// The end of the kernel, or of a function expanded in place of its call.
    pub(super) fn emit_return(&mut self) {
        if self.frame.is_entry {
            self.emit_exit();
            return;
        }
        let at = self.here();
        self.frame.returns.push(at);
        self.emit(Step::Branch { target: at });
    }
}
