//! Certificates: a folder of emitted kernels that vouches for itself.
//!
//! `argen emit` writes the folder; the runtime loads nothing that does not verify. A certificate is a set of plain
//! files and `manifest.json`, which names the sha256 of each of them and its own. The decision taken: the manifest has
//! exactly one textual form (what [`Manifest`] serialises to), so that every byte of it counts, white space too. The
//! road not taken: a detached digest file, which is one more file that can go missing.
//!
//! Not modelled: authorship. A digest finds damage, mixing and editing by accident; whoever can write the folder can
//! write a consistent one. There is no signature.

mod manifest;

pub use manifest::{
    BufferEntry, CheckEntry, HOLDS_FOR_ANY_LENGTH, HOLDS_FOR_ONE_LENGTH, KernelEntry, Manifest, Parameter,
    PtxCheckEntry, SCHEMA, STATUS_WORDS, StatusWord,
};

use crate::ir::Protocol;
use crate::language;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The manifest's file name.
pub const MANIFEST: &str = "manifest.json";

/// Files larger than this are not read: no emitted file comes near it.
const FILE_LIMIT: u64 = 64 << 20;

/// A folder whose every byte is as it was emitted.
#[derive(Clone, Debug, PartialEq)]
pub struct Certificate {
    manifest: Manifest,
    files: BTreeMap<String, Vec<u8>>,
}

/// Why a folder is not a certificate.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// The folder or a file in it cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// What.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Something that is not a plain file of a sensible size.
    #[error("{0}: a certificate holds plain files of at most 64 MiB only")]
    NotAFile(String),
    /// There is no manifest.
    #[error("manifest.json is missing: this is no folder written by argen")]
    NoManifest,
    /// The manifest is not JSON of the expected form.
    #[error("manifest.json:{line}:{column}: {message}")]
    Malformed {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// A manifest of another version.
    #[error("manifest.json: schema {found} is not supported, only schema {SCHEMA}")]
    Schema {
        /// The version found.
        found: u32,
    },
    /// A file is not as it was written.
    #[error("{file} was altered: its sha256 is not the one in the manifest")]
    Altered {
        /// Which.
        file: String,
    },
    /// A file that the manifest lists is not there.
    #[error("{file} is missing")]
    Missing {
        /// Which.
        file: String,
    },
    /// A file that the manifest does not list.
    #[error("{file} does not belong to the certificate: the manifest does not list it")]
    Extra {
        /// Which.
        file: String,
    },
    /// The manifest contradicts itself or a file that it lists.
    #[error("manifest.json: kernel {entry}: {message}")]
    Inconsistent {
        /// The kernel's C symbol.
        entry: String,
        /// What is wrong.
        message: String,
    },
}

impl Certificate {
    /// Reads and verifies a folder. Sub-folders and links count as foreign files.
    pub fn load(folder: &Path) -> Result<Certificate, CertificateError> {
        Certificate::from_files(read_folder(folder)?)
    }

    /// Verifies a set of files, by name.
    pub fn from_files(mut files: BTreeMap<String, Vec<u8>>) -> Result<Certificate, CertificateError> {
        let text = files.remove(MANIFEST).ok_or(CertificateError::NoManifest)?;
        let manifest = parse_manifest(&text)?;
        for (file, digest) in &manifest.files {
            let bytes = files.get(file).ok_or_else(|| CertificateError::Missing { file: file.clone() })?;
            if sha256(bytes) != *digest {
                return Err(CertificateError::Altered { file: file.clone() });
            }
        }
        if let Some(file) = files.keys().find(|file| !manifest.files.contains_key(*file)) {
            return Err(CertificateError::Extra { file: file.clone() });
        }
        let certificate = Certificate { manifest, files };
        for kernel in certificate.kernels() {
            certificate.check_kernel(kernel)?;
        }
        Ok(certificate)
    }

