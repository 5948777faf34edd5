//! Small weight files made by hand.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

const MANIFEST: &str = r#"[{"paths": ["a.bin"], "weights": [
    {"name": "q", "shape": [2], "dtype": "float32", "quantization": {"dtype": "uint8", "scale": 0.5, "min": -1.0}},
    {"name": "f", "shape": [1, 1], "dtype": "float32"}]}]"#;

#[test]
fn bytes_are_scaled_and_floats_are_read() {
    let tensors = read("x", MANIFEST.as_bytes(), &[0, 4, 0, 0, 32, 64]).unwrap();
    assert_eq!(tensors["q"], Values { shape: vec![2], values: vec![-1.0, 1.0] });
    assert_eq!(tensors["f"], Values { shape: vec![1, 1], values: vec![2.5] });
}

#[test]
fn a_file_of_another_length_is_refused() {
    for len in [0, 1, 5, 7] {
        let error = read("x", MANIFEST.as_bytes(), &vec![0; len]).unwrap_err();
        assert!(matches!(error, Error::Weights { .. }), "{len}");
    }
}

#[test]
fn unknown_types_are_refused() {
    for (from, to) in [("uint8", "uint16"), ("float32", "int32"), ("[2]", "[18446744073709551615, 3]")] {
        let manifest = MANIFEST.replacen(from, to, 1);
        assert!(read("x", manifest.as_bytes(), &[0; 6]).is_err(), "{to}");
    }
}
