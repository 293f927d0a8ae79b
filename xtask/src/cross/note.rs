//! The note by which FreeBSD's kernel knows for which release a program was made (elf(5)).

use anyhow::{Context, Result, bail};
use object::Endianness;
use object::elf::FileHeader64;
use object::read::elf::{FileHeader, SectionHeader};

/// `NT_FREEBSD_ABI_TAG` of `sys/elf_common.h`.
const ABI_TAG: u32 = 1;

/// Fails without it: the kernel would treat the program as one for a release from before there were notes.
pub(crate) fn check(program: &[u8]) -> Result<()> {
    let describe = "not an ELF file for 64 bits";
    let header = FileHeader64::<Endianness>::parse(program).context(describe)?;
    let endian = header.endian().context(describe)?;
    for section in header.sections(endian, program).context(describe)?.iter() {
        let Some(mut notes) = section.notes(endian, program).context(describe)? else { continue };
        while let Some(note) = notes.next().context(describe)? {
            if note.name() == b"FreeBSD" && note.n_type(endian) == ABI_TAG {
                return Ok(());
            }
        }
    }
    bail!("it does not say for which release of FreeBSD it is");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_program_of_freebsd_has_the_note() {
        let this_test = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert_eq!(check(&this_test).is_ok(), cfg!(target_os = "freebsd"));
        assert!(check(b"#!/bin/sh\n").is_err());
    }
}
