//! The status files that real daemons left (see `recorded.jsonl`), with the identifiers of another run and boot.

/// The boot in all recorded files.
pub(crate) const BOOT: &str = "b0070000000040008000000000000001";

pub(crate) fn status_file(name: &str, run: &str, boot: &str) -> String {
    let recorded = include_str!("recorded.jsonl").lines().map(|line| serde_json::from_str(line).unwrap());
    let row: serde_json::Value = recorded.into_iter().find(|row: &serde_json::Value| row["name"] == name).unwrap();
    let text = row["file"].as_str().unwrap();
    let of_it: serde_json::Value = serde_json::from_str(text).unwrap();
    let own = of_it["agent"]["ephemeral_id"].as_str().unwrap();
    text.replace(own, run).replace(BOOT, boot)
}
