//! `check --lints` of kernels: what is too much (AR102), and strong accesses in no order on which nobody waits (AR103).

use super::checked;

/// Code and line of each lint of a kernel of `lints.ptx`, launched with so many blocks of two threads.
fn lints(kernel: &str, blocks: u32) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let launch = format!(
        "kernel = \"{kernel}\"\nranks = 1\ngrid = {blocks}\nblock = 2\nlaunches = 1\n[[buffer]]\nname = \"word\"\nbytes = 4\n\
         dtype = \"u32\"\ninit = \"zero\"\n[[arg]]\nptr = \"word\"\n"
    );
    std::fs::write(folder.path().join("launch.toml"), launch).expect("it is written");
    let ptx = arverify_tests::root().join("tests/suggest/lints.ptx").display().to_string();
    let arguments = [&*ptx, "--launch", "launch.toml", "--lints"].map(str::to_owned);
    let result = checked(&arverify_tests::arverify(), folder.path(), &arguments);
    assert_eq!(result["verdict"], "verified", "{result}");
    let told = |finding: &serde_json::Value| {
        format!("{} {}", finding["code"].as_str().unwrap_or_default(), finding["source"]["line"])
    };
    result["findings"].as_array().into_iter().flatten().map(told).collect()
}

#[test]
fn stores_in_no_order_are_told() {
    assert_eq!(lints("last", 2), ["AR103 16"]);
}

#[test]
fn of_one_block_the_store_is_in_order_and_need_not_be_strong() {
    assert_eq!(lints("last", 1), ["AR102 16"]);
}

#[test]
fn what_a_barrier_hands_over_need_not_be_strong_and_one_barrier_is_too_many() {
    // Either barrier can go, but not both.
    assert_eq!(lints("handed", 1), ["AR102 30", "AR102 32", "AR102 33", "AR102 34"]);
}

#[test]
fn a_signal_is_no_access_in_no_order() {
    assert_eq!(lints("signalled", 1), Vec::<String>::new());
}
