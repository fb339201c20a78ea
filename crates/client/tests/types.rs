//! The types are those of the document.

mod generator;

use std::{fs, path::Path, process::Command};

/// Without what a formatter may change.
fn bare(source: &str) -> String {
    source.chars().filter(|c| !c.is_whitespace() && *c != ',').collect()
}

#[test]
fn the_types_are_those_of_the_document() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = serde_json::from_str(&fs::read_to_string(root.join("openapi.json")).unwrap()).unwrap();
    let generated = generator::generate(&document);
    let types = root.join("src/generated/types.rs");
    if bare(&fs::read_to_string(&types).unwrap_or_default()) == bare(&generated) {
        return;
    }
    assert!(
        std::env::var_os("SWARM_UPDATE").is_some(),
        "src/generated/types.rs is not what openapi.json says: run this test with SWARM_UPDATE=1"
    );
    fs::write(&types, generated).unwrap();
    let _ = Command::new("rustfmt").args(["--edition", "2024"]).arg(&types).status();
}
