//! The only place that performs effects.

use std::os::fd::BorrowedFd;

use anonymous_statistics::inspect::comparison;
use anonymous_statistics::inspect::watch::Snapshot;
use anonymous_statistics::inspect::{Preview, Question, Stage};

use crate::actions::opting::Barred;
use crate::ui::state::{Effect, Message};

/// Performs an effect and reports the results. It ignores effects on the terminal itself. `folder` receives saved
/// requests.
///
/// `last` is the snapshot of the previous preview. `watch` receives the snapshot of this one. It is taken before the
/// preview reads the files, so that no change is missed; only files that the preview reveals are added afterwards.
pub(crate) fn perform(
    effect: Effect,
    question: &Question,
    folder: BorrowedFd<'_>,
    last: Option<&Snapshot>,
    tell: &dyn Fn(Message),
    watch: &dyn Fn(Snapshot),
) {
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
            watch(before.after(&preview));
        }
        Effect::Act(plan) => tell(Message::Done(Box::new(plan.perform(folder)))),
        Effect::Copy(_) | Effect::Suspend | Effect::Redraw | Effect::Quit => {}
    }
}
