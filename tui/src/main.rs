//! `telemetry-preview`: the library's program.

fn main() -> std::process::ExitCode {
    telemetry_preview::main()
}