    /// The files to write, `manifest.json` among them: fills in the digests and verifies the result. `files` are all
    /// files but the manifest; `manifest.files` and `manifest.digest` are replaced.
    pub fn seal(mut manifest: Manifest, files: BTreeMap<String, Vec<u8>>) -> Result<Certificate, CertificateError> {
        manifest.files = files.iter().map(|(file, bytes)| (file.clone(), sha256(bytes))).collect();
        manifest.digest = manifest_digest(&manifest);
        let certificate = Certificate { manifest, files };
        Certificate::from_files(certificate.to_files())
    }

    /// Every file of the folder by name, the manifest included.
    pub fn to_files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = self.files.clone();
        files.insert(MANIFEST.to_owned(), manifest_text(&self.manifest).into_bytes());
        files
    }

    /// The manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The kernels, in order.
    pub fn kernels(&self) -> &[KernelEntry] {
        &self.manifest.kernels
    }

    /// The kernel with this C symbol.
    pub fn kernel(&self, entry: &str) -> Option<&KernelEntry> {
        self.kernels().iter().find(|kernel| kernel.entry == entry)
    }

    /// The contents of a file other than the manifest.
    pub fn file(&self, name: &str) -> Option<&[u8]> {
        self.files.get(name).map(Vec::as_slice)
    }

    /// The protocol of a kernel of this certificate, as it was checked: for sizing buffers ([`Protocol::shapes`] at
    /// [`KernelEntry::sizes`]), for the values of arguments, and for running it on the CPU.
    pub fn protocol(&self, kernel: &KernelEntry) -> Result<Protocol, CertificateError> {
        let inconsistent = |message: String| CertificateError::Inconsistent { entry: kernel.entry.clone(), message };
        let bytes = self
            .file(&kernel.protocol_file)
            .ok_or_else(|| inconsistent(format!("there is no file {}", kernel.protocol_file)))?;
        let text =
            std::str::from_utf8(bytes).map_err(|_| inconsistent(format!("{} is not UTF-8", kernel.protocol_file)))?;
        let knobs: Vec<(&str, &str)> = kernel.knobs.iter().map(|(knob, value)| (&**knob, &**value)).collect();
        language::parse(&kernel.protocol_file, text)
            .and_then(|document| document.resolve(&knobs))
            .map_err(|diagnostics| inconsistent(diagnostics.to_string()))
    }

    fn check_kernel(&self, kernel: &KernelEntry) -> Result<(), CertificateError> {
        let inconsistent =
            |message: String| Err(CertificateError::Inconsistent { entry: kernel.entry.clone(), message });
        let files = [&kernel.protocol_file, &kernel.source].into_iter().chain(kernel.ptx.values());
        for file in files {
            if !self.files.contains_key(file) {
                return inconsistent(format!("there is no file {file}"));
            }
        }
        let protocol = self.protocol(kernel)?;
        if protocol_digest(&protocol) != kernel.digest {
            return inconsistent(format!("{} is not the protocol that was certified", kernel.protocol_file));
        }
        if kernel.checks.is_empty() || kernel.checks.iter().any(|check| check.verdict != "verified") {
            return inconsistent("it was not verified".to_owned());
        }
        if kernel.takes_any_length() {
            if !protocol.varies {
                return inconsistent("it has a capacity, and its protocol has none".to_owned());
            }
            let lengths = kernel.checks.iter().map(|check| &check.lengths);
            if lengths.chain(kernel.ptx_checks.iter().map(|check| &check.lengths)).any(Vec::is_empty) {
                return inconsistent(
                    "it has a capacity, and was not checked with launches of other lengths".to_owned(),
                );
            }
        }
        if !kernel.holds_for.is_empty() && kernel.holds_for != kernel.scope() {
            return inconsistent("it does not say what its certificate holds for".to_owned());
        }
        let provided = protocol.buffers.iter().enumerate().filter(|(_, buffer)| !buffer.ghost);
        let described = kernel.buffers.iter().map(|buffer| (buffer.id as usize, &buffer.name));
        if !described.eq(provided.map(|(id, buffer)| (id, &buffer.name))) {
            return inconsistent("its buffers are not those of the protocol".to_owned());
        }
        Ok(())
    }
}

