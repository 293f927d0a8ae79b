//! Writes recorded machines as inputs of the fuzz target `any_machine`: `inputs INTO MACHINE...`.

use std::fs;
use std::path::PathBuf;

use system_facts::RecordedHost;
use system_facts::internal::fuzz;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let into = arguments.next().unwrap_or_default();
    for machine in arguments {
        let name = machine.file_name().unwrap_or_default();
        fs::write(into.join(name), fuzz::as_bytes(&RecordedHost::open(&machine)?))?;
    }
    Ok(())
}
