//! The header is C: it compiles without a warning, and its macros give the sizes that the protocol gives.

use arverify_protocol::certificate::{Certificate, KernelEntry};
use arverify_protocol::evaluate::Sizes;
use arverify_protocol::ir::{Element, Symbol};
use std::path::Path;
use std::process::Command;

const SIZES: [(u32, u64); 3] = [(1, 0), (7, 1003), (36, 1_000_003)];

/// Macro calls of a kernel with the bytes that each must give.
fn expected(certificate: &Certificate, kernel: &KernelEntry) -> Vec<(String, u64)> {
    let protocol = certificate.protocol(kernel).unwrap_or_else(|error| panic!("{error}"));
    let mut calls = Vec::new();
    for (blocks, elements) in SIZES {
        let sizes = Sizes { elements: elements / 3, ..kernel.sizes(blocks, elements) };
        let sizes = if kernel.takes_any_length() { sizes } else { kernel.sizes(blocks, elements) };
        let shapes = protocol.shapes(&sizes).unwrap_or_else(|error| panic!("{error}"));
        for buffer in &kernel.buffers {
            let size = match buffer.element {
                Element::Data => kernel.dtype.bytes(),
                Element::Word => 4,
                Element::Packet => 8,
            };
            let bytes = shapes[buffer.id as usize].iter().product::<u64>() * u64::from(size);
            let name = format!("{}_BYTES_{}", kernel.entry.to_uppercase(), buffer.name);
            let by_length = protocol.buffers[buffer.id as usize].shape.iter().any(|it| it.mentions(Symbol::Elements));
            let over = if by_length { sizes.elements } else { elements };
            calls.push((format!("{name}({blocks}, {over})"), bytes));
        }
    }
    calls
}

#[test]
fn macros_give_the_sizes_of_the_protocol() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden");
    let certificate = Certificate::load(&folder).unwrap_or_else(|error| panic!("{error}"));
    let calls: Vec<(String, u64)> =
        certificate.kernels().iter().flat_map(|kernel| expected(&certificate, kernel)).collect();
    let prints: String =
        calls.iter().map(|(call, _)| format!("    printf(\"%lld\\n\", (long long)({call}));\n")).collect();
    let sizes: String = certificate
        .kernels()
        .iter()
        .map(|kernel| format!("    if (sizeof({}_parameters) == 0) return 1;\n", kernel.entry))
        .collect();
    let program = format!(
        "#include \"arverify_kernels.h\"\n#include <stdio.h>\nint main(void) {{\n{sizes}{prints}    return 0;\n}}\n"
    );
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let (source, binary) = (temporary.path().join("main.c"), temporary.path().join("main"));
    std::fs::write(&source, program).expect("the folder is writable");
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let arguments = ["-std=c99", "-Wall", "-Wextra", "-Wno-unused-function", "-Werror", "-I"];
    let Ok(compiled) =
        Command::new(&compiler).args(arguments).arg(&folder).arg(&source).arg("-o").arg(&binary).output()
    else {
        eprintln!("SKIPPED macros_give_the_sizes_of_the_protocol: no C compiler ({compiler})");
        return;
    };
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let result = Command::new(&binary).output().expect("the program starts");
    let output = String::from_utf8_lossy(&result.stdout).into_owned();
    assert_eq!(output.lines().count(), calls.len());
    for ((call, bytes), found) in calls.iter().zip(output.lines()) {
        assert_eq!(bytes.to_string(), found, "{call}");
    }
}
