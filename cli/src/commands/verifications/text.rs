//! A verification, for people.

use crate::client::types::{Quality, Verification};
use crate::commands::reasons::{judgement, words};
use crate::output::{facts, table, time};

/// A table of the parts, and under it what came of them.
pub(super) fn verification_text(made: &Verification) -> String {
    let (document, comparison, quality) = (&made.document, &made.comparison, &made.quality);
    let reasons: Vec<String> = document.reasons.iter().map(|reason| words(reason)).collect();
    let part =
        |name: &str, outcome: &str, more: String| vec![name.to_owned(), outcome.replace('_', " "), more];
    let parts = [
        part("Document", &document.result, reasons.join("; ")),
        part(
            "Faces",
            &comparison.decision,
            format!(
                "score {:.1}, distance {:.4}, false matches at most {:.2} % (accepted {:.2} %)",
                comparison.score,
                comparison.distance,
                100.0 * comparison.fmr_at_score_max,
                100.0 * comparison.max_fmr
            ),
        ),
        part("Selfie", "face found", seen(quality.selfie.confidence, &quality.selfie.quality)),
        part("Portrait", "face found", seen(quality.portrait.confidence, &quality.portrait.quality)),
        part("Liveness", &made.liveness, String::new()),
    ];
    let mut lines = judgement("Decision", &made.decision, &made.reasons);
    lines.push(("Verification", made.id.clone()));
    lines.push(("Time", time(&made.created_at)));
    lines.push(("Document", document.id.clone()));
    lines.push(("Selfie", quality.selfie.id.clone()));
    format!("{}\n\n{}", table(&["Part", "Outcome", "More"], &[], parts).trim_end(), facts(&lines))
}

fn seen(confidence: f64, quality: &Quality) -> String {
    format!(
        "{:.1} %, {:.0} px, sharpness {:.2}, brightness {:.2}",
        confidence * 100.0,
        quality.face_px,
        quality.sharpness,
        quality.brightness
    )
}
