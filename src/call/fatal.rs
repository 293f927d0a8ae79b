//! A FATAL event's result and data, parsed and rewritten.
//!
//! The daemon gives `program:thread` as result and `line@file:function/errno` as data. It cuts the file to 10 and the
//! function to 15 characters and pads both with blanks (recorded: `0266@../daemon/:signals_handle /4`). Thread names of
//! streaming receivers contain the sender's host name, and a path may reveal a build machine, so nothing is copied:
//! each part is parsed by its own rule, and the rest is left out. `CMake` passes absolute names to the compiler, so the
//! file of later daemons is the beginning of the build folder, and the main thread has no name (recorded: `netdata:` and
//! `0152@/build/net:nd_process_sign/0`).

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fatal {
    pub process: Option<String>,
    /// Without the name of a peer.
    pub thread: Option<String>,
    /// Whether the daemon gives the thread no name, as with the main thread of later ones.
    pub unnamed: bool,
    pub line: Option<i64>,
    /// At most the last folder and the name.
    pub file: Option<String>,
    pub function: Option<String>,
    pub errno: Option<i64>,
}

impl Fatal {
    /// Parses the daemon's second and third argument.
    pub fn parse(result: Option<&str>, data: Option<&str>) -> Self {
        let mut fatal = Self::default();
        if let Some((process, thread)) = result.and_then(|text| text.split_once(':')) {
            fatal.process = name(process, b"-_.");
            fatal.unnamed = thread.is_empty();
            // Receiver threads are called "STREAM_RECEIVER[host,...]" or "RECEIVER (host)".
            let thread = thread.split(['[', '(', ' ']).next().unwrap_or_default();
            fatal.thread = name(thread, b"-_.");
        }
        if let Some((line, rest)) = data.and_then(|text| text.split_once('@')) {
            fatal.line = whole_number(line);
            // The file may hold slashes; errno follows the last one, the function the last colon.
            if let Some((place, errno)) = rest.rsplit_once('/') {
                fatal.errno = whole_number(errno);
                if let Some((file, function)) = place.rsplit_once(':') {
                    fatal.file = source_file(file.trim_end());
                    fatal.function = name(function.trim_end(), b"_");
                }
            }
        }
        fatal
    }

    /// From the daemon's status file, which gives the parts whole. Its file's name begins with the build machine's folders:
    /// what follows Netdata's own folder `src` is kept, and of any other file the name alone.
    pub fn of_status(thread: &[u8], file: &[u8], function: &[u8], line: u64, errno: &[u8]) -> Self {
        const UNNAMED: &str = "NO_NAME";
        let text = |bytes| str::from_utf8(bytes).unwrap_or_default();
        // As in a call, receiving threads are called after their peers.
        let thread = text(thread).split(['[', '(', ' ']).next().unwrap_or_default();
        let file = text(file);
        let own = file.rsplit_once("/src/").or_else(|| file.rsplit_once('/')).map_or(file, |(_, own)| own);
        let errno = text(errno).split(',').next().unwrap_or_default();
        Self {
            process: Some("netdata".to_owned()),
            thread: name(thread, b"-_.").filter(|thread| thread != UNNAMED),
            unnamed: thread.is_empty() || thread == UNNAMED,
            line: if line == 0 { None } else { whole_number(&line.to_string()) },
            file: source_file(own),
            function: name(text(function), b"_"),
            errno: whole_number(errno),
        }
    }

    /// Drops the names that a check refuses.
    #[must_use]
    pub fn keep(mut self, accept: impl Fn(&str) -> bool) -> Self {
        for name in [&mut self.process, &mut self.thread, &mut self.file, &mut self.function] {
            *name = name.take().filter(|name| accept(name));
        }
        self
    }

    /// `None`: no part of it parsed. A part that did not is empty.
    pub fn result(&self) -> Option<String> {
        let (process, thread) = (self.process.as_deref(), self.thread.as_deref());
        process.or(thread)?;
        Some(format!("{}:{}", process.unwrap_or_default(), thread.unwrap_or_default()))
    }

    /// The same.
    pub fn data(&self) -> Option<String> {
        let (file, function) = (self.file.as_deref().unwrap_or_default(), self.function.as_deref().unwrap_or_default());
        let line = self.line.map(|line| format!("{line:04}")).unwrap_or_default();
        let errno = self.errno.map(|errno| errno.to_string()).unwrap_or_default();
        let is_known = [file, function, &line, &errno].iter().any(|part| !part.is_empty());
        is_known.then(|| format!("{line}@{file}:{function}/{errno}"))
    }
}

fn name(text: &str, also: &[u8]) -> Option<String> {
    let fits = (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || also.contains(&b));
    fits.then(|| text.to_owned())
}

