//! Prints where the protobuf compiler is, which the plugin protocol's library wants to find in the
//! variable `PROTOC` when it is built; few machines have one installed.

fn main() {
    match protoc_bin_vendored::protoc_bin_path() {
        Ok(path) => println!("{}", path.display()),
        Err(error) => {
            eprintln!("there is no protobuf compiler for this machine: {error}");
            std::process::exit(1);
        }
    }
}
