//! What a file of pairs may say.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

const FILE: &str = "condition,picture_a,picture_b,same,distance\n\
    clean,a1,b1,0,0.9\nclean,a1,a2,1,0.3\ndark,a2,a3,1,0.5\ndark,b1,c1,0,0.7\n";

/// K4: persons are told apart by the lines that make two pictures one person's, also over a third picture.
#[test]
fn persons_are_found_by_their_pictures() {
    let pairs = Pairs::parse(FILE.as_bytes()).unwrap();
    assert_eq!((pairs.people(), pairs.genuine(), pairs.impostor()), (3, 2, 2));
    let distances: Vec<f64> = pairs.all().iter().map(|pair| pair.distance).collect();
    assert_eq!(distances, [0.3, 0.5, 0.7, 0.9]);
    let [a1, a2] = pairs.all()[0].people.unwrap();
    assert_eq!(a1, a2);
    let conditions: Vec<_> = pairs.conditions().map(|(name, own)| (name, own.len())).collect();
    assert_eq!(conditions, [("clean", 2), ("dark", 2)]);
}

/// K4: without names nothing is said of persons.
#[test]
fn pairs_without_names_are_read() {
    let pairs = Pairs::parse(b"distance,same\r\n0.5,1\r\n0.8,0\r\n\r\n").unwrap();
    assert_eq!((pairs.people(), pairs.all()[0].people), (0, None));
    assert_eq!(pairs.conditions().count(), 0);
}

#[test]
fn labels_that_contradict_each_other_are_refused() {
    let text = format!("{FILE}clean,a1,a3,0,0.8\n");
    let refused = Pairs::parse(text.as_bytes()).unwrap_err();
    assert_eq!(refused, PairsError::Contradiction { picture_a: "a1".into(), picture_b: "a3".into() });
}

#[test]
fn lines_that_are_none_are_named() {
    for (text, line) in [
        ("", 1),
        ("distance\n0.5\n", 1),
        ("same,distance\n1\n", 2),
        ("same,distance\n1,0.5\n2,0.5\n", 3),
        ("same,distance\n1,-0.5\n", 2),
        ("same,distance\n1,NaN\n", 2),
        ("same,distance\n0,inf\n", 2),
    ] {
        let refused = Pairs::parse(text.as_bytes()).unwrap_err();
        assert!(
            matches!(refused, PairsError::Line { line: found, .. } if found == line),
            "{text:?}: {refused}"
        );
    }
    let one_sided = Pairs::parse(b"same,distance\n1,0.5\n").unwrap_err();
    assert_eq!(one_sided, PairsError::OneSided { genuine: 1, impostor: 0 });
}
