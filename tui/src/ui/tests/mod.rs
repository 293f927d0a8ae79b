//! The user interface: its content in every size and look, and the effect of each key.

mod dialogs;
mod keys;
mod looking;
mod looks;
mod mouse;
mod picture;
mod random;
mod screens;
mod search;

use std::sync::LazyLock;

use anonymous_statistics::agent::folders::{Dir, DirSource};
use anonymous_statistics::agent::installed_sender::Program;
use anonymous_statistics::agent::netdatas_script::NetdatasScript;
use anonymous_statistics::agent::own_opt_out::{Access, OwnOptOut};
use anonymous_statistics::call::{Invocation, Provenance};
use anonymous_statistics::clock::UnixMillis;
use anonymous_statistics::consent::Finding;
use anonymous_statistics::inspect::comparison::{self, Column};
use anonymous_statistics::inspect::{Environment, Original, Preview, Question, Target};
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};

use crate::actions::Plan;
use crate::example;
use crate::present::commands::Caller;
use crate::ui::dialog::{OPT_IN_WORD, Overlay};
use crate::ui::draw::draw;
use crate::ui::keys::Key;
use crate::ui::screen::Reader;
use crate::ui::state::{Effect, Message, State};
use crate::ui::theme::Look;

const RICH: Look = Look { colour: true, unicode: true };
const PLAIN: Look = Look { colour: false, unicode: false };

/// The smallest terminal, the usual one, and two larger ones.
const SIZES: [Size; 4] = [Size::new(60, 16), USUAL, Size::new(120, 40), Size::new(200, 60)];
const USUAL: Size = Size::new(80, 24);

/// A terminal of this width without any need to scroll.
const fn endless(width: u16) -> Size {
    Size::new(width, 400)
}

static EXAMPLE: LazyLock<(Preview, Vec<Column>)> = LazyLock::new(|| (example::preview(), example::columns()));

fn preview() -> Preview {
    EXAMPLE.0.clone()
}

/// A machine without the daemon's values.
fn without_history() -> Preview {
    example::with(&Invocation::expected("START"), Program::Missing)
}

/// A machine with the agent's own opt-out file.
fn opted_out() -> Preview {
    let mut preview = preview();
    preview.consent = example::consent(&[Finding::Exists("a file")]);
    preview.targets[0].file = Finding::Exists("a file");
    let path = "/etc/netdata/.opt-out-from-anonymous-statistics".into();
    preview.files.opt_out = Some(OwnOptOut { path, access: Access::Everybody, changed: Some(UnixMillis(0)) });
    preview
}

/// A machine where Netdata's own script sends, cut to a few fields; and its events.
fn of_netdatas_script() -> (Preview, Vec<Column>) {
    const SCRIPT: &str = "ACTION=\"${1}\"\nREQ_BODY=\"$(cat << EOF\n{\"event\": \"${ACTION}\", \"properties\": {\
        \"action\": \"${ACTION}\", \"os\": \"${NETDATA_HOST_OS_NAME}\"}}\nEOF\n)\"\nif [ -n \"${ACTION}\" ]; then\n\
        curl -X POST -d \"${REQ_BODY}\" https://t.example.org/x\nelse\n\
        wget --method POST --body-data \"${REQ_BODY}\" https://t.example.org/x\nfi\n";
    let call = Invocation::expected("START");
    let mut preview = Preview { history: preview().history, ..example::with(&call, Program::Netdatas) };
    let script = NetdatasScript::read(SCRIPT).unwrap();
    let filled = script.fill(&call, |_name| None);
    preview.original = Some(Original { text: SCRIPT.to_owned(), request: Ok((script, filled)) });
    let columns = comparison::columns(&question(), &preview);
    (preview, columns)
}

/// About an agent that is not there.
fn question() -> Question {
    Question {
        action: "START".to_owned(),
        call: None,
        examples: false,
        config_dir: None,
        lib_dir: None,
        plugins_dir: None,
        daemon_version: None,
        environment: Environment::new(),
    }
}

/// An agent without an identifier, so without a request.
fn without_request() -> Preview {
    let zeros = "00000000-0000-0000-0000-000000000000".into();
    let variables = [("NETDATA_REGISTRY_UNIQUE_ID".into(), zeros)];
    let mut call = Invocation::complete(["START".into()], variables, &Provenance::CallFile);
    call.know_count(42, Provenance::CallFile);
    example::with(&call, Program::Missing)
}

