//! The imports between rooms. A room may import only from those below it, and no file may import, even indirectly, from
//! one that imports from it.
//!
//! This reads names like a reader and knows no types: a path that begins with `crate`, `super`, `self` or the name of a
//! module declared in the same file is an import, anywhere outside tests and comments. A macro's paths and the methods
//! of another file's types are not seen.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// A folder of modules, and its rooms from the ground up: files are in the room of their first folder. Without an
/// order, only circles are errors.
struct House {
    sources: &'static str,
    floors: &'static [&'static str],
}

const HOUSES: &[House] = &[
    House {
        sources: "platform/src",
        floors: &[
            "text",
            "mountinfo",
            "host",
            "source",
            "fact",
            "facts",
            "ask",
            "instance",
            "interface",
            "routing",
            "os_release",
            "unix",
            "rules",
            "tables",
            "dmi",
            "linux",
            "macos",
            "freebsd",
            "json",
            "recorder",
            "collect",
            "internal",
            "lib",
        ],
    },
    House { sources: "platform/src/bin/system-info", floors: &[] },
    House {
        sources: "src",
        floors: &[
            "core_dump",
            "text",
            "files",
            "clock",
            "digest",
            "endpoint",
            "release",
            "call",
            "fields",
            "destination",
            "config",
            "request",
            "consent",
            "outbox",
            "proxy",
            "agent",
            "runs",
            "channels",
            "inspect",
            "options",
            "fuzz",
            "lib",
        ],
    },
    House { sources: "src/bin/anonymous-statistics", floors: &[] },
    House {
        sources: "tui/src",
        floors: &["output", "cli", "question", "present", "actions", "ui", "screens", "verbs", "lib"],
    },
    House { sources: "xtask/src", floors: &[] },
];

/// The path of a file's module; empty for the root.
type Module = Vec<String>;

type Graph = BTreeMap<Module, BTreeSet<Module>>;

/// Prints the imports between rooms; every circle and every step upward is an error.
pub(crate) fn run(root: &Path) -> Result<()> {
    let mut problems = Vec::new();
    for house in HOUSES {
        let graph = graph(&root.join(house.sources))?;
        println!("{}", house.sources);
        for (room, below) in rooms(&graph) {
            println!("  {room}: {}", below.iter().map(String::as_str).collect::<Vec<_>>().join(" "));
        }
        let found = circles(&graph).into_iter().chain(steps_upward(&graph, house.floors));
        problems.extend(found.map(|problem| format!("{}: {problem}", house.sources)));
    }
    if !problems.is_empty() {
        bail!("{}", problems.join("\n       "));
    }
    Ok(())
}

fn graph(sources: &Path) -> Result<Graph> {
    let mut files = BTreeMap::new();
    collect(sources, &Module::new(), &mut files)?;
    // A module for tests may import anything.
    let of_tests: BTreeSet<Module> = files.iter().flat_map(|(module, text)| declared_for_tests(module, text)).collect();
    files.retain(|module, _| !of_tests.contains(module));
    let modules: BTreeSet<Module> = files.keys().cloned().collect();
    Ok(files.into_iter().map(|(module, text)| (module.clone(), imports(&module, &text, &modules))).collect())
}

/// The files below a folder by their modules. Programs in `bin` are separate houses, and tests may import anything.
fn collect(folder: &Path, module: &Module, files: &mut BTreeMap<Module, String>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        let Some(name) = path.file_stem().and_then(|name| name.to_str()).map(str::to_owned) else { continue };
        let inside = || [&module[..], std::slice::from_ref(&name)].concat();
        if path.is_dir() {
            if !matches!(name.as_str(), "bin" | "tests") {
                collect(&path, &inside(), files)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let module = if matches!(name.as_str(), "mod" | "lib" | "main") { module.clone() } else { inside() };
            files.entry(module).or_default().push_str(&fs::read_to_string(&path)?);
        }
    }
    Ok(())
}

