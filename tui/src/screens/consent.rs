//! Consent: every source of the decision, its finding, and what would change it.

use anonymous_statistics::consent::{Consent as Decided, Source, Step};

use crate::present::{consent, words};
use crate::ui::screen::View;
use crate::ui::widgets::page::{Page, Row, fit};

pub(super) fn rows(view: View<'_>) -> Vec<Row> {
    let consent = &view.preview.consent;
    let mut page = Page::new(view.look, view.size);
    page.heading(&format!("This project's sender: {}", words::decision(consent.decision())));
    page.text(crate::present::consent::explanation(consent.decision())).blank();
    for step in &consent.steps {
        page.heading(&step.source.to_string());
        page.indented(2, &format!("{}: {}", words::verdict(step), words::finding(step)));
        if let Some(change) = step.what_would_change_it() {
            page.indented(2, &format!("what would change it: {change}"));
        }
    }
    page.text("A variable with any value opts out, 0 and false included: Netdata has always read it so.");
    beside_each_other(&mut page, view);
    let daemons = consent::daemons(view.preview);
    if !daemons.is_empty() {
        page.blank().heading("Running daemons");
        for daemon in daemons {
            page.text(&daemon);
        }
    }
    page.into_rows()
}

/// The variables of the deciding environment and of this shell, side by side.
fn beside_each_other(page: &mut Page, view: View<'_>) {
    let preview = view.preview;
    page.blank().heading("Whose variables decide").text(&consent::whose(preview));
    let Some(askers) = &preview.askers else { return };
    let width = usize::from(view.size.width).saturating_sub(2).min(100);
    let (names, value) = (20, width.saturating_sub(21) / 2);
    let line = |name: &str, daemon: &str, shell: &str| {
        format!("{} {} {}", fit(name, names, view.look), fit(daemon, value, view.look), fit(shell, value, view.look))
    };
    page.label(&line("", "the daemon", "this shell"));
    for (daemon, shell) in consent_variables(&preview.consent).zip(consent_variables(askers)) {
        let (has, have) = (words::finding(daemon), words::finding(shell));
        page.exact(line(&daemon.source.to_string(), &has, &have).trim_end());
        if has != have {
            page.indented(2, "they differ: what the daemon has counts");
        }
    }
    if let Some(advice) = consent::advice(preview) {
        page.blank().text(advice);
    }
}

fn consent_variables(consent: &Decided) -> impl Iterator<Item = &Step> {
    consent.steps.iter().filter(|step| matches!(step.source, Source::Variable(_)))
}