fn with_unreadable_history() -> Preview {
    let mut preview = preview();
    preview.history = Err("Permission denied".to_owned());
    preview
}

fn move_to(preview: &mut Preview, folder: std::path::PathBuf) {
    preview.targets = vec![Target::look(&folder, false, None)];
    preview.folders.config = Some(Dir { path: folder, by: DirSource::Option });
    preview.folders.library = None;
}

/// The clock of nobody's zone, and no rights.
const CALLER: Caller = Caller { is_root: false, program: "telemetry-preview" };

fn reader(look: Look) -> Reader {
    Reader { clock: |_time| Some(0), caller: CALLER, look, folder: "/home/admin".into(), recorded: false }
}

fn fresh(action: &str, recorded: bool, look: Look, size: Size) -> State {
    State::new(crate::screens::all(None), action.to_owned(), Reader { recorded, ..reader(look) }, size)
}

fn looked(state: &mut State, preview: Preview) {
    assert_eq!(state.update(Message::Looked(Box::new(preview))), None);
    assert_eq!(state.update(Message::Barred(Box::default())), None);
    assert_eq!(state.update(Message::Compared(EXAMPLE.1.clone())), None);
}

fn state(preview: Preview, look: Look, size: Size) -> State {
    let mut state = fresh(&preview.action, false, look, size);
    looked(&mut state, preview);
    state
}

fn usual() -> State {
    state(preview(), RICH, USUAL)
}

fn titles() -> Vec<&'static str> {
    usual().screens.iter().map(|shown| shown.screen.title()).collect()
}

fn on(title: &str, mut state: State) -> State {
    state.current = state.screens.iter().position(|shown| shown.screen.title() == title).unwrap();
    state
}

fn at(title: &str) -> State {
    on(title, usual())
}

fn reached(preview: Preview, title: &str, keys: &str, size: Size) -> State {
    let mut state = on(title, state(preview, RICH, size));
    typed(&mut state, keys);
    state
}

fn look(action: &str) -> Effect {
    Effect::Look { action: action.to_owned(), examples: false }
}

fn press(state: &mut State, key: Key) -> Option<Effect> {
    // The terminal draws between two keys, unless they were typed ahead.
    state.unseen = false;
    state.update(Message::Key(key))
}

/// Presses keys that do not quit: `\r` is Enter, `\u{1b}` is Esc.
fn typed(state: &mut State, keys: &str) {
    for c in keys.chars() {
        let key = match c {
            '\r' => Key::Enter,
            '\u{1b}' => Key::Escape,
            c => Key::Char(c),
        };
        press(state, key);
    }
}

fn drawn(state: &State) -> Buffer {
    drawn_in(state, state.size)
}

/// Drawn for another size than the state's.
fn drawn_in(state: &State, size: Size) -> Buffer {
    let mut buffer = Buffer::empty(Rect::from(size));
    draw(state, &mut buffer);
    buffer
}

fn text_in(buffer: &Buffer, area: Rect) -> String {
    let line = |row: Rect| row.positions().map(|at| buffer[at].symbol()).collect::<String>();
    area.rows().flat_map(|row| [line(row).trim_end().to_owned(), "\n".to_owned()]).collect()
}

fn text(state: &State) -> String {
    let buffer = drawn(state);
    text_in(&buffer, buffer.area)
}

/// The text between the head and the foot.
fn body(state: &State) -> String {
    text_in(&drawn(state), state.areas(state.size).body)
}

/// The action that waits for a confirmation.
fn asked(state: &State) -> Option<&Plan> {
    match &state.overlay {
        Some(Overlay::Confirm(plan, _)) => Some(plan),
        _ => None,
    }
}

fn boxed(state: &State) -> Vec<String> {
    let shown = text(state);
    let inside = shown.lines().skip_while(|line| !line.starts_with(" ┌")).skip(1);
    inside.map_while(|line| Some(line.strip_prefix(" │")?.split('│').next()?.trim_end().to_owned())).collect()
}

/// The text without line breaks: the path of a test's folder may be long.
fn packed(text: &str) -> String {
    text.replace(['│', '┃', '█', '#'], "").split_whitespace().collect()
}

fn shows(state: &State, part: &str) -> bool {
    packed(&text(state)).contains(&packed(part))
}
