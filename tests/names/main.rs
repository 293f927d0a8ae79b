//! The server's name, compared with curl: with any name servers, search domains and hosts(5), the sender and curl end
//! alike.
//!
//! The test runs in its own network and mount namespaces, with its own name servers, `/etc/resolv.conf` and
//! `/etc/hosts`. With `STATIC_PROGRAMS`, the folder of a static build, that sender is tested too; the rows name the
//! differences of musl's resolver.

#![cfg(target_os = "linux")]
#![allow(unreachable_pub, reason = "as in the other tests' modules")]
#![allow(clippy::unwrap_used, reason = "in a test a panic is a failed test")]

mod table;

use std::net::{Ipv4Addr, Ipv6Addr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use table::{SITUATIONS, Says, Situation};
use testkit::names::{A, Question};
use testkit::nginx::{Authority, NGINX, Server, identity};
use testkit::{Home, enclosure, full, said, skip, this_test};

const CURL: &str = "/usr/bin/curl";
/// A busy machine delays some calls; a defect is there each time.
const TRIES: u32 = 3;
/// The deadline of EXIT: the longest wait for an answer.
const SECONDS: &str = "1";

#[test]
fn every_situation_ends_as_with_curl() {
    let test = this_test!();
    if !rustix::process::geteuid().is_root() {
        return skip(test, "only root can give names to it");
    }
    if let Some(missing) = [CURL, NGINX, "/bin/ip"].iter().find(|path| !Path::new(path).exists()) {
        return skip(test, &format!("{missing} is missing"));
    }
    let Some(folder) = enclosure::inside() else {
        let files = [("hosts", ""), ("resolv.conf", ""), ("nsswitch.conf", "hosts: files dns\n")];
        return enclosure::enclose_test(test, &files);
    };
    let world = World::make(&folder);
    let mut wrong = Vec::new();
    for situation in SITUATIONS {
        world.is(situation);
        let curls = world.curls(situation);
        for (program, musl) in programs() {
            let difference = situation.difference.or(situation.with_musl.filter(|_| musl));
            let alike = |ours: &String| (*ours == curls) == difference.is_none();
            let ours = (1..TRIES).map(|_| world.ours(situation, &program)).find(alike);
            let ours = ours.unwrap_or_else(|| world.ours(situation, &program));
            println!("{}: {curls}, ours: {ours}, {}", situation.name, program.display());
            if !alike(&ours) {
                wrong.push(format!("{}: curl: {curls}, ours: {ours}, {}", situation.name, program.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), SITUATIONS.len(), wrong.join("\n"));
}

/// The sender of the test build and the release, and whether the resolver is musl's.
fn programs() -> Vec<(PathBuf, bool)> {
    let given_away = testkit::static_program("anonymous-statistics");
    let built = (PathBuf::from(testkit::sender()), cfg!(target_env = "musl"));
    std::iter::once(built).chain(given_away.map(|program| (program, true))).collect()
}

struct World {
    authority: Authority,
    server: Server,
    situation: Arc<Mutex<&'static Situation>>,
    folder: PathBuf,
}

impl World {
    fn make(folder: &Path) -> Self {
        let authority = Authority::new(folder, "ours");
        let known = |name: &str| identity(folder, name, name, false, Some(&authority));
        let server = Server::start(
            folder,
            &[(known("posthog.test"), "TLSv1.2 TLSv1.3"), (known("posthog.infra"), "TLSv1.2 TLSv1.3")],
        );
        let situation = Arc::new(Mutex::new(&SITUATIONS[0]));
        for number in 0..2 {
            serve(number, Arc::clone(&situation));
        }
        Self { authority, server, situation, folder: folder.to_owned() }
    }

    /// Rewrites the mounted files in place.
    fn is(&self, situation: &'static Situation) {
        *self.situation.lock().unwrap() = situation;
        std::fs::write(self.folder.join("resolv.conf"), situation.resolv_conf).unwrap();
        std::fs::write(self.folder.join("hosts"), situation.hosts).unwrap();
    }

    fn url(&self, situation: &Situation) -> String {
        let port = self.server.ports[usize::from(situation.host == "posthog.infra")];
        format!("https://{}:{port}/capture/", situation.host)
    }

    /// Status and exit status.
    fn ours(&self, situation: &Situation, program: &Path) -> String {
        let home = Home::new();
        home.configure(&format!("url = \"{}\"\napi_key = \"k\"\n", self.url(situation)));
        let call = home.call(&full(["EXIT", "OK", "-"])).with("SSL_CERT_FILE", self.authority.file.to_str().unwrap());
        let (out, line, code) = said(&call.command_of(program).output().unwrap());
        assert_eq!(line, "");
        format!("{out} {code}")
    }

    fn curls(&self, situation: &Situation) -> String {
        let mut command = Command::new(CURL);
        command.args(["--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--max-time", SECONDS]);
        command.args(["--data", "{}"]).arg(self.url(situation)).env_clear().env("SSL_CERT_FILE", &self.authority.file);
        let (out, _, code) = said(&command.stdin(Stdio::null()).output().unwrap());
        format!("{out} {code}")
    }
}

/// A name server: number 0 at 127.0.0.1, number 1 at 127.0.0.2.
fn serve(number: u8, situation: Arc<Mutex<&'static Situation>>) {
    let socket = Arc::new(UdpSocket::bind((Ipv4Addr::new(127, 0, 0, number + 1), 53)).unwrap());
    std::thread::spawn(move || {
        let mut buffer = [0; 512];
        loop {
            let Ok((length, peer)) = socket.recv_from(&mut buffer) else { continue };
            let Some(question) = Question::parse(&buffer[..length]) else { continue };
            let situation = *situation.lock().unwrap();
            let says = (situation.says)(number, &question.name, question.kind == A);
            let socket = Arc::clone(&socket);
            std::thread::spawn(move || {
                std::thread::sleep(says.delay());
                if let Some(answer) = answer(&question, says) {
                    let _ = socket.send_to(&answer, peer);
                }
            });
        }
    });
}

fn answer(question: &Question, says: Says) -> Option<Vec<u8>> {
    let own =
        if question.kind == A { Ipv4Addr::LOCALHOST.octets().to_vec() } else { Ipv6Addr::LOCALHOST.octets().to_vec() };
    match says {
        Says::Address | Says::Later => Some(question.reply(0, &[own])),
        Says::Nothing => Some(question.reply(0, &[])),
        Says::Code(code) => Some(question.reply(code, &[])),
        Says::Silence => None,
    }
}
