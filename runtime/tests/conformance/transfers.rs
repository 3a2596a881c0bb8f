//! Sends and receives: any lengths, any pairs, between collectives; and what becomes of those that nobody meets.

use crate::collectives::{catalogue, settings};
use crate::common::Form;
use crate::{Supply, device};
use arverify_protocol::data::input_element;
use arverify_runtime::{Backend, Cpu, Cuda, DataType, Error, Group, Kernels, Kill, Number, RankHandle, Settings};
use half::{bf16, f16};
use std::time::Duration;

/// Elements that one launch carries: small, so that most data needs several.
const SLOT: u64 = 100;

/// None, one, a slot less one, a slot and one more, several slots, a prime.
const LENGTHS: [usize; 8] = [0, 1, 99, 100, 101, 300, 1009, 1];

/// What a rank sends to another at a call.
fn data<N: Number>(from: u32, to: u32, call: u32, length: usize) -> Vec<N> {
    (0..length).map(|index| N::from_bits(input_element(N::DATA, u64::from(to), from, call, index as u64))).collect()
}

fn receive<B: Backend, N: Number>(handle: &mut RankHandle<B>, from: u32, call: u32, length: usize) {
    let (mut room, wanted) = (vec![N::default(); length], data::<N>(from, handle.rank(), call, length));
    handle.recv(from, &mut room).unwrap_or_else(|error| panic!("{error}"));
    let same = |(left, right): (&N, &N)| left.to_bits() == right.to_bits();
    assert!(room.iter().zip(&wanted).all(same), "message {call} from rank {from}, of {length} elements");
}

fn group<B: Backend>(kernels: &Kernels, ranks: u32, data: DataType, deadline: Duration) -> Group<B> {
    let settings = Settings { slot: SLOT, deadline, ..settings("two-shot", ranks, data, 64) };
    Group::new(kernels, &settings).unwrap_or_else(|error| panic!("{error}"))
}

/// Every rank on a thread of its own.
fn each_rank<B: Backend>(group: &Group<B>, run: impl Fn(RankHandle<B>) + Sync) {
    std::thread::scope(|scope| {
        for rank in 0..group.ranks() {
            let (handle, run) = (group.rank(rank).unwrap(), &run);
            scope.spawn(move || run(handle));
        }
    });
}

/// Every rank sends to every other, at every length: in round k rank r exchanges with the rank that k and r differ by
/// in bits, the lower one first; so nobody waits in a circle.
fn every_pair<B: Backend, N: Number>(kernels: &Kernels, ranks: u32) {
    let group = group::<B>(kernels, ranks, N::DATA, Duration::from_secs(10));
    each_rank(&group, |mut handle| {
        let rank = handle.rank();
        for (call, length) in LENGTHS.into_iter().enumerate() {
            let call = call as u32;
            for round in 1..ranks.next_power_of_two() {
                let peer = rank ^ round;
                if peer >= ranks {
                    continue;
                }
                let message = data::<N>(rank, peer, call, length);
                if rank < peer {
                    handle.send(peer, &message).unwrap_or_else(|error| panic!("{error}"));
                    receive::<B, N>(&mut handle, peer, call, length);
                } else {
                    receive::<B, N>(&mut handle, peer, call, length);
                    handle.send(peer, &message).unwrap_or_else(|error| panic!("{error}"));
                }
            }
        }
    });
}

/// A message goes round, each rank on its own thread, with collectives of changing lengths between.
fn between_collectives<B: Backend>(kernels: &Kernels, ranks: u32, rounds: u32) {
    let group = group::<B>(kernels, ranks, DataType::F32, Duration::from_secs(10));
    each_rank(&group, |mut handle| {
        let rank = handle.rank();
        let (right, left) = ((rank + 1) % ranks, (rank + ranks - 1) % ranks);
        for round in 0..rounds {
            let length = LENGTHS[round as usize % LENGTHS.len()];
            if rank != 0 {
                receive::<B, f32>(&mut handle, left, round, length);
            }
            handle.send(right, &data::<f32>(rank, right, round, length)).unwrap();
            if rank == 0 {
                receive::<B, f32>(&mut handle, left, round, length);
            }
            let mut sum = vec![0.0; 1 + round as usize % 3];
            let ones = vec![1.0; sum.len()];
            handle.all_reduce(&ones, &mut sum).unwrap();
            assert!(sum.iter().all(|sum| *sum == ranks as f32), "{sum:?}");
        }
    });
}

