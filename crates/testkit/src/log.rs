//! What a test logs.

use std::{cell::RefCell, io, sync::Once};

thread_local! {
    static LINES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Keeps what each test logs with the thread that the test runs on.
struct ThreadLines;

impl io::Write for ThreadLines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES.with_borrow_mut(|lines| lines.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Begins to keep all that is logged on this thread, however small. For tests that run on one thread.
///
/// One subscriber serves the whole program: those of single threads miss events whose first appearance was on another
/// thread.
pub fn keep_log() {
    static START: Once = Once::new();
    START.call_once(|| {
        let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false);
        subscriber.with_writer(|| ThreadLines).init();
    });
    LINES.take();
}

/// What was logged on this thread since [`keep_log`].
pub fn take_log() -> String {
    String::from_utf8_lossy(&LINES.take()).into_owned()
}
