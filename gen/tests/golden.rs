//! The emitted kernels as files: `tests/golden` is what `argen emit one-shot two-shot ll lamport ring reduce-scatter
//! all-gather broadcast barrier send-recv channel-hello channel-ring channel-mesh channel-tree --ranks 2 --ranks 4
//! --ranks 8 --no-ptx` writes, byte for byte, and a certificate of its own. The runtime carries these kernels.
//!
//! `UPDATE_GOLDEN=1 cargo test -p arverify-gen --test golden` writes the folder anew. How many states a check explored
//! belongs to the checker's own tests: a change of those counts alone does not make the folder stale.

use arverify_gen::emit::{Request, emit, verify};
use arverify_gen::output::write;
use arverify_protocol::certificate::{Certificate, MANIFEST, Manifest};
use arverify_protocol::data::{Accumulate, DataType};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden")
}

/// One protocol for each collective, and several for the all-reduce.
const NAMES: [&str; 14] = [
    "one-shot",
    "two-shot",
    "ll",
    "lamport",
    "ring",
    "reduce-scatter",
    "all-gather",
    "broadcast",
    "barrier",
    "send-recv",
    "channel-hello",
    "channel-ring",
    "channel-mesh",
    "channel-tree",
];

fn request() -> Request {
    Request {
        names: NAMES.map(str::to_owned).to_vec(),
        variant: None,
        knobs: Vec::new(),
        ranks: vec![2, 4, 8],
        dtypes: vec![DataType::F32, DataType::F16, DataType::BF16],
        accumulate: Accumulate::Own,
        threads: 512,
        max_blocks: 36,
        deadline: true,
        architectures: Vec::new(),
        compiler: None,
    }
}

/// The manifest without what the checker counted.
fn without_counts(certificate: &Certificate) -> Manifest {
    let mut manifest = certificate.manifest().clone();
    manifest.digest.clear();
    for check in manifest.kernels.iter_mut().flat_map(|kernel| &mut kernel.checks) {
        (check.states, check.operations) = (0, 0);
    }
    manifest
}

#[test]
fn the_golden_folder_is_what_is_emitted() {
    let emitted = emit(&request(), &mut |_| {}).unwrap_or_else(|error| panic!("{error}"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        // The old folder may be damaged, which `write` would refuse to replace.
        if folder().exists() {
            std::fs::remove_dir_all(folder()).expect("the golden folder can be removed");
        }
        write(&folder(), &emitted).unwrap_or_else(|error| panic!("{error}"));
    }
    let golden = Certificate::load(&folder()).unwrap_or_else(|error| panic!("{error}"));
    let (mut wanted, mut found) = (golden.to_files(), emitted.to_files());
    wanted.remove(MANIFEST);
    found.remove(MANIFEST);
    assert!(wanted.keys().eq(found.keys()), "other files: {:?} and {:?}", wanted.keys(), found.keys());
    for (name, bytes) in &found {
        let (wanted, found) = (String::from_utf8_lossy(&wanted[name]), String::from_utf8_lossy(bytes));
        let line = wanted.lines().zip(found.lines()).position(|(wanted, found)| wanted != found);
        assert!(wanted == found, "{name} differs from its golden file from line {:?}", line.map(|line| line + 1));
    }
    assert_eq!(without_counts(&golden), without_counts(&emitted), "the manifests differ");
    verify(&golden, &mut |_| {}).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn emission_is_deterministic() {
    let request = Request { ranks: vec![2], ..request() };
    let emitted = || emit(&request, &mut |_| {}).unwrap_or_else(|error| panic!("{error}")).to_files();
    assert_eq!(emitted(), emitted());
}
