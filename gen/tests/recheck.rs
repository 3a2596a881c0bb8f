//! What `argen emit` writes unless it is told otherwise (512 threads, awaits with a deadline) is verified as PTX, too.

mod support;

use arverify_gen::emit::{Request, emit};
use arverify_protocol::catalogue;
use arverify_protocol::data::{Accumulate, DataType};
use std::sync::atomic::{AtomicUsize, Ordering};
use support::compiler;

#[test]
fn every_kernel_is_emitted_with_its_ptx_checked() {
    let Some(compiler) = compiler("every_kernel_is_emitted_with_its_ptx_checked") else { return };
    let documents = catalogue::kernels().unwrap_or_else(|error| panic!("{error}"));
    let request = |name: &str, ranks: u32, dtype: DataType| Request {
        names: vec![name.to_owned()],
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
    let mut requests: Vec<Request> =
        documents.iter().map(|document| request(document.name(), 2, DataType::F32)).collect();
    for name in ["one-shot", "two-shot"] {
        requests.extend([request(name, 4, DataType::F16), request(name, 8, DataType::BF16)]);
    }
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let emitted =
                        emit(request, &mut |_| {}).unwrap_or_else(|error| panic!("{:?}: {error}", request.names));
                    let kernels = &emitted.manifest().kernels;
                    assert_eq!(kernels.len(), 1, "{:?}", request.names);
                    assert_eq!(kernels[0].ptx_checks.len(), 1, "{}", kernels[0].entry);
                }
            });
        }
    });
}
