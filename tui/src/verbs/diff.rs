//! `diff`: two events, field by field.

use std::fmt::Write as _;
use std::process::ExitCode;

use anonymous_statistics::agent::version::Version;
use anonymous_statistics::channels::crash_reports::fields::FIELDS;
use anonymous_statistics::channels::crash_reports::{If, Report};
use anonymous_statistics::fields::field;
use anonymous_statistics::inspect::before::{About, Before};
use anonymous_statistics::inspect::comparison::{self, AROUND, Cell, Comparison, Row, Side};
use anonymous_statistics::inspect::{Preview, Question};
use anonymous_statistics::text::printable;
use serde::Serialize;

use crate::actions::rights;
use crate::cli::{DiffOptions, Format};
use crate::output::{DIFFERS, Failure, USAGE, object};
use crate::present::palette::Role;
use crate::present::{before, report, words};
use crate::verbs::done;

/// The two sides with their names, and why there is no such request on the right, and so no field.
type Sides = ([(String, Side); 2], Option<String>);

pub(crate) fn run(question: &Question, options: &DiffOptions) -> Result<ExitCode, Failure> {
    if let Some([left, right]) = options.versions.as_deref() {
        return upgrade(question, [left, right], options.format);
    }
    let ([(left, then), (right, now)], none) = match (options.events.as_deref(), options.before.as_deref()) {
        (Some([left, right]), _) => events(question, [left, right])?,
        (_, Some(file)) => since(question, &before::read(file)?)?,
        _ => since_last(question)?,
    };
    let (rows, none) = (comparison::compare(&[&then, &now]), none.as_deref());
    let json = || compared(&left, &right, none, &rows);
    let written = done::found(options.format, json, || text(&left, &right, none, &rows));
    answered(written, count(&rows, Comparison::Differs) > 0)
}

fn answered(written: Result<(), Failure>, differs: bool) -> Result<ExitCode, Failure> {
    // 1 would mean a difference.
    written.map_err(|failure| Failure { code: USAGE, ..failure })?;
    Ok(if differs { ExitCode::from(DIFFERS) } else { ExitCode::SUCCESS })
}

/// The daemon's own report, as two versions would make it of the same status file.
fn upgrade(question: &Question, [old, new]: [&String; 2], format: Format) -> Result<ExitCode, Failure> {
    let preview = Preview::look(question);
    let made = |text: &String| {
        let version = Version::new(text, "the command line")
            .ok_or_else(|| Failure::new(USAGE, format!("--versions: {text:?} is not a version")))?;
        let made = preview.kept.report(Some(&version), If::Killed);
        made.map_err(|why| Failure::new(USAGE, format!("{text}: {}", report::missing(&why))))
    };
    let (left, right) = (made(old)?, made(new)?);
    let value = |made: &Report, path: &str| {
        let row = made.rows.iter().find(|row| row.path == path)?;
        Some(String::from_utf8_lossy(&row.value).into_owned())
    };
    // No value: a daemon of this version does not send it.
    let both = FIELDS.iter().map(|field| (field.path, value(&left, field.path), value(&right, field.path)));
    let differing: Vec<_> = both.filter(|(_, left, right)| left != right).collect();
    let json = || {
        let fields = differing.iter().map(|(name, left, right)| object! { name: *name, left: left, right: right });
        fields.collect::<Vec<_>>()
    };
    let text = || {
        let head = format!("The daemon's own report of {old} beside {new}: {} fields differ.\n", differing.len());
        let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "not sent".to_owned());
        let fields =
            differing.iter().map(|(name, left, right)| beside(name, &[(old, shown(left)), (new, shown(right))]));
        head + &fields.collect::<String>()
    };
    answered(done::found(format, json, text), !differing.is_empty())
}

/// Two events of one sender: that which sends the first one.
fn events(question: &Question, [left, right]: [&String; 2]) -> Result<Sides, Failure> {
    if question.call.is_some() {
        return Err(Failure::new(USAGE, "--call is one event; compare it with --since-last"));
    }
    let question = Question { action: left.clone(), ..question.clone() };
    let preview = Preview::look(&question);
    side(&preview)?;
    let columns = comparison::columns(&question, &preview);
    let named = |action: &String| {
        let side = columns.iter().find(|column| column.action == *action).and_then(|column| column.side.clone());
        let side = side.ok_or_else(|| Failure::new(USAGE, format!("there is no {action} to compare")))?;
        Ok((action.clone(), side))
    };
    Ok(([named(left)?, named(right)?], None))
}

fn side(preview: &Preview) -> Result<Side, Failure> {
    before::event(preview).map(|(side, _server)| side).map_err(|why| Failure::new(USAGE, why))
}

