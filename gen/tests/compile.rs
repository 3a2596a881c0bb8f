//! Every kernel form compiles to a cubin for every architecture of interest, and spills nothing.

mod support;

use arverify_gen::compiler::Compiler;
use arverify_gen::{Kernel, Target};
use arverify_protocol::catalogue;
use arverify_protocol::data::{Accumulate, DataType};
use support::{DTYPES, assemble, compiler, kernel, target};

const ARCHITECTURES: [&str; 3] = ["sm_80", "sm_90", "sm_100a"];

/// Protocols over channels.
const CHANNELS: [&str; 5] = ["send-recv", "channel-hello", "channel-ring", "channel-mesh", "channel-tree"];

/// Compiles and assembles on two threads, half of the kernels each.
fn compile_all(compiler: &Compiler, kernels: &[Kernel], architectures: &[&str]) {
    let work: Vec<(&Kernel, &str)> = kernels
        .iter()
        .flat_map(|kernel| architectures.iter().map(move |architecture| (kernel, *architecture)))
        .collect();
    std::thread::scope(|scope| {
        for half in work.chunks(work.len().div_ceil(2).max(1)) {
            scope.spawn(|| half.iter().for_each(|(kernel, architecture)| compile(compiler, kernel, architecture)));
        }
    });
}

fn compile(compiler: &Compiler, kernel: &Kernel, architecture: &str) {
    let name = &kernel.entry.source;
    let ptx = compiler.ptx(name, &kernel.source, architecture).unwrap_or_else(|error| panic!("{error}"));
    let usage = assemble(compiler, &ptx, architecture);
    assert_eq!((usage.spilled_bytes, usage.stack_bytes), (0, 0), "{name} for {architecture}: {usage:?}");
    eprintln!("{name} {architecture}: {} registers", usage.registers);
}

fn catalogue_kernels(names: &[&str], targets: &[Target]) -> Vec<Kernel> {
    let documents = catalogue::kernels().unwrap_or_else(|error| panic!("{error}"));
    let chosen = documents.iter().filter(|document| names.contains(&document.name()));
    chosen.flat_map(|document| targets.iter().map(|target| kernel(document, &[], target))).collect()
}

#[test]
fn one_shot_and_two_shot_compile_without_spills() {
    let Some(compiler) = compiler("one_shot_and_two_shot_compile_without_spills") else { return };
    let targets: Vec<Target> =
        [2, 4, 8].into_iter().flat_map(|ranks| DTYPES.map(|dtype| target(ranks, dtype))).collect();
    let kernels = catalogue_kernels(&["one-shot", "two-shot"], &targets);
    assert_eq!(kernels.len(), 18);
    compile_all(&compiler, &kernels, &ARCHITECTURES);
}

#[test]
fn channels_compile_without_spills() {
    let Some(compiler) = compiler("channels_compile_without_spills") else { return };
    let targets = [target(2, DataType::F32), target(4, DataType::F16), target(8, DataType::BF16)];
    let kernels = catalogue_kernels(&CHANNELS, &targets);
    assert_eq!(kernels.len(), 15);
    compile_all(&compiler, &kernels, &ARCHITECTURES);
}

#[test]
fn every_other_form_compiles_without_spills() {
    let Some(compiler) = compiler("every_other_form_compiles_without_spills") else { return };
    let documents = catalogue::kernels().unwrap_or_else(|error| panic!("{error}"));
    let names: Vec<&str> = documents.iter().map(|document| document.name()).collect();
    let known = |name: &str| ["one-shot", "two-shot"].contains(&name) || CHANNELS.contains(&name);
    let others: Vec<&str> = names.into_iter().filter(|name| !known(name)).collect();
    compile_all(&compiler, &catalogue_kernels(&others, &[target(8, DataType::BF16)]), &["sm_90"]);
    let usual = target(8, DataType::BF16);
    let unusual = [
        Target { accumulate: Accumulate::F32, ..usual },
        Target { accumulate: Accumulate::F32, dtype: DataType::F16, ..usual },
        Target { deadline: false, ..usual },
        Target { ranks: 64, ..usual },
        Target { ranks: 3, threads: 96, dtype: DataType::F32, ..usual },
    ];
    compile_all(&compiler, &catalogue_kernels(&["one-shot", "two-shot"], &unusual), &["sm_90"]);
}

#[test]
fn every_variant_compiles() {
    let Some(compiler) = compiler("every_variant_compiles") else { return };
    let document = catalogue::find("one-shot").expect("is there").unwrap_or_else(|error| panic!("{error}"));
    let kernels: Vec<Kernel> = document
        .variants()
        .iter()
        .map(|variant| {
            let knobs: Vec<(&str, &str)> =
                variant.assignments.iter().map(|(knob, value)| (knob.as_str(), value.as_str())).collect();
            kernel(&document, &knobs, &target(4, DataType::F16))
        })
        .collect();
    compile_all(&compiler, &kernels, &["sm_90"]);
}
