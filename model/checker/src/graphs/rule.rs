//! The rules of the memory model that can be left out, one at a time, to see that some test needs each.

/// A rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// Moral strength asks for scopes that include each other's thread.
    Scopes,
    /// Moral strength asks for strong operations.
    Strength,
    /// Observation goes through atomics.
    ObservationThroughAtomics,
    /// A release orders through a later strong write of its location.
    ReleaseBeforeWrite,
    /// A fence makes a release pattern.
    ReleaseByFence,
    /// A strong read before an acquire of its location acquires.
    AcquireAfterRead,
    /// A fence makes an acquire pattern.
    AcquireByFence,
    /// sc fences synchronize in their order.
    FenceSc,
    /// Barriers synchronize.
    BarriersSynchronize,
    /// Causality goes on from an observation.
    ObservationInCausality,
    /// Writes that causality orders are in that order in coherence.
    Coherence,
    /// Nothing comes between the halves of an atomic.
    Atomicity,
    /// Nobody reads what causality has overwritten.
    Causality,
    /// Elements of a vector are in no order.
    VectorsUnordered,
    /// The stream's accesses race like any other.
    StreamRaces,
    /// The async proxy needs a fence for what ordinary threads wrote.
    ProxyFences,
    /// What `ld.global.nc` reads is not written as long as its kernel runs.
    ReadOnlyLoads,
    /// Under the assumption, a load before a barrier is done for whoever observes what is behind it.
    LoadsAreDone,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Rule; 18] = [
        Rule::Scopes,
        Rule::Strength,
        Rule::ObservationThroughAtomics,
        Rule::ReleaseBeforeWrite,
        Rule::ReleaseByFence,
        Rule::AcquireAfterRead,
        Rule::AcquireByFence,
        Rule::FenceSc,
        Rule::BarriersSynchronize,
        Rule::ObservationInCausality,
        Rule::Coherence,
        Rule::Atomicity,
        Rule::Causality,
        Rule::VectorsUnordered,
        Rule::StreamRaces,
        Rule::ProxyFences,
        Rule::ReadOnlyLoads,
        Rule::LoadsAreDone,
    ];
}
