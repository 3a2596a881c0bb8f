//! What the tests of emitted code share.

#![allow(dead_code, reason = "each test program uses a part")]

use arverify_gen::compiler::Compiler;
use arverify_gen::{Kernel, Target, render_kernel};
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::language::{self, Document};
use std::path::Path;
use std::process::Command;

pub(crate) const DTYPES: [DataType; 3] = [DataType::F32, DataType::F16, DataType::BF16];

/// The usual target.
pub(crate) fn target(ranks: u32, dtype: DataType) -> Target {
    Target { ranks, dtype, accumulate: Accumulate::Own, threads: 512, max_blocks: 36, deadline: true }
}

pub(crate) fn parse(text: &str) -> Document {
    language::parse("test.arp", text).unwrap_or_else(|error| panic!("{error}"))
}

/// The kernel of a protocol with these knobs.
pub(crate) fn kernel(document: &Document, knobs: &[(&str, &str)], target: &Target) -> Kernel {
    let protocol = document.resolve(knobs).unwrap_or_else(|error| panic!("{error}"));
    render_kernel(&protocol, &[], target).unwrap_or_else(|error| panic!("{}: {error}", protocol.name))
}

/// The compiler, or a line that nobody overlooks.
pub(crate) fn compiler(test: &str) -> Option<Compiler> {
    let compiler = Compiler::find();
    if compiler.is_none() {
        eprintln!("SKIPPED {test}: no CUDA compiler was found (nvcc on PATH, in $CUDA_HOME/bin or in .cuda)");
    }
    compiler
}

/// What `ptxas -v` says about a kernel.
#[derive(Debug)]
pub(crate) struct Usage {
    pub(crate) registers: u32,
    pub(crate) spilled_bytes: u32,
    pub(crate) stack_bytes: u32,
}

/// Assembles PTX to a cubin for an architecture.
pub(crate) fn assemble(compiler: &Compiler, ptx: &str, architecture: &str) -> Usage {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (input, output) = (folder.path().join("kernel.ptx"), folder.path().join("kernel.cubin"));
    std::fs::write(&input, ptx).expect("the folder is writable");
    let result = Command::new(compiler.folder().join("ptxas"))
        .args(["-v", "-arch", architecture])
        .arg(&input)
        .arg("-o")
        .arg(&output)
        .output()
        .expect("ptxas stands beside nvcc");
    let text = String::from_utf8_lossy(&result.stderr).into_owned() + &String::from_utf8_lossy(&result.stdout);
    assert!(result.status.success(), "ptxas failed:\n{text}");
    assert!(Path::new(&output).metadata().is_ok_and(|cubin| cubin.len() > 0), "no cubin");
    let before = |words: &str| -> u32 {
        let at = text.find(words).unwrap_or_else(|| panic!("ptxas -v says nothing about {words}:\n{text}"));
        text[..at].split_whitespace().last().and_then(|number| number.parse().ok()).expect("a number")
    };
    Usage {
        registers: before("registers"),
        spilled_bytes: before("bytes spill stores") + before("bytes spill loads"),
        stack_bytes: before("bytes stack frame"),
    }
}
