//! `cargo xtask ci`: everything that must pass before a change lands, with a table at the end.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::run::Verdict;
use crate::workspace::{SYSTEM_TESTS, Workspace};
use crate::{
    bench, cross, dashboard, dist, generate, library, newcomer, packages, peers, recorded, run, setup, skips, smoke,
    static_build, test, workflows,
};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Also run what is slow: every live environment, the peers and the benchmarks
    #[arg(long)]
    all: bool,
    /// Yes, install packages and start daemons here (not needed where CI=true)
    #[arg(long)]
    on_a_machine_that_may_be_changed: bool,
}

/// The test target of the live environments, which is a separate part.
const LIVE: &str = "live";

/// The test target that injects an error into each system call of the programs: thousands of runs.
const INJECTION: &str = "injection";

/// The test target of the Ansible role, which starts `ansible-playbook` a dozen times.
const ANSIBLE: &str = "ansible";

/// The test target of the static programs with nothing but a kernel.
const PORTABLE: &str = "portable";

/// The test target of the packages in roots of their own.
const PACKAGES: &str = "packages";

/// The test targets with a part of their own.
const SLOW: [&str; 4] = [LIVE, INJECTION, PACKAGES, ANSIBLE];

/// The scripts for shellcheck.
const SHELL_SCRIPTS: [&str; 7] = [
    "install.sh",
    ".ci/run",
    "packaging/deb/anonymous-statistics/preinst",
    "packaging/deb/anonymous-statistics/postinst",
    "packaging/deb/anonymous-statistics/postrm",
    "tests/live/ask.sh",
    "tests/service_hooks/stand-in.sh",
];

