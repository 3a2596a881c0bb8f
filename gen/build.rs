//! Lets programs find Z3 in the checkout wherever the target folder lies, and where RUSTFLAGS replace those of
//! .cargo/config.toml. The path relative to the program, which that file adds, serves a checkout that has moved.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if let Ok(here) = std::env::var("CARGO_MANIFEST_DIR") {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{here}/../.z3/z3/lib");
    }
}
