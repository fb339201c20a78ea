//! Has the crate built again when a migration is added: `sqlx::migrate!` sees only the files that were there.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
