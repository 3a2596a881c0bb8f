//! `arverify init-launch`: a first LAUNCH.toml from a kernel's parameter list.

use super::arguments::InitLaunchArguments;
use super::kernel::{is_kernel, sized_parameters, text};
use super::{InputError, print};
use crate::ptx::decode::decode;
use crate::ptx::entry::entries;
use crate::ptx::fields::fields;
use crate::ptx::launch::{Known, choose, draft};
use std::io::{ErrorKind, Write};

/// Runs the command.
pub(super) fn run(arguments: &InitLaunchArguments) -> Result<u8, InputError> {
    let file = &arguments.file;
    if !is_kernel(file) {
        return Err(InputError::message(format!("`{file}`: expected a file NAME.ptx or NAME.cu")));
    }
    let text = text(file, &arguments.entry)?;
    let candidates = entries(&text.module);
    let names: Vec<&str> = candidates.iter().map(|entry| entry.name.as_str()).collect();
    let index = choose(arguments.entry.kernel.as_deref(), &names)
        .map_err(|error| InputError::message(format!("`{file}`: {error}; --kernel NAME says which")))?;
    let entry = candidates[index];
    let code = decode(&text.module, &entry.name).ok();
    let read = code.as_ref().and_then(fields);
    let known = Known {
        fields: read.as_deref(),
        threads: code.as_ref().and_then(|code| code.entries[0].required_threads),
        cluster: code.as_ref().and_then(|code| code.entries[0].required_cluster),
    };
    let draft = draft(&entry.name, &sized_parameters(file, entry)?, known);
    let Some(path) = &arguments.out else {
        print(&draft)?;
        return Ok(0);
    };
    let created = std::fs::OpenOptions::new().write(true).create_new(true).open(path);
    created.and_then(|mut out| out.write_all(draft.as_bytes())).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            InputError::message(format!("`{}` exists already: it is left as it is", path.display()))
        }
        _ => InputError::message(format!("cannot write `{}`: {error}", path.display())),
    })?;
    Ok(0)
}
