//! The word by which a container's manager identifies itself.

use crate::ask::Ask;
use crate::linux::container::findings::{Findings, OTHER, Strength, UNPROVEN};
use crate::source::Source;
use crate::tables::CONTAINER_WORDS;
use crate::text::{VALUE_LIMIT, clean};

const ENVIRON_LIMIT: usize = 128 * 1024;

/// The name for a manager's word.
fn word(word: &str) -> &'static str {
    CONTAINER_WORDS.iter().find(|row| row.word == word).map_or(OTHER, |row| row.name)
}

/// The two variables in use, with a known manager's word.
#[cfg(feature = "recorded")]
pub(crate) fn kept_environment(environment: &[u8]) -> Vec<u8> {
    let values = |name: &'static [u8]| {
        environment.split(|byte| *byte == 0).filter_map(move |variable| variable.strip_prefix(name))
    };
    let words = || values(b"container=").filter(|value| !value.is_empty()).map(|value| clean(value, VALUE_LIMIT));
    let known = words().find_map(|value| CONTAINER_WORDS.iter().find(|row| row.word == value)).map(|row| row.word);
    let mut kept = Vec::new();
    // All unknown words have the same meaning.
    if let Some(word) = known.or_else(|| words().next().map(|_| "other")) {
        kept.extend([b"container=", word.as_bytes(), b"\0"].concat());
    }
    if values(b"KUBERNETES_SERVICE_HOST=").next().is_some() {
        kept.extend(b"KUBERNETES_SERVICE_HOST=set\0");
    }
    kept
}

/// The word in process 1's environment (`systemd.io/CONTAINER_INTERFACE`). Only root can read it.
pub(super) fn pid1_environment(ask: &mut Ask<'_, '_>, findings: &mut Findings) {
    let Some(environment) = ask.bytes(Source::PID1_ENVIRON.name(), ENVIRON_LIMIT) else { return };
    for variable in environment.split(|byte| *byte == 0) {
        if let Some(value) = variable.strip_prefix(b"container=")
            && !value.is_empty()
        {
            let value = clean(value, VALUE_LIMIT);
            ask.saw("/proc/1/environ: container", &value);
            findings.found(word(&value), Source::PID1_ENVIRON);
        } else if variable.starts_with(b"KUBERNETES_SERVICE_HOST=") {
            ask.saw("/proc/1/environ: KUBERNETES_SERVICE_HOST", "set");
            findings.proves(Source::PID1_ENVIRON);
            findings.pod.get_or_insert(Source::PID1_ENVIRON);
        }
    }
}

/// The same word in files that every user can read. Such a file can be left over, so it is proof only if the namespaces are
/// unreadable, and a name only if mounts and cgroup have none or a weak one.
pub(super) fn manager_files(ask: &mut Ask<'_, '_>, findings: &mut Findings) {
    for source in [Source::CONTAINER_MANAGER, Source::RUN_SYSTEMD_CONTAINER] {
        let Some(value) = ask.line(source.name()) else { continue };
        let name = word(&value);
        if findings.proof.is_some() || findings.initial.is_none() {
            findings.proves(source);
        } else {
            // A later step may still prove a container with this name.
            ask.contradicted(source.name(), UNPROVEN);
        }
        findings.names(name, Strength::File, source);
    }
}
