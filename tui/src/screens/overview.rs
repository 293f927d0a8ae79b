//! Overview: does this machine send, by whom, where to, what identifies it, and how is that stopped?

use anonymous_statistics::channels::{Channel, Verdict};
use anonymous_statistics::consent::Decision;
use anonymous_statistics::consent::opt_out_file::opt_out_file;
use anonymous_statistics::fields::ACTIONS;
use ratatui::layout::{Position, Size};
use ratatui::text::{Line, Span};

use crate::present::request::{Class, Request};
use crate::present::{overview, units, words};
use crate::screens::fields::in_one;
use crate::ui::keys::{Key, OwnKey};
use crate::ui::screen::{Content, Handled, Screen, View};
use crate::ui::theme;
use crate::ui::widgets::page::{Page, Row};
use crate::ui::widgets::text::{clip, fit};

#[derive(Debug)]
pub(crate) struct Overview;

const KEYS: [OwnKey; 2] = [
    OwnKey { key: "Enter", word: "fields", does: "the fields that the chosen channel sends" },
    OwnKey { key: "y", word: "copy", does: "copy the command that opts out, through the terminal (OSC 52)" },
];

/// From this width on the chosen channel is beside the list.
const WIDE: u16 = 110;

/// The number of the screen with the fields.
const FIELDS: usize = 1;

impl Screen for Overview {
    fn title(&self) -> &'static str {
        "Overview"
    }

    fn is_of_channel(&self) -> bool {
        false
    }

    fn content<'a>(&'a self, view: View<'a>) -> Content<'a> {
        Content::Page(rows(view))
    }

    fn keys(&self, _view: View<'_>, _chosen: usize) -> Vec<OwnKey> {
        KEYS.to_vec()
    }

    fn on_key(&mut self, key: Key, view: View<'_>, _chosen: usize) -> Handled {
        let listed = listed(view);
        let at = listed.iter().position(|number| *number == view.channel).unwrap_or(0);
        let next = |at: usize| Handled::Channel(listed.get(at).copied().unwrap_or(view.channel), None);
        match key {
            Key::Up => next(at.saturating_sub(1)),
            Key::Down => next(at + 1),
            Key::Enter => Handled::Channel(view.channel, Some(FIELDS)),
            Key::Char('y') => Handled::Copy(view.opt_out()),
            _ => Handled::No,
        }
    }

    fn on_click(&mut self, at: Position, view: View<'_>) -> Handled {
        let is_left = view.size.width < WIDE || at.x < view.size.width / 2;
        match listed(view).get(usize::from(at.y)).filter(|_| is_left) {
            Some(number) => Handled::Channel(*number, (*number == view.channel).then_some(FIELDS)),
            None => Handled::No,
        }
    }
}

/// One column of text, or two where there is room.
fn rows(view: View<'_>) -> Vec<Row> {
    let is_wide = view.size.width >= WIDE;
    let left = if is_wide { Size { width: view.size.width / 2, ..view.size } } else { view.size };
    let mut list = Page::new(view.look, left);
    channels(&mut list, view, left);
    stop(&mut list, view);
    if !is_wide {
        if view.size.height >= ROOM {
            list.blank();
        }
        summary(&mut list, view, left);
        more(&mut list, view);
        return list.into_rows();
    }
    more(&mut list, view);
    let right = Size { width: view.size.width - left.width, ..view.size };
    let mut chosen = Page::new(view.look, right);
    summary(&mut chosen, view, right);
    if let Ok(request) = view.request() {
        most_revealing(chosen.blank(), request, view, right);
    }
    list.beside(chosen)
}

/// The channels in the list: where there is little room, those that are telemetry.
fn listed(view: View<'_>) -> Vec<usize> {
    let fits = |number: &usize| {
        view.size.height >= ROOM || view.channels.get(*number).is_some_and(|channel| channel.is_telemetry)
    };
    (0..view.channels.len()).filter(|number| fits(number) || *number == view.channel).collect()
}

/// Rows from which on there is room for every channel.
const ROOM: u16 = 16;

/// A line for each channel: its state, and where it sends.
fn channels(page: &mut Page, view: View<'_>, size: Size) {
    let look = view.look;
    let width = usize::from(size.width).saturating_sub(2);
    let names = view.channels.iter().map(|channel| channel.name.len()).max().unwrap_or_default();
    let describe = |channel: &Channel| channel.judgement.state.describe();
    let states = view.channels.iter().map(|channel| describe(channel).len()).max().unwrap_or_default();
    for number in listed(view) {
        let Some(channel) = view.channels.get(number) else { continue };
        let destination = if channel.judgement.state.is_silent() { "" } else { overview::destination(channel) };
        let by = if channel.is_telemetry { "" } else { "not telemetry  " };
        let to = fit(&look.text(&format!("{by}{destination}")), width.saturating_sub(names + states + 8), look);
        let state = format!("  {:states$}  ", describe(channel));
        page.line(look.channel(channel, number == view.channel, names, [state, to]));
    }
}

