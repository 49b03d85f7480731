//! What is embedded is looked at again when it was built again.

fn main() {
    println!("cargo:rerun-if-changed=../../console/dist");
}
