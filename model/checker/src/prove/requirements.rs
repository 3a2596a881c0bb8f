//! Which numbers of ranks the requirements of a protocol leave.
//!
//! A proof "for all ranks" is about those at which some sizes meet what the protocol requires, and says nothing of others:
//! under `require P == 3` it is about three ranks. A few sizes are tried first, then z3 is asked; what it does not decide is
//! counted in, since it is then looked at by the proofs.
//!
//! Not modelled: which blocks, threads and elements are left; the requirements themselves are printed for them.

use super::claim::{Ranks, Setting, sizes};
use super::problem::Problem;
use super::solve::{self, Answer};
use super::term::Formula;
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::ir::Protocol;
use std::time::{Duration, Instant};

/// Wall-clock limit for all numbers of ranks together.
const TIME: Duration = Duration::from_secs(5);

/// The numbers of ranks, from 2 to this many, for which some sizes meet the requirements; ascending.
pub fn ranks_left(protocol: &Protocol, most: u32) -> Vec<u32> {
    let deadline = Instant::now() + TIME;
    let left = |ranks: &u32| {
        let setting = Setting { ranks: Ranks::Exactly(*ranks), data: None, small: None, deadline };
        some_sizes_meet(protocol, *ranks) || sizes_exist(protocol, setting)
    };
    (2..=most).filter(left).collect()
}

fn some_sizes_meet(protocol: &Protocol, ranks: u32) -> bool {
    let (data, accumulate) = (DataType::F32, Accumulate::Own);
    [1024, ranks, 1].into_iter().any(|threads| {
        [2, 1].into_iter().any(|blocks| {
            let sizes = Sizes { ranks, blocks, threads, elements: 4096, capacity: 4096, data, accumulate };
            matches!(protocol.unmet_requirement(&sizes), Ok(None))
        })
    })
}

/// Whether some sizes meet what the protocol requires: a proof about no sizes is none.
pub(super) fn sizes_exist(protocol: &Protocol, setting: Setting) -> bool {
    let mut problem = Problem::default();
    let Ok((terms, _)) = sizes(&mut problem, protocol, setting) else { return true };
    let all = [&terms.ranks, &terms.blocks, &terms.threads, &terms.elements];
    let possible: Vec<Formula> = all.into_iter().map(|term| Formula::at_least_zero(term.clone())).collect();
    solve::prove(&problem, &possible, &Formula::Truth(false), setting.deadline) != Answer::Proven
}

/// `2 to 64 ranks`, `3 ranks`, `2, 4 and 8 ranks`.
pub fn described(ranks: &[u32]) -> String {
    let (Some(first), Some(last)) = (ranks.first(), ranks.last()) else { return "no number of ranks".to_owned() };
    match ranks {
        [only] => format!("{only} ranks"),
        _ if (last - first) as usize + 1 == ranks.len() => format!("{first} to {last} ranks"),
        [few @ .., last] if few.len() < 8 => {
            let few: Vec<String> = few.iter().map(u32::to_string).collect();
            format!("{} and {last} ranks", few.join(", "))
        }
        many => format!("{} numbers of ranks from {first} to {last}", many.len()),
    }
}

/// The requirements as they are written, after `require`.
pub fn written(protocol: &Protocol) -> Vec<String> {
    let text = |span: &arverify_protocol::ir::Span| {
        let text = protocol.source.text.get(span.start as usize..span.end as usize).unwrap_or_default();
        text.trim().trim_start_matches("require").trim().to_owned()
    };
    protocol.requirements.iter().map(|requirement| text(&requirement.span)).filter(|text| !text.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arverify_protocol::language::parse;

    fn left(requirement: &str) -> String {
        let text = format!(
            "protocol p\nparam ranks P, blocks B, threads T, elements N\n{requirement}\npad ready : flag[P]\n\
             kernel {{\n  if thread == 0 {{\n    store ready[self] on rank 0 = 1 release.sys\n  }}\n}}\n"
        );
        let document = parse("p.arp", &text).expect("it parses");
        described(&ranks_left(&document.resolve(&[]).expect("it resolves"), 64))
    }

    #[test]
    fn ranks_are_those_that_requirements_leave() {
        assert_eq!(left(""), "2 to 64 ranks");
        assert_eq!(left("require P <= T"), "2 to 64 ranks");
        assert_eq!(left("require P == 3"), "3 ranks");
        assert_eq!(left("require P <= 8 and T == 17"), "2 to 8 ranks");
        assert_eq!(left("require P == 2 or P == 4 or P == 8"), "2, 4 and 8 ranks");
        assert_eq!(left("require P * 2 <= T and T <= 20"), "2 to 10 ranks");
        assert_eq!(left("require P > T and T > P"), "no number of ranks");
    }
}
