//! The axioms of the PTX memory consistency model, one function for each, named as in the ISA.

use super::definitions::Definitions;
use super::execution::Execution;
use super::relation::{Relation, Truth};
use super::theory::{Model, Rule, Theory};

/// An axiom: what must hold of an execution.
type Law = fn(&Execution, &Definitions) -> Truth;

/// The axioms of a model.
pub(super) fn laws(theory: Theory) -> Vec<Law> {
    let laws: [(Rule, Law); 6] = [
        (Rule::Coherence, coherence),
        (Rule::FenceSc, fence_sc),
        (Rule::Atomicity, atomicity),
        (Rule::NoThinAir, no_thin_air),
        (Rule::Causality, causality),
        (Rule::ScPerLocation, sc_per_location),
    ];
    let of_model = |rule: Rule| rule != Rule::ScPerLocation || theory.model == Model::Ptx60;
    laws.into_iter().filter(|(rule, _)| theory.has(*rule) && of_model(*rule)).map(|(_, law)| law).collect()
}

/// "Coherence": writes of one location that causality orders are in that order in coherence; two that are morally
/// strong are ordered one way or the other.
fn coherence(execution: &Execution, definitions: &Definitions) -> Truth {
    let nodes = &execution.nodes;
    let writes = |left: usize, right: usize| {
        nodes[left].is_write() && nodes[right].is_write() && execution.same_location(left, right)
    };
    let caused = definitions.causality.only(writes).within(&execution.coherence);
    let either = execution.coherence.union(&execution.coherence.inverse());
    caused.and(&definitions.morally_strong.only(writes).within(&either))
}

/// "Fence-SC": the order of sc fences does not go against base causality.
fn fence_sc(execution: &Execution, definitions: &Definitions) -> Truth {
    execution.fence_sc_order.then(&definitions.base_causality).irreflexive()
}

/// "Atomicity": no write that is morally strong with both halves of an atomic comes between them.
fn atomicity(execution: &Execution, definitions: &Definitions) -> Truth {
    let strong = |relation: &Relation| relation.intersection(&definitions.morally_strong);
    let between = strong(&execution.from_reads).then(&strong(&execution.coherence));
    let torn = between.intersection(&execution.read_modify_write);
    torn.within(&Relation::new(execution.nodes.len(), |_, _| Truth::False))
}

/// "No thin air": values do not come out of a circle of reads and dependencies.
fn no_thin_air(execution: &Execution, _: &Definitions) -> Truth {
    execution.reads_from.union(&execution.dependency).acyclic()
}

/// "Sequential consistency per location" (6.0): morally strong accesses of one location agree with program order.
fn sc_per_location(execution: &Execution, definitions: &Definitions) -> Truth {
    let communication = execution.reads_from.union(&execution.coherence).union(&execution.from_reads);
    let in_order = execution.program_order.only(|from, to| execution.same_location(from, to));
    communication.intersection(&definitions.morally_strong).union(&in_order).acyclic()
}

/// "Causality": nobody reads what causality has overwritten, nor from what it causes.
fn causality(execution: &Execution, definitions: &Definitions) -> Truth {
    execution.reads_from.union(&execution.from_reads).then(&definitions.causality).irreflexive()
}
