//! The table of a server's answers and the event's fate. `docs/reliability.md` is generated from the same rows.

/// The fate of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// Final: it goes into the history and is not sent again.
    Done,
    /// Waits for another attempt.
    Waits,
}

use Disposition::{Done, Waits};

/// Every registered status and some others, with the event's fate. (Internet Assigned Numbers Authority, "Hypertext
/// Transfer Protocol (HTTP) Status Code Registry".)
pub const STATUSES: &[(&str, &[u16], Disposition)] = &[
    ("accepted", &[200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 299], Done),
    ("moved: a redirect is never followed", &[300, 301, 302, 303, 304, 305, 306, 307, 308, 399], Done),
    (
        "not acceptable, today or later",
        &[
            400, 401, 402, 403, 404, 405, 406, 407, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421, 422, 423,
            424, 425, 426, 428, 431, 451, 499,
        ],
        Done,
    ),
    ("not in time (408), or too many (429)", &[408, 429], Waits),
    ("the server is out of order", &[500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511, 520, 599], Waits),
    ("no status that HTTP knows", &[600, 700, 999], Done),
];

#[derive(Debug, Clone, Copy)]
pub struct Answer {
    /// The title on the page.
    pub name: &'static str,
    /// One character per byte.
    pub bytes: &'static str,
    /// A text that follows, and the number of its repetitions.
    pub then: (&'static str, usize),
    /// Whether the server waits for the whole request.
    pub polite: bool,
    /// The output, for the daemon.
    pub out: &'static str,
    /// The exit status.
    pub code: i32,
    pub fate: Disposition,
}

const fn answer(name: &'static str, bytes: &'static str, out: &'static str, code: i32, fate: Disposition) -> Answer {
    Answer { name, bytes, then: ("", 0), polite: true, out, code, fate }
}

const fn ok(name: &'static str, bytes: &'static str) -> Answer {
    answer(name, bytes, "200", 0, Done)
}

const fn unreadable(name: &'static str, bytes: &'static str) -> Answer {
    answer(name, bytes, "000", 56, Waits)
}

/// Unusual answers, or none. The server closes the connection after each.
pub const ANSWERS: &[Answer] = &[
    ok("no body, no headers", "HTTP/1.1 200 OK\r\n\r\n"),
    ok("HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nok"),
    ok("no reason behind the status", "HTTP/1.1 200\r\n\r\n"),
    ok("line feeds alone", "HTTP/1.1 200 OK\ncontent-length: 2\n\nok"),
    ok(
        "a compressed body",
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\n\u{1f}\u{8b}\u{8}\0",
    ),
    ok(
        "a body that is not what its headers say",
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip, br\r\ncontent-type: ?\r\n\r\nok",
    ),
    ok("a body that is shorter than announced", "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nok"),
    ok("a body that is longer than announced", "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nokokok"),
    ok("chunks", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
    ok("broken chunks", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxx\r\n"),
    ok("\"100 Continue\" first", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"),
    ok(
        "\"102 Processing\" and \"103 Early Hints\" first",
        "HTTP/1.1 102 P\r\n\r\nHTTP/1.1 103 E\r\nlink: <x>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    ),
    ok("a second answer behind the first", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nHTTP/1.1 500 No\r\n\r\n"),
    ok("header values that are not text", "HTTP/1.1 200 OK\r\nx: \u{80}\u{ff}\u{fe}\r\nretry-after: \u{ff}\r\n\r\n"),
    Answer { then: ("x-more: 1\r\n", 90), ..ok("a hundred headers", "HTTP/1.1 200 OK\r\n") },
    Answer {
        polite: false,
        ..answer(
            "an answer before the request was read",
            "HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n",
            "413",
            0,
            Done,
        )
    },
    Answer { then: ("x", 20_000), ..unreadable("a header line of 20 KB", "HTTP/1.1 200 OK\r\nx: ") },
    Answer { then: ("x: 1\r\n", 20_000), ..unreadable("twenty thousand headers", "HTTP/1.1 200 OK\r\n") },
    answer("nothing", "", "000", 52, Waits),
    unreadable("an empty line", "\r\n\r\n"),
    unreadable("HTTP/0.9: a body alone", "<html>ok</html>"),
    unreadable("HTTP/2 in the status line", "HTTP/2 200 OK\r\n\r\n"),
    unreadable("another protocol", "SSH-2.0-OpenSSH_9.2p1\r\n"),
    unreadable("a status of two digits", "HTTP/1.1 20 OK\r\n\r\n"),
    unreadable("a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n"),
    unreadable("a status that is no number", "HTTP/1.1 two OK\r\n\r\n"),
    unreadable("the status 000", "HTTP/1.1 000 No\r\n\r\n"),
    unreadable("a header line without a colon", "HTTP/1.1 200 OK\r\nno colon here\r\n\r\n"),
    unreadable("a header name with a blank", "HTTP/1.1 200 OK\r\nbad name: 1\r\n\r\n"),
    unreadable("a NUL byte in a header", "HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n"),
    unreadable("an escape sequence in the status line", "HTTP/1.1 200 \u{1b}[2J\r\n\r\n"),
    unreadable("a negative length", "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n"),
    unreadable("a length that is no number", "HTTP/1.1 200 OK\r\ncontent-length: two\r\n\r\n"),
    unreadable("two lengths that differ", "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nok"),
    unreadable("closed after \"100 Continue\"", "HTTP/1.1 100 Continue\r\n\r\n"),
    answer(
        "another protocol is proposed (101)",
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n",
        "101",
        0,
        Done,
    ),
];

/// Values of `Retry-After` with status 503, and the event's delay in seconds.
pub const RETRY_AFTER: &[(&str, Option<u64>)] = &[
    ("120", Some(120)),
    ("  7  ", Some(7)),
    ("0", Some(0)),
    ("Fri, 31 Dec 1999 23:59:59 GMT", Some(0)),
    ("Tue, 31 Dec 2999 23:59:59 GMT", Some(7 * 86_400)),
    ("99999999999999999999", Some(7 * 86_400)),
    ("999999999", Some(7 * 86_400)),
    ("-1", None),
    ("1.5", None),
    ("soon", None),
    ("", None),
];
