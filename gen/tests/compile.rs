//! Every kernel form compiles for every architecture of interest, and does not spill.
use arverify_gen::compiler::Compiler;
use arverify_gen::{Target, render_kernel};
use arverify_protocol::catalogue;
use arverify_protocol::data::{Accumulate, DataType};

#[test]
fn look() {
    let compiler = Compiler::find().unwrap();
    for document in catalogue::all().unwrap() {
        let protocol = document.resolve(&[]).unwrap();
        for dtype in [DataType::F32, DataType::BF16, DataType::F16] {
            let target = Target { ranks: 4, dtype, accumulate: Accumulate::Own, threads: 512, max_blocks: 36, deadline: true };
            let kernel = render_kernel(&protocol, &[], &target).unwrap_or_else(|error| panic!("{error}"));
            std::fs::create_dir_all("/tmp/look").unwrap();
            std::fs::write(format!("/tmp/look/{}", kernel.entry.source), &kernel.source).unwrap();
            let ptx = compiler.ptx(&kernel.entry.source, &kernel.source, "sm_90");
            match ptx { Ok(p) => std::fs::write(format!("/tmp/look/{}.ptx", kernel.entry.entry), p).unwrap(), Err(e) => println!("{e}") }
        }
    }
}