fn imports(module: &Module, text: &str, modules: &BTreeSet<Module>) -> BTreeSet<Module> {
    let tokens = without_tests(&tokens(text));
    let children: BTreeSet<&str> =
        tokens.windows(3).filter(|words| words[0] == "mod" && words[2] == ";").map(|words| words[1].as_str()).collect();
    let mut found = BTreeSet::new();
    for (at, token) in tokens.iter().enumerate() {
        let begins = at == 0 || !matches!(tokens[at - 1].as_str(), "::" | ".");
        if !begins || tokens.get(at + 1).is_none_or(|next| next != "::") {
            continue;
        }
        let above = || module.split_last().map_or_else(Module::new, |(_, above)| above.to_vec());
        let (start, at) = match token.as_str() {
            "crate" => (Module::new(), at + 2),
            "self" => (module.clone(), at + 2),
            "super" => (above(), at + 2),
            // A module declared here is below this file, or beside it with a path attribute.
            child if children.contains(child) => {
                let below = modules.contains(&[&module[..], &[child.to_owned()]].concat());
                (if below { module.clone() } else { above() }, at)
            }
            _ => continue,
        };
        for path in paths(&tokens, at).0 {
            let full: Module = start.iter().cloned().chain(path).collect();
            let file = (0..=full.len()).rev().map(|length| full[..length].to_vec()).find(|part| modules.contains(part));
            found.extend(file.filter(|file| file != module));
        }
    }
    found
}

/// The paths of a tree such as `a::{b, c::d}`, and the position of its end.
fn paths(tokens: &[String], mut at: usize) -> (Vec<Module>, usize) {
    let mut begin = Module::new();
    loop {
        match tokens.get(at).map(String::as_str) {
            Some("{") => {
                let mut all = Vec::new();
                at += 1;
                while tokens.get(at).is_some_and(|token| token != "}") {
                    let (branches, end) = paths(tokens, at);
                    all.extend(branches.into_iter().map(|branch| [&begin[..], &branch[..]].concat()));
                    at = end + usize::from(tokens.get(end).is_some_and(|token| token != "}"));
                }
                return (all, at + 1);
            }
            Some(word) if word.starts_with(|c: char| c.is_alphabetic() || c == '_') => begin.push(word.to_owned()),
            _ => return (vec![begin], at),
        }
        at += 1;
        if tokens.get(at).is_none_or(|token| token != "::") {
            // `a as b`
            let renamed = tokens.get(at).is_some_and(|token| token == "as");
            return (vec![begin], if renamed { at + 2 } else { at });
        }
        at += 1;
    }
}

/// Words, `::` and single characters, without comments, strings and character literals.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '"' => quoted(rest),
            'r' if rest.starts_with("r\"") || rest.starts_with("r#") => {
                let marks = rest.chars().skip(1).take_while(|c| *c == '#').count();
                let end = format!("\"{}", "#".repeat(marks));
                let from = marks + 2;
                rest.get(from..).and_then(|inside| inside.find(&end)).map_or(rest.len(), |at| from + at + end.len())
            }
            // A character literal, not a lifetime.
            '\'' if rest.starts_with("'\\") => {
                rest.char_indices().skip(3).find(|(_, c)| *c == '\'').map_or(rest.len(), |(at, _)| at + 1)
            }
            '\'' if rest.chars().nth(2) == Some('\'') => rest.char_indices().nth(3).map_or(rest.len(), |(at, _)| at),
            ':' if rest.starts_with("::") => 2,
            c if c.is_alphanumeric() || c == '_' => {
                rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
            }
            c => c.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        if !first.is_whitespace() && !token.starts_with("//") && !token.ends_with('"') {
            tokens.push(token.to_owned());
        }
        rest = after;
    }
    tokens
}

/// The length of a quoted string, with its quotation marks.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            c => escaped = c == '\\' && !escaped,
        }
    }
    text.len()
}

/// The modules that a file declares for tests.
fn declared_for_tests(module: &Module, text: &str) -> Vec<Module> {
    let words = "# [ cfg ( test ) ] mod".split(' ');
    let tokens = tokens(text);
    let starts = tokens.windows(9).filter(|found| found.iter().map(String::as_str).take(8).eq(words.clone()));
    starts.map(|found| [&module[..], &found[8..]].concat()).collect()
}

/// Removes the items for tests.
fn without_tests(tokens: &[String]) -> Vec<String> {
    let mut kept = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if tokens[at..].iter().take(7).map(String::as_str).eq(["#", "[", "cfg", "(", "test", ")", "]"]) {
            let mut depth = 0_i32;
            at += 7;
            while let Some(token) = tokens.get(at) {
                at += 1;
                depth += match token.as_str() {
                    "{" | "(" | "[" => 1,
                    "}" | ")" | "]" => -1,
                    _ => 0,
                };
                if depth == 0 && matches!(token.as_str(), ";" | "}") {
                    break;
                }
            }
            continue;
        }
        kept.push(token.clone());
        at += 1;
    }
    kept
}

