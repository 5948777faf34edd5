//! F4: the answers agree with an independent implementation of the same networks.

use serde_json::Value;

use crate::support::{analyze, asset};

const PICTURES: [&str; 4] = ["astronaut", "portrait_a1", "portrait_b1", "portrait_a1_tilted"];

fn golden() -> Value {
    serde_json::from_slice(&asset("golden.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap() as f32).collect()
}

fn points(value: &Value) -> Vec<(f32, f32)> {
    value.as_array().unwrap().iter().map(numbers).map(|pair| (pair[0], pair[1])).collect()
}

/// Longest distance between points of one rank.
fn farthest(found: &[(f32, f32)], expected: &[(f32, f32)]) -> f32 {
    assert_eq!(found.len(), expected.len());
    found
        .iter()
        .zip(expected)
        .map(|(one, other)| (one.0 - other.0).hypot(one.1 - other.1))
        .fold(0.0, f32::max)
}

fn cosine(one: &[f32], other: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
    dot(one, other) / (dot(one, one) * dot(other, other)).sqrt()
}

fn distance(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(x, y)| (x - y).powi(2)).sum::<f32>().sqrt()
}

/// F4: boxes, scores and both sets of landmarks.
#[tokio::test]
async fn boxes_and_landmarks_agree_within_a_pixel() {
    let golden = golden();
    for name in PICTURES {
        let answer = analyze(asset(&format!("{name}.png"))).await.unwrap();
        let image = answer.image.unwrap();
        assert_eq!(u64::from(image.width), golden[name]["width"].as_u64().unwrap(), "{name}");
        assert_eq!(u64::from(image.height), golden[name]["height"].as_u64().unwrap(), "{name}");
        let expected = golden[name]["mtcnn"]["faces"].as_array().unwrap();
        assert_eq!(answer.faces.len(), expected.len(), "{name}");
        for (face, expected) in answer.faces.iter().zip(expected) {
            let found = face.r#box.unwrap();
            let wanted = numbers(&expected["box_xyxy"]);
            let found = [found.x0, found.y0, found.x1, found.y1];
            let off = found.iter().zip(&wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            let five: Vec<_> = face.landmarks5.iter().map(|point| (point.x, point.y)).collect();
            let many: Vec<_> = face.landmarks68.iter().map(|point| (point.x, point.y)).collect();
            let off5 = farthest(&five, &points(&expected["landmarks5"]));
            let off68 = farthest(&many, &points(&expected["landmarks68_derotated"]));
            let score = expected["score"].as_f64().unwrap() as f32;
            assert!(off <= 1.0, "{name}: box off by {off} px");
            assert!(off5 <= 1.0, "{name}: five landmarks off by {off5} px");
            assert!((face.confidence - score).abs() <= 1e-3, "{name}: score {} for {score}", face.confidence);
            assert!(off68 <= 1.0, "{name}: 68 landmarks off by {off68} px");
        }
    }
}

/// F4: embeddings, and the distances that matching stands on.
#[tokio::test]
async fn embeddings_and_their_distances_agree() {
    let golden = golden();
    let mut embeddings = Vec::new();
    for name in PICTURES {
        let answer = analyze(asset(&format!("{name}.png"))).await.unwrap();
        let expected = numbers(&golden[name]["mtcnn"]["faces"][0]["embedding"]);
        let found = answer.faces[0].embedding.clone();
        assert!(cosine(&found, &expected) >= 0.999, "{name}: cosine {}", cosine(&found, &expected));
        embeddings.push((name, found));
    }
    for (index, (one, first)) in embeddings.iter().enumerate() {
        for (other, second) in &embeddings[index + 1..] {
            let expected = golden["distances"][format!("{one}|{other}")].as_f64().unwrap() as f32;
            let found = distance(first, second);
            assert!((found - expected).abs() <= 0.02, "{one}, {other}: {found} for {expected}");
        }
    }
}
