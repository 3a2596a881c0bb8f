//! The data types of a collective and their arithmetic, bit for bit.
//!
//! The checker, the CPU back end and the tests of emitted kernels share these functions, so that "the same in every
//! bit" has one meaning. Arithmetic follows what the emitted kernels do: f32 adds in f32; f16 and bf16 either round
//! after every addition to their own type ([`Accumulate::Own`]) or add in f32 and round once ([`Accumulate::F32`]).
//! Not modelled: NaN payloads and flush-to-zero; kernels are compiled without fast-math.

use crate::ir::Reduction;
use half::{bf16, f16};
use serde::{Deserialize, Serialize};

/// Element type of a collective.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DataType {
    /// IEEE binary32
    F32,
    /// IEEE binary16
    F16,
    /// bfloat16
    BF16,
}

/// The type in which 16-bit elements are summed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Accumulate {
    /// The element's own type: one rounding for each addition.
    #[default]
    Own,
    /// f32, rounded once at the end. For f32 elements the same as [`Accumulate::Own`].
    F32,
}

impl DataType {
    /// Bytes of one element.
    pub const fn bytes(self) -> u32 {
        match self {
            DataType::F32 => 4,
            DataType::F16 | DataType::BF16 => 2,
        }
    }

    /// V: elements in a 16-byte vector.
    pub const fn vector(self) -> u32 {
        16 / self.bytes()
    }

    /// Elements in a 4-byte word.
    pub const fn word(self) -> u32 {
        4 / self.bytes()
    }

    /// The elements of a word with +0.0 in place of every −0.0: a word that is not [`crate::ir::SENTINEL`].
    pub fn without_negative_zeros(self, word: u32) -> u32 {
        let positive = |bits: u32, negative_zero: u32| if bits == negative_zero { 0 } else { bits };
        match self {
            DataType::F32 => positive(word, 0x8000_0000),
            DataType::F16 | DataType::BF16 => positive(word & 0xFFFF, 0x8000) | positive(word >> 16, 0x8000) << 16,
        }
    }

    /// The element of a word, as bits.
    pub const fn element_of_word(self, word: u32, element: u32) -> u32 {
        match self {
            DataType::F32 => word,
            DataType::F16 | DataType::BF16 => word >> (16 * element) & 0xFFFF,
        }
    }

    /// The name used on command lines and in manifests.
    pub const fn name(self) -> &'static str {
        match self {
            DataType::F32 => "f32",
            DataType::F16 => "f16",
            DataType::BF16 => "bf16",
        }
    }

    /// The value of an element's bits.
    pub fn to_f32(self, bits: u32) -> f32 {
        match self {
            DataType::F32 => f32::from_bits(bits),
            DataType::F16 => f16::from_bits(bits as u16).to_f32(),
            DataType::BF16 => bf16::from_bits(bits as u16).to_f32(),
        }
    }

    /// The bits of a value rounded to nearest, ties to even.
    pub fn from_f32(self, value: f32) -> u32 {
        match self {
            DataType::F32 => value.to_bits(),
            DataType::F16 => u32::from(f16::from_f32(value).to_bits()),
            DataType::BF16 => u32::from(bf16::from_f32(value).to_bits()),
        }
    }

    /// One element from memory, little-endian, as bits.
    pub fn read(self, bytes: &[u8]) -> u32 {
        match self {
            DataType::F32 => u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]),
            DataType::F16 | DataType::BF16 => u32::from(u16::from_le_bytes([bytes[0], bytes[1]])),
        }
    }

    /// One element to memory, little-endian.
    pub fn write(self, bits: u32, bytes: &mut [u8]) {
        match self {
            DataType::F32 => bytes[..4].copy_from_slice(&bits.to_le_bytes()),
            DataType::F16 | DataType::BF16 => bytes[..2].copy_from_slice(&(bits as u16).to_le_bytes()),
        }
    }

    /// Left-to-right reduction of one element of each source, as bits. `sources` is not empty.
    pub fn fold(self, operation: Reduction, accumulate: Accumulate, sources: impl IntoIterator<Item = u32>) -> u32 {
        let mut total: Option<f32> = None;
        for bits in sources {
            total = Some(self.fold_one(operation, accumulate, total, bits));
        }
        self.from_f32(total.unwrap_or(0.0))
    }

    /// One step of [`DataType::fold`]: the total so far, rounded as it is kept, with one element more.
    pub fn fold_one(self, operation: Reduction, accumulate: Accumulate, total: Option<f32>, bits: u32) -> f32 {
        let value = self.to_f32(bits);
        let Some(total) = total else { return value };
        let next = combine(operation, total, value);
        // Rounding a sum of two 16-bit floats to f32 first is exact enough: f32 has more than twice their precision
        // plus two bits, so the double rounding is innocuous.
        let round_each = accumulate == Accumulate::Own && self != DataType::F32;
        if round_each { self.to_f32(self.from_f32(next)) } else { next }
    }
}

fn combine(operation: Reduction, left: f32, right: f32) -> f32 {
    match operation {
        Reduction::Sum => left + right,
        Reduction::Max => left.max(right),
        Reduction::Min => left.min(right),
    }
}

impl std::str::FromStr for DataType {
    type Err = String;

