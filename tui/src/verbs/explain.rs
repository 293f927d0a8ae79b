//! `explain`: what a field is, from the schema.

use std::fmt::Write as _;
use std::process::ExitCode;

use anonymous_statistics::schema::{self, FIELDS, Field};

use crate::output::{self, Failure, USAGE};
use crate::words;

pub(crate) fn run(name: Option<&str>, all: bool) -> Result<ExitCode, Failure> {
    let text = if all {
        FIELDS.iter().map(explain).collect::<Vec<_>>().join("\n")
    } else {
        let name = name.unwrap_or_default();
        schema::field(name).map(explain).ok_or_else(|| unknown(name))?
    };
    output::answer(text)?;
    Ok(ExitCode::SUCCESS)
}

fn explain(field: &Field) -> String {
    let mut text = format!("{}: {}\n", field.name, field.what);
    let class = field.sensitivity;
    let _ = writeln!(text, "  why          {}", field.purpose.describe());
    let _ = writeln!(text, "  sensitivity  {} ({})", class.describe(), words::sensitivity_means(class));
    let _ = writeln!(text, "  from         {}", field.origin_in_words());
    let _ = writeln!(text, "  form         {}", field.shape.describe());
    let _ = writeln!(text, "  example      {}", field.example);
    let events = field.only.map_or_else(|| "all".to_owned(), |action| format!("{action} only"));
    let _ = writeln!(text, "  events       {events}");
    let _ = writeln!(text, "  since        version {} of the schema", field.since);
    let documented = if field.documented { "named" } else { "not named" };
    let _ = writeln!(text, "  Netdata      {documented} by Netdata's own telemetry page");
    text
}

fn unknown(name: &str) -> Failure {
    let alike: Vec<&str> = FIELDS
        .iter()
        .map(|field| field.name)
        .filter(|known| !name.is_empty() && known.contains(name))
        .take(5)
        .collect();
    let hint =
        if alike.is_empty() { "explain --all lists all".to_owned() } else { format!("perhaps {}", alike.join(", ")) };
    Failure::new(USAGE, format!("there is no field {name:?}; {hint}"))
}
