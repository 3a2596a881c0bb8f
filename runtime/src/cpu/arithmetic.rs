//! Reductions over whole rows, with the bits of [`DataType::fold`](arverify_protocol::data::DataType::fold).
//!
//! `fold` handles one element of all sources at a time; here one source is added to a tile of partial sums at a time,
//! which the compiler turns into vector instructions. The order of additions for each element is the same, so the bits
//! are. Tests compare the two.

use super::memory::{OutOfBounds, View};
use crate::number::Number;
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::ir::Reduction;
use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};

/// Elements of a tile: partial sums and one source stay in the first-level cache.
const TILE: usize = 1024;

/// Element types with conversions of whole slices.
trait Lane: Number {
    fn widen(elements: &[Self], wide: &mut [f32]);
    fn narrow(wide: &[f32], elements: &mut [Self]);
}

impl Lane for f32 {
    fn widen(elements: &[f32], wide: &mut [f32]) {
        wide.copy_from_slice(elements);
    }

    fn narrow(wide: &[f32], elements: &mut [f32]) {
        elements.copy_from_slice(wide);
    }
}

impl Lane for f16 {
    fn widen(elements: &[f16], wide: &mut [f32]) {
        elements.convert_to_f32_slice(wide);
    }

    fn narrow(wide: &[f32], elements: &mut [f16]) {
        elements.convert_from_f32_slice(wide);
    }
}

impl Lane for bf16 {
    fn widen(elements: &[bf16], wide: &mut [f32]) {
        for (wide, element) in wide.iter_mut().zip(elements) {
            *wide = f32::from_bits(u32::from(element.to_bits()) << 16);
        }
    }

    fn narrow(wide: &[f32], elements: &mut [bf16]) {
        for (element, wide) in elements.iter_mut().zip(wide) {
            *element = bf16::from_bits(rounded_to_bf16(*wide));
        }
    }
}

/// To nearest, ties to even, without branches, so that it becomes vector instructions. NaN stays NaN.
fn rounded_to_bf16(value: f32) -> u16 {
    let bits = value.to_bits();
    let rounded = bits.wrapping_add(0x7FFF + ((bits >> 16) & 1)) >> 16;
    let quiet = (bits >> 16) | 0x40;
    (if value.is_nan() { quiet } else { rounded }) as u16
}

/// The row of elements that each source or destination contributes: a view and its first element.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) view: View,
    pub(crate) first: u64,
}

/// `destination[i] := fold of sources[j][i]` for `count` elements. The destination may be one of the sources.
///
/// # Safety
/// No other thread may access the elements written, or write the elements read, at the same time.
pub(crate) unsafe fn reduce(
    data: DataType,
    accumulate: Accumulate,
    operation: Reduction,
    destination: Row,
    sources: &[Row],
    count: usize,
) -> Result<(), OutOfBounds> {
    let own = accumulate == Accumulate::Own;
    // SAFETY: handed on.
    unsafe {
        match (data, own) {
            (DataType::F32, _) => rows::<f32, false>(operation, destination, sources, count),
            (DataType::F16, true) => rows::<f16, true>(operation, destination, sources, count),
            (DataType::F16, false) => rows::<f16, false>(operation, destination, sources, count),
            (DataType::BF16, true) => rows::<bf16, true>(operation, destination, sources, count),
            (DataType::BF16, false) => rows::<bf16, false>(operation, destination, sources, count),
        }
    }
}

/// # Safety
/// As [`reduce`].
unsafe fn rows<N: Lane, const ROUND_EACH: bool>(
    operation: Reduction,
    destination: Row,
    sources: &[Row],
    count: usize,
) -> Result<(), OutOfBounds> {
    let mut elements = [N::default(); TILE];
    let mut total = [0.0_f32; TILE];
    let mut next = [0.0_f32; TILE];
    for start in (0..count).step_by(TILE) {
        let length = TILE.min(count - start);
        let (elements, total, next) = (&mut elements[..length], &mut total[..length], &mut next[..length]);
        for (index, source) in sources.iter().enumerate() {
            // SAFETY: the caller excludes writers of the sources.
            unsafe { source.view.read(source.first + start as u64, elements)? };
            if index == 0 {
                N::widen(elements, total);
                continue;
            }
            N::widen(elements, next);
            combine(operation, total, next);
            if ROUND_EACH {
                N::narrow(total, elements);
                N::widen(elements, total);
            }
        }
        N::narrow(total, elements);
        // SAFETY: the caller excludes other accesses to the destination.
        unsafe { destination.view.write(destination.first + start as u64, elements)? };
    }
    Ok(())
}

