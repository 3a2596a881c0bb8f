//! Certified kernels: a folder written by `argen emit`, verified whole before anything of it is used.
//!
//! The decision taken: a certificate is verified when it is loaded and kept in memory, so that nothing read later can
//! differ from what was verified. The road not taken: verifying on launch, by path, which checks one file and runs
//! another. Not modelled: who wrote the folder. A digest finds damage and mixing, not malice.

use crate::error::Error;
use arverify_protocol::certificate::{Certificate, KernelEntry};
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::ir::Protocol;
use include_dir::{Dir, include_dir};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// The folder that comes with the product. Its manifest names every other file, so a change to any of them recompiles.
static BUNDLED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../tests/golden");

/// Certified kernels, ready to be run by a group.
#[derive(Clone, Debug)]
pub struct Kernels {
    certificate: Arc<Certificate>,
}

impl Kernels {
    /// Reads a folder written by `argen emit`. Fails when any file of it is not as it was written.
    pub fn load(folder: impl AsRef<Path>) -> Result<Kernels, Error> {
        Ok(Kernels::from(Certificate::load(folder.as_ref())?))
    }

    /// The kernels that come with the product, for 2, 4 and 8 ranks of each type: one-shot, two-shot, ll, lamport, ring
    /// and those over channels for the all-reduce, and one for each other collective. Verified like any others.
    pub fn bundled() -> Result<Kernels, Error> {
        let files = BUNDLED.files().map(|file| (file.path().display().to_string(), file.contents().to_vec()));
        Kernels::from_files(files.collect())
    }

    /// Verifies files by name, as [`Kernels::load`] does with a folder.
    pub fn from_files(files: BTreeMap<String, Vec<u8>>) -> Result<Kernels, Error> {
        Ok(Kernels::from(Certificate::from_files(files)?))
    }

    /// The certificate behind them.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The kernel of a protocol for these ranks and this type, with its protocol.
    pub(crate) fn find(
        &self,
        protocol: &str,
        ranks: u32,
        data: DataType,
        accumulate: Accumulate,
    ) -> Result<(KernelEntry, Protocol), Error> {
        let fits = |kernel: &&KernelEntry| {
            kernel.protocol == protocol
                && kernel.ranks == ranks
                && kernel.dtype == data
                && (kernel.accumulate == accumulate || data == DataType::F32)
        };
        let kernel = self.certificate.kernels().iter().find(fits).ok_or_else(|| Error::NoKernel {
            protocol: protocol.to_owned(),
            ranks,
            data,
            available: self.available(protocol),
        })?;
        let protocol = self.certificate.protocol(kernel)?;
        Ok((kernel.clone(), protocol))
    }

    fn available(&self, protocol: &str) -> String {
        let kernels = self.certificate.kernels();
        let of_protocol: Vec<&KernelEntry> = kernels.iter().filter(|kernel| kernel.protocol == protocol).collect();
        if of_protocol.is_empty() {
            let names: BTreeSet<&str> = kernels.iter().map(|kernel| kernel.protocol.as_str()).collect();
            return format!("there are kernels of {}", list(names));
        }
        let forms = of_protocol.iter().map(|kernel| {
            let wide = if kernel.accumulate == Accumulate::F32 { " accumulated in f32" } else { "" };
            (kernel.ranks, format!("{} × {}{wide}", kernel.ranks, kernel.dtype))
        });
        let forms: BTreeSet<(u32, String)> = forms.collect();
        format!("there is one for {}", list(forms.iter().map(|(_, form)| form.as_str())))
    }
}

impl From<Certificate> for Kernels {
    fn from(certificate: Certificate) -> Kernels {
        Kernels { certificate: Arc::new(certificate) }
    }
}

fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().collect::<Vec<_>>().join(", ")
}