/// What identifies a protocol with its knobs: the sha256, in hexadecimal, of its name, every knob with its value, and
/// its exact text, which together determine what was checked.
pub fn protocol_digest(protocol: &Protocol) -> String {
    let mut canonical = format!("protocol {}\n", protocol.name);
    for (knob, value) in &protocol.knobs {
        // Writing to a string cannot fail.
        let _ = writeln!(canonical, "knob {knob} = {value}");
    }
    canonical.push_str(&protocol.source.text);
    sha256(canonical.as_bytes())
}

/// sha256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The one textual form of a manifest.
fn manifest_text(manifest: &Manifest) -> String {
    let mut text = serde_json::to_string_pretty(manifest).expect("a manifest holds strings and integers only");
    text.push('\n');
    text
}

fn manifest_digest(manifest: &Manifest) -> String {
    sha256(manifest_text(&Manifest { digest: String::new(), ..manifest.clone() }).as_bytes())
}

fn parse_manifest(text: &[u8]) -> Result<Manifest, CertificateError> {
    let manifest: Manifest = serde_json::from_slice(text).map_err(|error| CertificateError::Malformed {
        line: error.line(),
        column: error.column(),
        message: without_place(&error.to_string()),
    })?;
    if manifest.schema != SCHEMA {
        return Err(CertificateError::Schema { found: manifest.schema });
    }
    if manifest_text(&manifest).as_bytes() != text || manifest_digest(&manifest) != manifest.digest {
        return Err(CertificateError::Altered { file: MANIFEST.to_owned() });
    }
    Ok(manifest)
}

/// serde_json ends its messages with the place, which is printed in front here.
fn without_place(message: &str) -> String {
    message.split(" at line ").next().unwrap_or(message).to_owned()
}

fn read_folder(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>, CertificateError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| CertificateError::Unreadable { path, source }
    };
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable(folder))? {
        let entry = entry.map_err(unreadable(folder))?;
        let path = entry.path();
        let metadata = std::fs::symlink_metadata(&path).map_err(unreadable(&path))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !metadata.is_file() || metadata.len() > FILE_LIMIT {
            return Err(CertificateError::NotAFile(name));
        }
        files.insert(name, std::fs::read(&path).map_err(unreadable(&path))?);
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(manifest: &str) -> String {
        let files = BTreeMap::from([(MANIFEST.to_owned(), manifest.as_bytes().to_vec())]);
        Certificate::from_files(files).map(|_| ()).map_err(|error| error.to_string()).expect_err("is no certificate")
    }

    #[test]
    fn digests_are_sha256() {
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn what_is_no_manifest_is_refused_with_its_place() {
        let nothing = Certificate::from_files(BTreeMap::new()).expect_err("nothing is no certificate");
        assert!(matches!(nothing, CertificateError::NoManifest));
        assert_eq!(refused("{\n  \"schema\": x"), "manifest.json:2:13: expected value");
        assert!(refused("{\"schema\": 1}").starts_with("manifest.json:1:13: missing field"));
    }

    #[test]
    fn an_empty_certificate_verifies_and_another_schema_does_not() {
        let empty = |schema| Manifest {
            schema,
            engines: BTreeMap::new(),
            kernels: Vec::new(),
            files: BTreeMap::new(),
            digest: String::new(),
        };
        let files = BTreeMap::from([("a.txt".to_owned(), b"a".to_vec())]);
        let sealed = Certificate::seal(empty(SCHEMA), files.clone()).map(|sealed| sealed.to_files().len());
        assert!(matches!(sealed, Ok(2)));
        let other = Certificate::seal(empty(SCHEMA + 1), files).expect_err("another schema");
        assert_eq!(other.to_string(), "manifest.json: schema 2 is not supported, only schema 1");
    }
}
