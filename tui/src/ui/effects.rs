//! The one place where what a state asks for is done.

use std::os::fd::BorrowedFd;

use anonymous_statistics::inspect::comparison;
use anonymous_statistics::inspect::watch::Snapshot;
use anonymous_statistics::inspect::{Preview, Question, Stage};

use crate::actions::opting::Barred;
use crate::ui::state::{Effect, Message};

/// Performs an effect, and tells what comes of it. Effects on the terminal itself are not for here: they do nothing.
/// Requests are saved in `folder`.
///
/// `last` is what the look before this one rested on; `watch` gets what this one does, as it was before, so that no change
/// passes unseen.
pub(crate) fn perform(
    effect: Effect,
    question: &Question,
    folder: BorrowedFd<'_>,
    last: Option<&Snapshot>,
    tell: &dyn Fn(Message),
    watch: &dyn Fn(Snapshot),
) {
    match effect {
        Effect::Look(action) => {
            let question = Question { action, ..question.clone() };
            tell(Message::Began(Stage::Consent));
            let before = Snapshot::before(&question, last);
            let preview = Box::new(Preview::look_telling(&question, |stage| tell(Message::Began(stage))));
            tell(Message::Barred(Box::new(Barred::look(&preview))));
            // The preview is drawn while the other events are still being made.
            tell(Message::Looked(preview.clone()));
            tell(Message::Compared(comparison::columns(&question, &preview)));
            watch(before.after(&preview));
        }
        Effect::OptOut(plan) => tell(Message::Done(Box::new(plan.perform().report()))),
        Effect::OptIn(plan) => tell(Message::Done(Box::new(plan.report()))),
        Effect::Save(plan) => tell(Message::Done(Box::new(plan.perform(folder)))),
        Effect::Suspend | Effect::Redraw | Effect::Quit => {}
    }
}
