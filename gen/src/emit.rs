//! From names on the command line to a certificate in memory.
//!
//! Resolve, check, render, compile, seal. Nothing is written here: the whole folder exists in memory, verified as the
//! runtime will verify it, before the first file is.

use crate::certify::{certify, check_again, check_requirements};
use crate::compiler::Compiler;
use crate::error::Error;
use crate::header::{HEADER, render_header};
use crate::kernel::{Kernel, render_kernel};
use crate::recheck::{recheck, recheck_recorded};
use crate::target::Target;
use arverify_protocol::catalogue;
use arverify_protocol::certificate::{Certificate, CertificateError, CheckEntry, Manifest, SCHEMA};
use arverify_protocol::data::{Accumulate, DataType};
use arverify_protocol::ir::Protocol;
use arverify_protocol::language::{self, Document};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What to emit.
#[derive(Clone, Debug)]
pub struct Request {
    /// Catalogue names, or files that end in `.arp`.
    pub names: Vec<String>,
    /// A variant's name, whose knobs are chosen in every protocol.
    pub variant: Option<String>,
    /// Knobs and values, chosen in every protocol; they come after the variant's.
    pub knobs: Vec<(String, String)>,
    /// P, each.
    pub ranks: Vec<u32>,
    /// E, each.
    pub dtypes: Vec<DataType>,
    /// In what type 16-bit elements are summed.
    pub accumulate: Accumulate,
    /// T
    pub threads: u32,
    /// The largest B.
    pub max_blocks: u32,
    /// Whether awaits give up at a deadline.
    pub deadline: bool,
    /// Architectures to compile for, such as `sm_90`.
    pub architectures: Vec<String>,
    /// The compiler; none leaves PTX out.
    pub compiler: Option<Compiler>,
}

/// A protocol with its knobs chosen.
struct Chosen {
    protocol: Protocol,
    /// Knobs that do not have their defaults.
    changed: Vec<(String, String)>,
}

/// Checks and renders everything that was asked for. `progress` hears what is being done.
pub fn emit(request: &Request, progress: &mut dyn FnMut(&str)) -> Result<Certificate, Error> {
    let chosen = request.names.iter().map(|name| choose(name, request)).collect::<Result<Vec<_>, _>>()?;
    refuse_duplicates(&chosen)?;
    let targets = targets(request);
    for Chosen { protocol, .. } in &chosen {
        targets.iter().try_for_each(|target| check_requirements(protocol, target))?;
    }
    let mut kernels = Vec::new();
    for Chosen { protocol, changed } in &chosen {
        for target in &targets {
            progress(&format!("checking {} for {} ranks, {}", protocol.name, target.ranks, target.dtype));
            let mut kernel = render_kernel(protocol, changed, target)
                .map_err(|source| Error::Render { protocol: protocol.source.name.clone(), source })?;
            kernel.entry.checks = certify(protocol, target)?;
            kernels.push((kernel, protocol));
        }
    }
    assemble(request, kernels, progress)
}

/// Repeats what a certificate claims: every source is what this program renders from the protocol, and every check is
/// verified again. The folder's bytes were verified when it was loaded.
pub fn verify(certificate: &Certificate, progress: &mut dyn FnMut(&str)) -> Result<(), Error> {
    let broken = |source| Error::Certificate { folder: PathBuf::from("manifest.json"), source };
    let mut done: Vec<(&str, &CheckEntry)> = Vec::new();
    for entry in certificate.kernels() {
        let protocol = certificate.protocol(entry).map_err(broken)?;
        if certificate.manifest().engines.get("argen").is_some_and(|version| version == env!("CARGO_PKG_VERSION")) {
            let target = Target {
                ranks: entry.ranks,
                dtype: entry.dtype,
                accumulate: entry.accumulate,
                threads: entry.threads,
                max_blocks: entry.max_blocks,
                deadline: entry.deadline,
            };
            let document = parse(&entry.protocol_file, &protocol.source.text)?;
            let kernel = render_kernel(&protocol, &changed_knobs(&document, &protocol), &target)
                .map_err(|source| Error::Render { protocol: entry.protocol_file.clone(), source })?;
            if certificate.file(&entry.source) != Some(kernel.source.as_bytes()) {
                return Err(broken(CertificateError::Altered { file: entry.source.clone() }));
            }
        }
        for check in &entry.ptx_checks {
            progress(&format!("checking {} as PTX for {} again", entry.entry, check.architecture));
            let file = entry.ptx.get(&check.architecture).and_then(|name| certificate.file(name));
            let ptx = file.map(String::from_utf8_lossy).unwrap_or_default();
            recheck_recorded(entry, &protocol, &ptx, check)?;
        }
        for check in &entry.checks {
            if !done.contains(&(&entry.digest, check)) {
                progress(&format!("checking {} again", entry.entry));
                check_again(&protocol, check)?;
                done.push((&entry.digest, check));
            }
        }
    }
    Ok(())
}

