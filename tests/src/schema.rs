//! What `arverify check --format json` prints, held against its schema: every test that reads a report reads it here, so that
//! whatever the tests find at all is described by docs/arverify.schema.json.

use crate::root;
use jsonschema::Validator;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The file of the schema.
pub fn schema_path() -> PathBuf {
    root().join("docs/arverify.schema.json")
}

/// What a check printed.
///
/// Errors: it is no JSON, or none that the schema describes; with what was printed.
pub fn report(printed: &[u8]) -> Result<Value, String> {
    static SCHEMA: OnceLock<Validator> = OnceLock::new();
    let text = || String::from_utf8_lossy(printed);
    let report = serde_json::from_slice(printed).map_err(|error| format!("{error}\n{}", text()))?;
    match errors(SCHEMA.get_or_init(|| validator(&schema_path())), &report) {
        errors if errors.is_empty() => Ok(report),
        errors => Err(format!("not as {} has it: {errors}\n{}", schema_path().display(), text())),
    }
}

/// What is not as a schema has it, a line for each place.
pub fn errors(schema: &Validator, value: &Value) -> String {
    let errors = schema.iter_errors(value).map(|error| format!("{}: {error:.400}", error.instance_path()));
    errors.collect::<Vec<_>>().join("\n")
}

/// The validator of a schema.
///
/// # Panics
/// If there is no such file, or it is no schema.
pub fn validator(path: &Path) -> Validator {
    match jsonschema::validator_for(&json(path)) {
        Ok(validator) => validator,
        Err(error) => panic!("{} is no schema: {error}", path.display()),
    }
}

/// A file of JSON.
///
/// # Panics
/// If there is no such file, or it is none.
pub fn json(path: &Path) -> Value {
    let value = std::fs::read(path).ok().and_then(|text| serde_json::from_slice(&text).ok());
    let Some(value) = value else { panic!("{} is no JSON", path.display()) };
    value
}