    fn from_str(text: &str) -> Result<DataType, String> {
        match text {
            "f32" => Ok(DataType::F32),
            "f16" => Ok(DataType::F16),
            "bf16" => Ok(DataType::BF16),
            other => Err(format!("unknown data type `{other}`: expected f32, f16 or bf16")),
        }
    }
}

impl std::fmt::Display for DataType {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Deterministic input data: element `index` of `rank` in `launch`, as bits. Finite and not zero.
///
/// Even elements are small whole numbers, so that a sum of at most 64 of them is exact in every type and order: what
/// is missing or counted twice shows. Odd ones are such that the order of a sum shows in its bits: of three
/// neighbouring ranks one is large, one nearly the opposite, and one small, so that the small one loses bits unless
/// the large ones meet first. (Independent magnitudes agreed in most orders, and a rank that adds in an order of its
/// own went unseen.) They are small enough that 64 of them do not overflow f16.
pub fn input_element(data: DataType, seed: u64, rank: u32, launch: u32, index: u64) -> u32 {
    let state = input_bits(seed, rank, launch, index);
    let sign = if state >> 63 == 0 { 1.0 } else { -1.0 };
    if is_exact_element(index) {
        return data.from_f32(sign * (1 + (state & 0xFFFF) % 3) as f32);
    }
    // No rank has this number, so these bits are common to all of them.
    let common = input_bits(seed, u32::from(u16::MAX), launch, index);
    let fraction = ((state >> 8) & 0x7F_FFFF) as f32 / 8_388_608.0;
    let shared = ((common >> 8) & 0x3F_FFFF) as f32 / 8_388_608.0;
    let large = 64.0 * (1.0 + shared + fraction / 64.0);
    data.from_f32(match (u64::from(rank) + common % 3) % 3 {
        0 => large,
        1 => -large,
        _ => sign * (1.0 + fraction) / if state & 1 == 0 { 2.0 } else { 4.0 },
    })
}

/// The 64 bits that an input element is made from.
pub fn input_bits(seed: u64, rank: u32, launch: u32, index: u64) -> u64 {
    let mut state = seed ^ (u64::from(rank) << 48) ^ (u64::from(launch) << 32) ^ index;
    // splitmix64 (Steele, Lea, Flood 2014), twice, so that neighbouring keys do not correlate.
    for _ in 0..2 {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        state ^= state >> 31;
    }
    state
}

/// Whether sums of this element's inputs are exact in every order.
pub fn is_exact_element(index: u64) -> bool {
    index.is_multiple_of(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_round_trip() {
        for data in [DataType::F32, DataType::F16, DataType::BF16] {
            for value in [0.0_f32, 1.0, -2.5, 0.125] {
                let bits = data.from_f32(value);
                let mut bytes = [0; 4];
                data.write(bits, &mut bytes);
                assert_eq!(data.read(&bytes), bits);
                assert_eq!(data.to_f32(bits), value);
            }
        }
    }

    #[test]
    fn inputs_are_finite_and_never_zero() {
        for data in [DataType::F32, DataType::F16, DataType::BF16] {
            for index in 0..10_000 {
                let value = data.to_f32(input_element(data, 1, 3, 2, index));
                assert!(value.is_finite() && value != 0.0 && value.abs() < 256.0, "{data} {index} {value}");
            }
        }
    }

    #[test]
    fn the_order_of_a_sum_shows() {
        for data in [DataType::F32, DataType::F16, DataType::BF16] {
            for ranks in [3, 4, 8] {
                let rotated = |index: u64, first: u32| {
                    let sources = (0..ranks).map(|step| input_element(data, 1, (first + step) % ranks, 0, index));
                    data.fold(Reduction::Sum, Accumulate::Own, sources)
                };
                let shows = |index: &u64| (1..ranks).any(|first| rotated(*index, first) != rotated(*index, 0));
                let count = (1..200).step_by(2).filter(shows).count();
                assert!(count >= 60, "{data}, {ranks} ranks: {count} of 100");
            }
        }
    }

    #[test]
    fn no_word_without_negative_zeros_is_the_sentinel() {
        use crate::ir::SENTINEL;
        assert_eq!(DataType::F32.without_negative_zeros(SENTINEL), 0);
        for data in [DataType::F16, DataType::BF16] {
            assert_eq!(data.without_negative_zeros(0x8000_8000), 0);
            assert_eq!(data.without_negative_zeros(0x8000_3C00), 0x3C00);
            assert_eq!(data.without_negative_zeros(0x3C00_8000), 0x3C00_0000);
            assert_eq!(data.without_negative_zeros(0xBC00_8001), 0xBC00_8001);
        }
        for high in 0..=u32::from(u16::MAX) {
            assert_ne!(DataType::BF16.without_negative_zeros(high << 16), SENTINEL);
        }
    }

    #[test]
    fn own_type_rounds_after_each_addition() {
        // 2048 + 1 + 1 in f16: 2048 and 2050 are neighbours, so adding 1 twice is lost unless it is kept in f32.
        let sources = [2048.0, 1.0, 1.0].map(|value| DataType::F16.from_f32(value));
        let own = DataType::F16.fold(Reduction::Sum, Accumulate::Own, sources);
        let wide = DataType::F16.fold(Reduction::Sum, Accumulate::F32, sources);
        assert_eq!(DataType::F16.to_f32(own), 2048.0);
        assert_eq!(DataType::F16.to_f32(wide), 2050.0);
    }
}
