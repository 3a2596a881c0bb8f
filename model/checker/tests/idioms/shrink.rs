//! Shrinking: what can be left out while the answers still differ is left out (delta debugging, largest pieces first).

/// The fewest of `pieces` that `holds` is true of, as far as leaving out one piece after the other finds them;
/// `holds` is true of all of them, and is asked at most `budget` times.
pub(crate) fn smallest<T: Copy + PartialEq>(
    pieces: Vec<T>,
    mut budget: usize,
    mut holds: impl FnMut(&[T]) -> bool,
) -> Vec<T> {
    let mut kept = pieces;
    let mut size = kept.len().div_ceil(2).max(1);
    loop {
        let mut start = 0;
        let mut changed = false;
        while start < kept.len() {
            if budget == 0 {
                return kept;
            }
            budget -= 1;
            let end = usize::min(start + size, kept.len());
            let rest: Vec<T> = kept[..start].iter().chain(&kept[end..]).copied().collect();
            if holds(&rest) {
                kept = rest;
                changed = true;
            } else {
                start = end;
            }
        }
        if size > 1 {
            size = size.div_ceil(2);
        } else if !changed {
            return kept;
        }
    }
}

#[test]
fn only_what_matters_is_left() {
    let pieces: Vec<u32> = (0..50).collect();
    let kept = smallest(pieces, 1000, |pieces| pieces.contains(&7) && pieces.contains(&31));
    assert_eq!(kept, [7, 31]);
}
