//! Questions to a machine, and the record of their answers.

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use crate::fact::{Evidence, Fact, Outcome, State};
use crate::host::sysctls;
use crate::host::{Error, Host, Result, Start};
use crate::mountinfo;
use crate::source::Source;
use crate::text::{EXCERPT_LIMIT, VALUE_LIMIT, clean_text};

/// Longest one-line file: sysfs gives at most a page.
pub(crate) const LINE_FILE_LIMIT: usize = 4096;

/// The beginning of a text file.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) text: String,
    pub(crate) whole: bool,
}

/// Path, limit, and the answer. A few dozen: looking through them all takes less time than keeping them in order.
type Known = Vec<(Cow<'static, str>, usize, Result<Rc<Text>>)>;

/// A host that reads each file once.
pub(crate) struct Machine<'h> {
    pub(crate) host: &'h dyn Host,
    known: RefCell<Known>,
}

impl<'h> Machine<'h> {
    pub(crate) fn new(host: &'h dyn Host) -> Self {
        Self { host, known: RefCell::default() }
    }

    /// The beginning of a file, or what is to be kept of it.
    fn text(&self, path: Cow<'static, str>, limit: usize, keep: fn(String) -> String) -> Result<Rc<Text>> {
        if let Some((_, _, answer)) =
            self.known.borrow().iter().find(|(known, most, _)| *most == limit && *known == path)
        {
            return answer.clone();
        }
        let answer = self.host.read_start(&path, limit).map(|Start { bytes, whole }| {
            let text =
                String::from_utf8(bytes).unwrap_or_else(|wrong| String::from_utf8_lossy(wrong.as_bytes()).into_owned());
            Rc::new(Text { text: keep(text), whole })
        });
        self.known.borrow_mut().push((path, limit, answer.clone()));
        answer
    }
}

/// The questions behind one group of facts, with their record.
pub(crate) struct Ask<'m, 'h> {
    machine: &'m Machine<'h>,
    evidence: Vec<Evidence>,
}

impl<'m, 'h> Ask<'m, 'h> {
    pub(crate) fn new(machine: &'m Machine<'h>) -> Self {
        Self { machine, evidence: Vec::new() }
    }

