//! Opting out and in, saving, and the results.

use anonymous_statistics::agent::folders::Folders;
use anonymous_statistics::consent::Consent;

use super::*;
use crate::actions::opting::Barred;
use crate::actions::report::Report;
use crate::ui::SMALLEST;

#[test]
fn opting_in_takes_a_typed_word() {
    let begin = || {
        let mut state = state(opted_out(), RICH, USUAL);
        assert_eq!(press(&mut state, Key::Char('i')), None);
        assert!(matches!(asked(&state), Some(Plan::OptIn(_))));
        state
    };
    for wrong in ["", "y", "yes", "telemetr", "telemetryy", "Telemetry", "telemetry "] {
        let mut state = begin();
        typed(&mut state, wrong);
        assert_eq!(press(&mut state, Key::Enter), None, "{wrong:?}");
        assert!(text(&state).contains("that is not the word; nothing was changed"), "{wrong:?}");
        // The text is cleared, so a second Enter does not confirm.
        typed(&mut state, OPT_IN_WORD);
        assert!(matches!(press(&mut state, Key::Enter), Some(Effect::Act(_))), "{wrong:?}");
    }
    let mut state = begin();
    typed(&mut state, "q");
    assert_eq!(press(&mut state, Key::Escape), None);
    assert!(state.overlay.is_none(), "Esc cancels");
}

#[test]
fn opting_in_says_what_else_is_in_the_way() {
    let mut preview = opted_out();
    preview.consent = example::consent(&[Finding::Exists("a file"), Finding::Exists("a link")]);
    let state = reached(preview, "Overview", "i", USUAL);
    assert!(shows(&state, "Still opted out by ") && shows(&state, "/opt/netdata/etc/netdata/"));
}

#[test]
fn a_confirmed_opt_out_is_not_dropped_by_a_key_typed_ahead() {
    let mut state = reached(preview(), "Overview", "o\r", USUAL);
    for key in keys::keys() {
        let effect = press(&mut state, key);
        let ends = matches!(effect, Some(Effect::Quit | Effect::Suspend | Effect::Redraw));
        assert!(effect.is_none() || ends && !matches!(key, Key::Char(_)), "{key:?}");
        assert!(matches!(state.overlay, Some(Overlay::Working(_))), "{key:?}");
    }
}

/// A state with its own config directory, and the effect after opting out there.
fn opting_out(folder: std::path::PathBuf, size: Size) -> (State, Option<Effect>) {
    let mut preview = preview();
    move_to(&mut preview, folder);
    let mut state = state(preview, RICH, size);
    press(&mut state, Key::Char('o'));
    let Some(Effect::Act(plan)) = press(&mut state, Key::Enter) else { panic!("no opting out") };
    let effect = state.update(Message::Done(Box::new(plan.perform(rustix::fs::CWD))));
    (state, effect)
}

#[test]
fn after_opting_out_the_disk_is_read_again_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    let (mut state, effect) = opting_out(folder.path().to_owned(), USUAL);
    assert_eq!(effect, Some(look("START")));
    assert!(folder.path().join(".opt-out-from-anonymous-statistics").exists());
    assert!(shows(&state, "Status: looking"));
    looked(&mut state, opted_out());
    for part in ["Created ", "Restart netdata", "Status: OFF"] {
        assert!(shows(&state, part), "{part}:\n{}", text(&state));
    }
    press(&mut state, Key::Enter);
    assert!(state.overlay.is_none() && state.blocked.is_empty());
}

#[test]
fn without_permission_there_is_a_command_to_copy() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let (mut state, _) = opting_out(folder.path().join("file/netdata"), SIZES[3]);
    assert!(shows(&state, "cannot create") && shows(&state, "mkdir -p"), "{}", text(&state));
    assert!(!state.blocked.is_empty());
    looked(&mut state, preview());
    assert_eq!(press(&mut state, Key::Char('r')), Some(look("START")), "r looks again");
    assert!(state.overlay.is_some(), "and the commands stay");
    let Some(Effect::Copy(command)) = press(&mut state, Key::Char('y')) else { panic!("nothing to copy") };
    assert!(state.overlay.is_some() && state.blocked.contains(&command), "{command}");
}

#[test]
fn what_cannot_be_done_is_not_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut preview = opted_out();
    // A file in place of the folder stops even root.
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    move_to(&mut preview, file.join("netdata"));
    let cannot_look = Finding::CannotLook("Permission denied".to_owned());
    preview.targets[0].file = cannot_look.clone();
    preview.consent = Consent::decide([file.join("netdata").as_path()], |_| Ok(None), |_| cannot_look.clone());
    let mut state = fresh("START", false, RICH, SIZES[3]);
    let barred = Box::new(Barred::look(&preview));
    looked(&mut state, preview);
    state.update(Message::Barred(barred));
    for (key, says) in [('o', "cannot create "), ('i', "cannot remove ")] {
        assert_eq!(press(&mut state, Key::Char(key)), None);
        assert!(shows(&state, says) && shows(&state, "Not a directory"), "{key}: {}", text(&state));
        assert!(matches!(state.overlay, Some(Overlay::Report(_))), "{key}");
        assert_eq!(press(&mut state, Key::Enter), None, "there is nothing to confirm");
        assert!(state.overlay.is_none(), "{key}");
    }
}

