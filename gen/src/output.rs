//! Writing a certificate's folder, whole or not at all.
//!
//! The folder is written under another name beside its place and then renamed. An existing folder is replaced only if
//! it is empty or is itself an intact certificate, so that nothing of anybody else's is lost: then the old one is moved
//! aside, and back if the new one cannot take its place. Not handled: two programs that write one folder at once.

use crate::error::Error;
use arverify_protocol::certificate::Certificate;
use std::fs;
use std::path::{Path, PathBuf};

/// Refuses a place that must not be replaced. Called before the work starts, and again before the folder is written.
pub fn check_vacant(folder: &Path) -> Result<(), Error> {
    let occupied = |reason: String| Err(Error::Occupied { folder: folder.to_owned(), reason });
    let metadata = match fs::symlink_metadata(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(Error::File { path: folder.to_owned(), source }),
        Ok(metadata) => metadata,
    };
    if !metadata.is_dir() {
        return occupied("it exists and is not a folder".to_owned());
    }
    let mut entries = fs::read_dir(folder).map_err(|source| Error::File { path: folder.to_owned(), source })?;
    if entries.next().is_none() {
        return Ok(());
    }
    match Certificate::load(folder) {
        Ok(_) => Ok(()),
        Err(error) => occupied(format!("it holds something other than what argen wrote ({error})")),
    }
}

/// Writes the folder.
pub fn write(folder: &Path, certificate: &Certificate) -> Result<(), Error> {
    check_vacant(folder)?;
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::File { path, source }
    };
    let parent = match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    fs::create_dir_all(&parent).map_err(failed(&parent))?;
    let beside = tempfile::Builder::new().prefix(".argen-").tempdir_in(&parent).map_err(failed(&parent))?;
    let new = beside.path().join("new");
    fs::create_dir(&new).map_err(failed(&new))?;
    for (name, bytes) in certificate.to_files() {
        let path = new.join(name);
        fs::write(&path, bytes).map_err(failed(&path))?;
    }
    let old = beside.path().join("old");
    let replaces = folder.exists();
    if replaces {
        fs::rename(folder, &old).map_err(failed(folder))?;
    }
    if let Err(source) = fs::rename(&new, folder) {
        if replaces {
            fs::rename(&old, folder).map_err(failed(folder))?;
        }
        return Err(Error::File { path: folder.to_owned(), source });
    }
    Ok(())
}
