//! The opt-out comes first.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use testkit::scratch::{OPT_OUT, Scratch, mode, under_each_shell, under_some_shell};
use testkit::{said, set_mode, this_test};

/// The sender's rule, in every form.
#[test]
fn any_value_of_a_variable_disables_telemetry_as_the_option_does() {
    under_some_shell(this_test!(), |shell| {
        let opts_out = |name: &str, value: &str| {
            let scratch = Scratch::bare(shell).with(name, value);
            scratch.installed(&["--dry-run"]).contains(&format!("Would create /{OPT_OUT}"))
        };
        for name in ["DISABLE_TELEMETRY", "DO_NOT_TRACK"] {
            for value in ["1", "0", "true", "false", "no", " ", "!", "-n", "("] {
                assert!(opts_out(name, value), "{name}={value}");
            }
            assert!(!opts_out(name, ""), "{name} is empty");
        }
        // A variable of Netdata's installers, which only check that it is set.
        for value in ["1", "0", ""] {
            assert!(opts_out("NETDATA_DISABLE_TELEMETRY", value), "{value:?}");
        }
    });
}

/// From the kernel's view: the file is new (`O_EXCL`, which follows no link), the sender gets its names only afterwards,
/// and nobody opens a network socket.
///
/// netdata#6129: an installer applied its option after the agent's first start, and the first event had left.
#[test]
fn the_opt_out_file_stands_before_the_sender_and_nothing_is_sent() {
    let test = this_test!();
    let Some(strace) = testkit::strace(test) else { return };
    under_each_shell(test, |shell| {
        let scratch = Scratch::with_agent(shell);
        // The machine has its own user namespace already.
        let mut words = vec![strace.last().unwrap().clone()];
        let calls = "trace=open,openat,rename,renameat,renameat2,socket,io_uring_setup";
        words.extend(["-f", "-e", calls, "-o", "/commands/calls"].map(str::to_owned));
        words.extend(scratch.words(&["--yes", "--disable-telemetry"]));
        let (out, err, status) = said(&scratch.start(&words).output().unwrap());
        assert_eq!((err.as_str(), status), ("", 0));
        assert!(out.contains(&format!("Created /{OPT_OUT}")), "{out}");
        let log = fs::read_to_string(scratch.beside("commands/calls")).unwrap();
        let position = |what: &dyn Fn(&str) -> bool| log.lines().position(what).unwrap();
        let file = Path::new(OPT_OUT).file_name().unwrap().to_str().unwrap();
        let created = position(&|line| line.contains(file) && line.contains("O_EXCL") && !line.contains("= -1"));
        let placed = position(&|line| line.contains("rename") && line.contains("anonymous-statistics"));
        assert!(created < placed, "{log}");
        assert!(!log.lines().any(|line| line.contains(file) && line.contains("O_CREAT") && !line.contains("O_EXCL")));
        let network =
            |line: &&str| line.contains("io_uring_setup(") || (line.contains("socket(") && !line.contains("AF_UNIX"));
        assert_eq!(log.lines().find(network), None);

        let file = scratch.path(OPT_OUT);
        assert_eq!((fs::read(&file).unwrap().len(), mode(&file)), (0, 0o644));
        // The sender under the daemon's name is silent and succeeds.
        let words = ["/usr/libexec/netdata/plugins.d/anonymous-statistics.sh", "START", "-", "-"].map(str::to_owned);
        assert_eq!(said(&scratch.start(&words).output().unwrap()), (String::new(), String::new(), 0));
        let out = scratch.installed(&["--uninstall"]);
        assert!(out.contains(&format!("Left: /{OPT_OUT} still opts out")) && file.exists(), "{out}");
    });
}

#[test]
fn what_stands_in_the_opt_out_files_place_opts_out_as_it_is() {
    under_some_shell(this_test!(), |shell| {
        type Make = fn(&Path);
        let makes: [Make; 4] = [
            |path| symlink("nowhere", path).unwrap(),
            |path| fs::create_dir(path).unwrap(),
            |path| symlink("netdata.conf", path).unwrap(),
            |path| {
                fs::write(path, "why\n").unwrap();
                set_mode(path, 0o600);
            },
        ];
        for make in makes {
            let scratch = Scratch::with_agent(shell);
            fs::write(scratch.path("etc/netdata/netdata.conf"), "[global]\n").unwrap();
            make(&scratch.path(OPT_OUT));
            let etc = || scratch.tree().into_iter().filter(|(path, _)| path.starts_with("etc")).collect::<Vec<_>>();
            let before = etc();
            scratch.installed(&["--yes", "--disable-telemetry"]);
            assert_eq!(etc(), before);
        }
    });
}

#[test]
fn where_the_opt_out_file_cannot_be_created_nothing_is_installed() {
    under_each_shell(this_test!(), |shell| {
        let scratch = Scratch::with_agent(shell);
        fs::write(scratch.path("etc/a-file"), "").unwrap();
        symlink("nowhere", scratch.path("etc/a-link")).unwrap();
        for config in ["/etc/a-file/netdata", "/etc/a-file", "/etc/a-link"] {
            let arguments = [
                "--yes",
                "--disable-telemetry",
                "--config-dir",
                config,
                "--plugins-dir",
                "/usr/libexec/netdata/plugins.d",
            ];
            scratch.refused(&arguments, 1, "the opt-out file cannot be created, so nothing is installed");
        }
    });
}

/// A later failure keeps the file: here that of the first copy.
#[test]
fn whoever_asked_for_silence_has_it_even_if_nothing_can_be_installed() {
    under_each_shell(this_test!(), |shell| {
        let scratch = Scratch::with_agent(shell);
        let before = scratch.tree();
        // Files up to half a megabyte: a program can be begun but not finished.
        let mut words = ["sh", "-c", r#"ulimit -f 1024; exec "$@""#, "sh"].map(str::to_owned).to_vec();
        words.extend(scratch.words(&["--yes", "--disable-telemetry"]));
        let (_, err, status) = said(&scratch.start(&words).output().unwrap());
        assert_eq!(status, 1, "{err}");
        assert!(err.contains("cannot write") && err.contains("what was begun is undone"), "{err}");
        let mut after = scratch.tree();
        assert!(after.remove(Path::new(OPT_OUT)).is_some());
        assert_eq!(after, before);
    });
}