fn combine(operation: Reduction, total: &mut [f32], next: &[f32]) {
    let pairs = total.iter_mut().zip(next);
    match operation {
        Reduction::Sum => pairs.for_each(|(total, next)| *total += next),
        Reduction::Max => pairs.for_each(|(total, next)| *total = total.max(*next)),
        Reduction::Min => pairs.for_each(|(total, next)| *total = total.min(*next)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::memory::Instance;
    use super::*;
    use arverify_protocol::data::input_element;

    #[test]
    fn every_bit_is_that_of_fold() {
        for data in [DataType::F32, DataType::F16, DataType::BF16] {
            for accumulate in [Accumulate::Own, Accumulate::F32] {
                for operation in [Reduction::Sum, Reduction::Max, Reduction::Min] {
                    for (ranks, count) in [(1, 1), (2, 7), (5, TILE), (8, 2 * TILE + 13)] {
                        compare(data, accumulate, operation, ranks, count);
                    }
                }
            }
        }
    }

    fn compare(data: DataType, accumulate: Accumulate, operation: Reduction, ranks: u32, count: usize) {
        let width = data.bytes() as usize;
        let bits = |rank, index| input_element(data, 7, rank, 0, index as u64);
        let inputs: Vec<Instance> = (0..ranks).map(|_| Instance::new(count * width).unwrap()).collect();
        let rows: Vec<Row> =
            inputs.iter().map(|instance| Row { view: instance.view(count * width).unwrap(), first: 0 }).collect();
        for (rank, row) in rows.iter().enumerate() {
            for index in 0..count {
                let mut bytes = [0; 4];
                data.write(bits(rank as u32, index), &mut bytes);
                write_bytes(row.view, index * width, &bytes[..width]);
            }
        }
        let output = Instance::new(count * width).unwrap();
        let target = Row { view: output.view(count * width).unwrap(), first: 0 };
        // SAFETY: no other thread has the views.
        unsafe { reduce(data, accumulate, operation, target, &rows, count) }.unwrap();
        for index in 0..count {
            let expected = data.fold(operation, accumulate, (0..ranks).map(|rank| bits(rank, index)));
            assert_eq!(read_bits(target.view, data, index), expected, "{data} {accumulate:?} {operation:?} {index}");
        }
    }

    fn write_bytes(view: View, at: usize, bytes: &[u8]) {
        let mut local = bytes.to_vec();
        // SAFETY: the vector outlives the view, and no other thread has either.
        let source = unsafe { View::of_caller(local.as_mut_ptr(), local.len()) };
        // SAFETY: as above.
        unsafe { view.copy_from(at as u64, source, 0, bytes.len(), 1) }.unwrap();
    }

    fn read_bits(view: View, data: DataType, index: usize) -> u32 {
        let width = data.bytes() as usize;
        let mut local = vec![0; 4];
        // SAFETY: the vector outlives the view, and no other thread has either.
        let target = unsafe { View::of_caller(local.as_mut_ptr(), local.len()) };
        // SAFETY: as above.
        unsafe { target.copy_from(0, view, (index * width) as u64, width, 1) }.unwrap();
        data.read(&local)
    }

    #[test]
    fn bf16_rounds_as_half_does() {
        for high in 0..=u16::MAX {
            for low in [0x0000, 0x0001, 0x7FFF, 0x8000, 0x8001, 0xFFFF] {
                let value = f32::from_bits(u32::from(high) << 16 | low);
                assert_eq!(rounded_to_bf16(value), bf16::from_f32(value).to_bits(), "{:08x}", value.to_bits());
            }
        }
    }
}
