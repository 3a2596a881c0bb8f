//! Protocols and settings beyond what the conformance suite runs: every operation of the language on the CPU, shapes
//! of grids, and what is refused.

mod common;

use arverify_runtime::{
    Accumulate, Algorithm, Collective, Cpu, DataType, Error, Group, Kernels, Number, Settings, Thresholds,
};
use common::{Form, Messages, kernels, kernels_of};
use half::{bf16, f16};
use std::time::Duration;

fn named(ranks: u32, data: DataType, capacity: u64, protocol: &str) -> Settings {
    Settings { algorithm: Algorithm::Protocol(protocol.to_owned()), ..Settings::new(ranks, data, capacity) }
}

fn refusal(kernels: &Kernels, settings: &Settings) -> String {
    match Group::<Cpu>::new(kernels, settings) {
        Ok(_) => panic!("it was accepted"),
        Err(error) => error.to_string(),
    }
}

/// Counters, fences, named barriers, loads and atomics that return, loops and conditions.
const COUNTERS: &str = r#"
protocol counters "all-reduce by counters, fences and named barriers"
param ranks P, blocks B, threads T, elements N, element E
require 2 <= T
local     counter : u32[B] initially 0
local     input   : E[N] refreshed
local     output  : E[N]
symmetric comm    : E[2][N]
pad       arrived : flag[B]
pad       tickets : flag[B]
partition whole = 0..N

kernel {
  let epoch = load counter[block] + 1  weak
  copy comm[epoch % 2] <- input over whole
  barrier_sync 1
  threads t < 1 {
    fence acq_rel.sys
    for q in 0..P {
      atomic add arrived[block] on rank q, 1  relaxed.sys
    }
    let ticket = atomic inc tickets[block], 1000000  acq_rel.sys
    if ticket + 1 != epoch {
      exit
    }
    await arrived[block] reached epoch * P  relaxed.sys
    fence sc.sys
    barrier_sync 2, 2
  }
  if thread == 1 {
    barrier_sync 2, 2
  }
  block_sync
  reduce output <- sum over q in 0..P of comm[epoch % 2] on rank q over whole
  block_sync
  threads t < 1 {
    store counter[block] = epoch  weak
  }
}

expect output == sum of input, same on all ranks
"#;

#[test]
fn every_kind_of_operation_runs() {
    let kernels = kernels_of(COUNTERS, 3, DataType::F32);
    let settings = Settings { blocks: Some(2), threads: Some(7), ..named(3, DataType::F32, 500, "counters") };
    let group = Group::<Cpu>::new(&kernels, &settings).unwrap();
    for call in 0..50 {
        Messages::<f32>::new(3, 499, call, Accumulate::Own).check(&group).unwrap();
    }
}

#[test]
fn a_thread_that_leaves_before_a_barrier_is_told() {
    let text = COUNTERS.replace("ticket + 1 != epoch", "ticket + 1 == epoch");
    let kernels = kernels_of(&text, 2, DataType::F32);
    let deadline = Duration::from_millis(200);
    let settings = Settings { blocks: Some(1), deadline, ..named(2, DataType::F32, 8, "counters") };
    let group = Group::<Cpu>::new(&kernels, &settings).unwrap();
    let error = Messages::<f32>::new(2, 8, 0, Accumulate::Own).check(&group).unwrap_err();
    assert!(error.to_string().contains("1 of 4 threads have ended, and the rest wait at a barrier"), "{error}");
}

#[test]
fn epochs_given_as_arguments_run() {
    let knobs = [("epoch_from", "argument")];
    let kernels = kernels(&[Form { knobs: &knobs, ..Form::new("one-shot", 3, DataType::F32) }]);
    let group = Group::<Cpu>::new(&kernels, &named(3, DataType::F32, 100, "one-shot")).unwrap();
    for (call, elements) in [100, 100, 100, 50, 50, 100].into_iter().enumerate() {
        Messages::<f32>::new(3, elements, call as u32, Accumulate::Own).check(&group).unwrap();
    }
}

