//! Which memory model is asked about: a version, and for mutation tests the one rule that is left out.

/// A version of the memory model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Model {
    /// PTX ISA 6.0
    Ptx60,
    /// PTX ISA 7.5 and later, with proxies
    Ptx75,
}

/// A rule of the memory model that can be left out, to see that some test needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// Moral strength asks for scopes that include each other's thread.
    Scopes,
    /// Moral strength asks for strong operations.
    Strength,
    /// Moral strength asks for one proxy (7.5).
    StrengthByProxy,
    /// Moral strength asks for one virtual address (7.5).
    StrengthByAddress,
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
    /// sc fences synchronize.
    FenceScSynchronizes,
    /// Barriers synchronize.
    BarriersSynchronize,
    /// A barrier with a quorum counts no more than that.
    Quorums,
    /// Program order is part of base causality by itself (7.5).
    ProgramOrderInCausality,
    /// Causality may begin with an observation.
    ObservationInCausality,
    /// Accesses by different proxies need proxy fences (7.5).
    ProxyFences,
    /// A proxy fence helps only its own block (7.5).
    ProxyFencesInBlock,
    /// Accesses by different addresses need an alias fence (7.5).
    AliasFences,
    /// Axiom.
    Coherence,
    /// Axiom.
    FenceSc,
    /// Axiom.
    Atomicity,
    /// Axiom.
    NoThinAir,
    /// Axiom (6.0).
    ScPerLocation,
    /// Axiom.
    Causality,
}

impl Rule {
    /// All of them.
    pub const ALL: [Rule; 23] = [
        Rule::Scopes,
        Rule::Strength,
        Rule::StrengthByProxy,
        Rule::StrengthByAddress,
        Rule::ObservationThroughAtomics,
        Rule::ReleaseBeforeWrite,
        Rule::ReleaseByFence,
        Rule::AcquireAfterRead,
        Rule::AcquireByFence,
        Rule::FenceScSynchronizes,
        Rule::BarriersSynchronize,
        Rule::Quorums,
        Rule::ProgramOrderInCausality,
        Rule::ObservationInCausality,
        Rule::ProxyFences,
        Rule::ProxyFencesInBlock,
        Rule::AliasFences,
        Rule::Coherence,
        Rule::FenceSc,
        Rule::Atomicity,
        Rule::NoThinAir,
        Rule::ScPerLocation,
        Rule::Causality,
    ];
}

/// A memory model, whole or with a rule left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Theory {
    /// The version.
    pub model: Model,
    /// The rule left out.
    pub without: Option<Rule>,
}

impl Theory {
    /// Whether a rule holds.
    pub(super) fn has(self, rule: Rule) -> bool {
        self.without != Some(rule)
    }
}

impl From<Model> for Theory {
    fn from(model: Model) -> Theory {
        Theory { model, without: None }
    }
}