/// Nobody receives, another length is received, a rank dies: each is told who waited for what, and nothing hangs.
fn failures<B: Backend>(kernels: &Kernels) {
    let group = group::<B>(kernels, 2, DataType::F32, Duration::from_millis(100));
    let text = |outcome: Result<(), Error>| outcome.unwrap_err().to_string();
    let mut zero = group.rank(0).unwrap();
    let lost = text(zero.send(1, &[1.0_f32; 5]));
    assert_eq!(lost, "rank 0 waited 100 ms for rank 1 to receive message 0 of 5 elements");
    assert!(matches!(zero.recv(1, &mut [0.0_f32; 5]), Err(Error::Poisoned { .. })));
    group.reset().unwrap();
    let nothing = text(zero.recv(1, &mut [0.0_f32; 3]));
    assert_eq!(nothing, "rank 0 waited 100 ms for rank 1 to send message 0 of 3 elements");
    group.reset().unwrap();

    group.transfer(1, 0, &[1.0_f32; 150], &mut [0.0; 150]).unwrap();
    let uneven = text(group.transfer(1, 0, &[1.0_f32; 5], &mut [0.0; 4]));
    assert_eq!(uneven, "message 1 from rank 1 to rank 0: 5 elements are sent and 4 received");
    group.reset().unwrap();

    assert_eq!(text(zero.send(0, &[1.0_f32])), "rank 0 cannot send to itself, nor receive from itself");
    assert_eq!(text(zero.send(2, &[1.0_f32])), "there is no rank 2: the group has 2 ranks");
    assert_eq!(text(zero.send(1, &[f16::ONE])), "the group reduces f32, not f16");
    group.transfer(0, 1, &[1.0_f32; 5], &mut [0.0; 5]).unwrap();

    group.inject(Some(Kill { rank: 1, call: 1, after_operations: 0 }));
    let Err(Error::Deadline(expired)) = group.transfer(1, 0, &[1.0_f32; 5], &mut [0.0; 5]) else {
        panic!("the receiver was not told");
    };
    assert_eq!((expired.rank, expired.owner, expired.pad.as_str()), (0, 0, "tail"));
    group.reset().unwrap();
    group.transfer(1, 0, &[1.0_f32; 5], &mut [0.0; 5]).unwrap();
}

#[test]
fn cpu_every_pair() {
    for ranks in [2, 3, 5, 7, 8] {
        every_pair::<Cpu, f32>(&catalogue("two-shot", ranks, DataType::F32), ranks);
    }
    every_pair::<Cpu, f16>(&catalogue("two-shot", 3, DataType::F16), 3);
    every_pair::<Cpu, bf16>(&catalogue("two-shot", 5, DataType::BF16), 5);
}

#[test]
fn cpu_a_long_message_goes_round() {
    let length = (1 << 20) + 1;
    let settings = settings("two-shot", 2, DataType::F32, 8);
    let group = Group::<Cpu>::new(&catalogue("two-shot", 2, DataType::F32), &settings).unwrap();
    let message = data::<f32>(0, 1, 0, length);
    let (mut there, mut back) = (vec![0.0; length], vec![0.0; length]);
    group.transfer(0, 1, &message, &mut there).unwrap();
    group.transfer(1, 0, &there, &mut back).unwrap();
    assert!(message == there && message == back);
}

#[test]
fn cpu_transfers_between_collectives() {
    for ranks in [2, 5] {
        between_collectives::<Cpu>(&catalogue("two-shot", ranks, DataType::F32), ranks, 40);
    }
}

#[test]
fn cpu_transfers_that_fail() {
    failures::<Cpu>(&catalogue("two-shot", 2, DataType::F32));
}

#[test]
fn cuda_transfers() {
    let Some(certified) = device("cuda_transfers") else { return };
    for ranks in [2, 4] {
        let Some(kernels) = certified.kernels(&Form::new("two-shot", ranks, DataType::F32)) else { continue };
        every_pair::<Cuda, f32>(&kernels, ranks);
        every_pair::<Cuda, f16>(&kernels, ranks);
        every_pair::<Cuda, bf16>(&kernels, ranks);
        between_collectives::<Cuda>(&kernels, ranks, 16);
        if ranks == 2 {
            failures::<Cuda>(&kernels);
        }
    }
}
