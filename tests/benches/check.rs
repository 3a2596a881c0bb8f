//! What a check costs: the protocols of the catalogue at the sizes that tests use and at those that kernels have.
//!
//! `make bench` prints the figures; those worth keeping go to docs/measurements.md with machine, date and command.

use arverify_model::check::{Options, check};
use arverify_protocol::catalogue;
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::ir::Protocol;
use arverify_protocol::verdict::Verdict;

fn main() {
    divan::main();
}

fn protocol(name: &str) -> Protocol {
    let document = catalogue::find(name).expect("the catalogue has this name").expect("the catalogue parses");
    document.resolve(&[]).expect("the catalogue resolves")
}

fn verify(bencher: divan::Bencher, name: &str, blocks: u32, threads: u32) {
    let protocol = protocol(name);
    let elements = u64::from(blocks * threads) * 8 + 3;
    let sizes = Sizes {
        ranks: 8,
        blocks,
        threads,
        elements,
        capacity: elements,
        data: DataType::F32,
        accumulate: Accumulate::Own,
    };
    let options = Options { launches: 2, ..Options::new(sizes) };
    bencher.bench(|| assert_eq!(check(&protocol, &options).verdict, Verdict::Verified));
}

#[divan::bench(args = ["one-shot", "two-shot", "block-barrier"])]
fn small(bencher: divan::Bencher, name: &str) {
    verify(bencher, name, 2, 8);
}

#[divan::bench(args = ["one-shot", "two-shot", "block-barrier"], sample_count = 3, sample_size = 1)]
fn as_launched(bencher: divan::Bencher, name: &str) {
    verify(bencher, name, 36, 512);
}

#[divan::bench]
fn parsing_the_catalogue(bencher: divan::Bencher) {
    bencher.bench(|| catalogue::all().expect("the catalogue parses").len());
}
