//! Searches large programs piece by piece. Reading one into memory at once would take longer than everything else.

use std::io::{self, Read};

use crate::files::Opened;

/// Bytes that are searched at once.
pub(super) const PIECE: usize = 64 * 1024;
/// More than the longest text to find, which may lie across two pieces.
pub(super) const OVERLAP: usize = 256;

/// The first finding, if there is one within this number of bytes. A larger program is an error.
pub(super) fn search<T>(
    program: Opened,
    limit: u64,
    mut find: impl FnMut(&[u8]) -> Option<T>,
) -> io::Result<Option<T>> {
    let mut file = program.file.take(limit);
    let mut piece = vec![0; PIECE];
    let mut kept = 0;
    loop {
        let read = file.read(piece.get_mut(kept..).unwrap_or_default())?;
        let here = piece.get(..kept + read).unwrap_or_default();
        if let Some(found) = find(here) {
            return Ok(Some(found));
        }
        if read == 0 {
            break;
        }
        let begin = here.len().saturating_sub(OVERLAP);
        kept = here.len() - begin;
        piece.copy_within(begin..begin + kept, 0);
    }
    if file.limit() == 0 {
        return Err(io::Error::other(format!("it is larger than {limit} bytes")));
    }
    Ok(None)
}