/// The limit for fetching the list of known vulnerabilities.
const ADVISORIES_LIMIT: Duration = Duration::from_mins(1);

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    if !arguments.on_a_machine_that_may_be_changed && !run::in_ci() {
        eprintln!(
            "error: cargo xtask ci installs packages and starts daemons on this machine.\n\
             Where that is fine, run: cargo xtask ci --on-a-machine-that-may-be-changed\n\
             To test without changing anything, run: cargo xtask test"
        );
        return Ok(ExitCode::from(2));
    }
    let workspace = &Workspace::load()?;
    let mut report = Report::default();

    report.part("cargo xtask test", |skips| tests(test::run(workspace)?, skips));
    report.part("format and lint tools", |_| setup::components().map(|()| Verdict::Passed));
    report.part("lock files", |_| locked(workspace));
    report.part("format", |_| check(workspace, &["fmt", "--all", "--check"], &[]));
    report.part("clippy", |_| clippy(workspace));
    report.part("documentation", |_| {
        check(workspace, &["doc", "--workspace", "--no-deps", "--locked"], &[("RUSTDOCFLAGS", "-D warnings")])
    });
    report.part("generated parts", |_| generated(workspace));
    report
        .part("cargo-deny", |_| deny(workspace, &["--locked", "--workspace", "check", "licenses", "bans", "sources"]));
    report.part("advisories", |_| advisories(workspace));
    report.part("library for crates.io", |_| library::package(workspace).map(|()| Verdict::Passed));
    report.part("Debian packages", |_| setup::packages(arguments.all).map(|()| Verdict::Passed));
    report.part("fuzz targets", |_| {
        // They are run with a nightly toolchain (fuzz/README.md).
        run::run(&mut workspace.cargo(["check", "--locked", "--manifest-path", "fuzz/Cargo.toml"]))?;
        Ok(Verdict::Passed)
    });
    report.part("clippy for macOS and FreeBSD", |_| elsewhere(workspace, cross::clippy));
    report.part("shell scripts", |_| {
        run::run(run::program("shellcheck", SHELL_SCRIPTS).current_dir(&workspace.root)).map(|()| Verdict::Passed)
    });
    report.part("workflows", |_| workflows::run(workspace));
    report.part("skipped tests, with the packages", |skips| again(workspace, skips));
    report.part("tests, as a newcomer", |skips| match newcomer::obstacle(workspace) {
        Some(reason) => Ok(Verdict::Skipped(reason)),
        None => tests(newcomer::run(workspace)?, skips),
    });
    let mut programs = None;
    report.part("static build", |_| {
        programs = Some(static_build::run(workspace)?);
        Ok(Verdict::Passed)
    });
    report.part("recorded machines", |_| match &programs {
        Some(folder) => recorded::run(workspace, folder),
        None => bail!("there is no static build to ask"),
    });
    report.part("smoke", |_| match &programs {
        Some(folder) => smoke::check(workspace, folder).map(|()| Verdict::Passed),
        None => bail!("there is no static build to ask"),
    });
    report.part("system tests", |skips| {
        let programs = programs.as_ref().map(|folder| ("STATIC_PROGRAMS", folder.as_os_str()));
        system_tests(workspace, &|target| !SLOW.contains(&target), programs.as_slice(), skips)
    });
    report.part("dashboard", |_| match dashboard::obstacle(workspace)? {
        Some(reason) => Ok(Verdict::Skipped(reason)),
        None => dashboard::run(workspace).map(|()| Verdict::Passed),
    });
    report.part("live environments", |skips| match &programs {
        Some(folder) => live(workspace, folder, arguments.all, skips),
        None => bail!("there is no static build to ask"),
    });

    if arguments.all {
        report.part("injected errors, and more kills", |skips| match &programs {
            Some(folder) => {
                let more = [("STATIC_PROGRAMS", folder.as_os_str()), ("MORE_KILLS", OsStr::new("yes"))];
                system_tests(workspace, &|target| [INJECTION, "crash"].contains(&target), &more, skips)?;
                let installer = ["--workspace", "--features", &workspace.features(), "--test", "install"];
                tests(test::cargo_test(workspace, &installer.map(str::to_owned), &more)?, skips)
            }
            None => bail!("there is no static build to try"),
        });
        report.part("API since the last release", |_| library::compatible_with_last_release(workspace));
        report.part("Ansible role", |skips| {
            let playbook = setup::ansible_playbook(workspace)?;
            let environment = [("ANSIBLE_PLAYBOOK", playbook.as_os_str())];
            system_tests(workspace, &|target| target == ANSIBLE, &environment, skips)
        });
        report.part("link for macOS and FreeBSD", |_| elsewhere(workspace, cross::link));
        report.part("dist, twice", |_| dist::twice(workspace).map(|()| Verdict::Passed));
        report.part("Arm programs", |skips| emulated(workspace, "aarch64", skips));
        report.part("packages", |skips| match &programs {
            Some(folder) => packed(workspace, folder, skips),
            None => bail!("there is no static build to pack"),
        });
        report.part("peers", |_| match &programs {
            Some(folder) => peers::run(workspace, folder).map(|()| Verdict::Passed),
            None => bail!("there is no static build to compare"),
        });
        report.part("benchmarks", |_| bench::run(workspace).map(|()| Verdict::Passed));
    }

    print!("{}", report.page());
    Ok(if report.count("failed") == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tests(outcome: test::Outcome, skips: &mut Vec<String>) -> Result<Verdict> {
    outcome.print_skips();
    skips.extend(outcome.skips);
    if !outcome.passed {
        bail!("tests failed");
    }
    Ok(Verdict::Passed)
}

/// Reruns the tests that the first part skipped, now with the packages. Only those skipped again stay in the list.
fn again(workspace: &Workspace, skips: &mut Vec<String>) -> Result<Verdict> {
    let names = skips::take_tests(skips);
    if names.is_empty() {
        return Ok(Verdict::Passed);
    }
    tests(test::again(workspace, &names)?, skips)
}

fn check(workspace: &Workspace, arguments: &[&str], environment: &[(&str, &str)]) -> Result<Verdict> {
    run::run(run::cargo(arguments).envs(environment.iter().copied()).current_dir(&workspace.root))?;
    Ok(Verdict::Passed)
}

/// Whether each lock file fits its manifests. Those of the fuzz targets and the peers are outside the workspace, and no
/// other part builds these packages.
fn locked(workspace: &Workspace) -> Result<Verdict> {
    let manifests = run::text(run::git(&workspace.root).args(["ls-files", "-z", "--", "Cargo.lock", "**/Cargo.lock"]))?;
    for lock in manifests.split_terminator('\0') {
        let manifest = Path::new(lock).with_file_name("Cargo.toml");
        let mut command = run::cargo(["update", "--workspace", "--locked", "--quiet", "--manifest-path"]);
        run::run(command.arg(manifest).current_dir(&workspace.root))?;
    }
    Ok(Verdict::Passed)
}

/// Everything with all features, the programs with the default features, and the libraries as in the preview.
fn clippy(workspace: &Workspace) -> Result<Verdict> {
    let mut libraries = vec!["--lib", "--no-default-features"];
    libraries.extend(workspace.libraries().into_iter().flat_map(|package| ["--package", package]));
    for shape in
        [&["--workspace", "--all-targets", "--all-features"][..], &["--workspace", "--lib", "--bins"], &libraries]
    {
        let arguments = [&["clippy", "--locked"], shape, &["--", "-D", "warnings"]].concat();
        check(workspace, &arguments, &[])?;
    }
    Ok(Verdict::Passed)
}

/// Needs the tools for other systems.
fn elsewhere(workspace: &Workspace, work: fn(&Workspace) -> Result<()>) -> Result<Verdict> {
    match cross::obstacle() {
        Some(reason) => Ok(Verdict::Skipped(reason.into())),
        None => work(workspace).map(|()| Verdict::Passed),
    }
}

fn generated(workspace: &Workspace) -> Result<Verdict> {
    Ok(match generate::run(workspace, true)? {
        0 => Verdict::Skipped("no generated parts in this tree".into()),
        _ => Verdict::Passed,
    })
}

fn deny(workspace: &Workspace, arguments: &[&str]) -> Result<Verdict> {
    let program = setup::cargo_tool(workspace, &setup::CARGO_DENY)?;
    run::run(run::program(program, arguments).current_dir(&workspace.root))?;
    Ok(Verdict::Passed)
}

/// The list is outside the package registries, so the machine may be unable to fetch it.
fn advisories(workspace: &Workspace) -> Result<Verdict> {
    let mut fetch = run::program(setup::cargo_tool(workspace, &setup::CARGO_DENY)?, ["--locked", "fetch", "db"]);
    if !run::succeeds_within(fetch.current_dir(&workspace.root), ADVISORIES_LIMIT)? {
        return Ok(Verdict::Skipped("the list of known vulnerabilities cannot be fetched from here".into()));
    }
    deny(workspace, &["--locked", "--workspace", "check", "--disable-fetch", "advisories"])
}

/// The advisories alone, where it is an error that they cannot be fetched.
pub(crate) fn known_vulnerabilities(workspace: &Workspace) -> Result<()> {
    match advisories(workspace)? {
        Verdict::Passed => Ok(()),
        Verdict::Skipped(reason) => bail!(reason),
    }
}

/// Passes on the static programs, a kernel if there is one, and whether to run all environments.
fn live(workspace: &Workspace, programs: &Path, all: bool, skips: &mut Vec<String>) -> Result<Verdict> {
    let mut environment = vec![("STATIC_PROGRAMS", programs.as_os_str())];
    let kernel = setup::guest_kernel(workspace);
    match &kernel {
        Ok(kernel) => environment.push(("GUEST_KERNEL", kernel.as_os_str())),
        Err(error) => eprintln!("WARNING: no kernel for emulated machines: {error:#}"),
    }
    if all {
        environment.push(("LIVE", OsStr::new("all")));
    }
    system_tests(workspace, &|target| target == LIVE, &environment, skips)
}

/// The static programs for another processor, under qemu-user(1).
fn emulated(workspace: &Workspace, arch: &str, skips: &mut Vec<String>) -> Result<Verdict> {
    let programs = static_build::run_for(workspace, arch)?;
    let emulator = format!("qemu-{arch}");
    let environment = [("STATIC_PROGRAMS", programs.as_os_str()), ("EMULATOR", OsStr::new(&emulator))];
    system_tests(workspace, &|target| target == PORTABLE, &environment, skips)
}

/// The packages for both processors; those for this one are installed.
fn packed(workspace: &Workspace, programs: &Path, skips: &mut Vec<String>) -> Result<Verdict> {
    let out = packages::folder(workspace);
    for arch in ["x86_64", "aarch64"] {
        packages::build(workspace, workspace, arch, &static_build::run_for(workspace, arch)?, &out)?;
    }
    let root = packages::root::archive(workspace)?;
    let environment =
        [("STATIC_PROGRAMS", programs.as_os_str()), ("PACKAGES", out.as_os_str()), ("DEBIAN_ROOT", root.as_os_str())];
    system_tests(workspace, &|target| target == PACKAGES, &environment, skips)
}

fn system_tests(
    workspace: &Workspace,
    chosen: &dyn Fn(&str) -> bool,
    environment: &[(&str, &OsStr)],
    skips: &mut Vec<String>,
) -> Result<Verdict> {
    let chosen: Vec<&str> = workspace.system_tests().filter(|target| chosen(target)).collect();
    if chosen.is_empty() {
        return Ok(Verdict::Skipped(format!("none in this tree (no test target requires the feature {SYSTEM_TESTS})")));
    }
    let mut selection = ["--workspace", "--features", &workspace.features()].map(str::to_owned).to_vec();
    selection.extend(chosen.iter().flat_map(|name| ["--test".to_owned(), (*name).to_owned()]));
    test::build(workspace, &selection)?;
    tests(test::cargo_test(workspace, &selection, environment)?, skips)
}

#[derive(Default)]
struct Report {
    parts: Vec<Part>,
    /// Single tests that could not run.
    skips: Vec<String>,
}

struct Part {
    name: &'static str,
    seconds: f64,
    result: &'static str,
    remark: String,
}

impl Report {
    fn part(&mut self, name: &'static str, work: impl FnOnce(&mut Vec<String>) -> Result<Verdict>) {
        eprintln!("\n==== {name}");
        let begin = Instant::now();
        let (result, remark) = match work(&mut self.skips) {
            Ok(Verdict::Passed) => ("passed", String::new()),
            Ok(Verdict::Skipped(reason)) => ("skipped", reason),
            Err(error) => ("failed", format!("{error:#}")),
        };
        if !remark.is_empty() {
            eprintln!("==== {name} {}: {remark}", result.to_uppercase());
        }
        self.parts.push(Part { name, seconds: begin.elapsed().as_secs_f64(), result, remark });
    }

    fn count(&self, result: &str) -> usize {
        self.parts.iter().filter(|part| part.result == result).count()
    }

    /// The table, the skips, and a final line.
    fn page(&self) -> String {
        let mut page = String::from("\n| part | seconds | result |\n|---|---:|---|\n");
        for part in &self.parts {
            let first = part.remark.lines().next().unwrap_or_default().replace('|', "\\|");
            let remark = if first.is_empty() { first } else { format!(": {first}") };
            // Writing into a string cannot fail.
            let _ = writeln!(page, "| {} | {:.0} | {}{remark} |", part.name, part.seconds, part.result);
        }
        let total: f64 = self.parts.iter().map(|part| part.seconds).sum();
        let _ = writeln!(page, "| all | {total:.0} | |\n\nsingle tests, {}", skips::summary(&self.skips));
        let _ = writeln!(
            page,
            "\n{} passed, {} failed, {} skipped",
            self.count("passed"),
            self.count("failed"),
            self.count("skipped")
        );
        page
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_counts_parts_and_lists_every_skip() {
        let mut report = Report::default();
        report.part("one", |skips| {
            skips.push("a_test: no tmux".into());
            Ok(Verdict::Passed)
        });
        report.part("two", |_| bail!("a | b\nmore"));
        report.part("three", |_| Ok(Verdict::Skipped("no way".into())));
        report.parts.iter_mut().for_each(|part| part.seconds = 1.4);
        assert_eq!(
            report.page(),
            "\n| part | seconds | result |\n|---|---:|---|\n\
             | one | 1 | passed |\n| two | 1 | failed: a \\| b |\n| three | 1 | skipped: no way |\n| all | 4 | |\n\n\
             single tests, skipped: 1\n  a_test: no tmux\n\n1 passed, 1 failed, 1 skipped\n"
        );
    }
}
