//! `diff`: two events, field by field.

use std::fmt::Write as _;
use std::process::ExitCode;

use anonymous_statistics::agent::version::Version;
use anonymous_statistics::channels::crash_reports::fields::FIELDS;
use anonymous_statistics::channels::crash_reports::{If, Report};
use anonymous_statistics::inspect::comparison::{self, Cell, Comparison, Row, Side};
use anonymous_statistics::inspect::{Preview, Question};
use anonymous_statistics::text::printable;
use serde::Serialize;

use crate::actions::rights;
use crate::cli::DiffOptions;
use crate::output::{self, DIFFERS, Failure, USAGE};
use crate::present::{report, words};

struct Named {
    name: String,
    side: Side,
}

pub(crate) fn run(question: &Question, options: &DiffOptions) -> Result<ExitCode, Failure> {
    if let Some([left, right]) = options.versions.as_deref() {
        return upgrade(question, [left, right], options.json);
    }
    let (left, right) = match options.events.as_deref() {
        Some([left, right]) => (event(question, left)?, event(question, right)?),
        _ => since_last(question)?,
    };
    let rows = comparison::compare(&left.side, &right.side);
    let written = if options.json {
        output::json(&Compared::of(&left.name, &right.name, &rows))
    } else {
        output::answer(text(&left.name, &right.name, &rows))
    };
    // 1 would mean a difference.
    written.map_err(|failure| failure.with_code(USAGE))?;
    Ok(if count(&rows, Comparison::Differs) > 0 { ExitCode::from(DIFFERS) } else { ExitCode::SUCCESS })
}

/// A field of the daemon's own report in two versions; `None`: it has none there.
#[derive(Serialize)]
struct Upgraded {
    name: &'static str,
    left: Option<String>,
    right: Option<String>,
}

/// The daemon's own report, as two versions would make it of the same status file.
fn upgrade(question: &Question, versions: [&String; 2], json: bool) -> Result<ExitCode, Failure> {
    let preview = Preview::look(question);
    let reports = versions.map(|text| {
        let version = Version::new(text, "the command line")
            .ok_or_else(|| Failure::new(USAGE, format!("--versions: {text:?} is not a version")))?;
        preview
            .kept
            .report(Some(&version), If::Killed)
            .map_err(|why| Failure::new(USAGE, format!("{text}: {}", report::missing(&why))))
    });
    let [left, right] = reports;
    let (left, right) = (left?, right?);
    let value = |made: &Report, path: &str| {
        let row = made.rows.iter().find(|row| row.path == path)?;
        Some(String::from_utf8_lossy(&row.value).into_owned())
    };
    let both = FIELDS.iter().map(|field| Upgraded {
        name: field.path,
        left: value(&left, field.path),
        right: value(&right, field.path),
    });
    let differing: Vec<Upgraded> = both.filter(|field| field.left != field.right).collect();
    let written = if json {
        output::json(&differing)
    } else {
        let [old, new] = versions;
        let width = old.len().max(new.len());
        let mut text = format!("The daemon's own report of {old} beside {new}: {} fields differ.\n", differing.len());
        for field in &differing {
            let _ = writeln!(text, "\n{}", field.name);
            for (name, value) in [(old, &field.left), (new, &field.right)] {
                let shown = value.as_deref().map_or("not sent".into(), printable);
                let _ = writeln!(text, "  {:width$}  {shown}", printable(name));
            }
        }
        output::answer(text)
    };
    written.map_err(|failure| failure.with_code(USAGE))?;
    Ok(if differing.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(DIFFERS) })
}

fn event(question: &Question, action: &str) -> Result<Named, Failure> {
    if question.call.is_some() {
        return Err(Failure::new(USAGE, "--call is one event; compare it with --since-last"));
    }
    let preview = Preview::look(&Question { action: action.to_owned(), ..question.clone() });
    Ok(Named { name: action.to_owned(), side: side(&preview)? })
}

fn side(preview: &Preview) -> Result<Side, Failure> {
    match &preview.assembly {
        Ok(assembly) => Ok(Side::of_event(&assembly.event)),
        Err(error) => Err(Failure::new(USAGE, format!("there is no request to compare: {error}"))),
    }
}

fn since_last(question: &Question) -> Result<(Named, Named), Failure> {
    let preview = Preview::look(question);
    let now = Named { name: format!("{} now", preview.action), side: side(&preview)? };
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
    Ok((Named { name: format!("{} of {time}", preview.action), side }, now))
}

fn count(rows: &[Row], verdict: Comparison) -> usize {
    rows.iter().filter(|row| row.verdict == verdict).count()
}

fn text(left: &str, right: &str, rows: &[Row]) -> String {
    let differ = match count(rows, Comparison::Differs) {
        1 => "1 differs".to_owned(),
        number => format!("{number} differ"),
    };
    let mut text = format!(
        "{left} beside {right}: of the fields {differ}, {} are the same, {} are new in every event, {} cannot be told \
         here.\n",
        count(rows, Comparison::Same),
        count(rows, Comparison::Fresh),
        count(rows, Comparison::CannotTell)
    );
    let width = left.len().max(right.len());
    for row in rows.iter().filter(|row| row.verdict == Comparison::Differs) {
        let _ = writeln!(text, "\n{}", printable(&row.field));
        for (name, cell) in [(left, &row.left), (right, &row.right)] {
            let _ = writeln!(text, "  {name:width$}  {}", printable(&cell.to_string()));
        }
    }
    let open: Vec<&str> =
        rows.iter().filter(|row| row.verdict == Comparison::CannotTell).map(|row| row.field.as_str()).collect();
    if !open.is_empty() {
        let sentence = format!("Known only when the daemon calls: {}.", open.join(", "));
        let _ = write!(text, "\n{}\n", words::paragraph(&printable(&sentence)));
    }
    text
}

#[derive(Serialize)]
struct Compared<'a> {
    left: &'a str,
    right: &'a str,
    differs: usize,
    same: usize,
    cannot_tell: usize,
    fields: Vec<Field<'a>>,
}

#[derive(Serialize)]
struct Field<'a> {
    name: &'a str,
    verdict: &'static str,
    left: Content,
    right: Content,
}

/// A value, or why there is none.
#[derive(Serialize)]
struct Content {
    value: serde_json::Value,
    note: Option<String>,
}

impl<'a> Compared<'a> {
    fn of(left: &'a str, right: &'a str, rows: &'a [Row]) -> Self {
        let field = |row: &'a Row| Field {
            name: &row.field,
            verdict: row.verdict.name(),
            left: Content::of(&row.left),
            right: Content::of(&row.right),
        };
        Self {
            left,
            right,
            differs: count(rows, Comparison::Differs),
            same: count(rows, Comparison::Same),
            cannot_tell: count(rows, Comparison::CannotTell),
            fields: rows.iter().map(field).collect(),
        }
    }
}

impl Content {
    fn of(cell: &Cell) -> Self {
        match cell {
            Cell::Value(value) => Self { value: value.clone(), note: None },
            Cell::Then(then, time) => Self { note: Some(format!("in the event of {time}")), ..Self::of(then) },
            other => Self { value: serde_json::Value::Null, note: Some(other.to_string()) },
        }
    }
}
