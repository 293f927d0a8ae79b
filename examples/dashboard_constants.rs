//! Prints the constants of `dashboard/telemetry.js`; `cargo xtask generate` writes them there.

fn main() {
    print!("{}", anonymous_statistics::channels::dashboard::constants());
}
