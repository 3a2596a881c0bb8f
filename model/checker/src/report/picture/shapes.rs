//! How operations look: a shape for each kind, so that a picture is readable without colour.

use arverify_protocol::verdict::StepKind;

/// A path around the origin, in the syntax of SVG, about 20 units wide.
pub(super) const fn path(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Launch => "M-8 -9L10 0L-8 9Z",
        StepKind::End => "M-8 -8H8V8H-8ZM-3 -3H3V3H-3Z",
        StepKind::Barrier => "M-15 -4H15V4H-15Z",
        StepKind::Write => "M-8 -8H8V8H-8Z",
        StepKind::Read => "M-8 0a8 8 0 1 0 16 0a8 8 0 1 0 -16 0Z",
        StepKind::Update => "M0 -11L11 0L0 11L-11 0Z",
        StepKind::Copy => "M-10 0L-5 -9H5L10 0L5 9H-5Z",
        StepKind::Wait => "M-9 0a9 9 0 1 0 18 0a9 9 0 1 0 -18 0ZM-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0Z",
        StepKind::Blocked => "M-8 -9H8L-8 9H8Z",
        StepKind::Fence => "M-11 -6H11V-2H-11ZM-11 2H11V6H-11Z",
        StepKind::Absent => "M-8 -8L8 8M8 -8L-8 8",
        StepKind::Other => "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0Z",
    }
}

/// What a legend says of it.
pub(super) const fn legend(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Launch => "a launch begins",
        StepKind::End => "a launch has ended",
        StepKind::Barrier => "barrier",
        StepKind::Write => "store",
        StepKind::Read => "load",
        StepKind::Update => "read-modify-write",
        StepKind::Copy => "copy or reduction",
        StepKind::Wait => "wait, satisfied",
        StepKind::Blocked => "waits, not satisfied",
        StepKind::Fence => "fence",
        StepKind::Absent => "does not come here",
        StepKind::Other => "another operation",
    }
}

/// Around an access that races.
pub(super) const BURST: &str = "M0 -19L4 -12L11 -15L11 -8L18 -6L13 0L18 6L11 8L11 15L4 12L0 19L-4 12L-11 15L-11 8L-18 6L-13 0L-18 -6L-11 -8L-11 -15L-4 -12Z";
