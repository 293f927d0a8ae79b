//! Hanging file systems: the kernel's side of FUSE, and a server that never answers (fuse(4)).

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

const FUSE_INIT: u32 = 26;

/// Mounts a file system with a server that takes requests but answers only a mount's first, `FUSE_INIT`.
pub fn mount_that_never_answers(folder: &Path) {
    let mut device = mount(folder);
    std::thread::spawn(move || {
        let mut buffer = vec![0; 128 * 1024];
        while let Ok(length) = device.read(&mut buffer) {
            let message = &buffer[..length];
            let field =
                |at: usize| message.get(at..at + 4).and_then(|four| Some(u32::from_ne_bytes(four.try_into().ok()?)));
            if field(4) == Some(FUSE_INIT) {
                let _ = device.write_all(&init_reply(&message[8..16]));
            }
        }
    });
}

/// Mounts a file system with a server that never takes a request.
pub fn mount_that_nobody_serves(folder: &Path) {
    let device = mount(folder);
    // While it is open, there may be a server.
    std::mem::forget(device);
}

fn mount(folder: &Path) -> File {
    let device = OpenOptions::new().read(true).write(true).open("/dev/fuse").unwrap();
    let status = Command::new("mount")
        .args(["-i", "-t", "fuse", "-o", "fd=0,rootmode=40000,user_id=0,group_id=0,allow_other", "none"])
        .arg(folder)
        .stdin(Stdio::from(device.try_clone().unwrap()))
        .status()
        .unwrap();
    assert!(status.success(), "cannot mount a FUSE file system");
    device
}

/// `struct fuse_out_header` and `struct fuse_init_out` (linux/fuse.h), with version 7.31 and nothing else of
/// importance.
fn init_reply(unique: &[u8]) -> Vec<u8> {
    let mut reply = Vec::new();
    reply.extend(80u32.to_ne_bytes());
    reply.extend(0u32.to_ne_bytes());
    reply.extend(unique);
    for word in [7u32, 31, 0, 0, 0, 65536, 1] {
        reply.extend(word.to_ne_bytes());
    }
    reply.resize(80, 0);
    reply
}
