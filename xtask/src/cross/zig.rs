//! zig, from the Python package index: a C compiler and linker with the C libraries of other systems.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::documented::{self, System};
use super::target::{Target, folder};
use crate::run;
use crate::workspace::Workspace;

const VERSION: &str = "0.15.2";

pub(super) struct Zig {
    program: PathBuf,
    tools: PathBuf,
}

type Variables = Vec<(String, String)>;

impl Zig {
    /// The pinned version, in target/tools.
    pub(super) fn install(workspace: &Workspace) -> Result<Self> {
        let tools = workspace.target.join("tools");
        let python = tools.join(format!("zig-{VERSION}"));
        let find = |python: &Path| {
            let ask = "import os, ziglang; print(os.path.dirname(ziglang.__file__))";
            let folder = run::text(&mut run::program(python.join("bin/python3"), ["-c", ask])).ok()?;
            Some(Path::new(folder.trim()).join("zig")).filter(|program| program.is_file())
        };
        if find(&python).is_none() {
            run::run(run::program("python3", ["-m", "venv", "--clear"]).arg(&python))?;
            let package = format!("ziglang=={VERSION}");
            let arguments = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", &package];
            run::run(&mut run::program(python.join("bin/python3"), arguments))?;
        }
        let program = find(&python).context("PyPI's ziglang was installed and holds no zig")?;
        Ok(Self { program, tools })
    }

    /// The variables with which the cc crate compiles ring's C for a target.
    pub(super) fn compiler(&self, target: &Target) -> Result<Variables> {
        let folder = folder(&self.tools, target)?;
        let underscored = target.triple.replace('-', "_");
        let archiver = script(&folder.join("ar"), &format!("exec {} ar \"$@\"\n", quoted(&self.program)?))?;
        Ok(vec![
            (format!("CC_{underscored}"), self.driver(target)?),
            (format!("AR_{underscored}"), archiver),
            ("ZIG_GLOBAL_CACHE_DIR".into(), self.tools.join("zig-cache").display().to_string()),
        ])
    }

    /// The variables with which rustc links for it.
    pub(super) fn linker(&self, target: &Target, stubs: &Path) -> Result<Variables> {
        let name = target.triple.replace('-', "_").to_uppercase();
        let folder = stubs.display();
        let flags = match target.system {
            // The linker would drop the note of FreeBSD's release, which nothing refers to and zig keeps in a group.
            System::FreeBsd => format!("-L native={folder} -C link-arg=-Wl,--no-gc-sections"),
            System::MacOs => format!("-L native={folder} -C link-arg=-F{folder}"),
        };
        Ok(vec![
            (format!("CARGO_TARGET_{name}_LINKER"), self.driver(target)?),
            (format!("CARGO_TARGET_{name}_RUSTFLAGS"), flags),
        ])
    }

    /// `zig cc` for a target, whose name rustc and the cc crate spell differently.
    fn driver(&self, target: &Target) -> Result<String> {
        let body = format!(
            "skip=\nfor word do\n    shift\n    if [ \"$skip\" ]; then skip=; continue; fi\n    case $word in\n        \
             --target=*) ;;\n        -target | -arch) skip=1 ;;\n        *) set -- \"$@\" \"$word\" ;;\n    esac\ndone\n\
             exec {} cc -target {} \"$@\"\n",
            quoted(&self.program)?,
            target.zig
        );
        script(&folder(&self.tools, target)?.join("cc"), &body)
    }

    /// The libraries that zig lacks, with the documented symbols only.
    pub(super) fn stubs(&self, target: &Target) -> Result<PathBuf> {
        let stubs = folder(&self.tools, target)?.join("stubs");
        if stubs.exists() {
            fs::remove_dir_all(&stubs).with_context(|| format!("cannot remove {}", stubs.display()))?;
        }
        for (library, symbols) in documented::by_library(target.system) {
            match target.system {
                System::MacOs => write(&stubs.join(documented::text_stub(library)), &text_based(library, &symbols))?,
                System::FreeBsd => {
                    let source = stubs.join(format!("{library}.c"));
                    let lines: Vec<_> = symbols.iter().map(|symbol| format!("void {symbol}(void) {{}}")).collect();
                    write(&source, &(lines.join("\n") + "\n"))?;
                    let file = stubs.join(format!("lib{library}.so"));
                    let name = documented::soname(library);
                    let mut command = run::program(self.driver(target)?, ["-shared", &format!("-Wl,-soname,{name}")]);
                    command.env("ZIG_GLOBAL_CACHE_DIR", self.tools.join("zig-cache")).arg("-o").arg(file).arg(source);
                    run::run(&mut command)?;
                }
            }
        }
        Ok(stubs)
    }
}

/// Apple's text format for a dynamic library.
fn text_based(library: &str, symbols: &[&str]) -> String {
    let names: Vec<String> = symbols.iter().map(|symbol| format!("_{symbol}")).collect();
    format!(
        "--- !tapi-tbd\ntbd-version: 4\ntargets: [ x86_64-macos, arm64-macos ]\ninstall-name: '{}'\nexports:\n  \
         - targets: [ x86_64-macos, arm64-macos ]\n    symbols: [ {} ]\n...\n",
        documented::install_name(library),
        names.join(", ")
    )
}

fn write(path: &Path, text: &str) -> Result<()> {
    let describe = || format!("cannot write {}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(describe)?;
    }
    fs::write(path, text).with_context(describe)
}

/// Writes a shell script if it differs: cargo recompiles everything that an older one compiled.
fn script(path: &Path, body: &str) -> Result<String> {
    let text = format!("#!/bin/sh\n# written by cargo xtask cross\n{body}");
    if fs::read_to_string(path).ok().as_deref() != Some(text.as_str()) {
        write(path, &text)?;
        let executable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(path, executable).with_context(|| format!("cannot change {}", path.display()))?;
    }
    Ok(path.display().to_string())
}

/// Quotes a path for a shell.
fn quoted(path: &Path) -> Result<String> {
    let text = path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))?;
    Ok(format!("'{}'", text.replace('\'', r"'\''")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word() {
        assert_eq!(quoted(Path::new("/a b/it's")).unwrap(), r"'/a b/it'\''s'");
    }

    #[test]
    fn a_stub_names_its_library_and_symbols() {
        let text = text_based("Security", &["SecCertificateCopyData"]);
        assert!(text.contains("install-name: '/System/Library/Frameworks/Security.framework/Versions/A/Security'"));
        assert!(text.contains("symbols: [ _SecCertificateCopyData ]"));
    }
}
