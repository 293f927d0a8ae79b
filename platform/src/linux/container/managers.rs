//! The word of a container's manager.

use crate::ask::Ask;
use crate::linux::container::findings::{Findings, OTHER, UNPROVEN};
use crate::source::Source;
use crate::tables::CONTAINER_WORDS;
use crate::text::{VALUE_LIMIT, clean};

const ENVIRON_LIMIT: usize = 128 * 1024;

/// What a manager's own word means here.
fn word(word: &str) -> &'static str {
    CONTAINER_WORDS.iter().find(|row| row.word == word).map_or(OTHER, |row| row.name)
}

/// Process 1's variables that are looked at, and of their values a manager's own word.
#[cfg(feature = "recorded")]
pub(crate) fn kept_environment(environment: &[u8]) -> Vec<u8> {
    let values = |name: &'static [u8]| {
        environment.split(|byte| *byte == 0).filter_map(move |variable| variable.strip_prefix(name))
    };
    let words = || values(b"container=").filter(|value| !value.is_empty()).map(|value| clean(value, VALUE_LIMIT));
    let known = words().find_map(|value| CONTAINER_WORDS.iter().find(|row| row.word == value)).map(|row| row.word);
    let mut kept = Vec::new();
    // Which of the others' it is does not matter.
    if let Some(word) = known.or_else(|| words().next().map(|_| "other")) {
        kept.extend([b"container=", word.as_bytes(), b"\0"].concat());
    }
    if values(b"KUBERNETES_SERVICE_HOST=").next().is_some() {
        kept.extend(b"KUBERNETES_SERVICE_HOST=set\0");
    }
    kept
}

/// The manager's mark on pid 1, `systemd.io/CONTAINER_INTERFACE`. Only root may see it.
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

/// The same mark where every user may read it. Files can be left over, so they count as proof only where the
/// namespaces cannot tell, and name only what mounts and cgroup do not.
pub(super) fn manager_files(ask: &mut Ask<'_, '_>, findings: &mut Findings) {
    for source in [Source::CONTAINER_MANAGER, Source::RUN_SYSTEMD_CONTAINER] {
        let Some(value) = ask.line(source.name()) else { continue };
        let name = word(&value);
        if findings.proof.is_some() || findings.initial.is_none() {
            findings.found(name, source);
        } else {
            // Mounts or a cgroup may still prove what it names.
            ask.contradicted(source.name(), UNPROVEN);
            findings.names(name, source);
        }
    }
}
