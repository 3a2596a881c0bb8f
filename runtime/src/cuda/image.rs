//! The machine code of a kernel: PTX from the certificate, or its source compiled when there is none that fits.
//!
//! PTX for a plain architecture runs on that and every later one; with a suffix (`sm_90a`) on exactly that one. The
//! newest that runs is taken. Else NVRTC compiles the certified source, for which CUDA's headers must be found.

use crate::error::Error;
use crate::kernels::Kernels;
use arverify_protocol::certificate::KernelEntry;
use cudarc::nvrtc::{CompileOptions, Ptx, compile_ptx_with_opts, sys};

/// The PTX of a kernel for a device of this compute capability (90 for sm_90).
pub(crate) fn ptx_of(kernels: &Kernels, kernel: &KernelEntry, capability: u32) -> Result<Ptx, Error> {
    let fitting = kernel.ptx.iter().filter_map(|(name, file)| Some((rank_of(name, capability)?, file)));
    match fitting.max() {
        Some((_, file)) => Ok(Ptx::from_src(text(kernels, file)?)),
        None => compile(kernel, &text(kernels, &kernel.source)?, capability),
    }
}

/// How well an architecture suits a device: later is better, and an exact one with a suffix best. `None`: not at all.
fn rank_of(architecture: &str, capability: u32) -> Option<(u32, bool)> {
    let number = architecture.strip_prefix("sm_").or_else(|| architecture.strip_prefix("compute_"))?;
    let exact = number.ends_with(|last: char| last.is_ascii_alphabetic());
    let number = number.trim_end_matches(|last: char| last.is_ascii_alphabetic()).parse::<u32>().ok()?;
    let runs = if exact { number == capability } else { number <= capability };
    runs.then_some((number, exact))
}

fn text(kernels: &Kernels, file: &str) -> Result<String, Error> {
    let bytes = kernels.certificate().file(file).unwrap_or_default();
    let text = std::str::from_utf8(bytes).ok().filter(|text| !text.is_empty() && !text.contains('\0'));
    text.map(str::to_owned).ok_or_else(|| Error::NoCuda(format!("{file} is empty or not text")))
}

fn compile(kernel: &KernelEntry, source: &str, capability: u32) -> Result<Ptx, Error> {
    let entry = &kernel.entry;
    // SAFETY: it looks for the library by name and loads it, as every call to NVRTC would.
    let present = unsafe { sys::is_culib_present() };
    if !present {
        let message =
            format!("`{entry}` has no PTX for sm_{capability}, and the compiler library (NVRTC) was not found");
        return Err(Error::NoCuda(message));
    }
    let options = CompileOptions {
        options: vec![format!("--gpu-architecture=compute_{capability}"), "--std=c++17".to_owned()],
        include_paths: include_paths(),
        ..CompileOptions::default()
    };
    compile_ptx_with_opts(source, options)
        .map_err(|error| Error::NoCuda(format!("`{entry}` does not compile for sm_{capability}: {error}")))
}

/// Where CUDA's headers are, by the variables that its own tools use.
fn include_paths() -> Vec<String> {
    let homes = ["CUDA_HOME", "CUDA_PATH"].into_iter().filter_map(|variable| std::env::var(variable).ok());
    let homes = homes.chain(["/usr/local/cuda".to_owned()]);
    homes.flat_map(|home| [format!("{home}/include"), format!("{home}/include/cccl")]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_that_runs_is_taken() {
        let best = |capability| {
            ["sm_80", "sm_90", "sm_90a", "sm_100a", "sm_120"]
                .into_iter()
                .filter_map(|name| Some((rank_of(name, capability)?, name)))
                .max()
                .map(|(_, name)| name)
        };
        assert_eq!(best(75), None);
        assert_eq!(best(89), Some("sm_80"));
        assert_eq!(best(90), Some("sm_90a"));
        assert_eq!(best(100), Some("sm_100a"));
        assert_eq!(best(103), Some("sm_90"));
        assert_eq!(rank_of("wrong", 90), None);
    }
}

#[cfg(test)]
mod compiler {
    use super::*;

    /// The certified sources are what NVRTC gets on a machine that has no PTX for its device.
    #[test]
    fn certified_sources_compile() {
        // SAFETY: as in `compile`.
        if !unsafe { sys::is_culib_present() } {
            use std::io::Write;
            let line = "SKIPPED certified_sources_compile: the compiler library (NVRTC) was not found\n";
            let _ = std::io::stderr().write_all(line.as_bytes());
            return;
        }
        let kernels = Kernels::bundled().unwrap();
        for kernel in kernels.certificate().kernels() {
            let ptx = ptx_of(&kernels, kernel, 90).unwrap_or_else(|error| panic!("{error}"));
            assert!(ptx.to_src().contains(&format!(".entry {}(", kernel.entry)), "{}", kernel.entry);
        }
    }
}
