//! The dialogs over a screen: their texts and keys.

use crate::actions::Plan;
use crate::actions::report::Report;
use crate::actions::step::Step;
use crate::ui::keys::OwnKey;
use crate::ui::widgets::page::{Page, Row};

#[derive(Debug)]
pub(crate) enum Overlay {
    Help,
    /// Confirms an action, with the text typed so far: opting in needs a word.
    Confirm(Box<Plan>, String),
    /// The confirmed action is running.
    Working(&'static str),
    Report(Box<Report>),
}

/// The word to type for opting in, which must never happen by accident.
pub(crate) const OPT_IN_WORD: &str = "telemetry";

/// With a screen's own keys they fit on a terminal of the usual size.
const KEYS: [(&str, &str); 11] = [
    ("1 2 3 ...", "the screens; also Tab, Shift-Tab, left and right, h and l"),
    ("up, down", "one line; also k and j"),
    ("PgUp, Home", "a page, the ends; also PgDn, End, Space, Ctrl-B, Ctrl-F, g, G"),
    ("/ n N", "search: type, then Enter; the next and the previous place"),
    ("c e x r", "next channel; next event; examples of unknown values; again"),
    ("o i", "opt out; opt in. Both say what they change, and ask"),
    ("? Esc q", "this help; close it; quit, which changes nothing; also Ctrl-C"),
    ("Ctrl-Z", "stop for now, until the shell's fg; also Ctrl-L (draw again)"),
    ("marks", "# identifies, ! free text, = rarely shared, ? unknown here"),
    ("colours", "red identifies, yellow is rare or on, green off, blue unknown"),
    ("mouse", "click on tabs, channels and lines; with Shift, select text"),
];

/// The title of an action's dialog, what Enter does, and that while it is done.
pub(crate) fn words_of(plan: &Plan) -> [&'static str; 3] {
    match plan {
        Plan::OptOut(_) => ["Opt out?", "opt out", "Opting out"],
        Plan::OptIn(_) => ["Opt in?", "opt in", "Opting in"],
        Plan::Save(_) => ["Save the request?", "create the file", "Saving"],
        Plan::Withhold(plan) if plan.withholds() => ["Withhold the field?", "change the file", "Changing the file"],
        Plan::Withhold(_) => ["Send the field again?", "change the file", "Changing the file"],
    }
}

impl Overlay {
    pub(crate) fn title(&self) -> &'static str {
        match self {
            Self::Help => "Keys",
            Self::Confirm(plan, _) => words_of(plan)[0],
            Self::Working(what) => what,
            Self::Report(report) => report.title,
        }
    }

    /// The last line of the screen, under the dialog.
    pub(crate) fn foot(&self) -> String {
        match self {
            Self::Confirm(plan, _) if matches!(**plan, Plan::OptIn(_)) => {
                " Esc cancel   Enter opt in, once the word is typed".to_owned()
            }
            Self::Confirm(plan, _) => format!(" Enter {}   Esc cancel", words_of(plan)[1]),
            Self::Report(report) if report.commands.is_empty() => " Enter close   r refresh   q quit".to_owned(),
            Self::Report(_) => " Enter close   y copy the command   r refresh   q quit".to_owned(),
            Self::Help => " Esc close".to_owned(),
            Self::Working(what) => format!(" {what} ..."),
        }
    }

    /// The text. `own` are the keys of the screen below, `now` is the state according to the disk.
    pub(crate) fn rows(&self, mut page: Page, own: &[OwnKey], now: &str) -> Vec<Row> {
        match self {
            Self::Help => {
                for (key, does) in own.iter().map(|own| (own.key, own.does)).chain(KEYS) {
                    page.row(key, 12, does);
                }
            }
            Self::Confirm(plan, typed) => {
                page.text("This will");
                for Step { does, path, how, lines } in plan.steps() {
                    match &*path {
                        "" => page.indented(2, does),
                        path => page.indented(2, &format!("{does} the file{how}:")).path(4, path),
                    };
                    for line in lines {
                        page.exact(&format!("    {line}"));
                    }
                }
                for note in plan.notes() {
                    page.text(&note);
                }
                page.blank();
                if matches!(**plan, Plan::OptIn(_)) {
                    page.text(&format!("Type \"{OPT_IN_WORD}\" and press Enter: {typed}_"));
                } else {
                    page.text(&format!("Enter: {}    Esc: cancel", words_of(plan)[1]));
                }
            }
            Self::Working(_) => {
                page.text("...");
            }
            Self::Report(report) => {
                for sentence in &report.sentences {
                    page.text(sentence);
                }
                if !report.commands.is_empty() {
                    page.blank().text("Run one of these in another terminal; this screen notices, or press r:");
                    for command in &report.commands {
                        page.command(command);
                    }
                    page.text("They are printed once more when you leave, so that you can copy them.").blank();
                }
                if report.consent {
                    page.text(&format!("Status: {now}"));
                }
            }
        }
        page.into_rows()
    }
}
