//! The published bugs of ../shared/zoo decode without a rest, and a good one computes the right sum when its threads
//! take turns.

use arverify_model::program::{Coordinates, Operation};
use arverify_model::ptx::code::{Code, Step};
use arverify_model::ptx::decode::decode;
use arverify_model::ptx::execute::{
    Geometry, Interpreter, MemoryMap, PtxThread, RankSetting, Region, RegionKind, Setting,
};
use arverify_model::ptx::syntax::parse;
use arverify_protocol::ir::Source;
use std::path::PathBuf;
use std::sync::Arc;

fn zoo() -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/zoo");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: {} is not there", folder.display());
    None
}

fn decoded(path: PathBuf) -> Code {
    let text = std::fs::read_to_string(&path).expect("a PTX file");
    let source = Arc::new(Source { name: path.display().to_string(), text });
    let module = parse(&source).expect("the zoo parses");
    let entry = module.functions.iter().find(|function| function.is_entry).expect("a kernel");
    decode(&module, &entry.name).expect("the zoo decodes")
}

#[test]
fn every_instruction_of_the_zoo_is_understood() {
    let Some(zoo) = zoo() else { return };
    let mut kernels = 0;
    for folder in std::fs::read_dir(zoo).expect("the zoo").flatten() {
        for file in ["bad.ptx", "good.ptx"] {
            let path = folder.path().join(file);
            if !path.is_file() {
                continue;
            }
            kernels += 1;
            let code = decoded(path.clone());
            assert!(code.instructions.len() > 10, "{}", path.display());
            for instruction in &code.instructions {
                if let Step::Unsupported { text } = &instruction.step {
                    panic!("{}: {text}", path.display());
                }
            }
        }
    }
    assert!(kernels >= 40, "only {kernels} kernels");
}

const RANKS: u32 = 2;
const THREADS: u32 = 4;
const BYTES: usize = 64;

/// Buffers by number: input, comm, output, signals; each with an instance for each rank.
struct Field {
    interpreter: Interpreter,
    memory: Vec<Vec<u8>>,
}

/// The kernel takes input, output, table of comm, table of signals, rank, launch.
fn field(code: Code) -> Field {
    let mut map = MemoryMap::default();
    let mut addresses = vec![];
    for name in ["input", "comm", "output", "signals"] {
        for rank in 0..RANKS {
            let kind = RegionKind::Instance(addresses.len() as u32);
            addresses.push(map.add(Region { name: name.into(), rank, bytes: BYTES as u64, kind }));
        }
    }
    let of = |buffer: u32, rank: u32| addresses[(buffer * RANKS + rank) as usize];
    let mut table = |buffer: u32| {
        let address =
            map.add(Region { name: "table".into(), rank: 0, bytes: 0, kind: RegionKind::Constant(Arc::default()) });
        let pointers: Vec<u8> = (0..RANKS).flat_map(|rank| of(buffer, rank).to_le_bytes()).collect();
        map.set_constant(address, pointers.into());
        address
    };
    let (comm, signals) = (table(1), table(3));
    let rank = |rank: u32| {
        let pointers = [of(0, rank), of(2, rank), comm, signals];
        let mut parameters: Vec<u8> = pointers.iter().flat_map(|pointer| pointer.to_le_bytes()).collect();
        parameters.extend(rank.to_le_bytes());
        parameters.extend(1_u32.to_le_bytes());
        RankSetting {
            parameters: vec![parameters.into()],
            variables: vec![],
            constants: Arc::default(),
            shared: vec![],
            shared_bytes: 0,
            dynamic_shared_bytes: 0,
            ..RankSetting::of(Geometry { grid: [1, 1, 1], block: [THREADS, 1, 1], cluster: [1; 3] })
        }
    };
    let ranks = (0..RANKS).map(rank).collect();
    let interpreter = Interpreter::new(Arc::new(code), Arc::new(Setting { map, ranks, copies: None }), None);
    let mut memory = vec![vec![0; BYTES]; addresses.len()];
    for rank in 0..RANKS {
        for element in 0..8_u32 {
            let value = 100 * (rank + 1) + element;
            memory[rank as usize][element as usize * 4..][..4].copy_from_slice(&value.to_le_bytes());
        }
    }
    Field { interpreter, memory }
}

impl Field {
    /// One operation of one thread, on memory that everybody sees at once. Whether it waits at a barrier, or has ended.
    fn turn(&mut self, at: Coordinates, thread: &mut PtxThread) -> (bool, bool) {
        match self.interpreter.next(at, thread).expect("no fault").0 {
            Operation::Barrier(_) => return (true, false),
            Operation::Exit => return (false, true),
            Operation::Fence { .. } => {}
            Operation::Load { at, bytes } => {
                let from = at.byte as usize;
                let bytes = self.memory[at.instance as usize][from..from + bytes as usize].to_vec();
                self.interpreter.supply_bytes(thread, &bytes);
            }
            Operation::Store { at, data } => {
                self.memory[at.instance as usize][at.byte as usize..][..data.len()].copy_from_slice(&data);
            }
            Operation::Read { at, .. } => {
                let bytes = &self.memory[at.instance as usize][at.byte as usize..][..4];
                self.interpreter.supply(thread, u128::from(u32::from_le_bytes(bytes.try_into().expect("4 bytes"))));
            }
            Operation::Write { at, value, .. } => {
                let bytes = (value as u32).to_le_bytes();
                self.memory[at.instance as usize][at.byte as usize..][..4].copy_from_slice(&bytes);
            }
            other => panic!("unexpected {other:?}"),
        }
        (false, false)
    }
}

#[test]
fn a_kernel_computes_its_sum_when_threads_take_turns() {
    let Some(zoo) = zoo() else { return };
    let mut field = field(decoded(zoo.join("03-volatile-flags-no-fence/good.ptx")));
    let places: Vec<Coordinates> = (0..RANKS)
        .flat_map(|rank| (0..THREADS).map(move |thread| Coordinates { rank, block: 0, thread, launch: 0 }))
        .collect();
    let mut threads: Vec<(PtxThread, bool, bool)> =
        places.iter().map(|_| (field.interpreter.start(), false, false)).collect();
    for _ in 0..100_000 {
        for (at, (thread, waits, ended)) in places.iter().zip(&mut threads) {
            if !*waits && !*ended {
                (*waits, *ended) = field.turn(*at, thread);
            }
        }
        for block in threads.chunks_mut(THREADS as usize) {
            if block.iter().all(|(_, waits, _)| *waits) {
                block.iter_mut().for_each(|(_, waits, _)| *waits = false);
            }
        }
        if threads.iter().all(|(_, _, ended)| *ended) {
            break;
        }
    }
    assert!(threads.iter().all(|(_, _, ended)| *ended), "the kernel hangs");
    for rank in 0..RANKS {
        let output = &field.memory[(2 * RANKS + rank) as usize];
        let sums: Vec<u32> =
            output[..32].chunks(4).map(|bytes| u32::from_le_bytes(bytes.try_into().expect("4 bytes"))).collect();
        assert_eq!(sums, (0..8).map(|element| 300 + 2 * element).collect::<Vec<u32>>());
    }
}
