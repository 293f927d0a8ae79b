//! The project's own commands. Each subcommand is a file; CONTRIBUTING.md describes their purposes.

mod bench;
mod ci;
mod cross;
mod dashboard;
mod dist;
mod enclosure;
mod generate;
mod imports;
mod library;
mod newcomer;
mod packages;
mod pages;
mod peers;
mod recorded;
mod run;
mod screenshots;
mod setup;
mod skips;
mod smoke;
mod static_build;
mod test;
mod workflows;
mod workspace;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "The project's own commands", max_term_width = 120)]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Builds the workspace and runs its tests: no rights needed, nothing installed, nothing changed outside target/
    Test {
        /// As an ordinary user, if root runs it, in a copy of the checkout whose path is long and has a blank
        #[arg(long)]
        as_a_newcomer: bool,
    },
    /// Runs everything that must pass before a change lands; installs packages and starts daemons
    Ci(ci::Arguments),
    /// Fails if a dependency has a known vulnerability, or if the list of them cannot be fetched
    Advisories,
    /// Checks the workspace for macOS and FreeBSD from here
    Cross(cross::Arguments),
    /// Prints which room of the house imports from which, and fails on a circle or a step upward
    Imports,
    /// Builds the library as crates.io would have it, and compares its API with an earlier one's
    Library(library::Arguments),
    /// Builds the three programs as static executables and prints their folder
    Static,
    /// Makes everything for a release page in target/dist: archives, lists of parts, checksums
    Dist(dist::Arguments),
    /// Packs the static programs as .deb and .rpm into target/dist and prints the packages; needs Debian's rpm and gzip
    Packages(packages::Arguments),
    /// Measures the programs beside the tools that they replace, and prints a table
    Bench,
    /// Asks other libraries and tools the same questions, and prints their answers and times beside ours
    Peers,
    /// Tests the dashboard's module and the agent's own dashboard in a real browser; needs chromium, netdata and npm
    Dashboard,
    /// Compares the release programs with what this machine's own commands say: Linux, macOS or FreeBSD
    Smoke(smoke::Arguments),
    /// Rewrites the generated parts of the documentation, the pictures and the pages that are installed
    Generate {
        /// Change nothing; fail when something is out of date
        #[arg(long)]
        check: bool,
    },
    /// Plays the previewer on a terminal of its own and writes the moving picture of README; needs root on Linux
    Screenshots(screenshots::Arguments),
    /// Becomes a program inside the namespaces that the other commands make with unshare(1)
    #[command(hide = true)]
    Enclosed {
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        program: Vec<OsString>,
    },
    /// The measuring half of bench, inside the namespaces
    #[command(hide = true)]
    BenchInside(bench::Inside),
    /// The half of screenshots that plays, inside the namespaces
    #[command(hide = true)]
    ScreenshotsInside(screenshots::Inside),
    /// The half of smoke that sends, inside the namespaces
    #[command(hide = true)]
    SmokeInside(smoke::Inside),
}

fn main() -> ExitCode {
    match perform(Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform(task: Task) -> anyhow::Result<ExitCode> {
    match task {
        Task::Enclosed { program } => enclosure::enter(&program),
        Task::BenchInside(inside) => bench::inside(&inside).map(|()| ExitCode::SUCCESS),
        Task::ScreenshotsInside(inside) => screenshots::inside(&inside).map(|()| ExitCode::SUCCESS),
        Task::Screenshots(arguments) => screenshots::run(&Workspace::load()?, &arguments),
        Task::SmokeInside(inside) => smoke::inside(&inside).map(|()| ExitCode::SUCCESS),
        Task::Ci(arguments) => ci::run(&arguments),
        Task::Advisories => ci::known_vulnerabilities(&Workspace::load()?).map(|()| ExitCode::SUCCESS),
        Task::Imports => imports::run(&Workspace::load()?.root).map(|()| ExitCode::SUCCESS),
        Task::Library(arguments) => library::run(&Workspace::load()?, &arguments).map(|()| ExitCode::SUCCESS),
        Task::Cross(arguments) => cross::run(&Workspace::load()?, &arguments).map(|()| ExitCode::SUCCESS),
        Task::Test { as_a_newcomer } => {
            let workspace = Workspace::load()?;
            if as_a_newcomer && let Some(reason) = newcomer::obstacle(&workspace) {
                anyhow::bail!(reason);
            }
            let outcome = if as_a_newcomer { newcomer::run(&workspace)? } else { test::run(&workspace)? };
            outcome.print_skips();
            Ok(if outcome.passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Task::Static => {
            let programs = static_build::run(&Workspace::load()?)?;
            println!("{}", programs.display());
            Ok(ExitCode::SUCCESS)
        }
        Task::Dist(arguments) => dist::run(&Workspace::load()?, &arguments).map(|()| ExitCode::SUCCESS),
        Task::Packages(arguments) => packages::run(&Workspace::load()?, &arguments).map(|()| ExitCode::SUCCESS),
        Task::Bench => bench::run(&Workspace::load()?).map(|()| ExitCode::SUCCESS),
        Task::Peers => {
            let workspace = Workspace::load()?;
            peers::run(&workspace, &static_build::run(&workspace)?).map(|()| ExitCode::SUCCESS)
        }
        Task::Dashboard => dashboard::run(&Workspace::load()?).map(|()| ExitCode::SUCCESS),
        Task::Smoke(arguments) => smoke::run(&Workspace::load()?, &arguments).map(|()| ExitCode::SUCCESS),
        Task::Generate { check } => generate::run(&Workspace::load()?, check).map(|_| ExitCode::SUCCESS),
    }
}
