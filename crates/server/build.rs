//! The web app is compiled in where it was built (`make web`). A release has to be compiled again when it was built anew.

use std::path::Path;

fn main() {
    // A folder that is not there would have the crate compiled at every build. `make web` touches the page that it
    // begins with, so that one which comes later is noticed.
    let seen = if Path::new("../../web/dist/index.html").exists() {
        "../../web/dist"
    } else {
        "../../web/index.html"
    };
    println!("cargo:rerun-if-changed={seen}");
}
