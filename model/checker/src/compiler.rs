//! The CUDA compiler, where there is one.
//!
//! It is looked for on PATH, in `$CUDA_HOME/bin` and `$CUDA_PATH/bin`, and in the `.cuda` folder that `make` fetches it
//! into, beside a folder that holds this program or the working directory. PTX is text and needs no GPU.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Why there is no PTX.
#[derive(Debug, thiserror::Error)]
pub enum CompilerError {
    /// No compiler was found.
    #[error(
        "no CUDA compiler was found: put nvcc on PATH, set CUDA_HOME, or give the PTX instead (nvcc -lineinfo -ptx \
         -arch=sm_90)"
    )]
    Missing,
    /// The compiler refused the source; its own messages.
    #[error("{0}")]
    Refused(String),
    /// A file could not be written or read, or the compiler not started.
    #[error("{what}: {source}")]
    File {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: std::io::Error,
    },
}

/// The first `nvcc` found.
pub fn find() -> Option<PathBuf> {
    let on_path =
        std::env::var_os("PATH").into_iter().flat_map(|path| std::env::split_paths(&path).collect::<Vec<_>>());
    let homes = ["CUDA_HOME", "CUDA_PATH"].into_iter().filter_map(std::env::var_os);
    let folders = on_path.chain(homes.map(|home| PathBuf::from(home).join("bin"))).chain(fetched_folders());
    folders.map(|folder| folder.join("nvcc")).find(|program| program.is_file())
}

/// Compiles a CUDA source to PTX with line information, for an architecture such as `sm_90` and with more options.
pub fn ptx(source: &Path, architecture: &str, options: &[String]) -> Result<String, CompilerError> {
    let nvcc = find().ok_or(CompilerError::Missing)?;
    let failed = |what: &str| {
        let what = what.to_owned();
        move |source: std::io::Error| CompilerError::File { what, source }
    };
    let folder = tempfile::tempdir().map_err(failed("cannot make a temporary folder"))?;
    let output = folder.path().join("kernel.ptx");
    let mut command = Command::new(nvcc);
    command.args(["-std=c++17", "-lineinfo", "-ptx"]).arg(format!("-arch={architecture}")).args(options);
    let ended = command.arg(source).arg("-o").arg(&output).output().map_err(failed("cannot start nvcc"))?;
    if !ended.status.success() {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let messages = text(&ended.stderr) + &text(&ended.stdout);
        return Err(CompilerError::Refused(messages.trim_end().to_owned()));
    }
    std::fs::read_to_string(&output).map_err(failed("cannot read what nvcc wrote"))
}

/// `bin` folders of compilers that were fetched into `.cuda`, as a virtual environment or as plain wheels.
fn fetched_folders() -> Vec<PathBuf> {
    let starts = [std::env::current_exe().ok(), std::env::current_dir().ok()];
    let mut folders = Vec::new();
    for home in starts.iter().flatten().flat_map(|start| start.ancestors()).map(|folder| folder.join(".cuda")) {
        if !home.is_dir() {
            continue;
        }
        let environments = entries(&home.join("lib")).into_iter().map(|folder| folder.join("site-packages"));
        for root in environments.chain([home.clone()]) {
            folders.extend(entries(&root.join("nvidia")).into_iter().map(|version| version.join("bin")));
        }
    }
    folders
}

/// What a folder holds, sorted; nothing if it cannot be read.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let read = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = read.map(|entry| entry.path()).collect();
    found.sort();
    found
}
