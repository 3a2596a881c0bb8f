//! Whether kernels fit their launch: clusters and blocks that they require, and what copies by the async proxy go with.

use super::code::{Code, Entry, Instruction, Step};
use super::launch::Launch;
use super::names::demangled;
use super::program::ProgramError;
use arverify_protocol::ir::Source;
use arverify_protocol::language::{Diagnostic, Diagnostics};

/// Whether some instruction starts a copy by the async proxy.
pub(super) fn has_copies(instructions: &[Instruction]) -> bool {
    instructions.iter().any(starts_copy)
}

fn starts_copy(instruction: &Instruction) -> bool {
    matches!(instruction.step, Step::Bulk(_))
}

/// What does not go with copies by the async proxy. Each kernel of the launch is one of the code's.
pub(super) fn check_copies(
    code: &Code,
    entries: &[usize],
    (module, launch): (&Source, &Launch),
) -> Result<(), Diagnostics> {
    let refuse = |error| Err(Diagnostics { source: launch.source.clone(), list: vec![error] });
    if let Some(span) = &launch.dependent {
        let message = "bulk copies are not known in launches that depend on each other";
        let error = Diagnostic::new(message, span.clone()).label("so they are launched here");
        return refuse(error.help("check ordinary launches of this kernel"));
    }
    for (own, index) in launch.kernels().into_iter().zip(entries) {
        let (Some(span), Some(pc)) = (&own.of_step, first_copy(code, *index)) else { continue };
        let (line, _) = module.line_column(code.origins[pc].span.start);
        let kernel = demangled(&code.entries[*index].name);
        let message = format!("`{kernel}` has bulk copies, which are not known in launches of several steps");
        let error = Diagnostic::new(message, span.clone()).label("expected a kernel without bulk copies");
        let error = error.note(format!("the first: line {line} of {}", module.name));
        return refuse(error.help("check this kernel in a file of its own, without [[step]]"));
    }
    Ok(())
}

/// The first instruction of a kernel that starts a copy.
fn first_copy(code: &Code, entry: usize) -> Option<usize> {
    let start = code.entries[entry].start as usize;
    let end = code.entries.get(entry + 1).map_or(code.instructions.len(), |next| next.start as usize);
    code.instructions[start..end].iter().position(starts_copy).map(|index| start + index)
}

/// The shape of clusters: that of the file, which must be the one that the kernel was compiled for, if it was for one.
pub(super) fn cluster_shape(entry: &Entry, launch: &Launch) -> Result<Option<[u32; 3]>, ProgramError> {
    let (required, launched) = (entry.required_cluster, launch.cluster.as_ref().map(|(shape, _)| *shape));
    if let (Some(required), Some(launched)) = (required, launched)
        && required != launched
    {
        let message = format!("the kernel requires clusters of {required:?} blocks, and is launched with {launched:?}");
        return Err(ProgramError::Cluster(message));
    }
    let shape = launched.or(required);
    if let Some(shape) = shape {
        launch.divided_by(shape).map_err(ProgramError::Cluster)?;
    }
    Ok(shape)
}

/// `.reqntid` and `.maxntid`.
pub(super) fn check_blocks(entry: &Entry, launch: &Launch) -> Result<(), ProgramError> {
    for block in &launch.blocks {
        let launched = block.iter().map(|axis| u64::from(*axis)).product();
        let refuse = |required: String| Err(ProgramError::Block { required, launched });
        match (entry.required_threads, entry.most_threads) {
            (Some(required), _) if required != *block => {
                return refuse(required.map(|axis| axis.to_string()).join(" × "));
            }
            (_, Some(most)) if launched > most => return refuse(format!("at most {most}")),
            _ => {}
        }
    }
    Ok(())
}
