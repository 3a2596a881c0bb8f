//! Every instruction of a table, computed apart by `tests/ptx/arithmetic.py`, goes through the parser, decoding and the
//! interpreter as a kernel of its own, which stores its results.

use arverify_model::program::{Coordinates, Operation};
use arverify_model::ptx::decode::decode;
use arverify_model::ptx::execute::{Geometry, Interpreter, MemoryMap, RankSetting, Region, RegionKind, Setting};
use arverify_model::ptx::syntax::parse;
use arverify_protocol::ir::Source;
use std::fmt::Write;
use std::sync::Arc;

/// Bits and value; 1 bit: a predicate.
type Value = (u32, u64);

fn values(column: &str) -> Vec<Value> {
    column
        .split_whitespace()
        .map(|value| {
            let (bits, hex) = value.split_once(':').expect("BITS:HEX");
            (bits.parse().expect("bits"), u64::from_str_radix(hex, 16).expect("hexadecimal"))
        })
        .collect()
}

/// A kernel that puts inputs into registers, computes, and stores 8 bytes for each result.
fn kernel(text: &str, inputs: &[Value], results: &[Value]) -> String {
    let mut kernel = String::from(
        ".version 8.5\n.target sm_90\n.address_size 64\n.visible .entry k(.param .u64 k_out)\n{\n.reg .b64 %out;\n.reg .b32 %t;\n",
    );
    let mut line = |text: String| writeln!(kernel, "{text}").expect("strings can be written to");
    let kind = |bits: u32| if bits == 1 { "pred".to_string() } else { format!("b{bits}") };
    for (index, (bits, _)) in inputs.iter().enumerate() {
        line(format!(".reg .{} a{index};", kind(*bits)));
    }
    for (index, (bits, _)) in results.iter().enumerate() {
        line(format!(".reg .{} d{index};", kind(*bits)));
    }
    line("ld.param.u64 %out, [k_out];".into());
    for (index, (bits, value)) in inputs.iter().enumerate() {
        match bits {
            1 => line(format!("mov.b32 %t, {value}; setp.ne.u32 a{index}, %t, 0;")),
            _ => line(format!("mov.b{bits} a{index}, {value:#x};")),
        }
    }
    line(if text.starts_with('{') { text.into() } else { format!("{text};") });
    for (index, (bits, _)) in results.iter().enumerate() {
        let at = index * 8;
        match bits {
            1 => line(format!("selp.b32 %t, 1, 0, d{index}; st.global.b32 [%out+{at}], %t;")),
            _ => line(format!("st.global.b{bits} [%out+{at}], d{index};")),
        }
    }
    line("ret;\n}".into());
    kernel
}

/// What the kernel stores, or why it does not.
fn run(text: &str, inputs: &[Value], results: &[Value]) -> Result<Vec<u64>, String> {
    let text = kernel(text, inputs, results);
    let source = Arc::new(Source { name: "row.ptx".into(), text });
    let module = parse(&source).map_err(|error| format!("{error:?}"))?;
    let code = decode(&module, "k").map_err(|error| error.to_string())?;
    let mut map = MemoryMap::default();
    let out = map.add(Region { name: "out".into(), rank: 0, bytes: 64, kind: RegionKind::Instance(0) });
    let rank = RankSetting {
        parameters: vec![out.to_le_bytes().to_vec().into()],
        variables: vec![],
        constants: Arc::default(),
        shared: vec![],
        shared_bytes: 0,
        dynamic_shared_bytes: 0,
        ..RankSetting::of(Geometry { grid: [1, 1, 1], block: [1, 1, 1], cluster: [1; 3] })
    };
    let interpreter =
        Interpreter::new(Arc::new(code), Arc::new(Setting { map, ranks: vec![rank], copies: None }), None);
    let at = Coordinates { rank: 0, block: 0, thread: 0, launch: 0 };
    let mut thread = interpreter.start();
    let mut stored = vec![];
    loop {
        match interpreter.next(at, &mut thread).map_err(|fault| fault.message)?.0 {
            Operation::Store { data, .. } => {
                let mut word = [0; 8];
                word[..data.len()].copy_from_slice(&data);
                stored.push(u64::from_le_bytes(word));
            }
            Operation::Exit => return Ok(stored),
            other => return Err(format!("unexpected {other:?}")),
        }
    }
}

#[test]
fn the_table_holds() {
    let table = include_str!("ptx/arithmetic.csv");
    let mut wrong = vec![];
    let mut rows = 0;
    for line in table.lines() {
        let mut columns = line.split(" | ").map(str::trim);
        let mut column = || columns.next().unwrap_or_default();
        let (text, inputs, results) = (column(), values(column()), values(column()));
        rows += 1;
        let expected: Vec<u64> = results.iter().map(|(_, value)| *value).collect();
        let got = run(text, &inputs, &results);
        if got.as_ref() != Ok(&expected) {
            wrong.push(format!("{line}\n    got {got:x?}"));
        }
    }
    assert!(rows >= 1_000, "the table has only {rows} rows");
    assert!(wrong.is_empty(), "{} of {rows} rows are wrong:\n{}", wrong.len(), wrong.join("\n"));
}
