//! No unwinding and no backtraces: the programs have neither the tables nor the symbols for them.

use std::ffi::{c_int, c_void};

/// The answer "no more callers" of `_Unwind_Backtrace`. The optimiser sees that nobody calls `trace`, and leaves out what
/// std has to give callers a name: a reader of debug information, a tenth of a program.
#[unsafe(no_mangle)]
#[allow(unsafe_code, reason = "std calls it by this name")]
extern "C" fn _Unwind_Backtrace(_trace: *const c_void, _argument: *mut c_void) -> c_int {
    const END_OF_STACK: c_int = 5;
    END_OF_STACK
}

/// What else std names of libunwind. A panic ends a program before it calls them; defined here, they keep libunwind out.
macro_rules! never_called {
    ($($name:ident)*) => {$(
        #[unsafe(no_mangle)]
        #[allow(unsafe_code, reason = "std calls it by this name")]
        extern "C" fn $name() -> ! {
            std::process::abort()
        }
    )*};
}

never_called! {
    _Unwind_FindEnclosingFunction _Unwind_GetCFA _Unwind_GetDataRelBase _Unwind_GetIP _Unwind_GetIPInfo
    _Unwind_GetLanguageSpecificData _Unwind_GetRegionStart _Unwind_GetTextRelBase _Unwind_Resume _Unwind_SetGR
    _Unwind_SetIP
}
