//! The faces of one picture, for people.

use crate::client::types::{Detection, Face};
use crate::output::{facts, table, time};

/// A table of the faces, and under it what belongs to the whole result; `more` comes first there.
pub(crate) fn detection_text(detection: &Detection, more: &[(&'static str, String)]) -> String {
    let image = &detection.image;
    let mut lines = more.to_vec();
    lines.extend([
        ("Result", detection.id.clone()),
        ("Time", time(&detection.created_at)),
        ("Picture", format!("{} ({} × {}, {})", image.id, image.width, image.height, image.format)),
    ]);
    let faces = if detection.faces.is_empty() {
        "No face was found.\n".to_owned()
    } else {
        face_table(&detection.faces)
    };
    format!("{}\n\n{}", faces.trim_end(), facts(&lines))
}

fn face_table(faces: &[Face]) -> String {
    let row = |(index, face): (usize, &Face)| {
        let bounds = &face.bounds;
        vec![
            (index + 1).to_string(),
            format!("{:.0}, {:.0}", bounds.x, bounds.y),
            format!("{:.0} × {:.0}", bounds.width, bounds.height),
            format!("{:.1} %", face.confidence * 100.0),
            format!("{:.1}°", face.roll_degrees),
            format!("{:.0} px", face.quality.face_px),
            format!("{:.2}", face.quality.sharpness),
            format!("{:.2}", face.quality.brightness),
        ]
    };
    let header = ["#", "Left, top", "Box", "Confidence", "Roll", "Size", "Sharpness", "Brightness"];
    table(&header, &[0, 1, 2, 3, 4, 5, 6, 7], faces.iter().enumerate().map(row))
}
