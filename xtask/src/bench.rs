//! `cargo xtask bench`: the programs compared with an empty program and the tools they replace, in one run.
//!
//! Everything measured runs inside an [`Enclosure`], with loopback as the only network.

mod measure;
mod table;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::iter;
use std::path::{Path, PathBuf};
use std::thread;

use anonymous_statistics::agent::folders::CONFIG_DIRECTORIES;
use anyhow::{Context, Result, bail};

use crate::enclosure::{self, Enclosure};
use crate::workspace::{PROGRAMS, SENDER, SYSTEM_INFO, Workspace};
use crate::{run, static_build};
use measure::Subject;
use table::Row;
use testkit::nginx::{Authority, NGINX, Server, identity};
use testkit::{Home, Receiver, Reply, crowded, parts};

/// The paths of the script that system-info replaces, in packages and the static installer.
const SCRIPTS: [&str; 3] = [
    "/usr/lib/netdata/plugins.d/system-info.sh",
    "/usr/libexec/netdata/plugins.d/system-info.sh",
    "/opt/netdata/usr/libexec/netdata/plugins.d/system-info.sh",
];

#[derive(clap::Args)]
pub(crate) struct Inside {
    /// The folder of the static programs
    #[arg(long)]
    programs: PathBuf,
    /// An empty folder for everything that is written
    #[arg(long)]
    scratch: PathBuf,
    /// The namespaces that must have been left
    #[arg(long)]
    left: Vec<String>,
}

/// Builds, and starts the measurement inside new namespaces.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let missing: Vec<&str> = ["hyperfine", "strace"].into_iter().filter(|tool| run::find(tool).is_none()).collect();
    if !missing.is_empty() {
        bail!("missing: {}; on Debian: apt-get install {}", missing.join(", "), missing.join(" "));
    }
    let programs = static_build::run(workspace)?;
    let scratch = tempfile::Builder::new().prefix("bench-").tempdir_in(workspace.own_folder()?)?;
    // The baseline, and the unavoidable system calls.
    compile(scratch.path(), "empty", "int main(void) { return 0; }\n")?;
    compile(scratch.path(), "floor", include_str!("bench/floor.c"))?;

    let enclosure = Enclosure::find(workspace)?;
    if let Some(reason) = enclosure.missing() {
        bail!("no network and mount namespaces can be made on this machine: {reason}");
    }
    let mut command = run::program(&workspace.xtask, ["bench-inside", "--programs"]);
    command.arg(programs).arg("--scratch").arg(scratch.path()).env("TMPDIR", scratch.path());
    command.args(enclosure::to_leave()?);
    run::run(&mut enclosure.command(&command))?;
    // The collector inside a process, as other programs use it: as a whole, in parts, and for growing machines.
    let collect = ["bench", "--locked", "--package", "system-facts", "--features", "recorded", "--bench", "collect"];
    run::run(run::cargo(collect).current_dir(&workspace.root))
}

fn compile(folder: &Path, name: &str, source: &str) -> Result<()> {
    let file = folder.join(name).with_extension("c");
    fs::write(&file, source)?;
    let compiler = if run::find("musl-gcc").is_some() { "musl-gcc" } else { "cc" };
    run::run(run::program(compiler, ["-static", "-O2", "-s", "-w", "-o"]).arg(folder.join(name)).arg(file))
}

/// Inside the namespaces: prepares, measures and prints.
pub(crate) fn inside(arguments: &Inside) -> Result<()> {
    enclosure::must_have_left(&arguments.left)?;
    let mut scene = Scene {
        programs: &arguments.programs,
        scratch: &arguments.scratch,
        homes: Vec::new(),
        server: None,
        subjects: Vec::new(),
        remarks: Vec::new(),
    };
    scene.collectors()?;
    scene.senders()?;
    let measured = measure::all(&scene.subjects, scene.scratch)?;

    let sizes: Result<Vec<_>> = PROGRAMS
        .into_iter()
        .map(|program| {
            let size = fs::metadata(scene.programs.join(program.name))?.len();
            Ok((program, size))
        })
        .collect();
    let release = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let machine =
        format!("{} cores, {}, Linux {}", thread::available_parallelism()?, env::consts::ARCH, release.trim());
    print!("{}", table::page(&measured, &sizes?, &scene.remarks, &machine));
    Ok(())
}

/// The subjects, and a remark for each that cannot be measured.
struct Scene<'a> {
    programs: &'a Path,
    scratch: &'a Path,
    /// Needed by the senders during the measurement.
    homes: Vec<Home>,
    server: Option<Server>,
    subjects: Vec<Subject>,
    remarks: Vec<String>,
}

