//! Withholding a field in the sender's configuration, or sending it again. The core library acts; the words are here.

use std::path::Path;

use anonymous_statistics::config::edit::Edit;
use anonymous_statistics::fields::withholding::{needed, together};
use anonymous_statistics::fields::{Field, field};
use anonymous_statistics::inspect::Preview;
use anonymous_statistics::text::printable;

use crate::actions::configuring::Configure;
use crate::actions::report::Report;
use crate::output::{Failure, USAGE};

/// A planned change of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Withhold {
    field: &'static Field,
    pub(crate) configure: Configure,
    /// The number of events that were made before.
    waiting: usize,
}

impl Withhold {
    /// Withholds the field, or sends it again where the file withholds it now.
    pub(crate) fn plan(preview: &Preview, name: &str) -> Result<Self, Failure> {
        let refused = |why: &str| Failure::new(USAGE, format!("{} cannot be withheld: {why}.", printable(name)));
        let field = field(name).ok_or_else(|| refused("it is no field of the events of this sender"))?;
        if let Some(why) = needed(field) {
            return Err(refused(&why));
        }
        let is_withheld = preview.config.as_ref().is_ok_and(|config| config.withheld.holds(field));
        let verb = format!("configure --{} {}", if is_withheld { "send-again" } else { "withhold" }, field.name);
        let configure = Configure::of(preview, Edit::Withhold(field), &verb)?;
        let waiting = preview.history.as_ref().map_or(0, |history| history.waiting.len());
        Ok(Self { field, configure, waiting })
    }

    pub(crate) fn file(&self) -> &Path {
        self.configure.change.path()
    }

    /// Whether the field will be withheld; otherwise it will be sent again.
    pub(crate) fn withholds(&self) -> bool {
        self.configure.change.config().withheld.holds(self.field)
    }

    /// What will be written where, and what follows from it.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.configure.lines().into_iter().chain(self.notes()).collect()
    }

    /// What follows from it.
    pub(super) fn notes(&self) -> Vec<String> {
        let names = std::iter::once(self.field.name).chain(together(self.field)).collect::<Vec<_>>().join(", ");
        if !self.withholds() {
            return vec![format!("Events of this sender will contain these fields again: {names}.")];
        }
        let mut sentences = vec![format!(
            "New events of this sender will omit these fields: {names}. An event then says that fields are withheld, but \
             not which. The dashboard's events and the daemon's own report do not change."
        )];
        if self.waiting > 0 {
            sentences.push(format!(
                "Waiting events ({}) stay as they are; telemetry-preview forget deletes them.",
                self.waiting
            ));
        }
        sentences
    }

    pub(crate) fn report(&self) -> Report {
        let title = if self.withholds() { "Withheld" } else { "Sent again" };
        self.configure.perform().map_or_else(Report::from, |said| Report::done(title, [said, self.notes()].concat()))
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::path::PathBuf;

    use anonymous_statistics::agent::folders::{Dir, DirSource};
    use anonymous_statistics::config::{Config, FILE};

    use super::*;
    use crate::example;

    /// The example's agent with a folder of its own, which holds this file.
    fn agent(text: Option<&str>) -> (tempfile::TempDir, Preview, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let file = folder.path().join(FILE);
        if let Some(text) = text {
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        }
        let mut preview = example::preview();
        preview.folders.config = Some(Dir { path: folder.path().to_owned(), by: DirSource::Option });
        // A daemon of the caller's own account.
        preview.accounts.1 = Some(rustix::process::geteuid().as_raw());
        (folder, preview, file)
    }

    fn withheld(file: &Path) -> Vec<&'static str> {
        Config::load(file.parent()).unwrap().withheld.names().collect()
    }

    #[test]
    fn the_lines_that_are_shown_are_written() {
        let (_folder, preview, file) = agent(Some("# ours\nhistory = 3\n"));
        let plan = Withhold::plan(&preview, "system_cpu_model").unwrap();
        assert_eq!((plan.file(), plan.withholds()), (file.as_path(), true));
        assert_eq!(plan.configure.step().lines, ["+withhold = [\"system_cpu_model\"]"]);
        let said = plan.notes().join(" ");
        assert!(said.contains(": system_cpu_model.") && said.contains("Waiting events (1) stay"), "{said}");
        let report = plan.report();
        assert_eq!((report.title, report.consent), ("Withheld", true));
        assert!(report.sentences[0].starts_with("Wrote "), "{report:?}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "# ours\nhistory = 3\nwithhold = [\"system_cpu_model\"]\n");
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o640);
    }

    #[test]
    fn a_second_time_it_is_sent_again() {
        let (_folder, preview, file) = agent(None);
        for (name, changed, left) in [
            ("alarms_normal", vec!["+withhold = [\"alarms_normal\"]"], vec!["alarms_normal"]),
            (
                "fatal_line",
                vec!["-withhold = [\"alarms_normal\"]", "+withhold = [\"alarms_normal\", \"fatal_line\"]"],
                vec!["alarms_normal", "fatal_line"],
            ),
            // Withheld as a part of the same value.
            (
                "action_data",
                vec!["-withhold = [\"alarms_normal\", \"fatal_line\"]", "+withhold = [\"alarms_normal\"]"],
                vec!["alarms_normal"],
            ),
            ("alarms_normal", vec!["-withhold = [\"alarms_normal\"]", "+withhold = []"], vec![]),
        ] {
            // What the file says counts, not what the preview has seen.
            let plan = Withhold::plan(&preview, name).unwrap();
            assert_eq!(plan.configure.step().lines, changed, "{name}");
            let (title, said) = (if plan.withholds() { "Withheld" } else { "Sent again" }, plan.notes());
            assert_eq!(said[0].contains("fatal_errno"), name.starts_with("fatal") || name == "action_data", "{said:?}");
            assert_eq!(plan.report().title, title);
            assert_eq!(withheld(&file), left, "{name}");
        }
    }

    #[test]
    fn what_cannot_be_withheld_is_said_before() {
        let (_folder, preview, file) = agent(None);
        for (name, why) in [
            ("$ip", "keeps the server from filling in something else"),
            ("distinct_id", "needed to deliver"),
            ("netdata_machine_guid", "distinct_id has its value too"),
            ("\u{1b}[2J", "\\u{1b}[2J cannot be withheld: it is no field"),
        ] {
            let report = Report::from(Withhold::plan(&preview, name).unwrap_err());
            let said = report.sentences.join(" ");
            assert!(said.contains(why) && !said.contains('\u{1b}'), "{name}: {said}");
        }
        assert!(!file.exists());
    }

    #[test]
    fn a_file_that_others_could_change_or_that_cannot_be_used_stays() {
        for (text, mode, why) in [
            ("history = 3\n", 0o666, "can write it"),
            ("history = 99\n", 0o644, "unusable history"),
            ("withhold = ['$ip']\n", 0o644, "$ip cannot be withheld"),
            ("withhold = [ # nothing yet\n]\n", 0o644, "change it by hand"),
        ] {
            let (_folder, preview, file) = agent(Some(text));
            fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
            let report = Report::from(Withhold::plan(&preview, "alarms_normal").unwrap_err());
            assert!(report.title == "Not done" && report.sentences.join(" ").contains(why), "{report:?}");
        }
        let (_folder, preview, file) = agent(None);
        let plan = Withhold::plan(&preview, "alarms_normal").unwrap();
        fs::write(&file, "history = 3\n").unwrap();
        let report = plan.report();
        assert!(report.title == "Not done" && !report.sentences.is_empty(), "{report:?}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "history = 3\n");
    }
}