/// What the chosen channel sends, by how much it reveals.
fn summary(page: &mut Page, view: View<'_>, size: Size) {
    let look = view.look;
    let Some(channel) = view.channel() else { return };
    let width = usize::from(size.width).saturating_sub(2);
    let request = match view.request() {
        Ok(request) => request,
        Err(why) => {
            page.heading(&format!("{}: {}", channel.name, channel.what)).text(why);
            return;
        }
    };
    let sends = channel.judgement.state.sends() && *view.verdict != Verdict::NoAgent;
    let would = if sends { "sends" } else { "would send" };
    let size = request.bytes.as_ref().map_or_else(
        |_| String::new(),
        |bytes| format!(": {} fields, {}", request.sent().count(), units::size(bytes.size() as u64)),
    );
    page.label(&clip(&format!("The channel \"{}\" {would} {}{size}", channel.name, request.title), width, look));
    page.line(bar(request, width, view));
    for share in overview::shares(request) {
        let style = look.perhaps(share.class.role());
        let (bar, mark) = (look.share(share.class), share.class.mark());
        let front = format!("{bar} {mark} {:3} {:14}", share.count, share.class.word());
        let room = width.saturating_sub(front.len());
        let told = clip(&look.text(&share.telling.join(", ")), room.max(8), look);
        page.line(Line::from(vec![Span::styled(front, style), Span::raw(told)]));
    }
    // Tests hold that for this project's sender.
    if view.is_senders() {
        page.line(clip(&format!("never sent: {}", words::NEVER_SENT), width, look));
    }
}

/// A bar of the fields by class.
fn bar(request: &Request, width: usize, view: View<'_>) -> Line<'static> {
    let shares = overview::shares(request);
    let all = request.sent().count().max(1);
    let mut drawn = 0;
    let mut counted = 0;
    let spans = shares.iter().map(|share| {
        counted += share.count;
        // A class is never without a character.
        let end = (counted * width / all).max(drawn + 1).min(width);
        let style = view.look.perhaps(share.class.role());
        let span = Span::styled(view.look.share(share.class).repeat(end - drawn), style);
        drawn = end;
        span
    });
    Line::from(spans.collect::<Vec<_>>())
}

/// How everything is stopped; where there is room, with the command, below a line.
fn stop(page: &mut Page, view: View<'_>) {
    let is_roomy = view.size.height >= ROOM;
    if is_roomy {
        page.blank();
    }
    match (view.verdict, view.preview.consent.decision()) {
        (Verdict::Off, Decision::OptedOut) => page.text("Off. The key i shows what opting in would do."),
        (Verdict::Off, _) => page.text("Off, but not by an opt-out. The key o creates one."),
        (_, Decision::OptedOut) => {
            page.text("This project's sender is opted out. The key o turns off what still sends; i opts in.")
        }
        (Verdict::NoAgent, _) => page.text("The key o lets an agent that is installed later start opted out."),
        _ => {
            let run = if is_roomy { ", or run" } else { "; y copies the command" };
            let [label, press, key, run] = ["To stop all telemetry ", "press ", "o", run].map(Span::raw);
            page.line(Line::from(vec![label.style(theme::LABEL), press, key.style(theme::LABEL), run]));
            if is_roomy { page.command(&view.opt_out()) } else { page }
        }
    };
}

/// Columns of the labels below.
const LABEL: usize = 18;

/// What is worth knowing, and needs no place at first sight.
fn more(page: &mut Page, view: View<'_>) {
    let preview = view.preview;
    if let Some(channel) = view.channel() {
        page.blank().heading(&format!("{}: {}", channel.name, channel.judgement.state.describe()));
        page.row("Why", LABEL, &channel.judgement.why);
        view.how_to_stop(channel, "To stop it", LABEL, page);
    }
    // The channels of this agent are above.
    let own = view.channels.iter().filter(|channel| channel.is_telemetry).count();
    for line in words::telemetry(preview).iter().skip(own) {
        page.text(line);
    }
    if !preview.is_exact() && preview.assembly.is_ok() {
        page.text(words::NOT_EXACT);
    }
    page.blank().heading("Events by this project's sender");
    page.text(&format!("{} {}", preview.events().condition(), words::daemons()));
    let own = view.requests.event.as_ref().ok().filter(|_| preview.sending_original().is_none());
    for (label, text) in overview::circumstances(preview, own) {
        page.row(label, LABEL, &text);
    }
    if preview.events().is_sent() {
        page.row("Purpose", LABEL, words::WHY).row("Never in them", LABEL, words::NEVER_SENT);
    }
    for action in ACTIONS {
        page.row(action.name, LABEL + 4, action.when);
    }
    if let Some(folder) = preview.folders.config_path() {
        page.text("Opting out creates").path(2, &words::path(&opt_out_file(folder)));
    }
}

/// The fields that tell most about this machine, with their values.
fn most_revealing(page: &mut Page, request: &Request, view: View<'_>, size: Size) {
    let mut lines: Vec<_> = request.sent().filter(|line| line.class < Class::Coarse).collect();
    lines.sort_by_key(|line| line.class);
    let names = lines.iter().map(|line| line.name.len()).max().unwrap_or_default();
    for line in lines {
        page.line(in_one(line, names, usize::from(size.width).saturating_sub(names + 5), view.look));
    }
}