/// An answer that was kept, and that of now.
fn since(question: &Question, kept: &Before) -> Result<Sides, Failure> {
    let (question, what) = match &kept.about {
        About::Event(action) => (&Question { action: action.clone(), ..question.clone() }, action.as_str()),
        About::Report => (question, "report"),
    };
    let (now, none) = before::now(&Preview::look(question), kept).map_err(|why| Failure::new(USAGE, why))?;
    Ok(([(format!("{what} before"), kept.side.clone()), (format!("{what} now"), now)], none))
}

fn since_last(question: &Question) -> Result<Sides, Failure> {
    let preview = Preview::look(question);
    let sender = preview.sending_original().map_or("", |_| ", by Netdata's own script");
    let now = (format!("{} now{sender}", preview.action), side(&preview)?);
    let history = preview.history.as_ref().map_err(|error| {
        let place = words::state_folder(&preview.folders);
        let verb = format!("diff --since-last --event {}", preview.action);
        Failure::new(USAGE, format!("cannot read {place}: {error}")).instead(rights::with_more_rights(&verb, &preview))
    })?;
    let Some((time, side)) = comparison::last(&preview) else {
        let kept = match &preview.config {
            Ok(config) if config.history == 0 => {
                "the configuration keeps no event that was sent (history = 0)".to_owned()
            }
            _ if history.sent.is_empty() && history.waiting.is_empty() => "nothing was sent from here yet".to_owned(),
            _ => format!("no {} event is kept in {}", preview.action, words::state_folder(&preview.folders)),
        };
        return Err(Failure::new(USAGE, format!("there is no last event to compare with: {kept}")));
    };
    Ok(([(format!("{} of {time}", preview.action), side), now], None))
}

fn count(rows: &[Row], verdict: Comparison) -> usize {
    rows.iter().filter(|row| row.verdict == verdict).count()
}

fn text(left: &str, right: &str, none: Option<&str>, rows: &[Row]) -> String {
    let is_around = |row: &&Row| AROUND.contains(&&*row.field);
    let count = |verdict| rows.iter().filter(|row| !is_around(row) && row.verdict == verdict).count();
    let mut text = match (none, count(Comparison::Differs)) {
        // One sentence says what each field would.
        (Some(why), _) => format!("{left} beside {right}: none, as {}.\n", printable(why)),
        (None, differ) => format!(
            "{left} beside {right}: {} {}, {} are the same, {} are new in every event, {} cannot be told here.\n",
            if differ == 0 { "no".to_owned() } else { differ.to_string() },
            if differ < 2 { "field differs" } else { "fields differ" },
            count(Comparison::Same),
            count(Comparison::Fresh),
            count(Comparison::CannotTell)
        ),
    };
    let of = |verdict| rows.iter().filter(move |row| row.verdict == verdict);
    let around: Vec<&str> = of(Comparison::Differs).filter(is_around).map(|row| row.field.as_str()).collect();
    if !around.is_empty() {
        let _ = writeln!(text, "Beside the fields: {} differ.", around.join(", "));
    }
    for row in of(Comparison::Differs).filter(|row| none.is_none() || is_around(row)) {
        text += &beside(&row.field, &[(left, row.left().to_string()), (right, row.right().to_string())]);
    }
    let open: Vec<&str> = of(Comparison::CannotTell).map(|row| row.field.as_str()).collect();
    if !open.is_empty() && none.is_none() {
        let when = if open.iter().any(|name| field(name).is_some()) { "calls" } else { "starts" };
        let sentence = format!("Known only when the daemon {when}: {}.", open.join(", "));
        let _ = write!(text, "\n{}\n", printable(&sentence));
    }
    text
}

/// A field with its two values.
fn beside(field: &str, values: &[(&str, String); 2]) -> String {
    let width = values.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let rows = values.iter().map(|(name, value)| format!("  {:width$}  {}\n", printable(name), printable(value)));
    format!("\n{}\n{}", Role::Difference.paint(&printable(field)), rows.collect::<String>())
}

fn compared(left: &str, right: &str, none: Option<&str>, rows: &[Row]) -> impl Serialize {
    let fields = rows.iter().map(|row| {
        let (left, right) = (content(row.left()), content(row.right()));
        object! { name: &row.field, verdict: row.verdict.name(), left: left, right: right }
    });
    object! {
        left: left,
        right: right,
        // Why the right side has no request.
        none: none,
        differs: count(rows, Comparison::Differs),
        same: count(rows, Comparison::Same),
        cannot_tell: count(rows, Comparison::CannotTell),
        fields: fields.collect::<Vec<_>>(),
    }
}

/// A value, or why there is none.
fn content(cell: &Cell) -> impl Serialize {
    let value = |cell: &Cell| if let Cell::Value(value) = cell { Some(value.clone()) } else { None };
    let note = match cell {
        Cell::Value(_) => None,
        Cell::Then(_, time) => Some(format!("in the event of {time}")),
        other => Some(other.to_string()),
    };
    let value = value(if let Cell::Then(then, _) = cell { then } else { cell });
    object! { value: value, note: note }
}
