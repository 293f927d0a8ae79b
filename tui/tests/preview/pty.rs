//! The screens on a test's own pseudo terminal, which can do anything to a program, byte for byte.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::pty::OpenptFlags;
use rustix::termios::Winsize;

use testkit::{skip, this_test};

use crate::common::{Agent, LOOKED, OPT_OUT, PROGRAM, shows};

/// The maximum time until a removed terminal is gone.
const SOON: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };

/// Otherwise another test's child would keep the terminal. macOS has neither this flag nor the command setsid.
#[cfg(not(target_os = "macos"))]
const CLOSED_IN_CHILDREN: OpenptFlags = OpenptFlags::CLOEXEC;
#[cfg(target_os = "macos")]
const CLOSED_IN_CHILDREN: OpenptFlags = OpenptFlags::empty();

struct Pty {
    /// `None` once the terminal is gone.
    master: Option<Arc<File>>,
    child: Child,
    /// The emulated screen.
    shown: Arc<Mutex<vt100::Parser>>,
    agent: Agent,
}

impl Pty {
    /// Runs the program in a shell, after the command `before`, for example `exec`. Skips the test and returns `None`
    /// if no program can get a terminal.
    fn run(test: &str, size: (u16, u16), before: &str) -> Option<Self> {
        if !Command::new("setsid").arg("true").status().is_ok_and(|status| status.success()) {
            skip(test, "needs setsid");
            return None;
        }
        let agent = Agent::new();
        let master = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | CLOSED_IN_CHILDREN).unwrap();
        rustix::pty::grantpt(&master).unwrap();
        rustix::pty::unlockpt(&master).unwrap();
        let terminal = rustix::pty::ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let master = File::from(master);
        resize(&master, size);
        // A session without a terminal gets the first one that it opens (credentials(7)).
        let script = format!("exec <>\"$0\" >&0 2>&0; {before} \"$@\"; echo $? > status");
        let mut command = Command::new("setsid");
        command.args(["sh", "-c", &script, &terminal, PROGRAM]).current_dir(agent.root()).stdin(Stdio::null());
        command.env_clear().envs(agent.environment()).envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        let child = command.envs([("TERM", "xterm"), ("LANG", "C.UTF-8"), ("RUST_BACKTRACE", "0")]).spawn().unwrap();
        let shown = Arc::new(Mutex::new(vt100::Parser::default()));
        let master = Arc::new(master);
        // This thread must not keep the terminal open.
        let (from, to) = (Arc::downgrade(&master), Arc::clone(&shown));
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Some(master) = from.upgrade() {
                let mut readable = [PollFd::new(&*master, PollFlags::IN)];
                if rustix::event::poll(&mut readable, Some(&SOON)).unwrap() > 0 {
                    let Ok(read @ 1..) = (&*master).read(&mut bytes) else { return };
                    to.lock().unwrap().process(&bytes[..read]);
                }
            }
        });
        let terminal = Self { master: Some(master), child, shown, agent };
        terminal.resize(size);
        Some(terminal)
    }

    fn send(&self, bytes: impl AsRef<[u8]>) {
        self.master.as_deref().unwrap().write_all(bytes.as_ref()).unwrap();
    }

    fn resize(&self, (width, height): (u16, u16)) {
        // Sizes that no program may believe are too large for the emulator.
        if let (Some(width), Some(height)) = (NonZero::new(width), NonZero::new(height))
            && width.get() < 1000
        {
            self.shown.lock().unwrap().screen_mut().set_size(height, width);
        }
        resize(self.master.as_deref().unwrap(), (width, height));
    }

    fn screen(&self) -> String {
        self.shown.lock().unwrap().screen().contents()
    }

    fn wait_for(&self, text: &str) -> String {
        self.wait_until(text, |screen| screen.contents().contains(text))
    }

    /// Waits for a screen that stays for a moment: drawings arrive in pieces.
    fn wait_until(&self, what: &str, is: impl Fn(&vt100::Screen) -> bool) -> String {
        let mut before = None;
        for _ in 0..400 {
            let (is, screen) = {
                let shown = self.shown.lock().unwrap();
                (is(shown.screen()), shown.screen().contents())
            };
            if is && before.as_ref() == Some(&screen) {
                return screen;
            }
            before = Some(screen);
            std::thread::sleep(Duration::from_millis(25));
        }
        panic!("the terminal is never so: {what}\n{}", self.screen());
    }

    /// Waits until the terminal has the state that a shell expects.
    fn wait_until_given_back(&self) {
        self.wait_until("given back", |screen| {
            !screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste() && !has_mouse(screen)
        });
    }

    fn lives(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    fn ended(&mut self) -> ExitStatus {
        for _ in 0..400 {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        panic!("it does not end: {}", self.screen());
    }
}

/// Whether a terminal reports the mouse to the program, whose own terminal would then select no text without Shift.
fn has_mouse(screen: &vt100::Screen) -> bool {
    use vt100::{MouseProtocolEncoding, MouseProtocolMode};
    screen.mouse_protocol_mode() != MouseProtocolMode::None
        || screen.mouse_protocol_encoding() != MouseProtocolEncoding::Default
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn resize(master: &File, (width, height): (u16, u16)) {
    let size = Winsize { ws_col: width, ws_row: height, ws_xpixel: 0, ws_ypixel: 0 };
    rustix::termios::tcsetwinsize(master, size).unwrap();
}

/// Waits for a file with content.
fn wait_for_file(path: &std::path::Path, limit: Duration) -> Option<String> {
    let begin = Instant::now();
    loop {
        match fs::read_to_string(path) {
            Ok(text) if text.ends_with('\n') => return Some(text.trim().to_owned()),
            _ if begin.elapsed() > limit => return None,
            _ => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

#[test]
fn a_thousand_sizes_on_every_screen() {
    let Some(mut terminal) = Pty::run("a_thousand_sizes_on_every_screen", (160, 50), "exec") else { return };
    terminal.wait_for(LOOKED);
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut below = |limit: u16| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        u16::try_from(random % u64::from(limit)).unwrap()
    };
    // Keys that move, open and close, but neither quit nor confirm.
    let keys = ["j", "k", " ", "g", "G", "\t", "?", "\x1b", "s", "p", "d", ".", ",", "\r", "/e\r", "n", "\x1b[6~"];
    for screen in 1..=7 {
        terminal.send("\x1b");
        std::thread::sleep(Duration::from_millis(100));
        terminal.send(screen.to_string());
        for _ in 0..150 {
            terminal.resize((20 + below(281), 5 + below(96)));
            terminal.send(keys[usize::from(below(u16::try_from(keys.len()).unwrap()))]);
            std::thread::sleep(Duration::from_secs(1) / 60);
            assert!(terminal.lives(), "on screen {screen}: {}", terminal.screen());
        }
    }
    terminal.resize((160, 50));
    for _ in 0..4 {
        std::thread::sleep(Duration::from_millis(100));
        terminal.send("\x1b");
    }
    std::thread::sleep(Duration::from_millis(100));
    terminal.send("?");
    terminal.wait_for("stop for now");
    terminal.send("q");
    assert!(terminal.ended().success());
}

#[test]
fn it_ends_when_its_terminal_is_gone() {
    // The kernel tells the shell (`ioctl_tty(2)`), which ignores it.
    let begin = "trap '' HUP; sh -c 'echo $$ > pid; exec \"$0\"'";
    let Some(mut terminal) = Pty::run("it_ends_when_its_terminal_is_gone", (80, 24), begin) else { return };
    terminal.wait_for(LOOKED);
    let pid = wait_for_file(&terminal.agent.path("pid"), Duration::from_secs(5)).unwrap();
    terminal.master = None;
    let ended = wait_for_file(&terminal.agent.path("status"), Duration::from_secs(3));
    if ended.is_none() {
        let _ = Command::new("kill").args(["-s", "KILL", &pid]).status();
    }
    // It ends in order, or with an error if it was about to draw.
    assert!(matches!(ended.as_deref(), Some("0" | "1")), "{ended:?}");
}

#[test]
fn a_hangup_ends_it_in_order() {
    let Some(mut terminal) = Pty::run("a_hangup_ends_it_in_order", (80, 24), "exec") else { return };
    terminal.wait_for(LOOKED);
    terminal.master = None;
    // It may notice the missing terminal before the signal. It does not abort because its last output fails.
    let ended = terminal.ended();
    assert!(ended.signal() == Some(1) || ended.success(), "{ended:?}");
}

#[test]
fn it_rests_while_nothing_happens() {
    let Some(terminal) = Pty::run("it_rests_while_nothing_happens", (80, 24), "exec") else { return };
    terminal.wait_for(LOOKED);
    let Ok(before) = processor_time(&terminal) else {
        return skip(this_test!(), "needs /proc");
    };
    std::thread::sleep(Duration::from_secs(2));
    // Once a second it checks for changes, and makes a new preview after one. A tick is a hundredth of a second.
    let used = processor_time(&terminal).unwrap() - before;
    assert!(used <= 50, "{used} ticks in two seconds");
}

/// The used clock ticks of a processor (`proc_pid_stat(5)`).
fn processor_time(terminal: &Pty) -> std::io::Result<u64> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", terminal.child.id()))?;
    let after_name = stat.rsplit(')').next().unwrap();
    Ok(after_name.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum())
}

#[test]
fn a_size_that_no_terminal_has_is_not_known() {
    let test = this_test!();
    // A limit of 2 GB, since the system may grant more memory than it has.
    let limited = "ulimit -v 2000000; exec";
    for size in [(65535, 65535), (0, 0)] {
        let Some(mut terminal) = Pty::run(test, size, limited) else { return };
        terminal.wait_for("Nothing was sent.");
        assert!(terminal.ended().success(), "{size:?}");
    }
    let Some(terminal) = Pty::run(test, (80, 24), limited) else { return };
    terminal.wait_for(LOOKED);
    terminal.resize((65535, 65535));
    std::thread::sleep(Duration::from_millis(200));
    terminal.send("2");
    terminal.wait_for("[2 Fields]");
    terminal.resize((120, 40));
    terminal.send("3");
    terminal.wait_for("[3 Bytes]");
}

#[test]
fn late_answers_of_a_terminal_are_no_keys() {
    let Some(mut terminal) = Pty::run("late_answers_of_a_terminal_are_no_keys", (80, 24), "exec") else { return };
    terminal.wait_for(LOOKED);
    for (what, answer) in [
        ("OSC 11", "\x1b]11;rgb:1c1c/1c1c/1c1c\x1b\\"),
        ("OSC 11 that ends with BEL", "\x1b]11;rgb:ffff/ffff/ffff\x07"),
        ("DA1", "\x1b[?64;1;2;6;22c"),
        ("DA2", "\x1b[>41;354;0c"),
        ("DA3", "\x1bP!|00000000\x1b\\"),
        ("XTVERSION", "\x1bP>|XTerm(354) o\x1b\\"),
        ("XTGETTCAP", "\x1bP1+r544e=787465726d\x1b\\"),
        ("DECRPM", "\x1b[?2026;2$y"),
        ("CPR", "\x1b[24;80R"),
        ("a size in characters", "\x1b[8;24;80t"),
        ("DSR", "\x1b[0n"),
        ("APC", "\x1b_Gi=31;oq\x1b\\"),
    ] {
        // At once, and byte by byte after the beginning, as from a slow line.
        for begin in [answer.len(), 2] {
            let before = terminal.screen();
            let (begin, rest) = answer.as_bytes().split_at(begin);
            terminal.send(begin);
            for byte in rest {
                std::thread::sleep(Duration::from_millis(5));
                terminal.send([*byte]);
            }
            // The next key counts, and opens the next screen.
            terminal.send("\t");
            terminal.wait_for("[2 Fields]");
            terminal.send("\x1b[Z");
            terminal.wait_until(what, |screen| screen.contents() == before);
        }
    }
    terminal.send("q");
    assert!(terminal.ended().success());
}

#[test]
fn pasted_text_presses_no_keys() {
    let Some(mut terminal) = Pty::run("pasted_text_presses_no_keys", (80, 24), "exec") else { return };
    terminal.wait_until("bracketed paste", vt100::Screen::bracketed_paste);
    let before = terminal.wait_for(LOOKED);
    let paste = |text: &str| format!("\x1b[200~{text}\x1b[201~");
    terminal.send(paste("hello\rworld\roq\x03\r\x1b[6~"));
    terminal.send("\t");
    terminal.wait_for("[2 Fields]");
    terminal.send("\x1b[Z");
    terminal.wait_until("as before", |screen| screen.contents() == before);
    terminal.send("\t/");
    terminal.wait_for("Enter done");
    terminal.send(paste("ker\r\x03\t\x7fnel"));
    terminal.wait_for("/kernel_   Enter done   Esc end   ");
    terminal.send("\r");
    terminal.wait_for("n next");
    terminal.send(paste("q"));
    terminal.send("?");
    terminal.wait_for("stop for now");
    assert!(!terminal.agent.path("etc").join(OPT_OUT).exists());
    terminal.send("q");
    assert!(terminal.ended().success());
    terminal.wait_until_given_back();
}

#[test]
fn the_wheel_scrolls_where_a_terminal_reports_it() {
    let Some(mut terminal) = Pty::run(this_test!(), (80, 24), "exec") else { return };
    terminal.wait_until("the mouse", |screen| {
        screen.mouse_protocol_mode() == vt100::MouseProtocolMode::PressRelease
            && screen.mouse_protocol_encoding() == vt100::MouseProtocolEncoding::Sgr
    });
    terminal.wait_for(LOOKED);
    terminal.send("2");
    let first = terminal.wait_for("[2 Fields]");
    for (turned, how) in [("\x1b[<65;9;9M", "down"), ("\x1b[<64;9;9M", "up")] {
        terminal.send(turned);
        terminal.wait_until(how, |screen| (screen.contents() == first) == (how == "up"));
    }
    terminal.send("q");
    assert!(terminal.ended().success());
    terminal.wait_until_given_back();
}

#[test]
fn the_linux_console_is_not_asked_for_a_mouse() {
    let Some(terminal) = Pty::run(this_test!(), (80, 24), "export TERM=linux; exec") else { return };
    terminal.wait_for(LOOKED);
    assert!(!has_mouse(terminal.shown.lock().unwrap().screen()));
}

#[test]
fn a_paste_that_never_ends_can_be_left() {
    let Some(mut terminal) = Pty::run("a_paste_that_never_ends_can_be_left", (80, 24), "exec") else { return };
    terminal.wait_for(LOOKED);
    terminal.send("\x1b[200~hello");
    std::thread::sleep(Duration::from_millis(100));
    terminal.send("\x03");
    assert!(terminal.ended().success());
}

#[test]
fn sigquit_gives_the_terminal_back_and_leaves_no_core() {
    let test = this_test!();
    let Some(mut terminal) = Pty::run(test, (80, 24), "ulimit -c unlimited; exec") else { return };
    terminal.wait_for(LOOKED);
    let pid = terminal.child.id().to_string();
    assert!(Command::new("kill").args(["-s", "QUIT", &pid]).status().unwrap().success());
    let ended = terminal.ended();
    assert_eq!((ended.signal(), ended.core_dumped()), (Some(3), false));
    terminal.wait_until_given_back();
}

#[test]
fn a_request_is_saved_in_the_folder_and_not_in_what_has_taken_its_place() {
    let test = this_test!();
    let Some(terminal) = Pty::run(test, (160, 40), "mkdir home trap; cd home; exec") else { return };
    terminal.wait_for(LOOKED);
    terminal.send("3");
    terminal.wait_for("[3 Bytes]");
    terminal.send("w");
    terminal.wait_for("Save the request?");
    let path = |name: &str| terminal.agent.path(name);
    fs::rename(path("home"), path("moved")).unwrap();
    std::os::unix::fs::symlink("trap", path("home")).unwrap();
    terminal.send("\r");
    let screen = terminal.wait_for("Created ");
    assert!(shows(&screen, "leads elsewhere"), "{screen}");
    let files = |name: &str| fs::read_dir(path(name)).unwrap().count();
    assert_eq!((files("moved"), files("trap")), (1, 0));
}

#[test]
fn on_a_read_only_file_system_nobody_is_asked_and_nobody_sent_to_sudo() {
    let test = this_test!();
    let read_only = "mount --bind etc etc && mount -o remount,bind,ro etc";
    let alone = ["--user", "--map-root-user", "--mount", "sh", "-c"];
    let tried = Command::new("unshare").args(alone).arg(read_only).current_dir(Agent::new().root()).output();
    if !tried.is_ok_and(|tried| tried.status.success()) {
        return skip(test, "needs to mount in a namespace of its own");
    }
    let begin = format!("exec unshare {} '{read_only}; exec \"$0\" \"$@\"'", alone.join(" "));
    let Some(terminal) = Pty::run(test, (160, 40), &begin) else { return };
    terminal.wait_for(LOOKED);
    terminal.send("o");
    let screen = terminal.wait_for("Not done");
    for said in
        ["cannot create ", "Read-only file system", "root is refused as well", "docker run -e DISABLE_TELEMETRY=1"]
    {
        assert!(shows(&screen, said), "{said}: {screen}");
    }
    assert!(!shows(&screen, "sudo") && !shows(&screen, "Opt out?"), "{screen}");
}
