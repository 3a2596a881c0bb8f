//! What the checker says of a kernel, compared with what its folder expects.

use crate::expectation::Case;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// Seconds that a kernel may take.
const TIMEOUT: &str = "120";

/// Runs the checker and compares.
pub(crate) fn check(program: &Path, case: &Case) -> Result<(), String> {
    let mut command = Command::new(program);
    command.arg("check").arg(&case.ptx).arg("--launch").arg(&case.launch);
    command.args(["--format", "json", "--timeout", TIMEOUT]).args(&case.options);
    if case.all.is_some() {
        command.arg("--all");
    }
    // The second engine is asked about the same program.
    let both = case.options.iter().any(|option| option == "polled-words=strong");
    if both {
        command.args(["--engine", "both"]);
    }
    let output = command.output().map_err(|error| format!("{}: {error}", program.display()))?;
    let report = arverify_tests::schema::report(&output.stdout).map_err(|error| {
        format!("exit status {:?}: {error}{}", output.status.code(), String::from_utf8_lossy(&output.stderr))
    })?;
    let result = &report["results"][0];
    let findings = result["findings"].as_array().cloned().unwrap_or_default();
    let found: Vec<&str> = findings.iter().filter_map(|finding| finding["code"].as_str()).collect();
    if both && result["engines"]["agree"] == false {
        return Err(format!("the engines disagree: {}", result["engines"]));
    }
    let verdict = result["verdict"].as_str().unwrap_or_default();
    let lints_only = case.codes.iter().all(|code| code.starts_with("AR1"));
    let (expected, status) = if lints_only { ("verified", 0) } else { ("violated", 1) };
    let announced = |code: &&str| case.codes.iter().any(|known| known == code);
    let right = verdict == expected
        && output.status.code() == Some(status)
        && (case.codes.is_empty() || found.iter().any(announced));
    if !right {
        return Err(format!(
            "expected {expected} {:?}, found {verdict} {found:?}\nwarnings: {}\nfindings: {}",
            case.codes,
            result["warnings"],
            findings
                .iter()
                .map(|finding| format!("{}\n  {}", finding["message"], finding["notes"]))
                .collect::<String>()
        ));
    }
    let told =
        |finding: &Value| format!("{} {}", finding["code"].as_str().unwrap_or_default(), finding["source"]["line"]);
    let told: Vec<String> = findings.iter().map(told).collect();
    if let Some(all) = case.all.as_ref().filter(|all| **all != told) {
        return Err(format!("expected the findings {all:?}, found {told:?}"));
    }
    if !lints_only {
        in_the_source(case, &findings)?;
    }
    match &case.says {
        Some(words) if !findings.iter().any(|finding| finding.to_string().contains(words)) => {
            Err(format!("no finding says `{words}`: {}", Value::from(findings)))
        }
        _ => Ok(()),
    }
}

/// A finding that has a place has it in the CUDA source, which lies beside the PTX; and it can be replayed.
fn in_the_source(case: &Case, findings: &[Value]) -> Result<(), String> {
    for finding in findings {
        let source = &finding["source"];
        if source.is_null() {
            continue;
        }
        let file = source["file"].as_str().unwrap_or_default();
        let name = Path::new(file).file_name().unwrap_or_default().to_string_lossy().into_owned();
        let own = format!("{}.cu", case.ptx.file_stem().unwrap_or_default().to_string_lossy());
        if name != "kernel.cu" && name != own {
            return Err(format!("the finding is not in the CUDA source but in {file}: {}", finding["message"]));
        }
        let replay = finding["replay"].as_str().unwrap_or_default();
        if !replay.starts_with("arverify replay ") || !replay.contains(" --launch ") {
            return Err(format!("the finding cannot be replayed: {replay}"));
        }
    }
    Ok(())
}
