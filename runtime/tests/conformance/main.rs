//! What every back end must do, as one suite that each back end runs: all-reduces by every protocol, the other
//! collectives, sends and receives, and what becomes of failures.
//!
//! The suite knows groups only. A back end that the machine does not have prints SKIPPED, so that it is never
//! mistaken for one that passed.

mod collectives;
#[path = "../common/mod.rs"]
mod common;
mod transfers;

use arverify_protocol::certificate::KernelEntry;
use arverify_runtime::{
    Accumulate, Algorithm, Backend, Cpu, Cuda, DataType, Error, Group, Kernels, Kill, Number, Settings,
};
use common::{Form, Messages, Order, kernels};
use half::{bf16, f16};
use std::io::Write;
use std::time::Duration;

/// Lengths with every kind of tail: no element, less than a vector, a vector and one more, primes; and changes to and
/// fro between them.
const LENGTHS: [usize; 10] = [0, 1, 2, 3, 7, 9, 64, 127, 1009, 4096];

/// The catalogue's all-reduces, and how they sum.
const FORMS: [(&str, Order); 12] = [
    ("one-shot", Order::Ranks),
    ("one-shot-in-place", Order::Ranks),
    ("one-shot-push", Order::Ranks),
    ("two-shot", Order::Ranks),
    ("two-shot-in-place", Order::Ranks),
    ("two-shot-push", Order::Ranks),
    ("ring", Order::Same),
    ("channel-ring", Order::Own),
    ("channel-mesh", Order::Own),
    ("channel-tree", Order::Same),
    ("ll", Order::Ranks),
    ("lamport", Order::Ranks),
];

/// A long message with a tail.
const LONG: usize = (1 << 20) + 1;

/// How a protocol of the catalogue sums.
fn order_of(protocol: &str) -> Order {
    FORMS.into_iter().find(|(name, _)| *name == protocol).expect("it is an all-reduce").1
}

