//! The CUDA compiler, where there is one.
//!
//! It is looked for on PATH, in `$CUDA_HOME/bin` and `$CUDA_PATH/bin`, and in the `.cuda` folder that `make` fetches it
//! into, beside a folder that holds this program. PTX is text and needs no GPU. Kernels are compiled without fast-math
//! and without line information, whose paths would make the PTX differ from machine to machine.

use crate::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A CUDA compiler.
#[derive(Clone, Debug)]
pub struct Compiler {
    nvcc: PathBuf,
}

impl Compiler {
    /// The first one found.
    pub fn find() -> Option<Compiler> {
        let on_path =
            std::env::var_os("PATH").into_iter().flat_map(|path| std::env::split_paths(&path).collect::<Vec<_>>());
        let homes = ["CUDA_HOME", "CUDA_PATH"].into_iter().filter_map(std::env::var_os);
        let folders = on_path.chain(homes.map(|home| PathBuf::from(home).join("bin"))).chain(fetched_folders());
        let nvcc = folders.map(|folder| folder.join("nvcc")).find(|program| program.is_file())?;
        Some(Compiler { nvcc })
    }

    /// The folder that holds `nvcc`, `ptxas` and their like.
    pub fn folder(&self) -> &Path {
        self.nvcc.parent().unwrap_or(Path::new("."))
    }

    /// The release, such as `13.0.88`.
    pub fn version(&self) -> Result<String, Error> {
        let text = self.run(Command::new(&self.nvcc).arg("--version"), "--version")?;
        let release = text.split(|separator: char| separator.is_whitespace() || separator == ',');
        let version = release.into_iter().find_map(|word| word.strip_prefix('V'));
        Ok(version.unwrap_or("unknown").to_owned())
    }

    /// Compiles a source text to PTX for an architecture such as `sm_90`. `name` is the file's name in messages.
    pub fn ptx(&self, name: &str, source: &str, architecture: &str) -> Result<String, Error> {
        let folder = tempfile::tempdir().map_err(|source| Error::File { path: std::env::temp_dir(), source })?;
        let (input, output) = (folder.path().join(name), folder.path().join("kernel.ptx"));
        std::fs::write(&input, source).map_err(|source| Error::File { path: input.clone(), source })?;
        let mut command = Command::new(&self.nvcc);
        command.args(["-std=c++17", "-ptx", "-arch", architecture]).arg(&input).arg("-o").arg(&output);
        self.run(&mut command, name)?;
        std::fs::read_to_string(&output).map_err(|source| Error::File { path: output, source })
    }

    fn run(&self, command: &mut Command, name: &str) -> Result<String, Error> {
        let output = command.output().map_err(|source| Error::File { path: self.nvcc.clone(), source })?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if !output.status.success() {
            return Err(Error::Compiler {
                compiler: self.nvcc.display().to_string(),
                source_file: name.to_owned(),
                output: text(&output.stderr) + &text(&output.stdout),
            });
        }
        Ok(text(&output.stdout))
    }
}

/// `bin` folders of compilers that were fetched into `.cuda`, as a virtual environment or as plain wheels.
fn fetched_folders() -> Vec<PathBuf> {
    let Ok(program) = std::env::current_exe() else { return Vec::new() };
    let homes = program.ancestors().map(|folder| folder.join(".cuda")).filter(|folder| folder.is_dir());
    let mut folders = Vec::new();
    for home in homes {
        let mut roots = vec![home.clone()];
        for environment in entries(&home.join("lib")) {
            roots.push(environment.join("site-packages"));
        }
        for root in roots {
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
