//! The prose of docs/detection.md, written beside the code that it describes.

use std::borrow::Cow;

/// Evidence for a name.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The name that it proves.
    pub name: &'static str,
    /// The evidence, in Markdown.
    pub evidence: Cow<'static, str>,
    /// Its documentation.
    pub citation: &'static str,
}

pub(crate) const fn rule(name: &'static str, evidence: &'static str, citation: &'static str) -> Rule {
    Rule { name, evidence: Cow::Borrowed(evidence), citation }
}

/// The rule of a row in a lookup table.
pub(crate) fn row(name: &'static str, evidence: String, citation: &'static str) -> Rule {
    Rule { name, evidence: evidence.into(), citation }
}

/// One step of a detection.
pub(crate) struct Step<F> {
    /// Description.
    pub(crate) what: &'static str,
    pub(crate) rules: fn() -> Vec<Rule>,
    /// The function that takes the step.
    pub(crate) run: F,
}

/// The functions alone, made by the compiler, so that the prose gets into no program.
pub(crate) const fn functions<F: Copy, const N: usize>(steps: &[Step<F>]) -> [F; N] {
    let mut functions = [steps[0].run; N];
    let mut at = 1;
    while at < N {
        functions[at] = steps[at].run;
        at += 1;
    }
    functions
}
