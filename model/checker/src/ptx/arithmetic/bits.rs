//! Functions on single bits and fields. Shift amounts and lengths are unsigned 32-bit numbers whatever the type.

use crate::ptx::code::function::{Bits, Prmt};
use crate::ptx::code::kind::IntegerKind;

/// Logical, shift and field instructions.
pub(super) fn evaluate(operation: Bits, kind: IntegerKind, operands: [u64; 4]) -> u64 {
    let [a, b, c, d] = operands;
    let mask = kind.mask();
    let bits = u32::from(kind.bits);
    match operation {
        Bits::And => a & b & mask,
        Bits::Or => (a | b) & mask,
        Bits::Xor => (a ^ b) & mask,
        Bits::Not => !a & mask,
        Bits::LogicalNot => u64::from(a & mask == 0),
        Bits::ShiftLeft => {
            if b as u32 >= bits {
                0
            } else {
                a << (b as u32) & mask
            }
        }
        Bits::ShiftRight => {
            let extended = kind.extend(a);
            let amount = (b as u32).min(bits);
            let shifted = if kind.signed {
                ((extended as i64) >> amount.min(63)) as u64
            } else {
                extended.checked_shr(amount).unwrap_or(0)
            };
            shifted & mask
        }
        Bits::FunnelLeft { wrap } => ((b << 32 | a & 0xffff_ffff) << funnel(c, wrap)) >> 32 & 0xffff_ffff,
        Bits::FunnelRight { wrap } => (b << 32 | a & 0xffff_ffff) >> funnel(c, wrap) & 0xffff_ffff,
        Bits::Lop3(table) => lop3(table, a, b, c) & mask,
        Bits::Popc => u64::from((a & mask).count_ones()),
        Bits::Clz => u64::from((a & mask).leading_zeros() + bits - 64),
        Bits::Bfind => first_bit(kind, a).map_or(0xffff_ffff, u64::from),
        Bits::BfindShift => first_bit(kind, a).map_or(0xffff_ffff, |position| u64::from(bits - 1 - position)),
        Bits::Fns => nth_set(a as u32, b as u32, c as u32 as i32),
        Bits::Brev => a.reverse_bits() >> (64 - bits),
        Bits::Bfe => extract(kind, a, b as u32 & 0xff, c as u32 & 0xff),
        Bits::Bfi => insert(kind, a, b, c as u32 & 0xff, d as u32 & 0xff),
        Bits::Bmsk { wrap } => ones(clamp(b, wrap)).checked_shl(clamp(a, wrap)).unwrap_or(0) & 0xffff_ffff,
        Bits::Szext { wrap } => {
            let length = clamp(b, wrap);
            if length == 0 {
                return 0;
            }
            IntegerKind { bits: length as u8, signed: kind.signed }.extend(a) & mask
        }
        Bits::Prmt(mode) => permute(mode, a, b, c),
    }
}

fn funnel(amount: u64, wrap: bool) -> u32 {
    clamp(amount, wrap)
}

/// An amount modulo 32, or at most 32.
fn clamp(amount: u64, wrap: bool) -> u32 {
    if wrap { amount as u32 & 31 } else { (amount as u32).min(32) }
}

fn ones(length: u32) -> u64 {
    if length == 0 { 0 } else { u64::MAX >> 64_u32.saturating_sub(length) }
}

fn lop3(table: u8, a: u64, b: u64, c: u64) -> u64 {
    (0..8).filter(|row| table >> row & 1 == 1).fold(0, |all, row| {
        let choose = |bit: u32, value: u64| if row >> bit & 1 == 1 { value } else { !value };
        all | choose(2, a) & choose(1, b) & choose(0, c)
    })
}

/// Position of the first bit from the top that is set, or for a signed number differs from its sign.
fn first_bit(kind: IntegerKind, a: u64) -> Option<u32> {
    let extended = kind.extend(a);
    let magnitude = if kind.signed && extended as i64 <= -1 { !extended } else { extended };
    (magnitude & kind.mask()).checked_ilog2()
}

fn nth_set(mask: u32, base: u32, offset: i32) -> u64 {
    let missing = 0xffff_ffff;
    let set = |position: u32| mask >> position & 1 == 1;
    if base > 31 {
        return missing;
    }
    let nth = (offset.unsigned_abs() as usize).saturating_sub(1);
    let found = match offset {
        0 => Some(base).filter(|&position| set(position)),
        1.. => (base..32).filter(|&position| set(position)).nth(nth),
        _ => (0..=base).rev().filter(|&position| set(position)).nth(nth),
    };
    found.map_or(missing, u64::from)
}

fn extract(kind: IntegerKind, a: u64, position: u32, length: u32) -> u64 {
    let top = u32::from(kind.bits) - 1;
    let sign = kind.signed && length > 0 && a >> (position + length - 1).min(top) & 1 == 1;
    let inside = (top + 1).saturating_sub(position).min(length);
    let field = (a & kind.mask()).checked_shr(position).unwrap_or(0) & ones(inside);
    if sign { (field | !ones(inside)) & kind.mask() } else { field }
}

fn insert(kind: IntegerKind, a: u64, b: u64, position: u32, length: u32) -> u64 {
    let field = ones(length.min(64)).checked_shl(position).unwrap_or(0) & kind.mask();
    (b & kind.mask() & !field) | (a.checked_shl(position).unwrap_or(0) & field)
}

fn permute(mode: Prmt, a: u64, b: u64, c: u64) -> u64 {
    let bytes = (a & 0xffff_ffff) | b << 32;
    let selector = (c & 3) as u32;
    (0..4_u32).fold(0, |all, index| {
        let (byte, replicate) = match mode {
            Prmt::Index => {
                let nibble = (c >> (4 * index)) as u32;
                (nibble & 7, nibble & 8 != 0)
            }
            Prmt::Forward4 => (selector + index, false),
            Prmt::Backward4 => (selector.wrapping_sub(index) & 7, false),
            Prmt::Replicate8 => (selector, false),
            Prmt::EdgeLeft => (selector.max(index), false),
            Prmt::EdgeRight => (selector.min(index), false),
            Prmt::Replicate16 => ((selector & 1) * 2 + (index & 1), false),
        };
        let value = bytes >> (8 * byte) & 0xff;
        let value = if replicate { if value >> 7 == 1 { 0xff } else { 0 } } else { value };
        all | value << (8 * index)
    })
}
