//! What `argen emit` writes unless it is told otherwise (512 threads, awaits with a deadline) is verified as PTX, too.

mod support;

use arverify_gen::emit::{Request, emit};
use arverify_protocol::catalogue;
use arverify_protocol::data::{Accumulate, DataType};
use support::compiler;

#[test]
fn every_kernel_is_emitted_with_its_ptx_checked() {
    let Some(compiler) = compiler("every_kernel_is_emitted_with_its_ptx_checked") else { return };
    let documents = catalogue::kernels().unwrap_or_else(|error| panic!("{error}"));
    let request = |names: &[&str], ranks: u32, dtype: DataType| Request {
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        variant: None,
        knobs: Vec::new(),
        ranks: vec![ranks],
        dtypes: vec![dtype],
        accumulate: Accumulate::Own,
        threads: 512,
        max_blocks: 36,
        deadline: true,
        architectures: vec!["sm_90".to_owned()],
        compiler: Some(compiler.clone()),
    };
    let names: Vec<&str> = documents.iter().map(|document| document.name()).collect();
    let mut requests = vec![request(&names, 2, DataType::F32)];
    requests.push(request(&["one-shot", "two-shot"], 4, DataType::F16));
    requests.push(request(&["one-shot", "two-shot"], 8, DataType::BF16));
    for request in requests {
        let emitted = emit(&request, &mut |_| {}).unwrap_or_else(|error| panic!("{:?}: {error}", request.names));
        for kernel in &emitted.manifest().kernels {
            assert_eq!(kernel.ptx_checks.len(), 1, "{}", kernel.entry);
        }
    }
}
