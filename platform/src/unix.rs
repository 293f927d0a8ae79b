//! What every Unix answers alike, and what the daemon's environment says.

use crate::ask::{Ask, Machine};
use crate::fact::State;
use crate::facts::{Facts, Kernel};
use crate::host::Error;
use crate::source::Source;
use crate::text::{VALUE_LIMIT, clean, clean_text};

/// uname(2); the host name is left where it is.
pub(crate) fn kernel(machine: &Machine<'_>) -> Kernel {
    kernel_with(machine, |_ask| {})
}

/// The same, with what else a system says of its kernel in the record.
pub(crate) fn kernel_with(machine: &Machine<'_>, also: impl FnOnce(&mut Ask<'_, '_>)) -> Kernel {
    let mut ask = Ask::new(machine);
    also(&mut ask);
    let answer = machine.host.uname();
    let Some(uname) = ask.answer("uname", answer) else {
        let conclusion = ask.done();
        return Kernel {
            name: conclusion.unknown(),
            release: conclusion.unknown(),
            version: conclusion.unknown(),
            architecture: conclusion.unknown(),
        };
    };
    ask.saw("uname", &format!("{} {} {} {}", uname.sysname, uname.release, uname.version, uname.machine));
    let conclusion = ask.done();
    let field = |text: &str| {
        let value = clean_text(text, VALUE_LIMIT);
        conclusion.found((!value.is_empty()).then_some((value, Source::UNAME)))
    };
    Kernel {
        name: field(&uname.sysname),
        release: field(&uname.release),
        version: field(&uname.version),
        architecture: field(&uname.machine),
    }
}

/// The two variables that the daemon's contract names: one overrides, one only an image of Netdata can know.
pub(crate) fn apply_daemon_environment(machine: &Machine<'_>, facts: &mut Facts) {
    let mut ask = Ask::new(machine);
    match machine.host.environment("VIRTUALIZATION") {
        Ok(value) => {
            let value = clean(&value, VALUE_LIMIT);
            if !value.is_empty() {
                ask.saw("VIRTUALIZATION", &value);
                let state = if value.eq_ignore_ascii_case("none") { State::None } else { State::Known(value) };
                facts.virtualization.name = ask.done().fact(state, Source::PROVIDED);
            }
        }
        Err(Error::NotFound | Error::Unsupported) => {}
        Err(error) => ask.failed("VIRTUALIZATION", error),
    }

    let mut ask = Ask::new(machine);
    let official = match machine.host.environment("NETDATA_OFFICIAL_IMAGE") {
        Ok(value) => {
            ask.saw("NETDATA_OFFICIAL_IMAGE", &clean(&value, VALUE_LIMIT));
            value == b"true"
        }
        Err(error) => {
            ask.failed("NETDATA_OFFICIAL_IMAGE", error);
            false
        }
    };
    // The daemon's script says `false` outside a container too: the property is a boolean in the event.
    facts.container.official_image = ask.done().fact(State::Known(official), Source::OFFICIAL_IMAGE);
}
