use anonymous_statistics::agent::folders::{Dir, DirSource};

use super::*;

fn plan(folder: &str, exists: bool, library: Option<Dir>) -> OptOut {
    let folders = Folders {
        config: Some(Dir { path: folder.into(), by: if exists { DirSource::Usual } else { DirSource::Option } }),
        library,
        plugins: None,
        consent: Vec::new(),
        conf: None,
        stock_conf: None,
        command: None,
        doubt: None,
    };
    let target =
        Target { folder: folder.into(), exists, file: Finding::Nothing, foreign: false, library: None, agent: None };
    OptOut { targets: vec![target], confs: Confs::default(), without_agent: false, folders, restart: None }
}

#[test]
fn the_command_names_what_sudo_would_forget() {
    let plan = plan("/nonexistent/a b", false, Some(Dir { path: "/lib dir".into(), by: DirSource::Variable }));
    let commands = plan.commands(&[(&plan.targets[0], Who::Root)]);
    assert!(commands[0].starts_with("sudo "), "{commands:?}");
    assert!(commands[0].ends_with(" opt-out --config-dir '/nonexistent/a b' --lib-dir '/lib dir'"), "{commands:?}");
    let touch = "sudo touch '/nonexistent/a b/.opt-out-from-anonymous-statistics'";
    assert_eq!(commands[1], format!("sudo mkdir -p '/nonexistent/a b' && {touch}"));
}

#[test]
fn sudo_is_for_those_whom_it_helps() {
    let plan = plan("/etc/netdata", true, None);
    let touch = "touch /etc/netdata/.opt-out-from-anonymous-statistics";
    for (error, root, last, refused) in [
        (io::ErrorKind::PermissionDenied, false, Some(format!("sudo {touch}")), false),
        (io::ErrorKind::NotFound, false, Some(format!("sudo {touch}")), false),
        (io::ErrorKind::NotFound, true, Some(touch.to_owned()), false),
        (io::ErrorKind::PermissionDenied, true, None, true),
        (io::ErrorKind::ReadOnlyFilesystem, false, None, true),
        (io::ErrorKind::ReadOnlyFilesystem, true, None, true),
    ] {
        let report: Report = plan.obstacle(&[(&plan.targets[0], &error.into())], root).unwrap().into();
        assert_eq!(report.commands.last().cloned(), last, "{error:?}, {root}");
        assert!(report.sentences[0].ends_with(&format!(": {error}")), "{report:?}");
        assert_eq!(report.sentences.iter().any(|said| said.contains("root is refused")), refused, "{report:?}");
        assert!(!root || !format!("{report:?}").contains("sudo"), "{report:?}");
    }
}

#[test]
fn what_was_removed_is_said_where_another_file_stays() {
    let agents = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let target = |agent: &tempfile::TempDir| Target::look(agent.path(), false, None);
    std::fs::write(opt_out_file::opt_out_file(agents[0].path()), "").unwrap();
    // It opts out too, and is not removed with what it holds.
    std::fs::create_dir(opt_out_file::opt_out_file(agents[1].path())).unwrap();
    let OptOut { folders, .. } = plan("/nonexistent", false, None);
    let plan = OptIn {
        targets: agents.iter().map(target).collect(),
        confs: Confs::default(),
        folders,
        others: Vec::new(),
        restart: None,
    };
    let report = plan.report();
    assert_eq!(report.title, "Not done");
    assert!(report.sentences[0].starts_with(&format!("cannot remove {}", agents[1].path().display())), "{report:?}");
    assert_eq!(report.sentences[1], format!("Removed {}.", words::path(&file_of(&plan.targets[0]))));
}

#[test]
fn each_agents_own_error_decides_who_can_help() {
    let mut plan = plan("/etc/netdata", true, None);
    plan.targets.push(Target { folder: "/opt/netdata/etc/netdata".into(), ..plan.targets[0].clone() });
    let read_only = io::ErrorKind::ReadOnlyFilesystem.into();
    let denied = io::ErrorKind::PermissionDenied.into();
    let obstacle = plan.obstacle(&[(&plan.targets[0], &read_only), (&plan.targets[1], &denied)], false).unwrap();
    let touch = "sudo touch /opt/netdata/etc/netdata/.opt-out-from-anonymous-statistics";
    assert_eq!(obstacle.instead.last().map(String::as_str), Some(touch));
}

#[test]
fn the_file_alone_is_not_offered_where_it_is_not_enough() {
    let folder = tempfile::tempdir().unwrap();
    let conf = folder.path().join("netdata.conf");
    std::fs::write(&conf, "[global]\n").unwrap();
    let mut plan = plan(folder.path().to_str().unwrap(), true, None);
    plan.folders.conf = Some(conf);
    let target = Target { agent: Some(plan.folders.clone().into()), ..plan.targets[0].clone() };
    plan.confs = Confs::off(&[target], Scope::Conf);
    let obstacle = plan.obstacle(&[(&plan.targets[0], &io::ErrorKind::PermissionDenied.into())], false).unwrap();
    assert!(obstacle.instead.len() == 1 && obstacle.instead[0].contains(" opt-out"), "{obstacle:?}");
    let (docker, file) = ("netdata/netdata -W set global \"crash reports\" off", "content=''");
    assert!(obstacle.elsewhere.iter().any(|line| line.contains(docker)), "{obstacle:?}");
    assert!(!obstacle.elsewhere.iter().any(|line| line.contains(file)), "{obstacle:?}");
}