impl Scene<'_> {
    /// The empty program, system-info, and the tools that find the same facts.
    fn collectors(&mut self) -> Result<()> {
        let environment = self.environment();
        let subject = |row, program: &Path| Subject::new(row, &[&program.to_string_lossy()], &environment);
        self.subjects.push(subject(Row::Empty, &self.scratch.join("empty")));

        let collector = subject(Row::SystemInfo, &self.programs.join(SYSTEM_INFO.name));
        if collector.answer()?.contains("NETDATA_SYSTEM_KERNEL_NAME=") {
            self.subjects.push(subject(Row::Questions, &self.scratch.join("floor")));
            self.subjects.push(collector);
            self.crowded_machine(&environment)?;
        } else {
            self.remarks.push("system-info: prints no facts yet".into());
        }
        match SCRIPTS.map(Path::new).into_iter().find(|script| script.is_file()) {
            Some(script) => self.subjects.push(subject(Row::Script, script)),
            None => self.remarks.push("system-info.sh: not installed (Debian: netdata-core)".into()),
        }
        match run::find("systemd-detect-virt") {
            Some(program) => self.subjects.push(subject(Row::DetectVirt, &program)),
            None => self.remarks.push("systemd-detect-virt: not installed (Debian: systemd)".into()),
        }
        if !measure::memory_can_be_read() {
            self.remarks.push("peak memory: /usr/bin/time is not installed (Debian: time)".into());
        }
        Ok(())
    }

    /// The time must not grow too much with the machine.
    fn crowded_machine(&mut self, environment: &[(String, String)]) -> Result<()> {
        let machine = self.folder("crowded")?;
        crowded::write(&machine, &crowded::CROWDED);
        let program = self.programs.join(SYSTEM_INFO.name);
        let command = [&program.to_string_lossy(), "--format", "env", "--machine", &machine.to_string_lossy()];
        let subject = Subject::new(Row::Crowded, &command, environment);
        if subject.answer()?.lines().any(|line| line == crowded::ANSWER) {
            self.subjects.push(subject);
        } else {
            self.remarks.push(format!("{}: its answer holds no line {}", crowded::WHAT, crowded::ANSWER));
        }
        Ok(())
    }

    /// The opted-out sender, and one event compared with curl.
    fn senders(&mut self) -> Result<()> {
        let receiver = Receiver::start(Reply::Status(200, ""));
        let sending = Home::sending_to(&receiver);
        self.sender(Row::Event, &sending).answer()?;
        let Some(request) = receiver.requests().pop() else {
            // An opted-out sender's silence means nothing if it is silent without the file too.
            self.remarks
                .push("anonymous-statistics: sends nothing yet, so neither sending nor opting out is measured".into());
            return Ok(());
        };

        let opted_out = Home::sending_to(&receiver);
        fs::write(opted_out.opt_out_file(), "")?;
        let looking = self.sender(Row::OptedOut, &opted_out);
        looking.answer()?;
        if receiver.connections() > 1 {
            bail!("the sender sends although the opt-out file is there");
        }
        let floor = [self.scratch.join("floor"), opted_out.lib(), opted_out.config()];
        let floor = floor.map(|path| path.display().to_string());
        let words: Vec<&str> = floor.iter().map(String::as_str).chain(CONFIG_DIRECTORIES).collect();
        self.subjects.push(Subject::new(Row::Looks, &words, &self.environment()));
        self.subjects.push(looking);
        let (head, _) = parts(&request);
        self.over_tls(&sending, request.get(head.len()..).unwrap_or_default())?;
        self.homes = vec![sending, opted_out];
        Ok(())
    }

    /// An event, and curl with the same body, over TLS and with the system's trust store.
    fn over_tls(&mut self, sending: &Home, body: &[u8]) -> Result<()> {
        let missing: Vec<&str> = [("nginx", Path::new(NGINX).is_file()), ("curl", run::find("curl").is_some())]
            .into_iter()
            .filter_map(|(tool, found)| (!found).then_some(tool))
            .collect();
        if !missing.is_empty() {
            let missing = missing.join(" and ");
            self.remarks.push(format!("one event over TLS: {missing} not installed (Debian: nginx-light, curl)"));
            return Ok(());
        }
        let folder = self.folder("server")?;
        let authority = Authority::new(&folder, "benchmark");
        let system = fs::read("/etc/ssl/certs/ca-certificates.crt")
            .context("no system trust store (Debian: ca-certificates)")?;
        fs::write(self.trusted(), [system, fs::read(&authority.file)?].concat())?;
        let identity = identity(&folder, "server", "localhost", false, Some(&authority));
        let server = Server::start(&folder, &[(identity, "TLSv1.2 TLSv1.3")]);
        let url = format!("https://localhost:{}/capture/", server.ports[0]);
        self.server = Some(server);

        sending.configure(&format!("url = \"{url}\"\n"));
        let body_file = self.scratch.join("body.json");
        fs::write(&body_file, body)?;
        let data = format!("@{}", body_file.display());
        let curl = [
            &["curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--max-time", "2"][..],
            &["--header", "Content-Type: application/json", "--data-binary", &data, &url],
        ]
        .concat();
        let curl = Subject::new(Row::Curl, &curl, &self.environment());
        for subject in [self.sender(Row::Event, sending), curl] {
            let answer = subject.answer()?;
            if answer == "200" {
                self.subjects.push(subject);
            } else {
                self.remarks.push(format!("{}: answered {answer:?} where the server says 200", subject.row.label()));
            }
        }
        Ok(())
    }

    /// The sender with the daemon's START call.
    fn sender(&self, row: Row, home: &Home) -> Subject {
        let program = self.programs.join(SENDER.name).display().to_string();
        let call = home.start();
        let words: Vec<&str> = iter::once(&program).chain(&call.arguments).map(String::as_str).collect();
        // With the search path for the measuring tools.
        let environment: BTreeMap<_, _> = call.environment.into_iter().chain(self.environment()).collect();
        Subject::new(row, &words, &environment.into_iter().collect::<Vec<_>>())
    }

    /// Without the caller's environment, which may set a proxy or opt out.
    fn environment(&self) -> Vec<(String, String)> {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let variables = [
            ("PATH", env::var("PATH").unwrap_or_else(|_| "/usr/sbin:/usr/bin:/sbin:/bin".into())),
            ("HOME", text(self.scratch)),
            ("LANG", "C".into()),
            ("SSL_CERT_FILE", text(&self.trusted())),
        ];
        variables.map(|(name, value)| (name.to_owned(), value)).into()
    }

    /// The system's trust store and our authority.
    fn trusted(&self) -> PathBuf {
        self.scratch.join("trusted.pem")
    }

    fn folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.scratch.join(name);
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        Ok(folder)
    }
}