#[test]
fn grids_and_blocks_of_any_shape() {
    for protocol in ["one-shot", "two-shot", "two-shot-push", "ll", "lamport"] {
        let kernels = kernels(&[Form::new(protocol, 3, DataType::F16)]);
        for (blocks, threads) in [(1, 3), (2, 4), (3, 5), (4, 64), (1, 1024)] {
            let shape =
                Settings { blocks: Some(blocks), threads: Some(threads), ..named(3, DataType::F16, 3000, protocol) };
            let group = Group::<Cpu>::new(&kernels, &shape).unwrap();
            for (call, elements) in [0, 5, 63, 640, 2999, 3000].into_iter().enumerate() {
                for again in 0..2 {
                    let call = 2 * call as u32 + again;
                    Messages::<f16>::new(3, elements, call, Accumulate::Own).check(&group).unwrap();
                }
            }
        }
    }
}

#[test]
fn sums_in_f32_where_the_kernel_says_so() {
    let wide = Accumulate::F32;
    let kernels = kernels(&[Form { accumulate: wide, ..Form::new("two-shot", 5, DataType::BF16) }]);
    let own = named(5, DataType::BF16, 1009, "two-shot");
    let text = "there is no certified kernel of `two-shot` for 5 ranks of bf16; \
                there is one for 5 × bf16 accumulated in f32";
    assert_eq!(refusal(&kernels, &own), text);
    let group = Group::<Cpu>::new(&kernels, &Settings { accumulate: wide, ..own }).unwrap();
    for call in 0..3 {
        Messages::<bf16>::new(5, 1009, call, wide).check(&group).unwrap();
    }
    for protocol in ["ll", "lamport"] {
        let kernels = common::kernels(&[Form { accumulate: wide, ..Form::new(protocol, 5, DataType::F16) }]);
        let settings = Settings { accumulate: wide, ..named(5, DataType::F16, 1009, protocol) };
        let group = Group::<Cpu>::new(&kernels, &settings).unwrap();
        for call in 0..5 {
            Messages::<f16>::new(5, 1009, call, wide).check(&group).unwrap();
        }
    }
}

#[test]
fn negative_zeros_do_not_look_like_the_sentinel() {
    let kernels = kernels(&[Form::new("lamport", 2, DataType::F32)]);
    let group = Group::<Cpu>::new(&kernels, &named(2, DataType::F32, 3, "lamport")).unwrap();
    let inputs = [[-0.0_f32, -0.0, 1.0], [-0.0, 2.0, -0.0]];
    for _ in 0..5 {
        let mut outputs = [[7.0_f32; 3]; 2];
        let mut slices: Vec<&mut [f32]> = outputs.iter_mut().map(|output| &mut output[..]).collect();
        group.call(Collective::AllReduce, &[&inputs[0], &inputs[1]], &mut slices).unwrap();
        let bits = outputs.map(|output| output.map(f32::to_bits));
        assert_eq!(bits, [[0.0_f32, 2.0, 1.0].map(f32::to_bits); 2]);
    }
}

#[test]
fn the_algorithm_follows_the_size() {
    let kernels = kernels(&[Form::new("one-shot", 5, DataType::F32), Form::new("two-shot", 5, DataType::F32)]);
    let thresholds = Thresholds { many_bytes: 400, ..Thresholds::default() };
    let algorithm = Algorithm::Auto(thresholds);
    let group = Group::<Cpu>::new(&kernels, &Settings { algorithm, ..Settings::new(5, DataType::F32, 1000) }).unwrap();
    let protocol = |elements| group.protocol(Collective::AllReduce, elements).unwrap();
    assert_eq!((protocol(99), protocol(100)), ("one-shot", "two-shot"));
    for (call, elements) in [99, 100, 99, 99, 100, 100, 1000, 99].into_iter().enumerate() {
        Messages::<f32>::new(5, elements, call as u32, Accumulate::Own).check(&group).unwrap();
    }
}

