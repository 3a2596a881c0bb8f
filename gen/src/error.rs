//! Everything that can go wrong, with the exit status it leads to.

use arverify_protocol::certificate::CertificateError;
use std::path::PathBuf;

/// Why a protocol cannot be written as CUDA. `line` counts from 1, in the protocol file.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// `launch` outside arguments and ghost blocks.
    #[error("`launch` is not known to a kernel: pass it as an argument")]
    Launch,
    /// A register that is read before anything is bound to it.
    #[error("a local is read that nothing was bound to")]
    Unbound,
    /// A ghost buffer, local or assertion outside a ghost block.
    #[error("line {line}: what is declared for the check only is used outside a ghost block")]
    Ghost {
        /// Where.
        line: u32,
    },
    /// A data phase over words, or a word operation on data.
    #[error("line {line}: buffer `{buffer}` does not hold {wanted}")]
    Element {
        /// Where.
        line: u32,
        /// Which.
        buffer: String,
        /// What was needed.
        wanted: &'static str,
    },
    /// An order that PTX does not have for this operation.
    #[error("line {line}: PTX has no {operation} with this order")]
    Order {
        /// Where.
        line: u32,
        /// Load, store, fence, …
        operation: &'static str,
    },
    /// A barrier number that the hardware does not have.
    #[error("line {line}: barrier {id} does not exist: the numbers are 0 to 15")]
    BarrierNumber {
        /// Where.
        line: u32,
        /// The number.
        id: i64,
    },
    /// A count of threads that is no multiple of the warp.
    #[error("line {line}: a barrier counts whole warps: {count} is not a positive multiple of 32")]
    BarrierCount {
        /// Where.
        line: u32,
        /// The count.
        count: i64,
    },
    /// `bar.arrive` cannot say that a thread has given up.
    #[error("line {line}: barrier_arrive cannot pass on that an await has expired: emit with --no-deadline")]
    ArriveWithDeadline {
        /// Where.
        line: u32,
    },
    /// A copy that stays outstanding, or the wait for one: no back end of CUDA has the pipe.
    #[error(
        "line {line}: `{statement}`: a pipe is checked and not emitted, for CUDA copies have none to go through yet"
    )]
    Pipe {
        /// Where.
        line: u32,
        /// The statement.
        statement: String,
    },
    /// A statement of a host program.
    #[error("line {line}: a statement of a host program, which no kernel has")]
    Host {
        /// Where.
        line: u32,
    },
    /// A reduction over fewer than one source.
    #[error("line {line}: a reduction over no sources")]
    EmptyReduction {
        /// Where.
        line: u32,
    },
    /// Something that is not an expression was filled into a template.
    #[error("template: {0}")]
    Template(#[from] askama::Error),
}

/// Why a program ends without having done what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file that cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Neither a catalogue name nor a file.
    #[error("unknown protocol `{name}`: {help}")]
    UnknownProtocol {
        /// As typed.
        name: String,
        /// What there is.
        help: String,
    },
    /// The protocol is a host program.
    #[error("`{protocol}` is a host program on streams, not a kernel: there is nothing to emit")]
    HostProgram {
        /// As typed.
        protocol: String,
    },
    /// The protocol's text is wrong. Rendered with file, line and column.
    #[error("{0}")]
    Protocol(String),
    /// A value on the command line that makes no sense.
    #[error("{0}")]
    Usage(String),
    /// The protocol asks for sizes that were not asked for.
    #[error("{protocol}: {requirement} does not hold at P = {ranks}, B = {blocks}, T = {threads}")]
    Requirement {
        /// Which.
        protocol: String,
        /// As text.
        requirement: String,
        /// P
        ranks: u32,
        /// B
        blocks: u32,
        /// T
        threads: u32,
    },
    /// The protocol has no CUDA form.
    #[error("{protocol}: {source}")]
    Render {
        /// The protocol's file.
        protocol: String,
        /// Why.
        source: RenderError,
    },
    /// The protocol is violated: nothing is written.
    #[error("{protocol} is violated at {sizes}: {codes}\n{report}nothing was written")]
    Violated {
        /// Which.
        protocol: String,
        /// P, B, T, N, launches.
        sizes: String,
        /// Codes, comma separated.
        codes: String,
        /// One line for each finding.
        report: String,
    },
    /// The checker could not decide.
    #[error("{protocol} could not be decided at {sizes}; nothing was written")]
    Inconclusive {
        /// Which.
        protocol: String,
        /// P, B, T, N, launches.
        sizes: String,
    },
    /// What the compiler made of a kernel could not be shown to be right.
    #[error("{entry}: its PTX could not be checked: {reason}; nothing was written")]
    Unchecked {
        /// The kernel.
        entry: String,
        /// Why.
        reason: String,
    },
    /// The CUDA compiler refused its input: a fault of argen.
    #[error("{compiler} failed on {source_file}:\n{output}")]
    Compiler {
        /// The program.
        compiler: String,
        /// The source file.
        source_file: String,
        /// What it printed.
        output: String,
    },
    /// The output folder exists and is not ours to replace.
    #[error("{}: {reason}; nothing was written", folder.display())]
    Occupied {
        /// Which.
        folder: PathBuf,
        /// Why it is left alone.
        reason: String,
    },
    /// The folder is no certificate.
    #[error("{}: {source}", folder.display())]
    Certificate {
        /// Which.
        folder: PathBuf,
        /// Why.
        source: CertificateError,
    },
}

impl Error {
    /// 1: something is violated; 2: bad input; 3: inconclusive.
    pub fn exit_status(&self) -> u8 {
        match self {
            Error::Violated { .. } => 1,
            Error::Inconclusive { .. } | Error::Unchecked { .. } => 3,
            _ => 2,
        }
    }
}
