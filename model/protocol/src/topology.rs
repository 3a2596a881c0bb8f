//! How ranks are laid out: devices × cubes × processing elements, or rows × columns.
//!
//! Decision: a topology is extents, outermost first, whose product is the number of ranks. A protocol names as many axes
//! as it uses (`topology rows * columns`), and any topology fits any protocol: axes that the protocol does not name
//! apart are one with its outermost. The road not taken: a size for each axis beside the number of ranks,
//! which every front end, proof and kernel would have to know; an axis is an expression over P, or a number.

use std::fmt;
use std::str::FromStr;

/// How many axes there may be.
pub const AXIS_LIMIT: usize = 4;

/// Extents of the axes, outermost first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Topology(Vec<u32>);

/// A text that is no topology.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TopologyError {
    /// Not numbers with `x` between them.
    #[error("expected extents such as 2x2x4, each at least 1")]
    Form,
    /// More axes than the limit.
    #[error("a topology has at most {AXIS_LIMIT} axes")]
    Axes,
    /// More ranks than a word counts.
    #[error("a topology of that many ranks is too large")]
    Ranks,
}

impl Topology {
    /// How many ranks it has: the product of its extents.
    pub fn ranks(&self) -> u32 {
        self.0.iter().product()
    }

    /// The extents of as many axes, outermost first: what is left over is one with the outermost, what is missing is 1.
    pub fn fitted(&self, axes: usize) -> Vec<u32> {
        let split = self.0.len().saturating_sub(axes.max(1) - 1);
        let (outer, inner) = self.0.split_at(split);
        let missing = axes.saturating_sub(inner.len() + 1);
        let mut extents = vec![1; missing];
        extents.push(outer.iter().product());
        extents.extend(inner);
        extents
    }
}

impl FromStr for Topology {
    type Err = TopologyError;

    /// `2x2x4`, or with `×` between the extents.
    fn from_str(text: &str) -> Result<Topology, TopologyError> {
        let extents: Vec<u32> = text
            .split(['x', '×'])
            .map(|extent| extent.parse().ok().filter(|extent| *extent > 0).ok_or(TopologyError::Form))
            .collect::<Result<_, _>>()?;
        if extents.len() > AXIS_LIMIT {
            return Err(TopologyError::Axes);
        }
        let ranks = extents.iter().try_fold(1_u32, |product, extent| product.checked_mul(*extent));
        ranks.map(|_| Topology(extents)).ok_or(TopologyError::Ranks)
    }
}

impl fmt::Display for Topology {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let extents: Vec<String> = self.0.iter().map(u32::to_string).collect();
        formatter.write_str(&extents.join("x"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topology(text: &str) -> Topology {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn what_is_printed_is_read_again() {
        for text in ["8", "4x4", "2x2x4", "1x2x3x4"] {
            assert_eq!(topology(text).to_string(), text);
        }
        assert_eq!(topology("2×4"), topology("2x4"));
    }

    #[test]
    fn any_topology_fits_any_number_of_axes() {
        let whole = topology("2x3x4");
        assert_eq!(whole.ranks(), 24);
        assert_eq!(whole.fitted(1), [24]);
        assert_eq!(whole.fitted(2), [6, 4]);
        assert_eq!(whole.fitted(3), [2, 3, 4]);
        assert_eq!(whole.fitted(4), [1, 2, 3, 4]);
        assert_eq!(topology("5").fitted(3), [1, 1, 5]);
    }

    #[test]
    fn what_is_no_topology_is_refused() {
        for text in ["", "x", "2x", "0x4", "-2x2", "2*2", "a"] {
            assert_eq!(text.parse::<Topology>(), Err(TopologyError::Form), "{text}");
        }
        assert_eq!("1x1x1x1x1".parse::<Topology>(), Err(TopologyError::Axes));
        assert_eq!("65536x65536".parse::<Topology>(), Err(TopologyError::Ranks));
    }
}