#[test]
fn what_cannot_run_is_refused_with_the_reason() {
    let kernels = kernels(&[Form::new("two-shot", 4, DataType::F32), Form::new("block-barrier", 4, DataType::F32)]);
    let sound = named(4, DataType::F32, 8, "two-shot");
    assert_eq!(
        refusal(&kernels, &named(4, DataType::F32, 8, "three-shot")),
        "there is no certified kernel of `three-shot` for 4 ranks of f32; there are kernels of block-barrier, two-shot"
    );
    assert_eq!(
        refusal(&kernels, &named(3, DataType::F32, 8, "two-shot")),
        "there is no certified kernel of `two-shot` for 3 ranks of f32; there is one for 4 × f32"
    );
    let barrier = refusal(&kernels, &named(4, DataType::F32, 8, "block-barrier"));
    assert!(barrier.starts_with("`block-barrier` is not an all-reduce that sums: "), "{barrier}");
    let few = refusal(&kernels, &Settings { threads: Some(3), ..sound.clone() });
    assert!(few.starts_with("`two-shot` cannot run at these sizes: it requires "), "{few}");
    let many = refusal(&kernels, &Settings { blocks: Some(37), ..sound.clone() });
    assert_eq!(many, "`two-shot` is certified for at most 36 blocks");
    let bad = [
        (Settings { blocks: Some(0), ..sound.clone() }, "blocks and threads must not be zero"),
        (Settings { threads: Some(1025), ..sound.clone() }, "a block has at most 1024 threads"),
        (Settings { deadline: Duration::ZERO, ..sound.clone() }, "the deadline must not be zero"),
        (Settings { ranks: 1, ..sound.clone() }, "a group needs at least 2 ranks"),
        (Settings { capacity: u64::MAX, ..sound.clone() }, "the capacity must not exceed 2^40 elements"),
        (Settings { devices: vec![0], ..sound.clone() }, "the CPU back end has no devices to choose from"),
    ];
    for (settings, message) in bad {
        assert_eq!(refusal(&kernels, &settings), message);
    }
    let huge = refusal(&kernels, &Settings { capacity: 1 << 40, ..sound });
    assert!(huge.starts_with("no memory for a buffer of "), "{huge}");
}

#[test]
fn an_altered_certificate_is_refused() {
    let sound = kernels(&[Form::new("one-shot", 2, DataType::F32)]).certificate().to_files();
    assert!(Kernels::from_files(sound.clone()).is_ok());
    for name in sound.keys() {
        for at in [0, sound[name].len() / 2, sound[name].len() - 1] {
            let mut altered = sound.clone();
            altered.get_mut(name).unwrap()[at] ^= 1;
            let error = Kernels::from_files(altered).expect_err("a byte differs");
            assert!(matches!(error, Error::Certificate(_)), "{error}");
            assert!(error.to_string().contains(name.as_str()), "{name} byte {at}: {error}");
        }
        let mut missing = sound.clone();
        missing.remove(name);
        assert!(Kernels::from_files(missing).is_err());
    }
    assert!(Kernels::load("no/such/folder").unwrap_err().to_string().starts_with("cannot read no/such/folder"));
}

#[test]
fn numbers_keep_their_bits() {
    for bits in [0_u32, 1, 0x7F, 0x3C00, 0x8000, 0xFFFF] {
        assert_eq!(Number::to_bits(<f16 as Number>::from_bits(bits)), bits);
        assert_eq!(Number::to_bits(<bf16 as Number>::from_bits(bits)), bits);
        assert_eq!(Number::to_bits(<f32 as Number>::from_bits(bits)), bits);
    }
}

#[test]
fn a_thousand_calls_and_a_long_message() {
    let kernels = kernels(&[Form::new("one-shot", 8, DataType::BF16), Form::new("two-shot", 8, DataType::BF16)]);
    let settings = Settings::new(8, DataType::BF16, 1_000_003);
    let group = Group::<Cpu>::new(&kernels, &settings).unwrap();
    for call in 0..1000 {
        Messages::<bf16>::new(8, 7, call, Accumulate::Own).check(&group).unwrap();
    }
    for call in 0..2 {
        Messages::<bf16>::new(8, 1_000_003, call, Accumulate::Own).check(&group).unwrap();
    }
}
