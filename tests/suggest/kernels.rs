//! The bad kernels: how many get a suggestion, and that the PTX with it is verified.

use super::{all, checked, patch, suggested};
use arverify_tests::bad::{BadKernel, bad_kernels};
use serde_json::Value;
use std::path::Path;

/// Whether a kernel gets a suggestion; the PTX with it must be verified. Nothing where the kernel is verified as it is.
fn mended(program: &Path, case: &BadKernel) -> Option<bool> {
    let arguments: Vec<String> =
        std::iter::once(case.ptx.display().to_string()).chain(case.options.iter().cloned()).collect();
    let here = Path::new(".");
    if checked(program, here, &arguments)["verdict"] != "violated" {
        return None;
    }
    let suggestion = suggested(program, here, &arguments);
    if suggestion["verified"] != true {
        return Some(false);
    }
    for change in suggestion["changes"].as_array().into_iter().flatten() {
        let file = change["file"].as_str().unwrap_or_default();
        assert!(file.ends_with(".cu"), "{}: {change}", case.name);
        assert_ne!(change["text"], Value::from(""), "{}: {change}", case.name);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("mended.ptx");
    std::fs::copy(&case.ptx, &copy).expect("it is copied");
    let diff = suggestion["diff"].as_str().expect("a PTX file has a diff");
    if !patch(folder.path(), &diff.replace(&case.ptx.display().to_string(), "mended.ptx")) {
        return Some(true);
    }
    let again: Vec<String> = std::iter::once(copy.display().to_string()).chain(case.options.iter().cloned()).collect();
    assert_eq!(checked(program, here, &again)["verdict"], "verified", "{}: {suggestion}", case.name);
    Some(true)
}

#[test]
fn most_bad_kernels_are_mended() {
    let program = arverify_tests::arverify();
    let cases: Vec<BadKernel> = bad_kernels().into_iter().filter(BadKernel::is_violated).collect();
    let found = all(cases, |case| mended(&program, case).map(|mended| (case.zoo, mended)));
    let found: Vec<(&str, bool)> = found.into_iter().flatten().collect();
    for zoo in ["kernels", "zoo", "zoo2"] {
        let of_zoo: Vec<bool> = found.iter().filter(|(own, _)| *own == zoo).map(|(_, mended)| *mended).collect();
        println!(
            "{} of {} bad kernels of {zoo} are mended",
            of_zoo.iter().filter(|mended| **mended).count(),
            of_zoo.len()
        );
    }
    let (mended, count) = (found.iter().filter(|(_, mended)| *mended).count(), found.len());
    // Three in five, but on a slow machine the searches get less far.
    assert!(mended * 20 >= count * 11, "{mended} of {count}");
}
