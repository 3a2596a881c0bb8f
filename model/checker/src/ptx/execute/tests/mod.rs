//! Kernels of a few lines, run one operation at a time.

mod calls;
mod memory;
mod multimem;
mod spins;
mod warps;

use super::{Geometry, Interpreter, MemoryMap, PtxThread, RankSetting, Region, RegionKind, Setting, relocated};
use crate::program::{Coordinates, Fault, FaultOutcome, Operation};
use crate::ptx::code::Code;
use crate::ptx::decode::decode_with;
use crate::ptx::flow::SpinLoops;
use crate::ptx::syntax::parse;
use arverify_protocol::ir::Source;
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// Thread 5 of block 1 of rank 0.
const AT: Coordinates = Coordinates { rank: 0, block: 1, thread: 5, launch: 0 };

/// A kernel `k` with one pointer parameter: `%rd1` points to `buffer` (256 bytes, instance 0), `%rd2` to a table of
/// three pointers that nobody writes, whose first is `buffer`. Blocks have 64 threads.
struct Bench {
    interpreter: Interpreter,
    thread: PtxThread,
    at: Coordinates,
}

fn code(module_scope: &str, body: &str) -> Code {
    code_for(module_scope, body, 1)
}

fn code_for(module_scope: &str, body: &str, ranks: u32) -> Code {
    let text = format!(
        ".version 8.5\n.target sm_90\n.address_size 64\n{module_scope}\n.visible .entry k(.param .u64 k_0, .param .u64 k_1, \
         .param .u32 k_2)\n{{\n.reg .pred %p<9>;\n.reg .b16 %rs<9>;\n.reg .b32 %r<20>;\n.reg .f32 %f<9>;\n.reg .b64 %rd<20>;\n\
         ld.param.u64 %rd1, [k_0];\nld.param.u64 %rd2, [k_1];\n{body}\nret;\n}}\n"
    );
    let source = Arc::new(Source { name: "test.ptx".into(), text });
    let module = parse(&source).expect("the kernel parses");
    decode_with(&module, "k", &FxHashSet::default(), ranks).expect("the kernel is decoded")
}

fn bench_with(module_scope: &str, body: &str, loops: impl Fn(&Code) -> Option<SpinLoops>) -> Bench {
    let code = code(module_scope, body);
    let mut map = MemoryMap::default();
    let mut region = |name: &str, bytes, kind| map.add(Region { name: name.into(), rank: 0, bytes, kind });
    let buffer = region("buffer", 256, RegionKind::Instance(0));
    let table = region("table", 0, RegionKind::Constant(Arc::default()));
    let variables: Vec<u64> = code
        .globals
        .iter()
        .enumerate()
        .map(|(index, variable)| region(&variable.name, variable.bytes, RegionKind::Instance(10 + index as u32)))
        .collect();
    let pointers: Vec<u8> = [buffer, 0, buffer + 16].iter().flat_map(|pointer| pointer.to_le_bytes()).collect();
    map.set_constant(table, pointers.into());
    let mut parameters = [buffer.to_le_bytes(), table.to_le_bytes()].concat();
    parameters.extend(7_u32.to_le_bytes());
    let rank = RankSetting {
        parameters: vec![parameters.into()],
        constants: relocated(&code.constants, &variables),
        variables,
        shared: vec![100, 101, 102, 103],
        shared_bytes: code.entries[0].shared_bytes + 32,
        dynamic_shared_bytes: 32,
        ..RankSetting::of(Geometry { grid: [4, 1, 1], block: [8, 4, 2], cluster: [1; 3] })
    };
    let loops = loops(&code);
    let interpreter =
        Interpreter::new(Arc::new(code), Arc::new(Setting { map, ranks: vec![rank], copies: None }), loops);
    let thread = interpreter.start();
    Bench { interpreter, thread, at: AT }
}

fn bench(body: &str) -> Bench {
    bench_with("", body, |_| None)
}

impl Bench {
    fn next(&mut self) -> Operation {
        self.interpreter.next(self.at, &mut self.thread).expect("the thread does nothing wrong").0
    }

    fn next_of_round(&mut self) -> Operation {
        self.interpreter.next_of_round(self.at, &mut self.thread).expect("the thread does nothing wrong").0
    }

    fn fault(&mut self) -> Fault {
        self.interpreter.next(self.at, &mut self.thread).expect_err("the thread does something wrong")
    }

    fn not_understood(&mut self) -> String {
        let fault = self.fault();
        assert_eq!(fault.outcome, FaultOutcome::NotUnderstood);
        fault.message
    }

    fn supply(&mut self, word: u64) {
        self.interpreter.supply(&mut self.thread, word.into());
    }

    /// The number that the next operation, a weak store, writes.
    fn stored(&mut self) -> u64 {
        match self.next() {
            Operation::Store { data, .. } => {
                let mut word = [0; 8];
                word[..data.len()].copy_from_slice(&data);
                u64::from_le_bytes(word)
            }
            other => panic!("expected a store, found {other:?}"),
        }
    }
}