#[test]
fn without_an_agent_the_default_folder_is_offered() {
    let mut preview = without_history();
    (preview.folders, preview.script.path) = (Folders::find(&[], |_folder| false), None);
    preview.targets.clear();
    let mut state = state(preview, RICH, USUAL);
    assert!(shows(&state, "NO AGENT: no Netdata agent was found"), "{}", text(&state));
    press(&mut state, Key::Char('o'));
    for part in ["No Netdata agent was found here.", "/etc/netdata/.opt-out-from-anonymous-statistics"] {
        assert!(shows(&state, part), "{part}:\n{}", text(&state));
    }
}

#[test]
fn where_there_is_nothing_to_remove_opting_in_is_no_question() {
    let state = reached(preview(), "Overview", "i", USUAL);
    assert!(state.overlay.is_none() && text(&state).contains("there is no opt-out file to remove"));
}

#[test]
fn a_change_of_netdata_conf_is_shown_before_it_is_confirmed() {
    let folder = tempfile::tempdir().unwrap();
    let conf = folder.path().join("netdata.conf");
    for (path, mode) in [(folder.path(), 0o755), (&conf, 0o644)] {
        if path == conf {
            std::fs::write(path, "[global]\n  crash reports = all\n").unwrap();
        }
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    }
    let mut preview = preview();
    move_to(&mut preview, folder.path().to_owned());
    preview.targets[0].agent =
        Some(Folders { library: None, conf: Some(conf.clone()), ..preview.folders.clone() }.into());
    let looked_at = |preview: Preview| {
        let mut state = fresh("START", false, RICH, SIZES[3]);
        let barred = Box::new(Barred::look(&preview));
        looked(&mut state, preview);
        state.update(Message::Barred(barred));
        state
    };
    let mut state = looked_at(preview.clone());
    press(&mut state, Key::Char('o'));
    assert!(shows(&state, "-  crash reports = all") && shows(&state, "+  crash reports = off"), "{}", text(&state));
    let Some(Effect::Act(plan)) = press(&mut state, Key::Enter) else { panic!("no opting out") };
    assert!(plan.perform(rustix::fs::CWD).sentences.iter().any(|said| said.starts_with("Changed ")));
    assert!(std::fs::read_to_string(&conf).unwrap().contains("= off"));

    // Only our own change is undone, which is found even without the opt-out file.
    let mut state = looked_at(preview);
    press(&mut state, Key::Char('i'));
    assert!(shows(&state, "+  crash reports = all"), "{}", text(&state));
    typed(&mut state, OPT_IN_WORD);
    let Some(Effect::Act(plan)) = press(&mut state, Key::Enter) else { panic!("no opting in") };
    plan.perform(rustix::fs::CWD);
    assert_eq!(std::fs::read_to_string(&conf).unwrap(), "[global]\n  crash reports = all\n");
}

#[test]
fn what_could_not_be_done_is_said() {
    let mut state = usual();
    let sentences = vec!["no thread".to_owned()];
    let report = Report { title: "Not done", sentences, commands: Vec::new(), consent: false };
    assert_eq!(state.update(Message::Done(Box::new(report))), None);
    assert!(text(&state).contains("no thread") && !text(&state).contains("The disk says now"));
}

#[test]
fn nobody_confirms_what_was_not_on_the_screen() {
    let mut state = usual();
    press(&mut state, Key::Char('o'));
    // Typed ahead: before the next drawing.
    assert_eq!(state.update(Message::Key(Key::Enter)), None);
    assert!(asked(&state).is_some(), "it is still asked");
    assert!(matches!(press(&mut state, Key::Enter), Some(Effect::Act(_))));
}

#[test]
fn a_question_can_be_read_to_its_end() {
    let target = |number| Target {
        folder: format!("/srv/{number}").into(),
        exists: true,
        file: Finding::Nothing,
        foreign: false,
        library: None,
        agent: None,
    };
    let preview = Preview { targets: (0..9).map(target).collect(), ..preview() };
    let mut state = reached(preview, "Overview", "o", SMALLEST);
    assert!(text(&state).contains("up, down scroll") && !shows(&state, "/srv/8/"));
    press(&mut state, Key::End);
    assert!(asked(&state).is_some() && shows(&state, "/srv/8/"));
}

#[test]
fn the_help_is_one_page() {
    for title in titles() {
        let mut state = on(title, usual());
        press(&mut state, Key::Char('?'));
        assert!(!text(&state).contains("up, down scroll"), "{title}:\n{}", text(&state));
    }
}
