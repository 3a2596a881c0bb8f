//! The published examples, beside the checkout: every launch file is read, sized, and fits its kernel's parameters.

use super::super::{Launch, Overrides, Parameter, parse};
use std::path::{Path, PathBuf};

/// The parameters of the only entry, read from the declaration alone.
fn parameters(ptx: &str) -> Vec<Parameter> {
    let list = ptx.split_once(".entry").and_then(|(_, rest)| rest.split_once('(')).map_or("", |(_, rest)| rest);
    let list = list.split_once(')').map_or("", |(list, _)| list);
    let lines = list.split(',').map(str::trim).filter(|line| !line.is_empty());
    let declared = lines.map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let name = words.last().copied().unwrap_or_default();
        let after = |word: &str| words.iter().position(|known| *known == word).map(|at| words[at + 1]);
        let (name, length) = match name.split_once('[') {
            Some((name, length)) => (name, length.trim_end_matches(']').parse().unwrap_or(0)),
            None => (name, 1),
        };
        let kind = words.iter().find(|word| word.starts_with('.') && word.ends_with(|c: char| c.is_ascii_digit()));
        let bits: u64 = kind.map_or(0, |kind| kind[2..].parse().unwrap_or(0));
        let bytes = bits / 8 * length;
        let alignment = after(".align").and_then(|text| text.parse().ok()).unwrap_or(bits / 8);
        Parameter { name: name.to_owned(), bytes, alignment, declared: line.to_owned() }
    });
    declared.collect()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_launch_file_fits_its_kernel() {
    let zoo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/zoo");
    let Ok(folders) = std::fs::read_dir(&zoo) else {
        println!("SKIPPED: the published examples are not beside the checkout, in {}", zoo.display());
        return;
    };
    let mut folders: Vec<PathBuf> = folders.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    let mut checked = 0;
    for folder in folders {
        for (kernel, own) in [("bad.ptx", "bad.toml"), ("good.ptx", "good.toml")] {
            let (kernel, own) = (folder.join(kernel), folder.join(own));
            let file = if own.exists() { own } else { folder.join("launch.toml") };
            if !kernel.exists() {
                continue;
            }
            let name = file.to_string_lossy();
            let description = parse(&name, &read(&file)).unwrap_or_else(|errors| panic!("{errors}"));
            let launch = Launch::new(&description, &Overrides::default()).unwrap_or_else(|errors| panic!("{errors}"));
            launch.check("the kernel", &parameters(&read(&kernel))).unwrap_or_else(|errors| panic!("{errors}"));
            checked += 1;
        }
    }
    assert!(checked > 40, "only {checked} kernels were found");
}
