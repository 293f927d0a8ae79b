//! The raw SMBIOS structure of type 0, firmware information (DMTF DSP0134, 7.1).

/// The length, and the second byte of the characteristics extension.
const LENGTH_AT: usize = 1;
const EXTENSION_AT: usize = 0x13;
/// "SMBIOS table describes a virtual machine."
const VIRTUAL_MACHINE: u8 = 1 << 4;

/// The virtual-machine bit; `None` if the structure is too short. Alone it proves nothing, as some real machines set it by
/// mistake.
pub(crate) fn says_virtual_machine(structure: &[u8]) -> Option<bool> {
    let length = usize::from(*structure.get(LENGTH_AT)?);
    if structure.first() != Some(&0) || length <= EXTENSION_AT {
        return None;
    }
    structure.get(EXTENSION_AT).map(|byte| byte & VIRTUAL_MACHINE != 0)
}

/// The type, the length and the bit; every other byte becomes 0.
#[cfg(feature = "recorded")]
pub(crate) fn kept(structure: &[u8]) -> Vec<u8> {
    let keep = |(at, byte): (usize, &u8)| match at {
        0 | LENGTH_AT => *byte,
        EXTENSION_AT => byte & VIRTUAL_MACHINE,
        _ => 0,
    };
    structure.iter().enumerate().map(keep).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bit_is_found_where_the_structure_has_it() {
        let mut structure = vec![0_u8; 0x1a];
        structure[1] = 0x18;
        assert_eq!(says_virtual_machine(&structure), Some(false));
        structure[0x13] = 0x1c;
        assert_eq!(says_virtual_machine(&structure), Some(true));
        structure[1] = 0x12;
        assert_eq!(says_virtual_machine(&structure), None);
        structure[1] = 0x18;
        structure[0] = 1;
        assert_eq!(says_virtual_machine(&structure), None);
        assert_eq!(says_virtual_machine(&[0, 0x18]), None);
        assert_eq!(says_virtual_machine(&[]), None);
    }
}