    pub(crate) fn host(&self) -> &'h dyn Host {
        self.machine.host
    }

    fn record(&mut self, asked: Cow<'static, str>, outcome: Outcome) {
        self.evidence.push(Evidence { asked, outcome });
    }

    /// Records an observation.
    pub(crate) fn saw(&mut self, asked: impl Into<Cow<'static, str>>, value: &str) {
        self.record(asked.into(), Outcome::Saw(clean_text(value, EXCERPT_LIMIT)));
    }

    /// Records a question without an answer.
    pub(crate) fn failed(&mut self, asked: impl Into<Cow<'static, str>>, error: Error) {
        self.record(asked.into(), Outcome::Failed(error));
    }

    /// Records evidence that does not count, and why.
    pub(crate) fn contradicted(&mut self, asked: impl Into<Cow<'static, str>>, why: impl Into<Cow<'static, str>>) {
        self.record(asked.into(), Outcome::Contradicted(why.into()));
    }

    /// The answer, or nothing after the failure is recorded: an unreadable file stops nothing.
    pub(crate) fn answer<T>(&mut self, asked: impl Into<Cow<'static, str>>, answer: Result<T>) -> Option<T> {
        match answer {
            Ok(value) => Some(value),
            Err(error) => {
                self.failed(asked, error);
                None
            }
        }
    }

    /// The first bytes of a file. Only a failure is recorded; the caller records the part of the content that matters.
    pub(crate) fn bytes(&mut self, path: &'static str, limit: usize) -> Option<Vec<u8>> {
        let answer = self.host().read_start(path, limit);
        self.answer(path, answer).map(|start| start.bytes)
    }

    /// The same as text, with U+FFFD for invalid UTF-8.
    pub(crate) fn text(&mut self, path: impl Into<Cow<'static, str>>, limit: usize) -> Option<Rc<Text>> {
        let path = path.into();
        let answer = self.machine.text(path.clone(), limit, |text| text);
        self.answer(path, answer)
    }

    /// The mounts of this process that can matter.
    pub(crate) fn mounts(&mut self) -> Option<Rc<Text>> {
        let path = Source::MOUNTINFO.name();
        let answer = self.machine.text(path.into(), mountinfo::LIMIT, |text| {
            if text.len() < mountinfo::MANY { text } else { mountinfo::notable(&text) }
        });
        self.answer(path, answer)
    }

    /// The first line of a file, cleaned and recorded. An empty line is no answer.
    pub(crate) fn line(&mut self, path: impl Into<Cow<'static, str>>) -> Option<String> {
        let path = path.into();
        let file = self.text(path.clone(), LINE_FILE_LIMIT)?;
        let value = clean_text(file.text.split(['\n', '\0']).next().unwrap_or_default(), VALUE_LIMIT);
        self.saw(path, &value);
        (!value.is_empty()).then_some(value)
    }

    /// Whether a path exists; `None` if that is unknown.
    pub(crate) fn exists(&mut self, path: impl Into<Cow<'static, str>>) -> Option<bool> {
        let path = path.into();
        match self.host().metadata(&path) {
            Ok(_) => {
                self.saw(path, "exists");
                Some(true)
            }
            Err(error) => {
                self.failed(path, error);
                (error == Error::NotFound).then_some(false)
            }
        }
    }

    /// The names in a folder. Only a failure is recorded.
    pub(crate) fn list(&mut self, path: &'static str, limit: usize) -> Option<Vec<String>> {
        let answer = self.host().list(path, limit);
        self.answer(path, answer)
    }

    /// A text from sysctl, not cleaned. Only a failure is recorded.
    pub(crate) fn sysctl_raw(&mut self, name: &'static str) -> Option<String> {
        self.sysctl_answer(name).ok()
    }

    /// The same, with the failure.
    pub(crate) fn sysctl_answer(&mut self, name: &'static str) -> Result<String> {
        debug_assert!(sysctls::text_limit(name).is_ok(), "{name} is missing in SYSCTLS");
        let limit = sysctls::text_limit(name)?;
        let answer = self.host().sysctl_text(name);
        let answer = answer.and_then(|text| if text.len() < limit { Ok(text) } else { Err(Error::Malformed) });
        if let Err(error) = answer {
            self.failed(name, error);
        }
        answer
    }

    /// A text from sysctl, cleaned and recorded. An empty text is no answer.
    pub(crate) fn sysctl_text(&mut self, name: &'static str) -> Option<String> {
        let value = clean_text(&self.sysctl_raw(name)?, VALUE_LIMIT);
        self.saw(name, &value);
        (!value.is_empty()).then_some(value)
    }

    /// A number from sysctl.
    pub(crate) fn sysctl_integer(&mut self, name: &'static str) -> Option<i64> {
        debug_assert!(sysctls::is_number(name), "{name} is missing in SYSCTLS");
        let answer = self.host().sysctl_integer(name);
        let value = self.answer(name, answer)?;
        self.saw(name, &value.to_string());
        Some(value)
    }

    /// A count, or an amount in bytes or hertz, from sysctl: always above zero.
    pub(crate) fn sysctl_amount(&mut self, name: &'static str) -> Option<u64> {
        self.sysctl_integer(name).and_then(|value| sysctls::amount(name, value))
    }

    /// A value of the kernel environment, cleaned and recorded. An empty value is no answer.
    pub(crate) fn kenv(&mut self, name: &'static str) -> Option<String> {
        let value = clean_text(&self.kenv_raw(name)?, VALUE_LIMIT);
        self.saw(name, &value);
        (!value.is_empty()).then_some(value)
    }

    /// The same, not cleaned. Only a failure is recorded.
    pub(crate) fn kenv_raw(&mut self, name: &'static str) -> Option<String> {
        let answer = self.host().kenv(name);
        self.answer(name, answer)
    }

    /// Ends the questions: the facts that they decide share this record.
    pub(crate) fn done(self) -> Conclusion {
        Conclusion { evidence: self.evidence.into() }
    }
}

/// Makes facts with one shared record.
pub(crate) struct Conclusion {
    evidence: Arc<[Evidence]>,
}

impl Conclusion {
    fn fact<T>(&self, state: State<T>, source: Option<Source>) -> Fact<T> {
        Fact { state, source, evidence: Arc::clone(&self.evidence) }
    }

    pub(crate) fn known<T>(&self, value: impl Into<T>, source: Source) -> Fact<T> {
        self.fact(State::Known(value.into()), Some(source))
    }

    pub(crate) fn none<T>(&self, source: Source) -> Fact<T> {
        self.fact(State::None, Some(source))
    }

    pub(crate) fn unknown<T>(&self) -> Fact<T> {
        self.fact(State::Unknown, None)
    }

    /// Known, or none where there is no value.
    pub(crate) fn known_or_none<T>(&self, value: Option<impl Into<T>>, source: Source) -> Fact<T> {
        value.map_or_else(|| self.none(source), |value| self.known(value, source))
    }

    /// Known, or unknown where there is no value.
    pub(crate) fn found<T>(&self, value: Option<(impl Into<T>, Source)>) -> Fact<T> {
        value.map_or_else(|| self.unknown(), |(value, source)| self.known(value, source))
    }

    /// The same with a source that does not depend on the value.
    pub(crate) fn found_in<T>(&self, source: Source, value: Option<impl Into<T>>) -> Fact<T> {
        self.found(value.map(|value| (value, source)))
    }
}
