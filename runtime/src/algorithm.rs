//! Which protocol a call uses.
//!
//! One-shot reads P times the message and meets twice; two-shot reads twice the message and meets twice with a
//! dependence between. Small messages want the first, large ones the second. The thresholds are those of the original
//! kernels (TensorRT-LLM, SGLang; measured on NVLink machines): a default, not a truth about the machine at hand.

/// How a group chooses the protocol of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// `one-shot` or `two-shot`, by ranks and bytes of the message.
    Auto(Thresholds),
    /// Always this protocol.
    Protocol(String),
}

/// Below which size one-shot is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// Up to this many ranks: always one-shot.
    pub always_ranks: u32,
    /// Up to this many ranks one-shot is chosen below `few_bytes`.
    pub few_ranks: u32,
    /// Bytes of the message on each rank.
    pub few_bytes: u64,
    /// With more ranks one-shot is chosen below this many bytes of the message on each rank.
    pub many_bytes: u64,
}

impl Default for Thresholds {
    fn default() -> Thresholds {
        Thresholds { always_ranks: 2, few_ranks: 4, few_bytes: 1 << 20, many_bytes: 512 << 10 }
    }
}

impl Default for Algorithm {
    fn default() -> Algorithm {
        Algorithm::Auto(Thresholds::default())
    }
}

/// The protocols among which [`Algorithm::Auto`] chooses, the one for small messages first.
pub(crate) const AUTO: [&str; 2] = ["one-shot", "two-shot"];

impl Thresholds {
    /// Whether a message of `bytes` bytes on each of `ranks` ranks goes by one-shot.
    pub fn one_shot(&self, ranks: u32, bytes: u64) -> bool {
        ranks <= self.always_ranks || (ranks <= self.few_ranks && bytes < self.few_bytes) || bytes < self.many_bytes
    }
}

impl Algorithm {
    /// The protocols that a group needs for this choice.
    pub(crate) fn protocols(&self) -> Vec<&str> {
        match self {
            Algorithm::Auto(_) => AUTO.to_vec(),
            Algorithm::Protocol(name) => vec![name],
        }
    }

    /// Index into [`Algorithm::protocols`] of the one for this message.
    pub(crate) fn choose(&self, ranks: u32, bytes: u64) -> usize {
        match self {
            Algorithm::Auto(thresholds) => usize::from(!thresholds.one_shot(ranks, bytes)),
            Algorithm::Protocol(_) => 0,
        }
    }
}

impl std::str::FromStr for Algorithm {
    type Err = std::convert::Infallible;

    /// `auto`, or the name of a protocol.
    fn from_str(text: &str) -> Result<Algorithm, Self::Err> {
        Ok(match text {
            "auto" => Algorithm::default(),
            name => Algorithm::Protocol(name.to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_those_of_the_original() {
        let (kib, mib) = (1 << 10, 1 << 20);
        let one_shot = |ranks, bytes| Algorithm::default().choose(ranks, bytes) == 0;
        assert!(one_shot(2, 64 * mib));
        assert!(one_shot(4, mib - 1) && !one_shot(4, mib));
        assert!(one_shot(8, 512 * kib - 1) && !one_shot(8, 512 * kib));
        assert!(one_shot(3, 600 * kib) && !one_shot(5, 600 * kib));
    }
}
