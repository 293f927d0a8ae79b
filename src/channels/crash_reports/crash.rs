//! What a crash writes into the status file: examples, with the names and in the form of recorded reports.

use crate::agent::status_file::{Fatal, SignalCode};

/// As Netdata's own builds write it (2.9).
const LIBBACKTRACE: &str = "#0 <unknown> [0x5651A9ADCA38]
#1 <unknown> [0x5651A9ADDE87]
#2 <unknown> [0x5651A9927C56]
#3 <unknown> [0x7F51F6E5A04F] (./signal/../sysdeps/unix/sysv/linux/x86_64/libc_sigaction.c)
#4 __GI___poll [0x7F51F6F1A26F] (../sysdeps/unix/sysv/linux/poll.c:29)
#5 <unknown> [0x5651A9929449]
#6 <unknown> [0x5651A991CB34]
#7 __libc_start_call_main [0x7F51F6E45249] (../sysdeps/nptl/libc_start_call_main.h:58)
#8 __libc_start_main_impl [0x7F51F6E45304] (../csu/libc-start.c:360)
#9 <unknown> [0x5651A98F2D30]";

/// As older builds do (2.5).
const BACKTRACE: &str = "#0 /lib/x86_64-linux-gnu/libc.so.6(+0x3c050) [0x7ff187c5a050]
#1 /lib/x86_64-linux-gnu/libc.so.6(poll+0x4f) [0x7ff187d1a26f]
#2 /opt/netdata/usr/sbin/netdata(nd_process_signals+0x13f) [0x55d6c70cdb9f]
#3 /opt/netdata/usr/sbin/netdata(main+0x33) [0x55d6c70c129f]
#4 /lib/x86_64-linux-gnu/libc.so.6(+0x2724a) [0x7ff187c4524a]
#5 /lib/x86_64-linux-gnu/libc.so.6(__libc_start_main+0x85) [0x7ff187c45305]
#6 /opt/netdata/usr/sbin/netdata(_start+0x21) [0x55d6c7097cc1]";

/// The signal of the example.
pub(super) const SIGNAL: &str = "SIGSEGV";

/// `stack_traces`: the way in which the daemon records them. A build without one does not save that a signal ended it.
pub(super) fn example(stack_traces: &[u8]) -> Option<Fatal> {
    let stack_trace = match stack_traces {
        b"" => return None,
        way if way.starts_with(b"libbacktrace") => LIBBACKTRACE,
        _ => BACKTRACE,
    };
    Some(Fatal {
        function: b"thread:NO_NAME:0".to_vec(),
        thread: b"NO_NAME".to_vec(),
        thread_id: 2631,
        stack_trace: stack_trace.into(),
        signal_code: SignalCode::SEGV_MAPERR,
        fault_address: 1,
        ..Fatal::default()
    })
}
