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
    pub citation: Citation,
}

/// The documentation of a row: a page or a file. Only the catalogue shows it, so programs are built without the texts.
#[derive(Clone, Copy, Debug)]
pub struct Citation(#[cfg(feature = "catalogue")] &'static str);

impl Citation {
    #[cfg(feature = "catalogue")]
    pub(crate) const fn new(text: &'static str) -> Self {
        Self(text)
    }

    #[cfg(not(feature = "catalogue"))]
    pub(crate) const fn new(_: &'static str) -> Self {
        Self()
    }

    /// The text; empty without the feature `catalogue`.
    pub const fn text(self) -> &'static str {
        #[cfg(feature = "catalogue")]
        return self.0;
        #[cfg(not(feature = "catalogue"))]
        ""
    }
}

pub(crate) const fn rule(name: &'static str, evidence: &'static str, citation: &'static str) -> Rule {
    Rule { name, evidence: Cow::Borrowed(evidence), citation: Citation::new(citation) }
}

/// The rule of a row in a lookup table.
pub(crate) fn row(name: &'static str, evidence: String, citation: Citation) -> Rule {
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
