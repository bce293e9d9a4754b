//! Reads the command line and does what it says.

fn main() -> std::process::ExitCode {
    tidings_server::app::command::main()
}
