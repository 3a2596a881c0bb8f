//! Everything that can go wrong, as values: bad input, a peer that does not answer, a mismatched launch, a driver.
//!
//! Errors can be cloned, because one failure poisons the group and every later call repeats its cause.

use crate::collective::Collective;
use arverify_protocol::certificate::CertificateError;
use arverify_protocol::data::DataType;
use arverify_protocol::ir::Compare;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Why kernels were not loaded, a group not made, or a call not completed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// A folder that is not a certificate, or no longer is.
    #[error("{0}")]
    Certificate(Arc<CertificateError>),
    /// No certified kernel fits.
    #[error("there is no certified kernel of `{protocol}` for {ranks} ranks of {data}; {available}")]
    NoKernel {
        /// The protocol asked for.
        protocol: String,
        /// P
        ranks: u32,
        /// E
        data: DataType,
        /// What there is instead, as a sentence.
        available: String,
    },
    /// A certified protocol that does not compute what was asked.
    #[error("`{protocol}` is not {collective}: {reason}")]
    NotTheCollective {
        /// The protocol.
        protocol: String,
        /// What was asked for.
        collective: Collective,
        /// What it is or lacks.
        reason: &'static str,
    },
    /// A collective that the group was not made for.
    #[error("the group was not made for {0}: name it in the settings' collectives")]
    NotPlanned(Collective),
    /// Settings without a meaning.
    #[error("{0}")]
    Settings(String),
    /// Sizes at which the protocol may not run.
    #[error("`{protocol}` cannot run at these sizes: {reason}")]
    Sizes {
        /// The protocol.
        protocol: String,
        /// Which requirement is not met, or what does not fit.
        reason: String,
    },
    /// A message longer than the group was made for.
    #[error("{elements} elements are more than the group's capacity of {capacity}")]
    Capacity {
        /// Elements asked for.
        elements: u64,
        /// Elements that the group was made for.
        capacity: u64,
    },
    /// Input and output differ in length, or there is not one of each for every rank.
    #[error("{0}")]
    Lengths(String),
    /// A slice of another type than the group's.
    #[error("the group reduces {group}, not {given}")]
    Type {
        /// The group's type.
        group: DataType,
        /// The slice's.
        given: DataType,
    },
    /// There is no such rank.
    #[error("there is no rank {rank}: the group has {ranks} ranks")]
    NoRank {
        /// Asked for.
        rank: u32,
        /// P
        ranks: u32,
    },
    /// A second call on a rank before its first returned.
    #[error("rank {rank} is in a call already: one at a time for each rank")]
    Busy {
        /// The rank.
        rank: u32,
    },
    /// An await passed its deadline.
    #[error("{0}")]
    Deadline(Arc<Expired>),
    /// A rank did not come to a call in time, before any kernel was launched for it.
    #[error("rank {rank} waited {} for rank {missing} to come to call {call}", milliseconds(*waited))]
    Absent {
        /// Who waited.
        rank: u32,
        /// Who did not come.
        missing: u32,
        /// The call, counted from 0 since the group was made or reset.
        call: u64,
        /// How long.
        waited: Duration,
    },
    /// A rank sent, or waited to receive, and the other did not come, before any kernel was launched for it.
    #[error(
        "rank {rank} waited {} for rank {} to {} message {message} of {elements} elements",
        milliseconds(*waited),
        if rank == from { to } else { from },
        if rank == from { "receive" } else { "send" }
    )]
    Unanswered {
        /// Who waited.
        rank: u32,
        /// Who sends.
        from: u32,
        /// Who receives.
        to: u32,
        /// The message, counted from 0 between these two since the group was made or reset.
        message: u64,
        /// Its length.
        elements: u64,
        /// How long.
        waited: Duration,
    },
    /// What is sent and what is received differ in length.
    #[error("message {message} from rank {from} to rank {to}: {sent} elements are sent and {received} received")]
    Uneven {
        /// Who sends.
        from: u32,
        /// Who receives.
        to: u32,
        /// The message, counted from 0 between these two since the group was made or reset.
        message: u64,
        /// Elements sent.
        sent: u64,
        /// Elements that the receiver has room for.
        received: u64,
    },
    /// A rank that would send to itself.
    #[error("rank {rank} cannot send to itself, nor receive from itself")]
    Itself {
        /// The rank.
        rank: u32,
    },
    /// Ranks do not ask for the same thing.
    #[error(
        "call {call}: rank {rank} asks for {asked}, rank {other} for {other_asked}: all ranks must ask for the same"
    )]
    Mismatch {
        /// The call, counted from 0 since the group was made or reset.
        call: u64,
        /// Who came later.
        rank: u32,
        /// With what.
        asked: String,
        /// Who came first.
        other: u32,
        /// With what.
        other_asked: String,
    },
    /// The rank was killed by fault injection.
    #[error("rank {rank} was killed by fault injection")]
    Killed {
        /// Which.
        rank: u32,
    },
    /// An earlier call failed; nothing runs until the group is reset.
    #[error("the group is unusable until it is reset, because an earlier call failed: {cause}")]
    Poisoned {
        /// What failed.
        cause: Box<Error>,
    },
    /// The protocol did what no verified protocol does at these sizes.
    #[error("`{protocol}`, {place}: rank {rank}, block {block}: {message}")]
    Execution {
        /// The protocol.
        protocol: String,
        /// File, line and column.
        place: String,
        /// Who.
        rank: u32,
        /// Which block of it.
        block: u32,
        /// What.
        message: String,
    },
    /// The machine has no more threads or memory.
    #[error("{0}")]
    Resources(String),
    /// There is no CUDA driver or no device.
    #[error("CUDA is not available: {0}")]
    NoCuda(String),
    /// A CUDA call failed.
    #[error("{call}: {message}")]
    Cuda {
        /// The driver's function.
        call: &'static str,
        /// Its answer.
        message: String,
    },
    /// Not all blocks would run at the same time, which every protocol here needs.
    #[error(
        "{blocks} blocks on each of {ranks} ranks that share device {device} do not run at the same time: \
         {fit} blocks fit"
    )]
    NotResident {
        /// The device's number.
        device: u32,
        /// Ranks on it.
        ranks: u32,
        /// Blocks of each.
        blocks: u32,
        /// How many blocks fit in all.
        fit: u32,
    },
}

