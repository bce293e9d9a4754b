//! `tidings-loadgen`: see the library.

fn main() -> std::process::ExitCode {
    tidings_loadgen::main()
}
