//! The matrices, how their rows are shared out, and what a right product is.

use arverify_protocol::data::{DataType, input_element};
use std::ops::Range;

/// Sizes: C is m by n, A is m by k, B is k by n; A lies in parts of rows on the ranks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) ranks: u32,
    pub(crate) m: usize,
    pub(crate) n: usize,
    pub(crate) k: usize,
    pub(crate) streams: u32,
}

impl Shape {
    /// The rows that a rank owns: as many for each, but for the remainder.
    pub(crate) fn rows(&self, rank: u32) -> Range<usize> {
        let begin = |rank: u32| self.m * rank as usize / self.ranks as usize;
        begin(rank)..begin(rank + 1)
    }

    /// The most rows that any rank owns.
    pub(crate) fn most_rows(&self) -> usize {
        self.m.div_ceil(self.ranks as usize)
    }

    /// The tile of a rank's step.
    pub(crate) fn tile(&self, rank: u32, step: u32) -> u32 {
        (rank + step) % self.ranks
    }
}

/// Matrices, row by row, and the serial product in f64.
pub(crate) struct Problem {
    pub(crate) shape: Shape,
    pub(crate) a: Vec<f32>,
    pub(crate) b: Vec<f32>,
    product: Vec<f64>,
    /// How far each element of a product may be from that.
    bound: Vec<f64>,
}

impl Problem {
    pub(crate) fn new(shape: Shape, seed: u64) -> Problem {
        let Shape { m, n, k, .. } = shape;
        let matrix = |which: u32, elements: usize| -> Vec<f32> {
            let bits = |index| input_element(DataType::F32, seed, which, 0, index as u64);
            (0..elements).map(|index| f32::from_bits(bits(index))).collect()
        };
        let (a, b) = (matrix(0, m * k), matrix(1, k * n));
        let wide = |matrix: &[f32]| matrix.iter().map(|element| f64::from(*element)).collect::<Vec<f64>>();
        let (wide_a, wide_b) = (wide(&a), wide(&b));
        let product = serial_product(&shape, &wide_a, &wide_b);
        let magnitude = |matrix: Vec<f64>| matrix.into_iter().map(f64::abs).collect::<Vec<f64>>();
        let magnitudes = serial_product(&shape, &magnitude(wide_a), &magnitude(wide_b));
        // In any order of summation, with or without fused operations, a sum of k products in f32 is within γ of its
        // magnitudes, γ = k·u / (1 − k·u), u = 2^-24 (Higham, Accuracy and Stability of Numerical Algorithms, 3.1).
        // What the f64 product is off by is less than what is added for it: k·2^-52.
        let (terms, unit) = (k as f64, f64::from(f32::EPSILON) / 2.0);
        let gamma = terms * unit / (1.0 - terms * unit) + terms * f64::EPSILON;
        let bound = magnitudes.into_iter().map(|magnitude| gamma * magnitude).collect();
        Problem { shape, a, b, product, bound }
    }

    /// The rows of A that a rank owns.
    pub(crate) fn part(&self, rank: u32) -> &[f32] {
        let rows = self.shape.rows(rank);
        &self.a[rows.start * self.shape.k..rows.end * self.shape.k]
    }

    /// Compares every element with the serial product.
    pub(crate) fn check(&self, found: &[f32]) -> Result<(), String> {
        if found.len() != self.product.len() {
            return Err(format!("the product has {} elements, not {}", found.len(), self.product.len()));
        }
        let wrong = found.iter().zip(self.product.iter().zip(&self.bound)).position(|(found, (wanted, bound))| {
            let error = (f64::from(*found) - wanted).abs();
            // A NaN is not within any bound.
            !matches!(error.partial_cmp(bound), Some(std::cmp::Ordering::Less | std::cmp::Ordering::Equal))
        });
        let Some(index) = wrong else { return Ok(()) };
        let (row, column) = (index / self.shape.n, index % self.shape.n);
        let (wanted, bound) = (self.product[index], self.bound[index]);
        Err(format!("C[{row}][{column}] is {}, and should be within {bound:e} of {wanted}", found[index]))
    }
}

fn serial_product(shape: &Shape, a: &[f64], b: &[f64]) -> Vec<f64> {
    let Shape { m, n, k, .. } = *shape;
    let mut product = vec![0.0; m * n];
    assert_eq!((a.len(), b.len()), (m * k, k * n));
    let (m_stride, k_stride, n_stride) = (k as isize, n as isize, n as isize);
    // SAFETY: the matrices have these sizes, row by row, and the product is borrowed by nobody else.
    unsafe {
        let (a, b, c) = (a.as_ptr(), b.as_ptr(), product.as_mut_ptr());
        matrixmultiply::dgemm(m, k, n, 1.0, a, m_stride, 1, b, k_stride, 1, 0.0, c, n_stride, 1);
    }
    product
}