/// Where a back end's kernels come from: some back ends have kernels of some forms only.
trait Supply {
    fn kernels(&self, form: &Form<'_>) -> Option<Kernels>;
}

/// For back ends that run any protocol.
struct Catalogue;

impl Supply for Catalogue {
    fn kernels(&self, form: &Form<'_>) -> Option<Kernels> {
        Some(kernels(&[Form { knobs: &[], ..*form }]))
    }
}

/// The settings of the suite: a protocol, at a shape that the back end may choose.
fn settings(form: &Form<'_>, capacity: u64) -> Settings {
    let algorithm = Algorithm::Protocol(form.protocol.to_owned());
    let same_on_all_ranks = order_of(form.protocol) != Order::Own;
    Settings {
        algorithm,
        same_on_all_ranks,
        accumulate: form.accumulate,
        ..Settings::new(form.ranks, form.data, capacity)
    }
}

fn group<B: Backend>(kernels: &Kernels, settings: &Settings) -> Group<B> {
    Group::new(kernels, settings).unwrap_or_else(|error| panic!("{error}"))
}

/// Every protocol, type and number of ranks, at lengths that change from call to call, and repeat.
fn every_form<B: Backend>(supply: &impl Supply, ranks: &[u32]) {
    for (protocol, _) in FORMS {
        for &ranks in ranks {
            lengths::<B, f32>(supply, &Form::new(protocol, ranks, DataType::F32));
            lengths::<B, f16>(supply, &Form::new(protocol, ranks, DataType::F16));
            lengths::<B, bf16>(supply, &Form::new(protocol, ranks, DataType::BF16));
        }
    }
}

fn lengths<B: Backend, N: Number>(supply: &impl Supply, form: &Form<'_>) {
    let Some(kernels) = supply.kernels(form) else { return };
    let group = group::<B>(&kernels, &settings(form, 4096));
    let mut call = 0;
    for elements in LENGTHS.into_iter().chain([0, 4096, 1, 4096]) {
        for _ in 0..3 {
            let messages = Messages::<N>::new(form.ranks, elements, call, form.accumulate);
            let outcome = messages.check_summed(&group, order_of(form.protocol));
            outcome.unwrap_or_else(|error| panic!("{} of {elements} elements: {error}", form.protocol));
            call += 1;
        }
    }
}

/// A long message by every protocol. The machine may be busy: the deadline is not what is tested.
fn long_messages<B: Backend, N: Number>(supply: &impl Supply, ranks: u32) {
    let messages = Messages::<N>::new(ranks, LONG, 0, Accumulate::Own);
    for (protocol, order) in FORMS {
        let form = Form::new(protocol, ranks, N::DATA);
        let Some(kernels) = supply.kernels(&form) else { continue };
        let settings = Settings { deadline: Duration::from_secs(600), ..settings(&form, LONG as u64) };
        let group = group::<B>(&kernels, &settings);
        messages.check_summed(&group, order).unwrap_or_else(|error| panic!("{protocol}: {error}"));
    }
}

/// Each rank driven from a thread of its own, drifting as it likes.
fn ranks_drift<B: Backend>(supply: &impl Supply, protocol: &str, calls: u32) {
    let form = Form::new(protocol, 4, DataType::BF16);
    let Some(kernels) = supply.kernels(&form) else { return };
    let group = group::<B>(&kernels, &settings(&form, 1009));
    let lengths = [1009, 1009, 1009, 500, 1009, 3];
    let all: Vec<Messages<bf16>> =
        (0..calls).map(|call| Messages::new(4, lengths[call as usize % 6], call, Accumulate::Own)).collect();
    std::thread::scope(|scope| {
        for rank in 0..4 {
            let mut handle = group.rank(rank).unwrap();
            let all = &all;
            scope.spawn(move || {
                for messages in all {
                    let mut output = vec![bf16::ZERO; messages.sum.len()];
                    handle.all_reduce(&messages.inputs[rank as usize], &mut output).unwrap();
                    messages.compare(rank, &output, order_of(protocol));
                }
            });
        }
    });
}

/// A rank dies; the others are told who waited where for what; the group refuses calls until it is reset.
fn a_dead_rank<B: Backend>(supply: &impl Supply, after_operations: &[u64]) {
    let form = Form::new("two-shot", 4, DataType::F32);
    let Some(kernels) = supply.kernels(&form) else { return };
    let settings = Settings { deadline: Duration::from_millis(100), ..settings(&form, 100) };
    let group = group::<B>(&kernels, &settings);
    let messages = Messages::<f32>::new(4, 100, 0, Accumulate::Own);
    for &after_operations in after_operations {
        group.inject(Some(Kill { rank: 2, call: 3, after_operations }));
        for _ in 0..3 {
            messages.check(&group).unwrap();
        }
        let mut outputs = vec![vec![0.0; 100]; 4];
        let inputs: Vec<&[f32]> = messages.inputs.iter().map(Vec::as_slice).collect();
        let mut slices: Vec<&mut [f32]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
        let outcomes = group.all_reduce_each(&inputs, &mut slices).unwrap();
        for (rank, outcome) in outcomes.into_iter().enumerate() {
            let error = outcome.expect_err("a rank is dead");
            match &error {
                Error::Killed { rank: 2 } => assert_eq!(rank, 2),
                Error::Deadline(expired) => {
                    assert_ne!(rank, 2);
                    assert!(["first", "second"].contains(&expired.pad.as_str()), "{error}");
                    assert_eq!(expired.slot.len(), 3);
                    assert_eq!(expired.wanted, 4, "{error}");
                    assert_ne!(expired.seen, 4);
                    // A rank that died half-way may have told some: then others wait for those that wait for it.
                    assert!(after_operations > 0 || expired.slot[2] == 2, "{error}");
                }
                other => panic!("rank {rank}: {other}"),
            }
        }
        let again = messages.check(&group).unwrap_err();
        assert!(matches!(&again, Error::Poisoned { cause } if matches!(**cause, Error::Deadline(_))), "{again}");
        group.reset().unwrap();
        messages.check(&group).unwrap();
        group.reset().unwrap();
    }
}

/// A rank that never calls: the others are told, from their own threads.
fn an_absent_rank<B: Backend>(supply: &impl Supply) {
    let form = Form::new("one-shot", 2, DataType::F32);
    let Some(kernels) = supply.kernels(&form) else { return };
    let settings = Settings { deadline: Duration::from_millis(50), ..settings(&form, 8) };
    let group = group::<B>(&kernels, &settings);
    let mut handle = group.rank(0).unwrap();
    let error = handle.all_reduce(&[1.0_f32; 8], &mut [0.0; 8]).unwrap_err();
    let Error::Deadline(expired) = &error else { panic!("{error}") };
    assert_eq!((expired.rank, expired.owner, expired.pad.as_str()), (0, 0, "start"));
    assert_eq!((expired.slot.as_slice(), expired.seen, expired.wanted), ([1, 0, 1].as_slice(), 0, 1));
    let mut late = group.rank(1).unwrap();
    assert!(matches!(late.all_reduce(&[1.0_f32; 8], &mut [0.0; 8]).unwrap_err(), Error::Poisoned { .. }));
}

/// Ranks that ask for different lengths are told at once.
fn a_mismatch<B: Backend>(supply: &impl Supply) {
    let form = Form::new("one-shot", 2, DataType::F32);
    let Some(kernels) = supply.kernels(&form) else { return };
    let settings = Settings { deadline: Duration::from_millis(50), ..settings(&form, 8) };
    let group = group::<B>(&kernels, &settings);
    let outcomes = std::thread::scope(|scope| {
        let calls = [8_usize, 7].into_iter().enumerate().map(|(rank, elements)| {
            let mut handle = group.rank(rank as u32).unwrap();
            scope.spawn(move || handle.all_reduce(&vec![1.0_f32; elements], &mut vec![0.0; elements]))
        });
        let calls: Vec<_> = calls.collect();
        calls.into_iter().map(|call| call.join().unwrap().unwrap_err()).collect::<Vec<_>>()
    });
    assert!(outcomes.iter().any(|error| matches!(error, Error::Mismatch { call: 0, .. })), "{outcomes:?}");
}

/// What is wrong with a call's arguments is said before anything runs, and harms nothing.
fn bad_arguments<B: Backend>(supply: &impl Supply) {
    let form = Form::new("one-shot", 2, DataType::F32);
    let Some(kernels) = supply.kernels(&form) else { return };
    let group = group::<B>(&kernels, &settings(&form, 8));
    let mut handle = group.rank(0).unwrap();
    let text = |error: Error| error.to_string();
    let long = handle.all_reduce(&[0.0_f32; 9], &mut [0.0; 9]).unwrap_err();
    assert_eq!(text(long), "9 elements are more than the group's capacity of 8");
    let uneven = handle.all_reduce(&[0.0_f32; 8], &mut [0.0; 7]).unwrap_err();
    assert_eq!(text(uneven), "the input has 8 elements and the output 7");
    let foreign = handle.all_reduce(&[f16::ZERO; 8], &mut [f16::ZERO; 8]).unwrap_err();
    assert_eq!(text(foreign), "the group reduces f32, not f16");
    assert_eq!(text(group.rank(2).err().unwrap()), "there is no rank 2: the group has 2 ranks");
    let few = group.all_reduce(&[&[0.0_f32; 8][..]], &mut [&mut [0.0; 8][..]]).unwrap_err();
    assert_eq!(text(few), "1 inputs and 1 outputs were given for 2 ranks");
    Messages::<f32>::new(2, 8, 0, Accumulate::Own).check(&group).unwrap();
}

#[test]
fn cpu_every_form() {
    every_form::<Cpu>(&Catalogue, &[2, 3, 5, 7, 8]);
}

#[test]
fn cpu_long_messages() {
    long_messages::<Cpu, f32>(&Catalogue, 2);
    long_messages::<Cpu, f16>(&Catalogue, 3);
    long_messages::<Cpu, bf16>(&Catalogue, 5);
    long_messages::<Cpu, f16>(&Catalogue, 7);
    long_messages::<Cpu, bf16>(&Catalogue, 8);
}

#[test]
fn cpu_ranks_drift() {
    for (protocol, _) in FORMS {
        ranks_drift::<Cpu>(&Catalogue, protocol, 60);
    }
}

#[test]
fn cpu_a_dead_rank() {
    a_dead_rank::<Cpu>(&Catalogue, &[0, 1, 5, 20, 30]);
}

#[test]
fn cpu_an_absent_rank() {
    an_absent_rank::<Cpu>(&Catalogue);
}

#[test]
fn cpu_a_mismatch() {
    a_mismatch::<Cpu>(&Catalogue);
}

#[test]
fn cpu_bad_arguments() {
    bad_arguments::<Cpu>(&Catalogue);
}

/// Certified kernels for a device: those bundled, or those in the folder that `ARVERIFY_KERNELS` names.
struct Certified(Kernels);

impl Supply for Certified {
    fn kernels(&self, form: &Form<'_>) -> Option<Kernels> {
        let fits = |kernel: &KernelEntry| {
            kernel.protocol == form.protocol
                && kernel.ranks == form.ranks
                && kernel.dtype == form.data
                && kernel.accumulate == form.accumulate
        };
        self.0.certificate().kernels().iter().any(fits).then(|| self.0.clone())
    }
}

/// The kernels to test a device with; `None`, said aloud, where there is no device.
fn device(test: &str) -> Option<Certified> {
    let kernels = match std::env::var_os("ARVERIFY_KERNELS") {
        Some(folder) => Kernels::load(folder),
        None => Kernels::bundled(),
    };
    let kernels = kernels.unwrap_or_else(|error| panic!("{error}"));
    let first = kernels.certificate().kernels().first().expect("a certificate has kernels");
    let algorithm = Algorithm::Protocol(first.protocol.clone());
    let settings = Settings { algorithm, ..Settings::new(first.ranks, first.dtype, 8) };
    match Group::<Cuda>::new(&kernels, &settings) {
        Err(Error::NoCuda(reason)) => {
            // Past the test harness, which keeps what a passing test prints to itself.
            let line = format!("SKIPPED {test}: CUDA is not available: {reason}\n");
            let _ = std::io::stderr().write_all(line.as_bytes());
            None
        }
        _ => Some(Certified(kernels)),
    }
}

#[test]
fn cuda_every_form() {
    if let Some(kernels) = device("cuda_every_form") {
        every_form::<Cuda>(&kernels, &[2, 4, 8]);
        long_messages::<Cuda, f32>(&kernels, 2);
        long_messages::<Cuda, bf16>(&kernels, 8);
    }
}

#[test]
fn cuda_ranks_drift() {
    if let Some(kernels) = device("cuda_ranks_drift") {
        for (protocol, _) in FORMS {
            ranks_drift::<Cuda>(&kernels, protocol, 60);
        }
    }
}

#[test]
fn cuda_failures() {
    if let Some(kernels) = device("cuda_failures") {
        a_dead_rank::<Cuda>(&kernels, &[0]);
        an_absent_rank::<Cuda>(&kernels);
        a_mismatch::<Cuda>(&kernels);
        bad_arguments::<Cuda>(&kernels);
    }
}
