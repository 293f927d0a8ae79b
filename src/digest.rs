//! Digests, for comparing requests and for naming events.

use std::fmt::Write as _;

/// SHA-256 (FIPS 180-4) in hexadecimal, as `sha256sum` prints it.
pub fn sha256(bytes: &[u8]) -> String {
    hmac_sha256::Hash::hash(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The first half of the SHA-256 of these pieces in a row.
pub fn first_16(pieces: &[&[u8]]) -> [u8; 16] {
    let mut hash = hmac_sha256::Hash::new();
    for piece in pieces {
        hash.update(piece);
    }
    hash.finalize().first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{first_16, sha256};

    #[test]
    fn pieces_are_one_text() {
        let whole = sha256(b"abc");
        let half = u128::from_be_bytes(first_16(&[b"a", b"", b"bc"]));
        assert_eq!(whole.get(..32), Some(format!("{half:032x}").as_str()));
    }

    /// From the test vectors of FIPS 180-4.
    #[test]
    fn published_examples() {
        assert_eq!(sha256(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
