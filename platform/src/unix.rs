//! Facts that every Unix tells alike.

use crate::ask::{Ask, LINE_FILE_LIMIT, Machine};
use crate::fact::Fact;
use crate::facts::Kernel;
use crate::host::Uname;
use crate::source::Source;
#[cfg(feature = "recorded")]
use crate::text::beginning;
use crate::text::{VALUE_LIMIT, clean, clean_text};

/// uname(2) without the host name.
pub(crate) fn kernel(machine: &Machine<'_>) -> Kernel {
    kernel_with(machine, |_ask| {})
}

/// The same, with more questions of one system in the record.
pub(crate) fn kernel_with(machine: &Machine<'_>, also: impl FnOnce(&mut Ask<'_, '_>)) -> Kernel {
    let mut ask = Ask::new(machine);
    also(&mut ask);
    let answer = machine.host.uname();
    let answered = ask.answer("uname", answer);
    let known = answered.is_some();
    let Uname { sysname, release, version, machine, .. } = answered.unwrap_or_default();
    let version = without_builder(&version);
    if known {
        ask.saw("uname", &format!("{sysname} {release} {version} {machine}"));
    }
    let conclusion = ask.done();
    let field = |text: &str| {
        let value = clean_text(text, VALUE_LIMIT);
        conclusion.found_in(Source::UNAME, (!value.is_empty()).then_some(value))
    };
    Kernel { name: field(&sysname), release: field(&release), version: field(&version), architecture: field(&machine) }
}

/// A kernel's version without its builder, often a person on this very machine. The versions of FreeBSD, OpenBSD and NetBSD end
/// with `root@host:/usr/obj/...` (sys/conf/newvers.sh); `/proc/version` of Linux has `(root@host)` in its middle (init/version.c).
/// `KBUILD_BUILD_TIMESTAMP` may be `@0`, which names nobody.
pub(crate) fn without_builder(version: &str) -> String {
    let mut kept = String::with_capacity(version.len());
    for word in version.split_inclusive(char::is_whitespace) {
        if !word.trim().trim_matches(['(', ')', '@']).contains('@') {
            kept.push_str(word);
        } else if !word.starts_with('(') {
            // The folder after the host may have blanks in its name.
            break;
        }
    }
    kept.truncate(kept.trim_end().len());
    kept
}

/// The fields that are facts.
#[cfg(feature = "recorded")]
pub(crate) fn kept(uname: &Uname) -> Uname {
    let fact = |text: &str| beginning(text).to_owned();
    Uname {
        sysname: fact(&uname.sysname),
        nodename: String::new(),
        release: fact(&uname.release),
        version: fact(&without_builder(&uname.version)),
        machine: fact(&uname.machine),
    }
}

/// `/proc/version` of Linux, in place of a uname(2) without an answer.
pub(crate) fn proc_version(ask: &mut Ask<'_, '_>) -> Option<String> {
    let path = Source::PROC_VERSION.name();
    let file = ask.text(path, LINE_FILE_LIMIT)?;
    let version = clean_text(&without_builder(file.text.lines().next().unwrap_or_default()), VALUE_LIMIT);
    ask.saw(path, &version);
    (!version.is_empty()).then_some(version)
}

/// Whether the image says that it is Netdata's own.
pub(crate) fn official_image(machine: &Machine<'_>) -> Fact<bool> {
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
    // `false` outside a container too, as in the daemon's script: the property of the event is a boolean.
    ask.done().known(official, Source::OFFICIAL_IMAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_does_not_say_who_built_it() {
        for (version, kept) in [
            (
                "FreeBSD 14.0-CURRENT #0 main-n261: Thu Nov 10 10:10:10 UTC 2022    root@host.example.org:/usr/obj/my src/GENERIC",
                "FreeBSD 14.0-CURRENT #0 main-n261: Thu Nov 10 10:10:10 UTC 2022",
            ),
            (
                "Linux version 6.1.0 (root@host.example.org) (gcc 12.2.0, GNU ld 2.40) #1 SMP Debian 6.1.119-1\n",
                "Linux version 6.1.0 (gcc 12.2.0, GNU ld 2.40) #1 SMP Debian 6.1.119-1",
            ),
            ("#1 SMP PREEMPT_DYNAMIC @0", "#1 SMP PREEMPT_DYNAMIC @0"),
            ("#1 (@0) a@ x", "#1 (@0) a@ x"),
            (
                "Darwin Kernel Version 22.6.0: x; root:xnu-8796.141.3~6/RELEASE_X86_64",
                "Darwin Kernel Version 22.6.0: x; root:xnu-8796.141.3~6/RELEASE_X86_64",
            ),
            ("x @@a@b y", "x"),
            ("Tue Jul  5 (root@(none)) x", "Tue Jul  5 x"),
            ("", ""),
        ] {
            assert_eq!(without_builder(version), kept);
        }
    }
}
