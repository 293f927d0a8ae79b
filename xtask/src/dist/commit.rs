//! What is released: a commit.

use std::fs;

use anyhow::{Context, Result, bail};

use super::archive::{Entry, Files, Kind};
use crate::run;
use crate::workspace::Workspace;

/// The files of the project that go with the programs; a folder's, without those in folders below unless it is
/// `share`.
const COMPANIONS: [&str; 8] = [
    "install.sh",
    "README.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
    ":(glob)docs/*",
    "share",
];

/// Fails if there is a file that the commit does not have, or has otherwise.
pub(super) fn must_be_clean(checkout: &Workspace) -> Result<()> {
    let changes = git(checkout, &["status", "--porcelain", "--untracked-files=normal"])?;
    if !changes.is_empty() {
        bail!(
            "a release is made of a commit, and these files differ from it or are not in it:\n{}",
            changes.trim_end()
        );
    }
    Ok(())
}

/// What an archive has beside the programs.
pub(super) fn companions(checkout: &Workspace) -> Result<Files> {
    files(checkout, &COMPANIONS)
}

/// The whole of it. git archive would do, but packs as its version and its user's settings say.
pub(super) fn source(checkout: &Workspace) -> Result<Files> {
    files(checkout, &["."])
}

/// The Ansible role, which its users need without the rest.
pub(super) fn role(checkout: &Workspace) -> Result<Files> {
    files(checkout, &["packaging/ansible"])
}

fn files(checkout: &Workspace, paths: &[&str]) -> Result<Files> {
    let listed = git(checkout, &[&["ls-files", "--stage", "-z", "--"], paths].concat())?;
    let mut files = Files::new();
    // Mode, object and stage, then a tab and the name.
    for line in listed.split_terminator('\0') {
        let (about, name) = line.split_once('\t').with_context(|| format!("git ls-files prints {line:?}"))?;
        let kind = match about.split(' ').next() {
            Some("100644") => Kind::File,
            Some("100755") => Kind::Program,
            Some("120000") => Kind::Link,
            _ => bail!("{name} is neither a file nor a link"),
        };
        let path = checkout.root.join(name);
        let read = match kind {
            Kind::Link => fs::read_link(&path).map(|to| to.into_os_string().into_encoded_bytes()),
            _ => fs::read(&path),
        };
        let bytes = read.with_context(|| format!("cannot read {}", path.display()))?;
        files.insert(name.to_owned(), Entry { kind, bytes });
    }
    if files.is_empty() {
        bail!("git knows no file in {}", checkout.root.display());
    }
    Ok(files)
}

fn git(checkout: &Workspace, arguments: &[&str]) -> Result<String> {
    run::text(run::git(&checkout.root).args(arguments))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    fn checkout(folder: &Path) -> Workspace {
        let json =
            serde_json::json!({"workspace_root": folder, "target_directory": folder.join("target"), "packages": []});
        serde_json::from_value(json).unwrap()
    }

    /// Without this user's settings.
    fn git(folder: &Path, arguments: &[&str]) {
        let settings = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgSign=false"];
        let mut command = run::git(folder);
        command.args(settings).args(arguments);
        run::text(command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null")).unwrap();
    }

    #[test]
    fn a_release_has_the_files_of_a_commit_and_no_others() {
        if run::find("git").is_none() {
            return testkit::skip(testkit::this_test!(), "git is not installed");
        }
        let folder = tempfile::tempdir().unwrap();
        let checkout = checkout(folder.path());
        git(folder.path(), &["init", "--quiet"]);
        for name in ["install.sh", "README.md", "docs/a.md", "docs/below/b.md", "share/man/c.1", "src/d.rs"] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, name).unwrap();
        }
        let executable = fs::Permissions::from_mode(0o700);
        fs::set_permissions(folder.path().join("install.sh"), executable).unwrap();
        git(folder.path(), &["add", "--all"]);
        git(folder.path(), &["commit", "--quiet", "--message", "x"]);
        must_be_clean(&checkout).unwrap();
        assert!(checkout.commit_time().unwrap() > 0);

        let names = |files: Files| files.into_iter().map(|(name, file)| (name, file.kind)).collect::<Vec<_>>();
        let file = |name: &str| (name.to_owned(), Kind::File);
        let installer = ("install.sh".to_owned(), Kind::Program);
        let expected = vec![file("README.md"), file("docs/a.md"), installer.clone(), file("share/man/c.1")];
        assert_eq!(names(companions(&checkout).unwrap()), expected);
        let expected = [
            file("README.md"),
            file("docs/a.md"),
            file("docs/below/b.md"),
            installer,
            file("share/man/c.1"),
            file("src/d.rs"),
        ];
        assert_eq!(names(source(&checkout).unwrap()), expected);

        fs::write(folder.path().join("new"), "").unwrap();
        let error = must_be_clean(&checkout).unwrap_err().to_string();
        assert!(error.ends_with("?? new"), "{error}");
    }
}
