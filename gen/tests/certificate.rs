//! A certificate finds every change: each byte of each file, and each missing or additional file.

use arverify_gen::emit::{Request, emit};
use arverify_protocol::certificate::{Certificate, CertificateError, MANIFEST};
use arverify_protocol::data::{Accumulate, DataType};
use std::collections::BTreeMap;
use std::path::Path;

fn golden() -> Certificate {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden");
    Certificate::load(&folder).unwrap_or_else(|error| panic!("{error}"))
}

/// Which file a verification blames.
fn blamed(error: &CertificateError) -> String {
    match error {
        CertificateError::Altered { file } | CertificateError::Missing { file } | CertificateError::Extra { file } => {
            file.clone()
        }
        CertificateError::Malformed { .. } | CertificateError::Schema { .. } | CertificateError::NoManifest => {
            MANIFEST.to_owned()
        }
        other => panic!("unexpected: {other}"),
    }
}

/// Flips one bit of a file and expects the certificate to name that file.
fn flip(files: &BTreeMap<String, Vec<u8>>, name: &str, at: usize) {
    let mut altered = files.clone();
    altered.get_mut(name).expect("it is there")[at] ^= 1 << (at % 8);
    match Certificate::from_files(altered) {
        Ok(_) => panic!("{name}: a change of byte {at} was not found"),
        Err(error) => assert_eq!(blamed(&error), name, "byte {at}"),
    }
}

#[test]
fn every_flipped_byte_of_a_small_certificate_is_found() {
    let request = Request {
        names: vec!["one-shot".to_owned()],
        variant: None,
        knobs: Vec::new(),
        ranks: vec![2],
        dtypes: vec![DataType::F32],
        accumulate: Accumulate::Own,
        threads: 512,
        max_blocks: 36,
        deadline: true,
        architectures: Vec::new(),
        compiler: None,
    };
    let files = emit(&request, &mut |_| {}).unwrap_or_else(|error| panic!("{error}")).to_files();
    for (name, bytes) in &files {
        (0..bytes.len()).for_each(|at| flip(&files, name, at));
    }
}

#[test]
fn flipped_bytes_of_every_golden_file_are_found() {
    let files = golden().to_files();
    for (name, bytes) in &files {
        (0..bytes.len()).step_by(1999).chain([bytes.len() - 1]).for_each(|at| flip(&files, name, at));
    }
}

#[test]
fn every_missing_and_every_additional_file_is_found() {
    let files = golden().to_files();
    for name in files.keys() {
        let mut fewer = files.clone();
        fewer.remove(name);
        let error = Certificate::from_files(fewer).expect_err("a file is missing");
        assert_eq!(blamed(&error), *name);
    }
    let mut more = files.clone();
    more.insert("more.cu".to_owned(), Vec::new());
    assert_eq!(blamed(&Certificate::from_files(more).expect_err("a file is foreign")), "more.cu");
}

#[test]
fn a_manifest_has_one_form_only() {
    let files = golden().to_files();
    let text = String::from_utf8(files[MANIFEST].clone()).expect("UTF-8");
    let changed = |changed: String| {
        assert_ne!(text, changed);
        let mut files = files.clone();
        files.insert(MANIFEST.to_owned(), changed.into_bytes());
        blamed(&Certificate::from_files(files).expect_err("the manifest was changed"))
    };
    assert_eq!(changed(format!("{text}\n")), MANIFEST);
    assert_eq!(changed(text.replace("  ", " ")), MANIFEST);
    assert_eq!(changed(text.replacen("\"schema\": 1", "\"schema\": 2", 1)), MANIFEST);
    assert_eq!(changed(text.replacen("\"schema\": 1", "\"schema\": 1, \"more\": 1", 1)), MANIFEST);
}

#[cfg(unix)]
#[test]
fn links_and_folders_are_no_files() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, bytes) in golden().to_files() {
        std::fs::write(folder.path().join(name), bytes).expect("writable");
    }
    assert!(Certificate::load(folder.path()).is_ok());
    let inner = folder.path().join("inner");
    std::fs::create_dir(&inner).expect("writable");
    assert!(matches!(Certificate::load(folder.path()), Err(CertificateError::NotAFile(name)) if name == "inner"));
    std::fs::remove_dir(&inner).expect("writable");
    std::os::unix::fs::symlink(folder.path().join("one-shot.arp"), &inner).expect("writable");
    assert!(matches!(Certificate::load(folder.path()), Err(CertificateError::NotAFile(name)) if name == "inner"));
}

#[test]
fn every_kernel_resolves_and_can_be_sized() {
    let certificate = golden();
    for kernel in certificate.kernels() {
        let protocol = certificate.protocol(kernel).unwrap_or_else(|error| panic!("{error}"));
        let shapes = protocol.shapes(&kernel.sizes(8, 1003)).unwrap_or_else(|error| panic!("{error}"));
        for buffer in &kernel.buffers {
            assert_eq!(shapes[buffer.id as usize].len(), buffer.shape.len(), "{}: {}", kernel.entry, buffer.name);
        }
    }
}
