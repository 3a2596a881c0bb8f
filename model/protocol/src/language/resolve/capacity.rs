//! `elements N up to C`: what may change from launch to launch, and what must not.
//!
//! A launch that begins before a slow peer has ended the one before finds memory as that peer's length laid it out. So what
//! stays from launch to launch is laid out by C; only what the caller gives anew to each launch, refreshed inputs and the
//! output of which something is expected, has N elements. Decision: an extent that uses N is an error, and not a finding
//! of a check, because every length but one is wrong. Not seen: rows that a kernel lays out by hand, with `at`; the check
//! finds those.

use super::{Global, Resolver, host};
use crate::ir::{Protocol, Symbol};
use crate::language::diagnostics::Diagnostic;
use crate::language::tree::{Declaration, File};

impl<'a> Resolver<'a> {
    /// Whether launches differ in length, and errors where something would move with it.
    pub(super) fn capacity(&mut self, file: &'a File, protocol: &mut Protocol) {
        let declared = self.globals.values().find(|(global, _)| matches!(global, Global::Size(Symbol::Capacity)));
        let Some((_, declared)) = declared else { return };
        let declared = declared.clone();
        if self.part != host::Part::Kernel {
            let error = Diagnostic::new("a host program has one length", declared).label("a capacity");
            self.report(error.help("write `elements N` alone"));
            return;
        }
        protocol.varies = true;
        let output = protocol.expectation.as_ref().map(|expectation| expectation.output);
        for item in &file.declarations {
            match &item.kind {
                Declaration::Buffer { names, shape, refreshed: false, .. } => {
                    for name in names {
                        let Some((Global::Buffer(id), _)) = self.globals.get(name.text.as_str()) else { continue };
                        if Some(*id) == output {
                            continue;
                        }
                        let extents = self.buffers[id.index()].shape.iter().zip(shape);
                        let moving = extents.filter(|(extent, _)| extent.mentions(Symbol::Elements));
                        let places: Vec<_> = moving.map(|(_, written)| written.at.0.clone()).collect();
                        for place in places {
                            let message = format!("an extent of `{}` changes with N from launch to launch", name.text);
                            let error = Diagnostic::new(message, place).label("computed from N");
                            let note = "a peer that is still in the launch before would find its rows moved";
                            let error = error.context(declared.clone(), "the capacity").note(note);
                            self.report(error.help("compute it from the capacity; data phases and partitions use N"));
                        }
                    }
                }
                Declaration::Grid(written) if protocol.grid.mentions(Symbol::Elements) => {
                    let error = Diagnostic::new("the grid changes with N from launch to launch", written.at.0.clone());
                    let note = "pads have a slot for each block: all launches have the same blocks";
                    self.report(error.label("computed from N").context(declared.clone(), "the capacity").note(note));
                }
                _ => {}
            }
        }
    }
}
