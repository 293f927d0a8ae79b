//! Sentry: minidumps of crashes, from Netdata's own packages for Debian and Ubuntu on x86-64 (from v1.45 on).

use crate::channels::channel::{Channel, Seen, VARIABLE, When};
use crate::channels::crash_reports::LastSeen;
use crate::channels::judgement::{Effect, Judgement, State, Step, by_version};
use crate::release::Release;
use crate::text::printable;

/// The first with Sentry's library.
const FIRST: Release = Release(1, 45);

pub(super) fn channel(seen: &Seen<'_>) -> Channel {
    Channel {
        name: "sentry",
        what: "Sentry: after a crash, the memory of the daemon's threads (minidump) and its identifier.",
        is_telemetry: true,
        destination: "*.ingest.sentry.io".to_owned(),
        judgement: by_version(seen.version, |release| judge(release, seen)),
        how_to_stop: "the opt-out file, or DISABLE_TELEMETRY with any value; \"crash reports\" does not count here",
    }
}

fn shown(folder: &std::path::Path) -> String {
    printable(&folder.to_string_lossy()).into_owned()
}

fn judge(release: Release, seen: &Seen<'_>) -> Judgement {
    if release < FIRST {
        return Judgement::new(State::NotThere, format!("it came with v{FIRST}"));
    }
    if cfg!(not(all(target_os = "linux", target_arch = "x86_64"))) {
        return Judgement::new(State::NotThere, "it is built for Linux on x86-64 only");
    }
    let built_in = match &seen.files.last {
        LastSeen::Run(run) if run.sentry_available || !seen.may_be_netdatas_package() => Ok(run.sentry_available),
        // Earlier ones do not say.
        LastSeen::Run(run) if run.has_status && release >= Release::REPORTS => Ok(false),
        LastSeen::Run(_) => Err("there is no status file that says whether it is built in".to_owned()),
        LastSeen::Unseen(why) => Err(why.clone()),
    };
    let mut trace = vec![match &built_in {
        Ok(true) => Step::new("agent.sentry_available", "it is built in", Effect::On),
        Ok(false) => Step::new("agent.sentry_available", "it is not built in", Effect::Off),
        Err(why) => Step::new("agent.sentry_available", why.clone(), Effect::Unknown),
    }];
    if built_in == Ok(false) {
        return Judgement::new(State::NotThere, "this agent is built without it").with(trace);
    }
    let (disabled, looked) = seen.disabled(release, When::AtStart);
    trace.extend(looked);
    if let Some((folder, dumps)) = &seen.files.dumps {
        trace.push(match dumps {
            Ok(names) if names.is_empty() => Step::new(shown(folder), "no dump waits", Effect::None),
            Ok(names) => Step::new(shown(folder), format!("waiting: {}", names.join(", ")), Effect::None),
            Err(why) => Step::new(shown(folder), why.clone(), Effect::Unknown),
        });
    }
    let judgement = match (disabled, built_in) {
        (Ok(true), _) => seen.off_since_start(seen.opted_out_since()),
        // Before v2.3 Sentry's part of the daemon read the variable, and nothing else did.
        _ if release < Release::REPORTS && matches!(seen.surroundings.variable(VARIABLE), Ok(Some(_))) => {
            seen.off_since_start(seen.opted_out_since())
        }
        (Err(why), _) | (Ok(false), Err(why)) => Judgement::new(State::Unknown, why),
        (Ok(false), Ok(_)) => Judgement::new(State::On, "it is built in, and nothing that it reads turns it off"),
    };
    judgement.with(trace)
}
