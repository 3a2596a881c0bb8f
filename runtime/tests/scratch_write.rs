mod common;
use common::*;
use arverify_runtime::DataType;
#[test]
fn write() {
    let mut forms = vec![];
    for protocol in ["one-shot","two-shot"] { for ranks in [2,4,8] { for data in [DataType::F32, DataType::F16, DataType::BF16] { forms.push(Form::new(protocol, ranks, data)); } } }
    let k = kernels(&forms);
    std::fs::create_dir_all("/tmp/h3k").unwrap();
    for (n, b) in k.certificate().to_files() { std::fs::write(format!("/tmp/h3k/{n}"), b).unwrap(); }
}
