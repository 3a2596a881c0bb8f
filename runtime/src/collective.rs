//! The collectives that a group performs, and what a message is for each.
//!
//! Decision: N is always the length of the smaller side, as in the protocols: what one rank contributes to an
//! all-gather, what one rank gets of a reduce-scatter. The road not taken: a root for the broadcast. The catalogue's
//! broadcast is from rank 0, and another root would be another protocol to verify; number the ranks from the root.

use crate::number::Number;
use arverify_protocol::ir::{self, Protocol, Reduction};
use std::fmt;

/// What the ranks of a group do together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Collective {
    /// Every rank gets the sum of all inputs, the same bits everywhere.
    AllReduce,
    /// Rank r gets part r of the sum.
    ReduceScatter,
    /// Every rank gets all inputs, one after the other.
    AllGather,
    /// Every rank gets rank 0's input.
    Broadcast,
    /// Nothing is moved: no rank returns before all have called.
    Barrier,
    /// Every rank gets the input of the rank before it, rank 0 that of the last: all send to the right and receive from
    /// the left at once.
    Shift,
    /// One rank sends to another. The only one in which not all ranks take part: `send` on one, `recv` on the other.
    Transfer,
}

impl Collective {
    /// All of them.
    pub const ALL: [Collective; 7] = [
        Collective::AllReduce,
        Collective::ReduceScatter,
        Collective::AllGather,
        Collective::Broadcast,
        Collective::Barrier,
        Collective::Shift,
        Collective::Transfer,
    ];

    /// Ranks that take part, of a group of `ranks`.
    pub fn members(self, ranks: u32) -> u32 {
        if self == Collective::Transfer { 2 } else { ranks }
    }

    /// Elements of the input and of the output of each rank, for N = `elements`. Of a transfer the one rank has the input,
    /// the other the output.
    pub fn lengths(self, ranks: u32, elements: u64) -> (u64, u64) {
        let all = elements.saturating_mul(u64::from(ranks));
        match self {
            Collective::AllReduce | Collective::Broadcast | Collective::Shift | Collective::Transfer => {
                (elements, elements)
            }
            Collective::ReduceScatter => (all, elements),
            Collective::AllGather => (elements, all),
            Collective::Barrier => (0, 0),
        }
    }

    /// N, of messages of these lengths; the reason where they do not fit each other.
    pub(crate) fn elements<N: Number>(self, ranks: u32, input: &[N], output: &[N]) -> Result<u64, String> {
        if self == Collective::Transfer {
            return Err("a transfer is between two ranks: `send` on one, `recv` on the other".to_owned());
        }
        let (given, room) = (input.len() as u64, output.len() as u64);
        let elements = if self == Collective::ReduceScatter { room } else { given };
        if self.lengths(ranks, elements) == (given, room) {
            return Ok(elements);
        }
        let of_ranks = match self {
            Collective::ReduceScatter | Collective::AllGather => format!(", for {self} of {ranks} ranks"),
            _ => String::new(),
        };
        Err(format!("the input has {given} elements and the output {room}{of_ranks}"))
    }

    /// The protocol of the catalogue that does it; an all-reduce has several ([`crate::Algorithm`]).
    pub(crate) fn protocol(self) -> Option<&'static str> {
        match self {
            Collective::AllReduce => None,
            Collective::ReduceScatter => Some("reduce-scatter"),
            Collective::AllGather => Some("all-gather"),
            Collective::Broadcast => Some("broadcast"),
            Collective::Barrier => Some("barrier"),
            Collective::Shift => Some("channel-hello"),
            Collective::Transfer => Some("send-recv"),
        }
    }

    /// Why a protocol does not do this, if it does not. `same`: ranks must get the same bits.
    pub(crate) fn refusal(self, protocol: &Protocol, same: bool) -> Option<&'static str> {
        let Some(expectation) = &protocol.expectation else {
            return (self != Collective::Barrier).then_some("it computes nothing");
        };
        let agreed = expectation.same_on_all_ranks || !same;
        match (self, expectation.collective) {
            (Collective::AllReduce, ir::Collective::AllReduce(Reduction::Sum)) if !agreed => {
                Some("it does not promise the same bits on all ranks")
            }
            (Collective::AllReduce, ir::Collective::AllReduce(Reduction::Sum))
            | (Collective::ReduceScatter, ir::Collective::ReduceScatter(Reduction::Sum))
            | (Collective::AllGather, ir::Collective::AllGather)
            | (Collective::Broadcast, ir::Collective::Broadcast)
            | (Collective::Shift, ir::Collective::Shift)
            | (Collective::Transfer, ir::Collective::Transfer) => None,
            (Collective::AllReduce, ir::Collective::AllReduce(_))
            | (Collective::ReduceScatter, ir::Collective::ReduceScatter(_)) => Some("it reduces with another function"),
            _ => Some("it is another collective"),
        }
    }
}

impl fmt::Display for Collective {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Collective::AllReduce => "an all-reduce that sums",
            Collective::ReduceScatter => "a reduce-scatter that sums",
            Collective::AllGather => "an all-gather",
            Collective::Broadcast => "a broadcast from rank 0",
            Collective::Barrier => "a barrier",
            Collective::Shift => "a shift to the right",
            Collective::Transfer => "a transfer from one rank to another",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_fit_each_other_or_are_refused() {
        let of = |collective: Collective, input: usize, output: usize| {
            collective.elements(3, &vec![0.0_f32; input], &vec![0.0_f32; output])
        };
        assert_eq!(of(Collective::AllReduce, 4, 4), Ok(4));
        assert_eq!(of(Collective::ReduceScatter, 12, 4), Ok(4));
        assert_eq!(of(Collective::AllGather, 4, 12), Ok(4));
        assert_eq!(of(Collective::Barrier, 0, 0), Ok(0));
        let refused = "the input has 4 elements and the output 13, for an all-gather of 3 ranks";
        assert_eq!(of(Collective::AllGather, 4, 13), Err(refused.to_owned()));
        assert_eq!(of(Collective::Broadcast, 4, 5), Err("the input has 4 elements and the output 5".to_owned()));
        for collective in Collective::ALL {
            assert!(collective == Collective::Barrier || of(collective, 7, 8).is_err(), "{collective}");
        }
    }
}
