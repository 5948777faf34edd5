//! How far a run over pictures is, on stderr: a bar, lines, JSON lines, or nothing.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use crate::args::ProgressMode;
use crate::report::{Reporter, printable};

/// Shows how many of the pictures are done. Cleans up when dropped.
#[derive(Debug)]
pub(crate) struct Progress {
    display: Display,
    reporter: Reporter,
    done: usize,
    total: usize,
}

#[derive(Debug)]
enum Display {
    Bar(ProgressBar),
    Plain,
    Json,
    None,
}

impl Progress {
    /// Progress over `total` pictures. `Auto` is a bar when stderr is a terminal and not quiet, else nothing.
    pub(crate) fn new(mode: ProgressMode, is_quiet: bool, total: usize, reporter: Reporter) -> Self {
        let display = match mode {
            ProgressMode::Auto if !is_quiet && std::io::stderr().is_terminal() => Display::Bar(bar(total)),
            ProgressMode::Auto | ProgressMode::None => Display::None,
            ProgressMode::Plain => Display::Plain,
            ProgressMode::Json => Display::Json,
        };
        if let Display::Bar(bar) = &display {
            reporter.set_bar(Some(bar.clone()));
        }
        Self { display, reporter, done: 0, total }
    }

    /// One more picture is done: with so many faces, or with a problem of that code.
    pub(crate) fn advance(&mut self, name: &str, outcome: Result<u64, &str>) {
        let text =
            outcome.map(|faces| if faces == 1 { "1 face".to_owned() } else { format!("{faces} faces") });
        self.tell(name, text, outcome.ok());
    }

    /// One more picture has come to this, or has a problem of that code.
    pub(crate) fn advance_to(&mut self, name: &str, outcome: Result<&str, &str>) {
        self.tell(name, outcome.map(str::to_owned), None);
    }

    fn tell(&mut self, name: &str, outcome: Result<String, &str>, face_count: Option<u64>) {
        self.done += 1;
        let (done, total) = (self.done, self.total);
        match &self.display {
            Display::Bar(bar) => bar.inc(1),
            Display::Plain => {
                let outcome = outcome.unwrap_or_else(|code| format!("failed ({code})"));
                self.reporter.line(&printable(&format!("[{done}/{total}] {name}: {outcome}")));
            }
            Display::Json => {
                let mut event = json!({ "event": "progress", "done": done, "total": total, "file": name });
                if let Some(faces) = face_count {
                    event["face_count"] = faces.into();
                }
                if let Err(code) = outcome {
                    event["error"] = code.into();
                }
                self.reporter.line(&event.to_string());
            }
            Display::None => {}
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.reporter.set_bar(None);
        if let Display::Bar(bar) = &self.display {
            bar.finish_and_clear();
        }
    }
}

fn bar(total: usize) -> ProgressBar {
    let template = if total == 1 {
        "{spinner} sending the picture ({elapsed})"
    } else {
        "{bar:30} {pos} of {len} pictures, {eta} left"
    };
    let style = ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("█▉▊▋▌▍▎▏ ");
    let bar =
        ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr()).with_style(style);
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