fn whole_number(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let fits = (1..=10).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

/// Keeps `folder/name.c`. The compiler's `__FILE__` may begin with the build directory; cut to its first ten characters
/// it may also end in a slash, which leaves only the folder's name.
fn source_file(text: &str) -> Option<String> {
    let ends_in_slash = text.ends_with('/');
    let parts: Vec<&str> = text.split('/').filter(|part| !matches!(*part, "" | "." | "..")).collect();
    let kept = match (text.starts_with('/'), parts.as_slice()) {
        // A truncated absolute path says nothing about the source, only about the build machine.
        (true, _) | (_, []) => return None,
        (false, [.., folder]) if ends_in_slash => format!("{folder}/"),
        (false, [.., folder, file]) => format!("{folder}/{file}"),
        (false, [file]) => (*file).to_owned(),
    };
    name(&kept, b"-_./")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recorded_call() {
        let fatal = Fatal::parse(Some("netdata:netdata"), Some("0266@../daemon/:signals_handle /4"));
        assert_eq!(fatal.process.as_deref(), Some("netdata"));
        assert_eq!(fatal.thread.as_deref(), Some("netdata"));
        assert_eq!(fatal.line, Some(266));
        assert_eq!(fatal.file.as_deref(), Some("daemon/"));
        assert_eq!(fatal.function.as_deref(), Some("signals_handle"));
        assert_eq!(fatal.errno, Some(4));
        assert_eq!(fatal.result().as_deref(), Some("netdata:netdata"));
        assert_eq!(fatal.data().as_deref(), Some("0266@daemon/:signals_handle/4"));
    }

    #[test]
    fn of_a_call_of_a_cmake_build_everything_but_the_file_is_kept() {
        let fatal = Fatal::parse(Some("netdata:"), Some("0152@/build/net:nd_process_sign/0"));
        assert_eq!((fatal.process.as_deref(), fatal.thread.as_deref(), fatal.unnamed), (Some("netdata"), None, true));
        assert_eq!((fatal.line, fatal.file.as_deref(), fatal.errno), (Some(152), None, Some(0)));
        assert_eq!(fatal.function.as_deref(), Some("nd_process_sign"));
        assert_eq!(fatal.result().as_deref(), Some("netdata:"));
        assert_eq!(fatal.data().as_deref(), Some("0152@:nd_process_sign/0"));
    }

    /// Recorded from 2.9.0, but the names of the folders and the thread.
    #[test]
    fn of_a_status_file() {
        let of = |thread: &str, file: &str, function: &str| {
            let fatal = Fatal::of_status(
                thread.as_bytes(),
                file.as_bytes(),
                function.as_bytes(),
                73,
                b"28, No space left on device",
            );
            (fatal.result().unwrap_or_default(), fatal.data().unwrap_or_default())
        };
        for (thread, file, function, result, data) in [
            (
                "NO_NAME",
                "/usr/src/netdata/v2.9.0/src/database/rrd.c",
                "rrd_init",
                "netdata:",
                "0073@database/rrd.c:rrd_init/28",
            ),
            (
                "STREAM_RECEIVER[web1",
                "/home/joe/netdata/src/main.c",
                "main",
                "netdata:STREAM_RECEIVER",
                "0073@main.c:main/28",
            ),
            ("WEB", "/home/joe/main.c", "thread:NO_NAME:0", "netdata:WEB", "0073@main.c:/28"),
            ("a b@c", "", "shutdown(web servers)", "netdata:a", "0073@:/28"),
            ("\u{1b}", "/home/joe/\u{1b}.c", "\u{1b}", "netdata:", "0073@:/28"),
        ] {
            assert_eq!(of(thread, file, function), (result.to_owned(), data.to_owned()), "{file}");
            let again = Fatal::parse(Some(result), Some(data));
            assert_eq!((again.result().as_deref(), again.data().as_deref()), (Some(result), Some(data)));
        }
        let nothing = Fatal::of_status(b"", b"\xff", b"", 0, b"no number");
        assert_eq!((nothing.unnamed, nothing.data()), (true, None));
    }

    #[test]
    fn what_is_written_again_parses_to_the_same() {
        for (result, data) in [
            ("netdata:netdata", "0266@../daemon/:signals_handle /4"),
            ("netdata:STREAM_RECEIVER[web1.example.org]", "1234@database/r:rrdset_done     /0"),
            ("netdata:WEB_SERVER[static1]", "0012@main.c    :main           /-1"),
            ("netdata:", "0152@/build/net:nd_process_sign/0"),
            (":main", "x@../daemon/:a b/4"),
            ("netdata:[", "-5@../daemon/:/"),
        ] {
            let once = Fatal::parse(Some(result), Some(data));
            let twice = Fatal::parse(once.result().as_deref(), once.data().as_deref());
            assert_eq!((once.result(), once.data()), (twice.result(), twice.data()));
            assert!(once.result().is_some() && once.data().is_some(), "{result} {data}");
        }
    }

    #[test]
    fn a_peer_in_the_thread_name_is_lost() {
        for thread in ["RECEIVER[web1.example.org,10.0.0.1]", "RECEIVER(web1)", "RECEIVER web1"] {
            let fatal = Fatal::parse(Some(&format!("netdata:{thread}")), None);
            assert_eq!(fatal.result().as_deref(), Some("netdata:RECEIVER"));
        }
    }

    #[test]
    fn of_a_path_two_parts_stay_at_most() {
        assert_eq!(source_file("../../src/daemon/main.c").as_deref(), Some("daemon/main.c"));
        assert_eq!(source_file("main.c").as_deref(), Some("main.c"));
        assert_eq!(source_file("/home/joe/"), None);
        assert_eq!(source_file("/home/joe/netdata/main.c"), None);
        assert_eq!(source_file("../"), None);
        assert_eq!(source_file("a b/c.c"), None);
    }

    #[test]
    fn what_does_not_parse_is_left_out() {
        for (result, data) in
            [("-", "-"), ("", ""), ("netdata", "266"), ("a/b:c/d", "x@/y:z.z/w"), ("\u{1b}:\n", "@\u{1b}:\u{1b}/")]
        {
            let fatal = Fatal::parse(Some(result), Some(data));
            assert_eq!((fatal.result(), fatal.data()), (None, None), "{result} {data}");
        }
        let fatal = Fatal::parse(None, Some("0266@../daemon/:signals handle/4"));
        assert_eq!((fatal.line, fatal.errno, fatal.function), (Some(266), Some(4), None));
    }
}