fn targets(request: &Request) -> Vec<Target> {
    let of_type = |ranks: u32| {
        request.dtypes.iter().map(move |dtype| Target {
            ranks,
            dtype: *dtype,
            accumulate: if *dtype == DataType::F32 { Accumulate::Own } else { request.accumulate },
            threads: request.threads,
            max_blocks: request.max_blocks,
            deadline: request.deadline,
        })
    };
    request.ranks.iter().copied().flat_map(of_type).collect()
}

fn choose(name: &str, request: &Request) -> Result<Chosen, Error> {
    let document = find(name)?;
    let mut knobs = Vec::new();
    if let Some(variant) = &request.variant {
        let known: Vec<&str> = document.variants().iter().map(|variant| variant.name.as_str()).collect();
        let found = document
            .variant(variant)
            .ok_or_else(|| Error::Usage(format!("{name} has no variant `{variant}`; it has {}", known.join(", "))))?;
        knobs.extend(found.assignments.iter().map(|(knob, value)| (knob.as_str(), value.as_str())));
    }
    knobs.extend(request.knobs.iter().map(|(knob, value)| (knob.as_str(), value.as_str())));
    if document.is_host_program() {
        return Err(Error::HostProgram { protocol: name.to_owned() });
    }
    let protocol = document.resolve(&knobs).map_err(|diagnostics| Error::Protocol(diagnostics.render(false)))?;
    Ok(Chosen { changed: changed_knobs(&document, &protocol), protocol })
}

fn changed_knobs(document: &Document, protocol: &Protocol) -> Vec<(String, String)> {
    let default =
        |name: &str| document.knobs().iter().find(|knob| knob.name == name).and_then(|knob| knob.values.first());
    protocol.knobs.iter().filter(|(knob, value)| default(knob) != Some(value)).cloned().collect()
}

/// A catalogue's protocol, or one from a file.
fn find(name: &str) -> Result<Document, Error> {
    if let Some(found) = catalogue::find(name) {
        return found.map_err(|diagnostics| Error::Protocol(diagnostics.render(false)));
    }
    let path = Path::new(name);
    if path.extension().is_none_or(|extension| extension != "arp") {
        let documents = catalogue::kernels().map_err(|diagnostics| Error::Protocol(diagnostics.render(false)))?;
        let names: Vec<&str> = documents.iter().map(Document::name).collect();
        let help = format!("the catalogue has {}; a file ends in .arp", names.join(", "));
        return Err(Error::UnknownProtocol { name: name.to_owned(), help });
    }
    let text = std::fs::read_to_string(path).map_err(|source| Error::File { path: path.to_owned(), source })?;
    parse(name, &text)
}

fn parse(name: &str, text: &str) -> Result<Document, Error> {
    language::parse(name, text).map_err(|diagnostics| Error::Protocol(diagnostics.render(false)))
}

fn refuse_duplicates(chosen: &[Chosen]) -> Result<(), Error> {
    for (index, Chosen { protocol, .. }) in chosen.iter().enumerate() {
        if chosen[..index].iter().any(|earlier| earlier.protocol.name == protocol.name) {
            return Err(Error::Usage(format!("the protocol `{}` was named twice", protocol.name)));
        }
    }
    Ok(())
}

/// The folder: protocols, sources, header, PTX, manifest.
fn assemble(
    request: &Request,
    mut kernels: Vec<(Kernel, &Protocol)>,
    progress: &mut dyn FnMut(&str),
) -> Result<Certificate, Error> {
    let mut files = BTreeMap::new();
    let mut engines =
        BTreeMap::from(["argen", "arverify"].map(|name| (name.to_owned(), env!("CARGO_PKG_VERSION").to_owned())));
    let header = render_header(&kernels).map_err(|source| Error::Render { protocol: HEADER.to_owned(), source })?;
    files.insert(HEADER.to_owned(), header.into_bytes());
    if let Some(compiler) = &request.compiler {
        engines.insert("nvcc".to_owned(), compiler.version()?);
    }
    for (kernel, protocol) in &mut kernels {
        if let Some(compiler) = &request.compiler {
            for architecture in &request.architectures {
                progress(&format!("compiling {} for {architecture}", kernel.entry.source));
                let ptx = compiler.ptx(&kernel.entry.source, &kernel.source, architecture)?;
                progress(&format!("checking {} as PTX for {architecture}", kernel.entry.entry));
                let check = recheck(&kernel.entry, protocol, architecture, &ptx)?;
                kernel.entry.ptx_checks.push(check);
                let name = format!("{}.{architecture}.ptx", kernel.entry.entry);
                files.insert(name.clone(), ptx.into_bytes());
                kernel.entry.ptx.insert(architecture.clone(), name);
            }
        }
        files.insert(kernel.entry.protocol_file.clone(), protocol.source.text.clone().into_bytes());
        files.insert(kernel.entry.source.clone(), kernel.source.clone().into_bytes());
    }
    let entries = kernels.into_iter().map(|(kernel, _)| kernel.entry).collect();
    let manifest =
        Manifest { schema: SCHEMA, engines, kernels: entries, files: BTreeMap::new(), digest: String::new() };
    Certificate::seal(manifest, files)
        .map_err(|source| Error::Certificate { folder: PathBuf::from("manifest.json"), source })
}
