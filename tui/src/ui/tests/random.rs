//! Random keys, with all their effects performed in temporary folders and compared with a model of the files.

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use anonymous_statistics::inspect::Question;

use super::keys::keys;
use super::*;
use crate::ui::effects;

const KEYS: usize = 10_000;

/// xorshift: the same keys every time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit).unwrap()).unwrap()
    }
}

fn tree(root: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for item in std::fs::read_dir(folder).unwrap() {
            let path = item.unwrap().path();
            if path.is_dir() {
                folders.push(path.clone());
            }
            found.insert(path);
        }
    }
    found
}

/// The file that a dialog will create or change; the dialog names it, shortened in the middle where it is too long.
fn named(state: &State) -> Option<PathBuf> {
    let file = match asked(state)? {
        Plan::OptOut(plan) => plan.files().next()?,
        Plan::Save(plan) => plan.file(),
        Plan::Withhold(plan) => plan.file().to_owned(),
        Plan::OptIn(_) => return None,
    };
    let path = file.to_str().unwrap();
    let names = |line: &String| match line.trim().split_once('…') {
        Some((front, back)) => !front.is_empty() && path.starts_with(front) && path.ends_with(back),
        None => line.trim() == path,
    };
    assert!(boxed(state).iter().any(names), "{path}:\n{}", text(state));
    Some(file)
}

#[test]
fn nothing_changes_on_disk_but_what_a_confirmed_dialog_named() {
    let root = tempfile::tempdir().unwrap();
    let path = |name: &str| root.path().join(name);
    for name in ["etc", "lib", "plugins", "home"] {
        std::fs::create_dir(path(name)).unwrap();
    }
    let question = Question {
        config_dir: Some(path("etc/netdata")),
        lib_dir: Some(path("lib")),
        environment: BTreeMap::from([("NETDATA_PLUGINS_DIR".into(), path("plugins").into_os_string())]),
        ..question()
    };
    let home = std::fs::File::open(path("home")).unwrap();
    let mut model = tree(root.path());
    let all: Vec<Key> = keys().collect();
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let reader = Reader { folder: path("home"), ..reader(RICH) };
    let mut state = State::new(crate::screens::all(None), "START".to_owned(), reader, Size::new(100, 30));
    let mut wanted = Some(look("START"));
    let (mut saved, mut opted_out, mut opt_in_asked) = (0, 0, 0);
    for pressed in 0..KEYS {
        while let Some(effect) = wanted.take() {
            let (sender, messages) = std::sync::mpsc::channel();
            effects::perform(effect, &question, home.as_fd(), None, &sender);
            assert_eq!(tree(root.path()), model, "after key {pressed}");
            for message in messages.try_iter() {
                wanted = state.update(message).or(wanted);
            }
        }
        if random.below(50) == 0 {
            // Small enough for a page to scroll, large enough to show a whole dialog.
            let size =
                Size::new(u16::try_from(80 + random.below(90)).unwrap(), u16::try_from(24 + random.below(30)).unwrap());
            state.update(Message::Resized(size));
        }
        // Enter comes more often than by chance, so that dialogs are confirmed.
        let key = match all[random.below(all.len())] {
            _ if random.below(8) == 0 => Key::Enter,
            // Most other keys go into the text of these.
            _ if state.search.typing || matches!(asked(&state), Some(Plan::OptIn(_))) && random.below(3) == 0 => {
                Key::Escape
            }
            // The way to a request that can be saved, which few channels have and none with examples.
            _ if random.below(12) == 0 => Key::Char('3'),
            _ if random.below(8) == 0 => Key::Char('w'),
            // These lead away from what can be saved, or take longer than a thousand other keys.
            Key::Char('c' | 'x' | 'r' | 'e') if random.below(6) > 0 => Key::Down,
            key => key,
        };
        opt_in_asked += usize::from(matches!(asked(&state), Some(Plan::OptIn(_))));
        if let Some(file) = named(&state).filter(|_| key == Key::Enter) {
            // The dialog says whether the folder of the file may be created.
            if text(&state).contains("(and its folder)") {
                model.insert(file.parent().unwrap().to_owned());
            }
            saved += usize::from(file.starts_with(path("home")));
            opted_out += usize::from(file.starts_with(path("etc")));
            model.insert(file);
        }
        match press(&mut state, key) {
            Some(Effect::Act(plan)) if matches!(*plan, Plan::OptIn(_)) => panic!("opted in by keys at random"),
            // Quitting and stopping change nothing on disk; the same state goes on here.
            Some(Effect::Quit | Effect::Suspend | Effect::Redraw) => assert_eq!(tree(root.path()), model),
            effect => wanted = effect,
        }
        if pressed % 20 == 0 {
            text(&state);
        }
    }
    assert_eq!(tree(root.path()), model);
    assert!(
        saved > 0 && opted_out > 0 && opt_in_asked > 0,
        "{saved} saved, {opted_out} opted out, {opt_in_asked} asked"
    );
    // The agent's folders contain what they did before, and the one file.
    assert!(model.contains(&path("etc/netdata/.opt-out-from-anonymous-statistics")), "{model:?}");
}

#[test]
fn keys_at_random_in_terminals_of_every_size() {
    let all: Vec<Key> = keys().collect();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut state = usual();
    for pressed in 0..KEYS {
        if random.below(30) == 0 {
            let size = Size::new(u16::try_from(random.below(200)).unwrap(), u16::try_from(random.below(60)).unwrap());
            state.update(Message::Resized(size));
        }
        match press(&mut state, all[random.below(all.len())]) {
            Some(Effect::Look { .. }) => {
                let preview = if random.below(2) == 0 { without_history() } else { opted_out() };
                looked(&mut state, preview);
            }
            Some(Effect::Act(plan)) if matches!(*plan, Plan::OptIn(_)) => panic!("opted in by keys at random"),
            Some(Effect::Act(_)) => state.overlay = None,
            _ => {}
        }
        if pressed % 10 == 0 {
            text(&state);
        }
    }
}
