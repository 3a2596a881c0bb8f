//! Whether kernels fit their launch: clusters and blocks that they require, and what copies by the async proxy go with.

use super::code::{Code, Entry, Instruction, Step};
use super::copies::Room;
use super::decode::DecodeError;
use super::launch::{Launch, Parameter};
use super::layout::{Kernel, LaidOut, lay_out};
use arverify_protocol::language::{Diagnostic, Diagnostics};

/// Why a kernel cannot be run as launched.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// The kernel.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The launch.
    #[error("{0}")]
    Launch(Diagnostics),
    /// A kernel that requires another cluster, or any.
    #[error("{0}")]
    Cluster(String),
    /// A kernel that requires another block.
    #[error("the kernel requires blocks of {required} threads (.reqntid or .maxntid), and is launched with {launched}")]
    Block {
        /// What it requires, in words.
        required: String,
        /// What rank 0 launches.
        launched: u64,
    },
}

/// Whether some instruction starts a copy by the async proxy.
pub(super) fn has_copies(instructions: &[Instruction]) -> bool {
    instructions.iter().any(starts_copy)
}

fn starts_copy(instruction: &Instruction) -> bool {
    matches!(instruction.step, Step::Bulk(_))
}

/// What does not go with copies by the async proxy.
pub(super) fn check_copies(launch: &Launch) -> Result<(), Diagnostics> {
    let Some(span) = &launch.dependent else { return Ok(()) };
    let message = "bulk copies are not known in launches that depend on each other";
    let error = Diagnostic::new(message, span.clone()).label("so they are launched here");
    let error = error.help("check ordinary launches of this kernel");
    Err(Diagnostics { source: launch.source.clone(), list: vec![error] })
}

/// Whether some instruction of a kernel starts a copy.
pub(super) fn copies_in(code: &Code, entry: &Entry) -> bool {
    let next = code.entries.iter().map(|other| other.start).filter(|start| *start > entry.start).min();
    let end = next.map_or(code.instructions.len(), |next| next as usize);
    has_copies(&code.instructions[entry.start as usize..end])
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

/// Whether all ranks launch the same grid, or it does not matter.
pub(super) fn launches_equal_grids(launch: &Launch) -> bool {
    !launch.steps.is_empty() || launch.grids.windows(2).all(|pair| pair[0] == pair[1])
}

/// Lays out the memory of kernels, each with which of the code's it is, with threads for so many copies.
pub(super) fn laid_out(
    code: &Code,
    (entries, kernels): (&[usize], &[(String, Vec<Parameter>)]),
    launch: &Launch,
    room: &Room,
) -> Result<LaidOut, ProgramError> {
    let mut laid = Vec::new();
    for ((own, (_, parameters)), index) in launch.kernels().into_iter().zip(kernels).zip(entries) {
        let entry = &code.entries[*index];
        let cluster = cluster_shape(entry, own)?;
        check_blocks(entry, own)?;
        laid.push(Kernel { entry, parameters, launch: own, cluster });
    }
    lay_out(code, launch, &laid, room)
}
