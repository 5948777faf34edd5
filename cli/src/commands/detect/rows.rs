//! What is printed of each picture when there are several.

use std::path::PathBuf;

use serde::Serialize;

use crate::client::types::Detection;
use crate::exit::Failure;
use crate::output::table;

/// What became of one picture.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    /// Its place among all pictures.
    #[serde(skip)]
    pub(super) index: usize,
    /// The picture, as it was named.
    pub(super) file: String,
    /// What was found.
    #[serde(flatten)]
    pub(super) detection: Option<Detection>,
    /// Where the picture with the faces drawn is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) annotated: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<RowError>,
}

/// Why a picture failed.
#[derive(Debug, Serialize)]
struct RowError {
    /// The server's problem code, or one of our own.
    code: String,
    /// For people.
    message: String,
    /// The request, for the server's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

impl Row {
    /// A picture about which nothing is known yet.
    pub(super) fn new(index: usize, file: String) -> Self {
        Self { index, file, detection: None, annotated: None, error: None }
    }

    /// It failed.
    pub(super) fn set_failure(&mut self, failure: &Failure) {
        let request_id = failure.request_id().map(str::to_owned);
        self.error =
            Some(RowError { code: failure.code().to_owned(), message: failure.to_string(), request_id });
    }

    /// How many faces were found; none when it failed.
    pub(super) fn face_count(&self) -> u64 {
        self.detection.as_ref().map_or(0, |detection| detection.face_count)
    }

    /// What is told of the file itself under its table of faces.
    pub(super) fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = vec![("File", self.file.clone())];
        facts.extend(self.annotated.as_ref().map(|path| ("Annotated", path.display().to_string())));
        facts
    }
}

/// A line per picture; the problem's code in the place of the result where it failed.
pub(super) fn row_table(rows: &[Row]) -> String {
    let line = |row: &Row| {
        let (faces, size) = match &row.detection {
            Some(detection) => {
                let image = &detection.image;
                (detection.face_count.to_string(), format!("{} × {}", image.width, image.height))
            }
            None => ("-".to_owned(), "-".to_owned()),
        };
        let best = row.detection.iter().flat_map(|detection| &detection.faces).map(|face| face.confidence);
        let best =
            best.reduce(f64::max).map_or_else(|| "-".to_owned(), |best| format!("{:.1} %", best * 100.0));
        let result = match (&row.detection, &row.error) {
            (Some(detection), None) => detection.id.clone(),
            (Some(detection), Some(error)) => format!("{} ({})", detection.id, error.code),
            (None, Some(error)) => format!("failed: {}", error.code),
            (None, None) => String::new(),
        };
        let annotated = row.annotated.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
        vec![row.file.clone(), faces, best, size, result, annotated]
    };
    let mut header = vec!["File", "Faces", "Best", "Size", "Result", "Annotated"];
    let mut lines: Vec<Vec<String>> = rows.iter().map(line).collect();
    if rows.iter().all(|row| row.annotated.is_none()) {
        header.pop();
        lines.iter_mut().for_each(|line| line.truncate(header.len()));
    }
    table(&header, &[1, 2], lines)
}