impl From<CertificateError> for Error {
    fn from(error: CertificateError) -> Error {
        Error::Certificate(Arc::new(error))
    }
}

/// An await that passed its deadline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expired {
    /// The protocol that ran.
    pub protocol: String,
    /// The rank that waited.
    pub rank: u32,
    /// The block that waited.
    pub block: u32,
    /// The thread that waited.
    pub thread: u32,
    /// The pad or buffer.
    pub pad: String,
    /// Whose instance of it.
    pub owner: u32,
    /// The slot, one index for each dimension of the pad.
    pub slot: Vec<u64>,
    /// What the last poll saw.
    pub seen: u32,
    /// How it had to compare.
    pub compare: Compare,
    /// With what.
    pub wanted: u32,
    /// The deadline.
    pub waited: Duration,
    /// File, line and column of the await, or file and line.
    pub place: String,
}

impl fmt::Display for Expired {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "rank {} waited {} for {}", self.rank, milliseconds(self.waited), self.pad)?;
        for index in &self.slot {
            write!(formatter, "[{index}]")?;
        }
        write!(
            formatter,
            " of rank {} {} {}, saw {} ({}, block {}, thread {}, {})",
            self.owner,
            self.compare.symbol(),
            self.wanted,
            self.seen,
            self.protocol,
            self.block,
            self.thread,
            self.place
        )
    }
}

fn milliseconds(duration: Duration) -> String {
    format!("{} ms", duration.as_secs_f64() * 1e3)
}

/// The indices of a word of a buffer with this shape.
pub(crate) fn slot_indices(shape: &[u64], index: u64) -> Vec<u64> {
    let mut rest = index;
    let mut indices: Vec<u64> = shape
        .iter()
        .rev()
        .map(|extent| {
            let extent = (*extent).max(1);
            let here = rest % extent;
            rest /= extent;
            here
        })
        .collect();
    indices.reverse();
    indices
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_named_by_their_indices() {
        assert_eq!(slot_indices(&[2, 3, 4], 12 + 2 * 4 + 3), [1, 2, 3]);
        assert_eq!(slot_indices(&[], 0), Vec::<u64>::new());
    }

    #[test]
    fn a_deadline_says_who_waited_where_for_what() {
        let expired = Expired {
            protocol: "two-shot".into(),
            rank: 1,
            block: 0,
            thread: 3,
            pad: "first".into(),
            owner: 1,
            slot: vec![1, 0, 3],
            seen: 6,
            compare: Compare::Equal,
            wanted: 7,
            waited: Duration::from_millis(250),
            place: "two-shot.arp:24:5".into(),
        };
        let text = "rank 1 waited 250 ms for first[1][0][3] of rank 1 == 7, saw 6 \
                    (two-shot, block 0, thread 3, two-shot.arp:24:5)";
        assert_eq!(Error::Deadline(Arc::new(expired)).to_string(), text);
    }
}
