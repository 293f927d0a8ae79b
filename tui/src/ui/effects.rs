//! The only place that performs effects, each on its own thread: a hanging file system must not freeze the screen.

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anonymous_statistics::inspect::comparison;
use anonymous_statistics::inspect::watch::Snapshot;
use anonymous_statistics::inspect::{Preview, Question, Stage};

use crate::actions::opting::Barred;
use crate::actions::report::Report;
use crate::ui::state::{Effect, Message};

/// The interval of checks for changes; `Snapshot` names their cost.
const WATCH: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub(super) struct Performer {
    pub(super) question: Arc<Question>,
    pub(super) sender: Sender<Message>,
    /// The snapshot of the newest preview.
    pub(super) watched: Arc<Mutex<Option<Arc<Snapshot>>>>,
}

impl Performer {
    pub(super) fn begin(&self, effect: Effect) {
        let own = self.clone();
        let begun = thread::Builder::new().spawn(move || {
            let last = own.newest();
            // Nothing leaves the folder in which this program was started, so it stays open even if its path leads
            // elsewhere.
            let before = perform(effect, &own.question, rustix::fs::CWD, last.as_deref(), &own.sender);
            if let Some(before) = before {
                *own.watched.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(before));
            }
        });
        if let Err(error) = begun {
            // For example because of a limit on processes.
            let sentences = vec![format!("This program could not do that beside the screen: {error}")];
            let report = Report { title: "Not done", sentences, commands: Vec::new(), consent: false };
            send(&self.sender, Message::Done(Box::new(report)));
        }
    }

    /// Detects changes. A hanging file system blocks this thread only.
    pub(super) fn watch(&self) -> io::Result<()> {
        let own = self.clone();
        let mut told: Option<Arc<Snapshot>> = None;
        let watch = move || loop {
            thread::sleep(WATCH);
            let newest = own.newest();
            // A change is reported once: the next preview brings a new snapshot.
            if newest.as_ref().map(Arc::as_ptr) != told.as_ref().map(Arc::as_ptr)
                && newest.as_ref().is_some_and(|newest| newest.has_changed())
            {
                told = newest;
                send(&own.sender, Message::Changed);
            }
        };
        thread::Builder::new().spawn(watch).map(|_| ())
    }

    fn newest(&self) -> Option<Arc<Snapshot>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Without a receiver the program is about to end.
pub(super) fn send(sender: &Sender<Message>, message: Message) {
    let _ = sender.send(message);
}

/// Performs an effect and reports the results. It ignores effects on the terminal itself. `folder` receives saved
/// requests.
///
/// `last` is the snapshot of the previous preview; that of this one is returned. It is taken before the preview reads the
/// files, so that no change is missed; only files that the preview reveals are added afterwards.
pub(super) fn perform(
    effect: Effect,
    question: &Question,
    folder: BorrowedFd<'_>,
    last: Option<&Snapshot>,
    sender: &Sender<Message>,
) -> Option<Snapshot> {
    let tell = |message| send(sender, message);
    match effect {
        Effect::Look { action, examples } => {
            let question = Question { action, examples: examples && question.call.is_none(), ..question.clone() };
            tell(Message::Began(Stage::Consent));
            let before = Snapshot::before(&question, last);
            let preview = Box::new(Preview::look_telling(&question, |stage| tell(Message::Began(stage))));
            // The screen shows the preview while the rest is found out.
            tell(Message::Looked(preview.clone()));
            tell(Message::Barred(Box::new(Barred::look(&preview))));
            tell(Message::Compared(comparison::columns(&question, &preview)));
            return Some(before.after(&preview));
        }
        Effect::Act(plan) => tell(Message::Done(Box::new(plan.perform(folder)))),
        Effect::Copy(_) | Effect::Suspend | Effect::Redraw | Effect::Quit => {}
    }
    None
}
