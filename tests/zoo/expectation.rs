//! What each folder expects of its kernels.

use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// A kernel, how it is checked, and what must come out.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// Within its folder.
    pub(crate) name: String,
    /// The PTX.
    pub(crate) ptx: PathBuf,
    /// LAUNCH.toml.
    pub(crate) launch: PathBuf,
    /// Further options.
    pub(crate) options: Vec<String>,
    /// Codes of which one is right; none: verified.
    pub(crate) codes: Vec<String>,
    /// What a finding must say.
    pub(crate) says: Option<String>,
    /// With `--all`, every finding: its code, and the line of its first place.
    pub(crate) all: Option<Vec<String>>,
}

/// Cases of a published example.
pub(crate) fn published_cases(folder: &Path) -> Result<Vec<Case>, String> {
    let expect = read(folder)?;
    let mut options = options(&expect);
    if let Some(resident) = expect.get("resident_blocks").and_then(Value::as_integer) {
        options.extend(["--resident-blocks".to_owned(), resident.to_string()]);
    }
    let mut cases = Vec::new();
    for name in ["bad", "good"] {
        let ptx = folder.join(format!("{name}.ptx"));
        if !ptx.exists() {
            continue;
        }
        let own = folder.join(format!("{name}.toml"));
        let launch = if own.exists() { own } else { folder.join("launch.toml") };
        let codes = if name == "bad" { strings(&expect, "codes") } else { Vec::new() };
        if name == "bad" && codes.is_empty() {
            return Err("a bad kernel needs codes".to_owned());
        }
        cases.push(Case { name: name.to_owned(), ptx, launch, options: options.clone(), codes, says: None, all: None });
    }
    if cases.is_empty() { Err("there is no kernel".to_owned()) } else { Ok(cases) }
}

/// Cases of our own kernels.
pub(crate) fn own_cases(folder: &Path) -> Result<Vec<Case>, String> {
    let expect = read(folder)?;
    let case = |name: &str, ptx: &str, options: Vec<String>, codes: Vec<String>, says: Option<String>| Case {
        name: name.to_owned(),
        ptx: folder.join(format!("{ptx}.ptx")),
        launch: folder.join("launch.toml"),
        options,
        codes,
        says,
        all: None,
    };
    let good = expect.get("good").and_then(Value::as_table).ok_or("there is no [good]")?;
    let mut cases = vec![case("good", "good", options(good), Vec::new(), None)];
    if good.contains_key("otherwise") {
        let says = good.get("otherwise_says").and_then(Value::as_str).map(str::to_owned);
        cases.push(case("good without its assumptions", "good", Vec::new(), strings(good, "otherwise"), says));
    }
    let bad = expect.get("bad").and_then(Value::as_table).ok_or("there is no [bad.NAME]")?;
    for (name, variant) in bad {
        let variant = variant.as_table().ok_or("expected [bad.NAME]")?;
        let codes = strings(variant, "codes");
        if codes.is_empty() {
            return Err(format!("[bad.{name}] needs codes"));
        }
        let all = variant.contains_key("all").then(|| strings(variant, "all"));
        let says = variant.get("says").and_then(Value::as_str).map(str::to_owned);
        cases.push(Case { all, ..case(name, name, options(variant), codes, says) });
        let assumed = strings(variant, "verified_with");
        if !assumed.is_empty() {
            let name = format!("{name} with {}", assumed.join(" and "));
            let file = cases.last().map(|case: &Case| case.ptx.clone()).unwrap_or_default();
            cases.push(Case { ptx: file, ..case(&name, &name, assumptions(&assumed), Vec::new(), None) });
        }
    }
    Ok(cases)
}

fn read(folder: &Path) -> Result<Table, String> {
    let path = folder.join("expect.toml");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    text.parse().map_err(|error| format!("{}: {error}", path.display()))
}

fn strings(table: &Table, key: &str) -> Vec<String> {
    let items = table.get(key).and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// `assume` as options.
fn options(table: &Table) -> Vec<String> {
    assumptions(&strings(table, "assume"))
}

fn assumptions(names: &[String]) -> Vec<String> {
    names.iter().flat_map(|name| ["--assume".to_owned(), name.clone()]).collect()
}