fn room(module: &Module) -> String {
    module.first().cloned().unwrap_or_else(|| "lib".to_owned())
}

fn rooms(graph: &Graph) -> BTreeMap<String, BTreeSet<String>> {
    let mut rooms: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (module, imports) in graph {
        let below = rooms.entry(room(module)).or_default();
        below.extend(imports.iter().map(room).filter(|other| *other != room(module)));
    }
    rooms
}

/// The shortest circle for each import that closes one.
fn circles(graph: &Graph) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut circles = Vec::new();
    for (module, imports) in graph {
        for import in imports {
            let Some(way) = way(graph, import, module) else { continue };
            let all: BTreeSet<&Module> = way.iter().collect();
            if seen.insert(all.into_iter().cloned().collect::<Vec<_>>()) {
                let names: Vec<String> = std::iter::once(module).chain(&way).map(name).collect();
                circles.push(format!("a circle: {}", names.join(" -> ")));
            }
        }
    }
    circles
}

/// The shortest chain of imports.
fn way(graph: &Graph, from: &Module, to: &Module) -> Option<Vec<Module>> {
    let mut ways = vec![vec![from.clone()]];
    let mut reached = BTreeSet::from([from.clone()]);
    while !ways.is_empty() {
        if let Some(found) = ways.iter().find(|way| way.last() == Some(to)) {
            return Some(found.clone());
        }
        let mut longer = Vec::new();
        for way in &ways {
            for next in way.last().and_then(|last| graph.get(last)).into_iter().flatten() {
                if reached.insert(next.clone()) {
                    longer.push([&way[..], std::slice::from_ref(next)].concat());
                }
            }
        }
        ways = longer;
    }
    None
}

fn name(module: &Module) -> String {
    if module.is_empty() { "the root".to_owned() } else { module.join("::") }
}

fn steps_upward(graph: &Graph, floors: &[&str]) -> Vec<String> {
    let floor = |module: &Module| floors.iter().position(|floor| **floor == room(module));
    let mut steps = Vec::new();
    for (module, imports) in graph.iter().filter(|_| !floors.is_empty()) {
        let Some(own) = floor(module) else {
            steps.push(format!("{} stands on no floor: xtask/src/imports.rs lists them", name(module)));
            continue;
        };
        for import in imports.iter().filter(|import| floor(import).is_some_and(|other| other > own)) {
            steps.push(format!("{} imports from above: {}", name(module), name(import)));
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn modules(names: &[&str]) -> BTreeSet<Module> {
        names.iter().map(|name| name.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect()).collect()
    }

    #[test]
    fn every_form_of_an_import_is_found_and_nothing_else() {
        let all = modules(&["", "a", "a::child", "b", "b::c", "d", "e", "f", "g", "h"]);
        let text = r##"
            //! crate::h
            mod child;
            use crate::{b::{c::Thing as Other, X}, d};
            use super::e::*;
            const TEXT: &str = "crate::h \" crate::h";
            const RAW: &str = r#"crate::h"#;
            const SIGN: char = '"';
            fn f<'a>(x: &'a str) { crate::f::f(x); std::g::h(); child::g() }
            #[cfg(test)]
            mod tests { use crate::h::*; fn x() { crate::h::y() } }
        "##;
        let found = imports(&vec!["a".to_owned()], text, &all);
        assert_eq!(found, modules(&["a::child", "b", "b::c", "d", "e", "f"]));
    }

    #[test]
    fn circles_and_steps_upward_are_named() {
        let graph: Graph = [("a", "b"), ("b", "c"), ("c", "a"), ("d", "a")]
            .map(|(from, to)| (vec![from.to_owned()], modules(&[to])))
            .into();
        assert_eq!(circles(&graph), ["a circle: a -> b -> c -> a"]);
        assert_eq!(
            steps_upward(&graph, &["c", "b", "a"]),
            ["c imports from above: a", "d stands on no floor: xtask/src/imports.rs lists them"]
        );
    }

    #[test]
    fn this_project_has_no_circle_and_no_step_upward() {
        run(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()).unwrap();
    }
}
