//! From texts to a thread program, for callers that have both at hand: tests, and whoever emits kernels.

use super::entry::{entries, parameters};
use super::launch::{self, Launch, Overrides};
use super::program::{Assuming, ProgramError, PtxProgram};
use super::syntax;
use arverify_protocol::ir::Source;
use arverify_protocol::language::Diagnostics;
use std::sync::Arc;

/// Why there is no program.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// One of the texts.
    #[error("{0}")]
    Text(Diagnostics),
    /// A parameter of a type that cannot be passed.
    #[error("parameter `{0}` is of a type that cannot be passed here")]
    Parameter(String),
    /// The kernel, or its launch.
    #[error(transparent)]
    Program(#[from] ProgramError),
}

/// Reads a PTX module and a LAUNCH.toml, called `name` in messages.
pub fn load(
    module: &Arc<Source>,
    (name, text): (&str, &str),
    overrides: &Overrides,
    seed: u64,
) -> Result<PtxProgram, LoadError> {
    load_assuming(module, (name, text), (overrides, seed), Assuming::default())
}

/// The same under assumptions that change what accesses are.
pub fn load_assuming(
    module: &Arc<Source>,
    (name, text): (&str, &str),
    (overrides, seed): (&Overrides, u64),
    assuming: Assuming,
) -> Result<PtxProgram, LoadError> {
    let description = launch::parse(name, text).map_err(LoadError::Text)?;
    let launch = Launch::new(&description, overrides).map_err(LoadError::Text)?;
    let parsed = syntax::parse(module).map_err(LoadError::Text)?;
    let candidates = entries(&parsed);
    let names: Vec<&str> = candidates.iter().map(|entry| entry.name.as_str()).collect();
    let mut kernels = Vec::new();
    for own in launch.kernels() {
        let entry = candidates[own.entry(&names).map_err(LoadError::Text)?];
        let parameters = parameters(entry).map_err(LoadError::Parameter)?;
        own.check(&entry.name, &parameters).map_err(LoadError::Text)?;
        kernels.push((entry.name.clone(), parameters));
    }
    Ok(PtxProgram::assuming(module.clone(), &parsed, &kernels, (&launch, seed), assuming)?)
}
